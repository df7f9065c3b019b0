//! What keeps an outcome from being published. The state machine retries, then publishes a minimal
//! outcome itself.

use lambda::{AwsError, ErrorName, FunctionError};

/// Why an outcome was not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SNS did not take it.
    #[error("publish the outcome {id}")]
    Publish {
        /// The outcome's id.
        id: uuid::Uuid,
        /// What SNS said.
        source: AwsError,
    },
    /// An attribute that the SDK does not take.
    #[error("build the message attribute {name}")]
    Attribute {
        /// The attribute's name.
        name: &'static str,
        /// What is wrong with it.
        source: aws_sdk_sns::error::BuildError,
    },
    /// The bucket did not answer.
    #[error("{action} s3://{bucket}/{key}")]
    Bucket {
        /// `read` or `write`.
        action: &'static str,
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
        /// What S3 said.
        source: AwsError,
    },
    /// The lock on a resource could not be released.
    #[error("release the lock on {resource}")]
    Release {
        /// The resource.
        resource: String,
        /// What the table said.
        source: AwsError,
    },
    /// The marker could not be read.
    #[error("look for the marker of {execution}")]
    Marker {
        /// The execution's ARN.
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
            Self::Publish { .. } => ErrorName::PublishFailed,
            Self::Attribute { .. } => ErrorName::Unexpected,
            Self::Bucket { source, .. }
            | Self::Release { source, .. }
            | Self::Marker { source, .. } => source.kind.into(),
        }
    }
}
