//! Why a message could not be handled. Such a message is reported as a failed item: SQS delivers
//! it again and, after the fifth time, keeps it in the dead-letter queue. The others go on.

use aws::organization::OrganizationError;
use aws::{AwsError, AwsErrorKind, StartError};
use relay_core::alarm::TriggerId;
use relay_core::problem::ProblemCode;
use relay_core::text::error_chain;
use remediation::alarm::AlarmError;
use runtime::{ErrorName, FunctionError};
use store::{OutletError, StoreError};

/// The reason why one message was not handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The payload is not an SQS batch.
    #[error("read the batch")]
    Batch(#[source] serde_json::Error),
    /// A message without a text.
    #[error("read a message: it has no body")]
    NoBody,
    /// A message that is not an alarm, or one without a field that it must have.
    #[error("read a message")]
    Unreadable(#[source] AlarmError),
    /// An order of ours without a field that it must have.
    #[error("read an order to publish a digest")]
    Order(#[source] serde_json::Error),
    /// A direct caller gave an order that only the function itself may give.
    #[error("take in an alarm: orders are taken from the queue only")]
    OrderFromOutside,
    /// The rules could not be read as a whole.
    #[error("read the rules at {path}")]
    Rules { path: String, source: AwsError },
    /// The place of an account in the organization could not be looked up.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// AWS's answer makes no sense.
    #[error("{0}")]
    Nonsense(String),
    /// Something about the alarm or its resource could not be looked up.
    #[error("{what}")]
    LookUp {
        /// The failed action, as a phrase.
        what: String,
        source: AwsError,
    },
    /// The table could not be read or written.
    #[error(transparent)]
    Table(#[from] StoreError),
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
    /// The history or the topic did not take an outcome.
    #[error(transparent)]
    Publish(OutletError),
}

/// A look at an alarm, its resource or its account that AWS refuses, and will refuse again: it gets an
/// outcome instead of another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ProblemCode,
    /// Names the call, its resource and AWS's message.
    pub(crate) what: String,
}

impl Error {
    /// The refusal, if this is one that does not pass by itself. Errors about the suite's own table,
    /// queue, machine and topic do not count: without those there is no outcome either.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let kind = match self {
            Self::LookUp { source, .. } => source.kind,
            Self::Organization(error) => error.kind(),
            Self::Nonsense(_) => AwsErrorKind::Other,
            _ => return None,
        };
        let code = match kind {
            AwsErrorKind::Throttled | AwsErrorKind::Unavailable => return None,
            AwsErrorKind::RoleNotAssumable => ProblemCode::RoleNotAssumable,
            AwsErrorKind::AccessDenied => ProblemCode::AccessDenied,
            AwsErrorKind::NotFound | AwsErrorKind::Other => ProblemCode::LookUpFailed,
        };
        Some(Refusal { code, what: error_chain(self) })
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
            Self::Rules { source, .. } => ErrorName::RulesUnreadable.unless_transient(source.kind),
            Self::Organization(error) => {
                ErrorName::OrganizationUnreadable.unless_transient(error.kind())
            }
            Self::LookUp { source, .. }
            | Self::Table(StoreError { source, .. })
            | Self::Send { source, .. } => source.kind.into(),
            Self::Start(error) => error.kind().into(),
            Self::Publish(OutletError::Topic(_)) => ErrorName::PublishFailed,
            Self::Publish(OutletError::History(error)) => error.kind().into(),
            Self::Nonsense(_) | Self::InputGone(_) | Self::Encode(_) => ErrorName::Unexpected,
        }
    }
}
