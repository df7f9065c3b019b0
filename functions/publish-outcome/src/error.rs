//! Reasons why an outcome is not published. The state machine retries, then publishes a minimal
//! outcome itself.

use runtime::{ErrorName, FunctionError};
use store::PublishError;

/// Why an outcome was not published.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] PublishError);

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
        match &self.0 {
            PublishError::Topic(_) => ErrorName::PublishFailed,
            PublishError::Store(error) => error.kind().into(),
        }
    }
}
