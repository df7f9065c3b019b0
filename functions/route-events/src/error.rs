//! Why a message failed. It is reported as a failed item: SQS delivers it again and, after the fifth time,
//! moves it to the dead-letter queue. The other messages of the batch go on.

use aws::{AwsError, StartError};
use relay_core::event::EventError;
use relay_core::id::{AccountId, HandshakeId};
use runtime::{ErrorName, FunctionError};

/// Why one message of the batch failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("read a message: it has no body")]
    NoBody,
    /// Not an event, or one of the suite's events without a required field.
    #[error("read a message")]
    Unreadable(#[source] EventError),
    /// A failed creation without the id of its request.
    #[error("read event {event_id}: CreateAccountResult FAILED without the id of its request")]
    NoRequest { event_id: String },
    /// The account could not be looked up.
    #[error("look up account {account}")]
    LookUpAccount { account: AccountId, source: AwsError },
    /// The invitation, or the account that joined by it, could not be looked up.
    #[error("look up the account invited by {handshake}")]
    LookUpInvitation { handshake: HandshakeId, source: AwsError },
    /// The event says that the account has joined, but Organizations does not show it yet.
    #[error("Organizations does not show account {account} as a member yet")]
    NotVisibleYet { account: AccountId },
    /// The execution could not be started.
    #[error(transparent)]
    Start(StartError),
}

impl Error {
    /// Whether a look-up was refused by AWS, and would be again.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::LookUpAccount { source, .. } | Self::LookUpInvitation { source, .. } => {
                !source.is_transient()
            }
            _ => false,
        }
    }

    /// The id of the event, where it is known.
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
