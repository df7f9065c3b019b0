//! What Organizations says about a creation or an invitation.

use aws::members::Member;
use aws::{AwsError, members};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{CreateAccountState, HandshakeState};
use jiff::Timestamp;
use relay_core::id::{AccountId, CreateAccountRequestId, HandshakeId};
use sharing::MembershipRequest;

use crate::Error;

/// How it stands, as far as AWS shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// AWS knows no request or invitation of this id: not yet, or not any more.
    Unknown,
    /// The account is being created.
    Creating,
    /// AWS could not create it.
    CreationFailed {
        /// AWS's word for why.
        reason: String,
    },
    /// The invitation has not been answered.
    Invited {
        /// Whom, where the invitation names an account.
        account: Option<AccountId>,
        /// When it runs out.
        expires: Option<Timestamp>,
    },
    /// The invitation came to nothing.
    InvitationEnded {
        /// Whom, where the invitation names an account.
        account: Option<AccountId>,
        ending: Ending,
    },
    /// Created or accepted; the account is not to be seen among the members yet.
    Arriving {
        /// The account, where it is known.
        account: Option<AccountId>,
        /// When the invitation would have run out.
        expires: Option<Timestamp>,
    },
    Joined(Member),
}

/// How an invitation comes to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The invited account said no.
    Declined,
    /// The organization took it back.
    Cancelled,
    /// Nobody answered in time.
    Expired,
}

/// Looks, with two calls (for an accepted invitation by e-mail: one and the pages of ListAccounts).
pub(crate) async fn look(client: &Client, request: &MembershipRequest) -> Result<Seen, Error> {
    match request {
        MembershipRequest::CreateAccountRequestId(id) => look_at_creation(client, id).await,
        MembershipRequest::HandshakeId(id) => look_at_invitation(client, id).await,
    }
}

async fn look_at_creation(client: &Client, id: &CreateAccountRequestId) -> Result<Seen, Error> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |source| Error::LookUp { what, source }
    };
    let request = client.describe_create_account_status().create_account_request_id(id.as_str());
    let answer = match request.send().await.map_err(AwsError::from) {
        Ok(answer) => answer,
        Err(error) if error.is("CreateAccountStatusNotFoundException") => return Ok(Seen::Unknown),
        Err(error) => return Err(failed(id.as_str())(error)),
    };
    let Some(status) = answer.create_account_status() else { return Ok(Seen::Unknown) };
    Ok(match status.state() {
        Some(CreateAccountState::Failed) => Seen::CreationFailed {
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
            member.map_or(Seen::Arriving { account, expires: None }, Seen::Joined)
        }
        _ => Seen::Creating,
    })
}

async fn look_at_invitation(client: &Client, id: &HandshakeId) -> Result<Seen, Error> {
    let failed = |source| Error::LookUp { what: id.to_string(), source };
    let Some(invitation) = members::invitation(client, id).await.map_err(failed)? else {
        return Ok(Seen::Unknown);
    };
    let (account, expires) = (invitation.account(), invitation.expires);
    let ended = |ending| Seen::InvitationEnded { account, ending };
    Ok(match invitation.state {
        HandshakeState::Accepted => {
            let member = members::invited_member(client, &invitation).await.map_err(failed)?;
            member.map_or(Seen::Arriving { account, expires }, Seen::Joined)
        }
        HandshakeState::Declined => ended(Ending::Declined),
        HandshakeState::Canceled => ended(Ending::Cancelled),
        HandshakeState::Expired => ended(Ending::Expired),
        _ => Seen::Invited { account, expires },
    })
}
