//! Why a message could not be dealt with. Such a message is reported as a failed item: SQS delivers
//! it again and, after the fifth time, keeps it in the dead-letter queue. The others go on.

use aws::{AwsError, StartError};
use relay_core::event::EventError;
use relay_core::id::{AccountId, HandshakeId};
use runtime::{ErrorName, FunctionError};

/// What kept one message of the batch from being dealt with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A message without a text.
    #[error("read a message: it has no body")]
    NoBody,
    /// A message that is no event, or one of ours that does not say what it must.
    #[error("read a message")]
    Unreadable(#[source] EventError),
    /// A failed creation that does not say which one it was.
    #[error("read event {event_id}: CreateAccountResult FAILED without the id of its request")]
    NoRequest { event_id: String },
    /// The account could not be looked up.
    #[error("look up account {account}")]
    LookUpAccount { account: AccountId, source: AwsError },
    /// The invitation, or the account it brought, could not be looked up.
    #[error("look up the account invited by {handshake}")]
    LookUpInvitation { handshake: HandshakeId, source: AwsError },
    /// The event says that the account has joined, Organizations does not show it yet.
    #[error("account {account} is not to be seen in the organization yet")]
    NotVisibleYet { account: AccountId },
    /// The execution could not be started.
    #[error(transparent)]
    Start(StartError),
}

impl Error {
    /// The id of the event that cannot be dealt with, where it is known.
    pub(crate) fn event_id(&self) -> Option<&str> {
        match self {
            Self::Unreadable(error) => error.event_id(),
            Self::NoRequest { event_id } => Some(event_id),
            _ => None,
        }
    }
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::InvalidInput,
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::AccessDenied,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::NoBody | Self::Unreadable(_) | Self::NoRequest { .. } => ErrorName::InvalidInput,
            Self::LookUpAccount { source, .. } | Self::LookUpInvitation { source, .. } => {
                source.kind.into()
            }
            Self::NotVisibleYet { .. } => ErrorName::Unavailable,
            Self::Start(error) => error.kind().into(),
        }
    }
}
