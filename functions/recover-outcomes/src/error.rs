//! Reasons why an outcome is not recovered: the event is tried again, the sweep comes again.

use aws::AwsError;
use relay_core::id::AutomationId;
use runtime::{ErrorName, FunctionError};
use store::{PublishError, StoreError};

/// Why an outcome is still missing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The executions of a machine could not be listed.
    #[error("list the executions of {machine}")]
    List {
        machine: String,
        /// The answer of Step Functions.
        source: AwsError,
    },
    /// An execution could not be described.
    #[error("describe the execution {execution}")]
    Describe {
        execution: String,
        /// The answer of Step Functions.
        source: AwsError,
    },
    /// The runs that an execution started, or its marker, could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An automation that nobody follows any more could not be looked at or stopped.
    #[error("stop automation {automation}")]
    Stop { automation: AutomationId, source: AwsError },
    /// The outcome could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::PublishFailed,
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::AccessDenied,
        ErrorName::InvalidInput,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::List { source, .. }
            | Self::Describe { source, .. }
            | Self::Stop { source, .. } => source.kind.into(),
            Self::Publish(PublishError::Topic(_)) => ErrorName::PublishFailed,
            Self::Store(error) | Self::Publish(PublishError::Store(error)) => error.kind().into(),
        }
    }
}
