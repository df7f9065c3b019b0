//! One pure function decides by the state of the request and by how long it has been waited for.

use aws::members::Member;
use jiff::{SignedDuration, Timestamp};
use sharing::{Membership, MembershipRequest};

use crate::look::{Ending, MembershipState};
use crate::reason;

/// How long AWS may take to show a request that was made, its reads being eventually consistent.
const UNTIL_KNOWN: SignedDuration = SignedDuration::from_mins(10);
/// How long a creation may take. Most take minutes.
const LONGEST_CREATION: SignedDuration = SignedDuration::from_hours(24);
/// An invitation lasts 15 days; after its end AWS may take a while to say so, and a member that
/// accepted in the last moment a while to appear.
const SLACK: SignedDuration = SignedDuration::from_hours(24);
/// For an invitation that does not say when it runs out.
const LONGEST_INVITATION: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Longest wait where something is under way at AWS, rather than with people: in seconds.
const LONGEST_UNDER_WAY: u32 = 300;

/// Bounds of the growing wait, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    pub first: u32,
    /// The longest, where the answer depends on people.
    pub longest: u32,
}

/// A wait: its request, since when, and how often it was checked.
#[derive(Debug, Clone, Copy)]
pub struct MembershipCheck<'a> {
    /// The creation request or invitation.
    pub request: &'a MembershipRequest,
    /// When the waiting began.
    pub since: Timestamp,
    pub now: Timestamp,
    /// How often it was checked before.
    pub attempt: u32,
    /// How long to wait between.
    pub waits: Waits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipDecision {
    /// The account is a member: hand it over.
    HandOver(Member),
    /// Anything else: return it to the state machine.
    Report(Membership),
}

#[must_use]
pub fn decide(question: MembershipCheck<'_>, seen: MembershipState) -> MembershipDecision {
    let MembershipCheck { request, since, now, .. } = question;
    let failed = |account, reason: String| Membership::Failed { account, reason, code: None };
    let until = |end: Option<Timestamp>, longest: SignedDuration| {
        end.map_or(since.saturating_add(longest), |end| end.saturating_add(SLACK))
            .unwrap_or(Timestamp::MAX)
    };
    MembershipDecision::Report(match seen {
        MembershipState::Joined(member) => return MembershipDecision::HandOver(member),
        MembershipState::Unknown if now < until(None, UNTIL_KNOWN) => {
            question.wait(LONGEST_UNDER_WAY)
        }
        MembershipState::Unknown => failed(
            None,
            match request {
                MembershipRequest::CreateAccountRequestId(id) => {
                    format!("Organizations knows no account creation {id}")
                }
                MembershipRequest::HandshakeId(id) => format!(
                    "Organizations knows no invitation {id}: it forgets them some weeks after their end"
                ),
            },
        ),
        MembershipState::Creating if now < until(None, LONGEST_CREATION) => {
            question.wait(LONGEST_UNDER_WAY)
        }
        MembershipState::Creating => {
            failed(None, "AWS has neither created the account nor failed in 24 hours".to_owned())
        }
        MembershipState::CreationFailed { reason } => Membership::Failed {
            account: None,
            reason: reason::creation(&reason),
            code: Some(reason),
        },
        MembershipState::Invited { expires, .. } if now < until(expires, LONGEST_INVITATION) => {
            question.wait(question.waits.longest)
        }
        MembershipState::Invited { account, .. } => failed(
            account,
            "the invitation should have expired, but AWS still shows it as open".to_owned(),
        ),
        MembershipState::InvitationEnded { account, ending } => Membership::Cancelled {
            account,
            reason: match ending {
                Ending::Declined => "DECLINED: the account declined the invitation",
                Ending::Cancelled => "CANCELED: the organization took the invitation back",
                Ending::Expired => "EXPIRED: nobody accepted the invitation in time",
            }
            .to_owned(),
        },
        MembershipState::Arriving { expires, .. } if now < until(expires, LONGEST_CREATION) => {
            question.wait(LONGEST_UNDER_WAY)
        }
        MembershipState::Arriving { account, .. } => failed(
            account,
            match request {
                MembershipRequest::CreateAccountRequestId(_) => {
                    "the account was created and is not among the organization's members"
                }
                MembershipRequest::HandshakeId(_) => {
                    "the invitation was accepted and its account is not among the organization's \
                     members: it may have left again"
                }
            }
            .to_owned(),
        ),
    })
}

impl MembershipCheck<'_> {
    /// Doubles with every attempt, from the first wait up to the longest.
    fn wait(&self, at_most: u32) -> Membership {
        let longest = at_most.min(self.waits.longest).max(1);
        let factor = 1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX);
        let wait_seconds = self.waits.first.max(1).saturating_mul(factor).min(longest);
        Membership::Pending { wait_seconds }
    }
}

#[cfg(test)]
mod tests;
