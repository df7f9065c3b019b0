//! Why a message could not be dealt with. Such a message is reported as a failed item: SQS delivers
//! it again and, after the fifth time, keeps it in the dead-letter queue. The others go on.

use aws::organization::OrganizationError;
use aws::{AwsError, AwsErrorKind, StartError};
use relay_core::alarm::TriggerId;
use remediation::alarm::AlarmError;
use runtime::{ErrorName, FunctionError};

/// What kept one message from being dealt with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A batch that is none.
    #[error("read the batch")]
    Batch(#[source] serde_json::Error),
    /// A message without a text.
    #[error("read a message: it has no body")]
    NoBody,
    /// A message that is no alarm, or one without what it must say.
    #[error("read a message")]
    Unreadable(#[source] AlarmError),
    /// An order of ours that does not say what it must.
    #[error("read an order to tell a digest")]
    Order(#[source] serde_json::Error),
    /// Somebody who may call the function gave an order that only the function itself may give.
    #[error("take in an alarm: orders come through the queue only")]
    OrderFromOutside,
    /// The rules could not be read as a whole.
    #[error("read the policy at {path}")]
    Policy { path: String, source: AwsError },
    /// The place of an account in the organization could not be looked up.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// AWS's answer makes no sense.
    #[error("{0}")]
    Nonsense(String),
    /// Something about the alarm or its resource could not be looked up.
    #[error("{what}")]
    LookUp {
        /// What was being done.
        what: String,
        source: AwsError,
    },
    /// The table could not be read or written.
    #[error("{what}")]
    Table {
        /// What was being done.
        what: &'static str,
        source: AwsError,
    },
    /// A start was decided, and what it was to be started with is gone.
    #[error("start the run of trigger {0}: its input is gone from the table")]
    InputGone(TriggerId),
    /// The input of a run could not be written as JSON. Plain data: never in practice.
    #[error("write the input of a run as JSON")]
    Encode(#[source] serde_json::Error),
    /// The queue did not take a message.
    #[error("send {what} to the queue")]
    Send { what: &'static str, source: AwsError },
    /// The execution could not be started.
    #[error(transparent)]
    Start(StartError),
    /// An outcome could not be told.
    #[error(transparent)]
    Tell(lambda::outcomes::SendError),
}

impl Error {
    /// Whether the account behind the alarm does not let the suite look at it: that does not pass by
    /// itself, and deserves an outcome.
    pub(crate) fn role(&self) -> Option<&AwsError> {
        match self {
            Self::LookUp { source, .. } if source.kind == AwsErrorKind::RoleNotAssumable => {
                Some(source)
            }
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
        ErrorName::RulesUnreadable,
        ErrorName::OrganizationUnreadable,
        ErrorName::PublishFailed,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::Batch(_)
            | Self::NoBody
            | Self::Unreadable(_)
            | Self::Order(_)
            | Self::OrderFromOutside => ErrorName::InvalidInput,
            Self::Policy { source, .. } => ErrorName::RulesUnreadable.unless_transient(source.kind),
            Self::Organization(error) => {
                ErrorName::OrganizationUnreadable.unless_transient(error.kind())
            }
            Self::LookUp { source, .. }
            | Self::Table { source, .. }
            | Self::Send { source, .. } => source.kind.into(),
            Self::Start(error) => error.kind().into(),
            Self::Tell(error) => error.name(),
            Self::Nonsense(_) | Self::InputGone(_) | Self::Encode(_) => ErrorName::Unexpected,
        }
    }
}
