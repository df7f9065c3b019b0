//! What an event leads to, as two pure functions: what has to be asked first ([`question`]), and,
//! with the answer, which executions it starts ([`decide`]).

use aws::members::Member;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::{AccountId, HandshakeId};
use relay_core::name::ExecutionName;
use sharing::{AccountEvent, AwaitMembershipInput, MembershipRequest, ShareRunbooksInput};

use crate::Error;

/// What must be known before an execution can be named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Since when is this account a member?
    Member(AccountId),
    /// Which account did this invitation bring, and since when is it a member?
    Invited(HandshakeId),
}

/// What an event asks for; most ask nothing.
#[must_use]
pub fn question(event: &AccountEvent) -> Option<Question> {
    match event {
        AccountEvent::Created { account, .. }
        | AccountEvent::Joined { account }
        | AccountEvent::PlaceChanged { account, joined: true }
        | AccountEvent::InvitationAccepted { account: Some(account), .. } => {
            Some(Question::Member(*account))
        }
        AccountEvent::InvitationAccepted { handshake, account: None } => {
            Some(Question::Invited(handshake.clone()))
        }
        AccountEvent::CreateRequested { .. }
        | AccountEvent::CreateFailed { .. }
        | AccountEvent::Invited { .. }
        // Planned from the place the account has by then; if it has none any more, the plan says so.
        | AccountEvent::PlaceChanged { joined: false, .. }
        | AccountEvent::Left { .. } => None,
    }
}

/// An execution to be started. Two events that lead to the same name lead to one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The key of the fact.
    pub name: ExecutionName,
    /// What the execution is about.
    pub subject: Subject,
    /// What set it off.
    pub kind: TriggerKind,
}

/// What an execution is about; it decides the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A member, or one that was: `share-runbooks`.
    Account(AccountId),
    /// One that may become a member: `await-membership`.
    Request(MembershipRequest),
}

impl Start {
    fn join(member: Member) -> Self {
        Self {
            name: ExecutionName::join(member.account, member.joined),
            subject: Subject::Account(member.account),
            kind: TriggerKind::Join,
        }
    }

    fn wait(request: MembershipRequest) -> Self {
        let name = match &request {
            MembershipRequest::CreateAccountRequestId(id) => ExecutionName::create_request(id),
            MembershipRequest::HandshakeId(id) => ExecutionName::handshake(id),
        };
        Self { name, subject: Subject::Request(request), kind: TriggerKind::Join }
    }

    fn place(account: AccountId, event_id: &str) -> Self {
        Self {
            name: ExecutionName::place(account, event_id),
            subject: Subject::Account(account),
            kind: TriggerKind::Place,
        }
    }

    fn leave(account: AccountId, event_id: &str) -> Self {
        Self {
            name: ExecutionName::leave(account, event_id),
            subject: Subject::Account(account),
            kind: TriggerKind::Leave,
        }
    }

    /// The machine's input, with the ids of all events that led to this start.
    ///
    /// # Errors
    /// Never in practice: the input is plain data.
    pub fn input(&self, event_ids: Vec<String>) -> serde_json::Result<String> {
        let trigger = Trigger { kind: self.kind, arn: None, event_ids };
        match &self.subject {
            Subject::Account(account) => {
                serde_json::to_string(&ShareRunbooksInput::account(*account, trigger))
            }
            Subject::Request(request) => {
                serde_json::to_string(&AwaitMembershipInput { request: request.clone(), trigger })
            }
        }
    }
}

/// What an event leads to.
#[derive(Debug)]
pub enum Decision {
    /// These executions; never none.
    Start(Vec<Start>),
    /// Nothing, for this reason.
    Ignore(String),
    /// Nothing yet: the message is to come again.
    Fail(Error),
}

/// Decides, given the answer to [`question`]: the member, or that there is none.
///
/// `fresh` tells that the event is recent. A fresh join that Organizations does not show is one
/// that it will; an old one was left again, and that is another event.
#[must_use]
pub fn decide(
    event: &AccountEvent,
    event_id: &str,
    member: Option<Member>,
    fresh: bool,
) -> Decision {
    let start = |starts: Vec<Start>| Decision::Start(starts);
    match event {
        AccountEvent::CreateRequested { request } => {
            start(vec![Start::wait(MembershipRequest::CreateAccountRequestId(request.clone()))])
        }
        AccountEvent::CreateFailed { request: Some(request), .. } => {
            start(vec![Start::wait(MembershipRequest::CreateAccountRequestId(request.clone()))])
        }
        AccountEvent::CreateFailed { request: None, .. } => {
            Decision::Fail(Error::NoRequest { event_id: event_id.to_owned() })
        }
        AccountEvent::Invited { handshake } => {
            start(vec![Start::wait(MembershipRequest::HandshakeId(handshake.clone()))])
        }
        AccountEvent::Left { account } => start(vec![Start::leave(*account, event_id)]),
        AccountEvent::PlaceChanged { account, joined: false } => {
            start(vec![Start::place(*account, event_id)])
        }
        AccountEvent::Created { account, request } => match (member, request) {
            (Some(member), _) => start(vec![Start::join(member)]),
            // What waits for the creation looks again much sooner than the queue does.
            (None, Some(request)) if fresh => {
                start(vec![Start::wait(MembershipRequest::CreateAccountRequestId(request.clone()))])
            }
            (None, _) => not_visible(*account, fresh),
        },
        AccountEvent::InvitationAccepted { handshake, account } => match (member, account) {
            (Some(member), _) => start(vec![Start::join(member)]),
            (None, Some(account)) if !fresh => not_visible(*account, fresh),
            (None, _) => {
                start(vec![Start::wait(MembershipRequest::HandshakeId(handshake.clone()))])
            }
        },
        AccountEvent::Joined { account } => match member {
            Some(member) => start(vec![Start::join(member)]),
            None => not_visible(*account, fresh),
        },
        AccountEvent::PlaceChanged { account, joined: true } => match member {
            Some(member) => start(vec![Start::join(member), Start::place(*account, event_id)]),
            None => not_visible(*account, fresh),
        },
    }
}

fn not_visible(account: AccountId, fresh: bool) -> Decision {
    if fresh {
        Decision::Fail(Error::NotVisibleYet { account })
    } else {
        Decision::Ignore(format!("account {account} is no member of the organization (any more)"))
    }
}

#[cfg(test)]
mod tests;
