//! Who is a member of the organization, and since when. Two functions need it and must agree, since the
//! answer is part of the name of the execution that they start.

use aws_sdk_organizations::Client;
use aws_sdk_organizations::primitives::DateTime;
use aws_sdk_organizations::types::{
    Account, AccountJoinedMethod, Handshake, HandshakePartyType, HandshakeState,
};
use jiff::Timestamp;
use relay_core::id::{AccountId, HandshakeId};

use crate::AwsError;

/// A member of the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The id of the account.
    pub account: AccountId,
    /// Differs each time the same account joins.
    pub joined: Timestamp,
}

/// An invitation, open or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The state of the invitation.
    pub state: HandshakeState,
    /// When it was sent.
    pub requested: Option<Timestamp>,
    /// When the invitation expires.
    pub expires: Option<Timestamp>,
    /// The account or address that was invited.
    pub invitee: Option<Invitee>,
}

/// The recipient of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invitee {
    /// An account, by its id.
    Account(AccountId),
    /// An e-mail address; its handshake never shows an account id, not even after it was accepted.
    Email(String),
}

impl Invitation {
    /// The invited account, where the invitation names it.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self.invitee {
            Some(Invitee::Account(account)) => Some(account),
            Some(Invitee::Email(_)) | None => None,
        }
    }
}

/// The account as a member; `None` if it is not a member. DescribeAccount, one call.
///
/// # Errors
/// When AWS refuses or does not answer.
pub async fn member(client: &Client, account: AccountId) -> Result<Option<Member>, AwsError> {
    match client.describe_account().account_id(account.as_str()).send().await {
        Ok(answer) => Ok(answer.account().and_then(read_member)),
        Err(error) => match AwsError::from(error) {
            error if error.is("AccountNotFoundException") => Ok(None),
            error => Err(error),
        },
    }
}

/// The invitation; `None` where AWS has no invitation of this id, or has it no longer: invitations are
/// deleted some time after their end. DescribeHandshake, one call.
///
/// # Errors
/// When AWS refuses or does not answer.
pub async fn invitation(
    client: &Client,
    handshake: &HandshakeId,
) -> Result<Option<Invitation>, AwsError> {
    match client.describe_handshake().handshake_id(handshake.as_str()).send().await {
        Ok(answer) => Ok(answer.handshake().and_then(read_invitation)),
        Err(error) => match AwsError::from(error) {
            error if error.is("HandshakeNotFoundException") => Ok(None),
            error => Err(error),
        },
    }
}

/// The member that joined by an accepted invitation; `None` while Organizations does not show it.
/// DescribeAccount or, for an e-mail address, ListAccounts up to the account that has the address, was
/// invited, and joined no earlier than the invitation was sent.
///
/// # Errors
/// When AWS refuses or does not answer.
pub async fn invited_member(
    client: &Client,
    invitation: &Invitation,
) -> Result<Option<Member>, AwsError> {
    // An account that was a member before did not join by this invitation. Whole seconds: AWS does not
    // document that both times have the same precision.
    let since = |member: &Member| {
        invitation.requested.is_none_or(|sent| sent.as_second() <= member.joined.as_second())
    };
    let email = match &invitation.invitee {
        Some(Invitee::Account(account)) => {
            return Ok(member(client, *account).await?.filter(since));
        }
        Some(Invitee::Email(email)) => email,
        None => return Ok(None),
    };
    let mut token = None;
    loop {
        let page = client.list_accounts().set_next_token(token).send().await?;
        let found = page.accounts().iter().find_map(|account| {
            let same = account.email().is_some_and(|own| own.eq_ignore_ascii_case(email));
            let invited = account.joined_method() == Some(&AccountJoinedMethod::Invited);
            read_member(account).filter(|member| same && invited && since(member))
        });
        // A page may be empty and still have a next one.
        token = page.next_token().map(str::to_owned);
        if found.is_some() || token.is_none() {
            return Ok(found);
        }
    }
}

fn read_member(account: &Account) -> Option<Member> {
    Some(Member {
        account: account.id()?.parse().ok()?,
        joined: timestamp(account.joined_timestamp()?)?,
    })
}

fn read_invitation(handshake: &Handshake) -> Option<Invitation> {
    let party = |kind: HandshakePartyType| {
        handshake.parties().iter().find(|party| *party.r#type() == kind).map(|party| party.id())
    };
    let account = party(HandshakePartyType::Account).and_then(|id| id.parse().ok());
    let email = party(HandshakePartyType::Email);
    Some(Invitation {
        state: handshake.state()?.clone(),
        requested: handshake.requested_timestamp().and_then(timestamp),
        expires: handshake.expiration_timestamp().and_then(timestamp),
        invitee: account
            .map(Invitee::Account)
            .or_else(|| email.map(|email| Invitee::Email(email.to_owned()))),
    })
}

/// The SDK's time as ours; `None` where it is out of range.
#[must_use]
pub fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

#[cfg(test)]
mod tests;
