//! Where an event leads, as two pure functions: what has to be looked up first ([`needed_lookup`]) and, with the
//! result, which executions it starts ([`decide`]).

use std::collections::BTreeSet;

use aws::members::Member;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::{AccountId, HandshakeId};
use relay_core::name::ExecutionName;
use sharing::{AccountEvent, AwaitMembershipInput, MembershipRequest, ShareRunbooksInput, Touched};

use crate::Error;

/// The look-up that an execution's name needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberLookup {
    /// Since when this account is a member.
    Member(AccountId),
    /// Which account joined by this invitation, and since when it is a member.
    Invited(HandshakeId),
}

/// The look-up that an event needs; most need none.
#[must_use]
pub fn needed_lookup(event: &AccountEvent) -> Option<MemberLookup> {
    match event {
        AccountEvent::Created { account, .. }
        | AccountEvent::Joined { account }
        | AccountEvent::Moved { account, joined: true }
        | AccountEvent::InvitationAccepted { account: Some(account), .. } => {
            Some(MemberLookup::Member(*account))
        }
        AccountEvent::InvitationAccepted { handshake, account: None } => {
            Some(MemberLookup::Invited(handshake.clone()))
        }
        AccountEvent::CreateRequested { .. }
        | AccountEvent::CreateFailed { .. }
        | AccountEvent::Invited { .. }
        // Planned from where the account is by then; if it has left, the plan says so.
        | AccountEvent::Moved { joined: false, .. }
        | AccountEvent::Departed { .. } => None,
    }
}

/// An execution to be started. Two events that lead to the same name lead to one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionStart {
    /// The same for every event about the same fact.
    pub name: ExecutionName,
    pub subject: ExecutionSubject,
    pub kind: TriggerKind,
}

/// The subject of an execution, which decides the state machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionSubject {
    /// A current or former member: `share-runbooks`.
    Account(AccountId),
    /// An account that joined: `share-runbooks`.
    Member(Member),
    /// An account that may become a member: `await-membership`.
    Request(MembershipRequest),
    /// Documents, rules or OUs that have changed: `share-runbooks`.
    Change(Touched),
}

impl ExecutionStart {
    fn join(member: Member) -> Self {
        Self {
            name: ExecutionName::join(member.account, member.joined),
            subject: ExecutionSubject::Member(member),
            kind: TriggerKind::Join,
        }
    }

    fn wait(request: MembershipRequest) -> Self {
        let name = match &request {
            MembershipRequest::CreateAccountRequestId(id) => ExecutionName::create_request(id),
            MembershipRequest::HandshakeId(id) => ExecutionName::handshake(id),
        };
        Self { name, subject: ExecutionSubject::Request(request), kind: TriggerKind::Join }
    }

    fn moved(account: AccountId, event_id: &str) -> Self {
        Self {
            name: ExecutionName::moved(account, event_id),
            subject: ExecutionSubject::Account(account),
            kind: TriggerKind::Move,
        }
    }

    fn departure(account: AccountId, event_id: &str) -> Self {
        Self {
            name: ExecutionName::departure(account, event_id),
            subject: ExecutionSubject::Account(account),
            kind: TriggerKind::Departure,
        }
    }

    /// The changes that one batch reports, under a name that these events alone lead to. A repeat beside other events
    /// leads to another name: it looks again and finds nothing to do.
    pub(crate) fn change(touched: Touched, event_ids: &BTreeSet<String>) -> Self {
        Self {
            name: ExecutionName::change(event_ids),
            subject: ExecutionSubject::Change(touched),
            kind: TriggerKind::Change,
        }
    }

    /// The machine's input, with the ids of all events that led to this start, which is the attempt of this
    /// number.
    ///
    /// # Errors
    /// Never in practice: the input is plain data.
    pub fn input(&self, event_ids: Vec<String>, attempt: u32) -> serde_json::Result<String> {
        let trigger = Trigger { event_ids, attempt, ..Trigger::without_event(self.kind) };
        match &self.subject {
            ExecutionSubject::Account(account) => {
                serde_json::to_string(&ShareRunbooksInput::account(*account, trigger))
            }
            ExecutionSubject::Member(member) => {
                let Member { account, joined } = *member;
                serde_json::to_string(&ShareRunbooksInput::join(account, joined, trigger))
            }
            ExecutionSubject::Change(touched) => {
                serde_json::to_string(&ShareRunbooksInput::change(touched.clone(), trigger))
            }
            ExecutionSubject::Request(request) => {
                serde_json::to_string(&AwaitMembershipInput { request: request.clone(), trigger })
            }
        }
    }
}

