//! Why the question could not be answered. "No membership" is an answer and no error.

use aws::{AwsError, StartError};
use runtime::{ErrorName, FunctionError};

/// What kept `check-membership` from answering.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Organizations did not say.
    #[error("look up {what}")]
    LookUp {
        /// What was looked up: a request's, an invitation's or an account's id.
        what: String,
        source: AwsError,
    },
    /// The hand-over could not be written down. Plain data: never in practice.
    #[error("write the input of share-runbooks")]
    Input(#[source] serde_json::Error),
    /// The account has joined and its execution could not be started.
    #[error("hand over the account")]
    HandOver(#[source] StartError),
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::InvalidInput,
        ErrorName::AccessDenied,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::LookUp { source, .. } => source.kind.into(),
            Self::Input(_) => ErrorName::Unexpected,
            Self::HandOver(error) => error.kind().into(),
        }
    }
}
