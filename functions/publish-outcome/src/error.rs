//! What keeps an outcome from being published. The state machine retries, then publishes a minimal
//! outcome itself.

use aws::AwsError;
use lambda::outcomes::SendError;
use runtime::{ErrorName, FunctionError};

/// Why an outcome was not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the topic.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The bucket did not answer.
    #[error("{action} s3://{bucket}/{key}")]
    Bucket {
        /// `read` or `write`.
        action: &'static str,
        bucket: String,
        key: String,
        /// What S3 said.
        source: AwsError,
    },
    /// The lock on a resource could not be released.
    #[error("release the lock on {resource}")]
    Release {
        resource: String,
        /// What the table said.
        source: AwsError,
    },
    /// The marker could not be read.
    #[error("look for the marker of {execution}")]
    Marker {
        execution: String,
        /// What the table said.
        source: AwsError,
    },
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
            Self::Send(error) => error.name(),
            Self::Bucket { source, .. }
            | Self::Release { source, .. }
            | Self::Marker { source, .. } => source.kind.into(),
        }
    }
}