/// Where an event leads.
#[derive(Debug)]
pub enum EventDecision {
    /// At least one execution.
    Start(Vec<ExecutionStart>),
    /// Nothing, for this reason.
    Ignore(String),
    /// Nothing yet: the message has to be delivered again.
    Fail(Error),
}

/// Decides, given the result of [`needed_lookup`]: the member, or `None`.
///
/// `fresh`: the event is recent. Organizations will soon show a fresh join. If it does not show an old one,
/// the account has left again, which is another event.
#[must_use]
pub fn decide(
    event: &AccountEvent,
    event_id: &str,
    member: Option<Member>,
    fresh: bool,
) -> EventDecision {
    let start = |starts: Vec<ExecutionStart>| EventDecision::Start(starts);
    match event {
        AccountEvent::CreateRequested { request } => start(vec![ExecutionStart::wait(
            MembershipRequest::CreateAccountRequestId(request.clone()),
        )]),
        AccountEvent::CreateFailed { request: Some(request), .. } => {
            start(vec![ExecutionStart::wait(MembershipRequest::CreateAccountRequestId(
                request.clone(),
            ))])
        }
        AccountEvent::CreateFailed { request: None, .. } => {
            EventDecision::Fail(Error::NoRequest { event_id: event_id.to_owned() })
        }
        AccountEvent::Invited { handshake } => {
            start(vec![ExecutionStart::wait(MembershipRequest::HandshakeId(handshake.clone()))])
        }
        AccountEvent::Departed { account } => {
            start(vec![ExecutionStart::departure(*account, event_id)])
        }
        AccountEvent::Moved { account, joined: false } => {
            start(vec![ExecutionStart::moved(*account, event_id)])
        }
        AccountEvent::Created { account, request } => match (member, request) {
            (Some(member), _) => start(vec![ExecutionStart::join(member)]),
            // await-membership looks again much sooner than the queue delivers again.
            (None, Some(request)) if fresh => start(vec![ExecutionStart::wait(
                MembershipRequest::CreateAccountRequestId(request.clone()),
            )]),
            (None, _) => not_visible(*account, fresh),
        },
        AccountEvent::InvitationAccepted { handshake, account } => match (member, account) {
            (Some(member), _) => start(vec![ExecutionStart::join(member)]),
            (None, Some(account)) if !fresh => not_visible(*account, fresh),
            (None, _) => {
                start(vec![ExecutionStart::wait(MembershipRequest::HandshakeId(handshake.clone()))])
            }
        },
        AccountEvent::Joined { account } => match member {
            Some(member) => start(vec![ExecutionStart::join(member)]),
            None => not_visible(*account, fresh),
        },
        AccountEvent::Moved { account, joined: true } => match member {
            Some(member) => {
                start(vec![ExecutionStart::join(member), ExecutionStart::moved(*account, event_id)])
            }
            None => not_visible(*account, fresh),
        },
    }
}

/// Decides where AWS refuses the look-up for good: the execution is named after the event, since the time of the
/// join is not known. It looks into the organization itself, and its outcome says what is wrong there. `None` for
/// an event that needs no look-up.
#[must_use]
pub fn decide_unseen(event: &AccountEvent, event_id: &str) -> Option<EventDecision> {
    let start = match event {
        AccountEvent::Created { account, .. }
        | AccountEvent::Joined { account }
        | AccountEvent::Moved { account, joined: true }
        | AccountEvent::InvitationAccepted { account: Some(account), .. } => {
            ExecutionStart::moved(*account, event_id)
        }
        AccountEvent::InvitationAccepted { handshake, account: None } => {
            ExecutionStart::wait(MembershipRequest::HandshakeId(handshake.clone()))
        }
        _ => return None,
    };
    Some(EventDecision::Start(vec![start]))
}

fn not_visible(account: AccountId, fresh: bool) -> EventDecision {
    if fresh {
        EventDecision::Fail(Error::NotVisibleYet { account })
    } else {
        EventDecision::Ignore(format!(
            "account {account} is not a member of the organization, or no longer"
        ))
    }
}

#[cfg(test)]
mod tests;
