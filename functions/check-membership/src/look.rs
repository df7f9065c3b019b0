//! The state of a creation or an invitation, as Organizations shows it.

use aws::members::Member;
use aws::{AwsError, members};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{CreateAccountState, HandshakeState};
use jiff::Timestamp;
use relay_core::id::{AccountId, CreateAccountRequestId, HandshakeId};
use sharing::MembershipRequest;

use crate::Error;

/// The state of the request, as far as AWS shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipState {
    /// AWS has no request or invitation of this id: not yet, or no longer.
    Unknown,
    /// The account is being created.
    Creating,
    /// AWS could not create it.
    CreationFailed {
        /// AWS's code for the reason.
        reason: String,
    },
    /// The invitation has not been answered.
    Invited {
        /// The recipient, where the invitation names an account.
        account: Option<AccountId>,
        expires: Option<Timestamp>,
    },
    /// The invitation ended without a member.
    InvitationEnded {
        /// The recipient, where the invitation names an account.
        account: Option<AccountId>,
        ending: Ending,
    },
    /// Created or accepted, but Organizations does not list the account as a member yet.
    Arriving {
        /// The account, where it is known.
        account: Option<AccountId>,
        /// When the invitation would have expired.
        expires: Option<Timestamp>,
    },
    Joined(Member),
}

/// How an invitation ends without a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Declined,
    Cancelled,
    /// Nobody answered in time.
    Expired,
}

/// Looks, with two calls (for an accepted invitation by e-mail: one and the pages of ListAccounts).
pub(crate) async fn look(
    client: &Client,
    request: &MembershipRequest,
) -> Result<MembershipState, Error> {
    match request {
        MembershipRequest::CreateAccountRequestId(id) => look_at_creation(client, id).await,
        MembershipRequest::HandshakeId(id) => look_at_invitation(client, id).await,
    }
}

async fn look_at_creation(
    client: &Client,
    id: &CreateAccountRequestId,
) -> Result<MembershipState, Error> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source| Error::LookUp { what, source }
    };
    let request = client.describe_create_account_status().create_account_request_id(id.as_str());
    let answer = match request.send().await.map_err(AwsError::from) {
        Ok(answer) => answer,
        Err(error) if error.is("CreateAccountStatusNotFoundException") => {
            return Ok(MembershipState::Unknown);
        }
        Err(error) => return Err(failed(id.as_str())(error)),
    };
    let Some(status) = answer.create_account_status() else { return Ok(MembershipState::Unknown) };
    Ok(match status.state() {
        Some(CreateAccountState::Failed) => MembershipState::CreationFailed {
            reason: status.failure_reason().map_or("UNKNOWN", |reason| reason.as_str()).to_owned(),
        },
        Some(CreateAccountState::Succeeded) => {
            let account: Option<AccountId> = status.account_id().and_then(|id| id.parse().ok());
            let member = match account {
                Some(account) => {
                    members::member(client, account).await.map_err(failed(account.as_str()))?
                }
                None => None,
            };
            member.map_or(
                MembershipState::Arriving { account, expires: None },
                MembershipState::Joined,
            )
        }
        _ => MembershipState::Creating,
    })
}

async fn look_at_invitation(client: &Client, id: &HandshakeId) -> Result<MembershipState, Error> {
    let failed = |source| Error::LookUp { what: id.to_string(), source };
    let Some(invitation) = members::invitation(client, id).await.map_err(failed)? else {
        return Ok(MembershipState::Unknown);
    };
    let (account, expires) = (invitation.account(), invitation.expires);
    let ended = |ending| MembershipState::InvitationEnded { account, ending };
    Ok(match invitation.state {
        HandshakeState::Accepted => {
            let member = members::invited_member(client, &invitation).await.map_err(failed)?;
            member.map_or(MembershipState::Arriving { account, expires }, MembershipState::Joined)
        }
        HandshakeState::Declined => ended(Ending::Declined),
        HandshakeState::Canceled => ended(Ending::Cancelled),
        HandshakeState::Expired => ended(Ending::Expired),
        _ => MembershipState::Invited { account, expires },
    })
}
