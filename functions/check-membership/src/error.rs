//! Why the membership could not be checked. "Not a member" is an answer, not an error.

use aws::{AwsError, StartError};
use runtime::{ErrorName, FunctionError};

/// Why `check-membership` could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Organizations refused or did not answer.
    #[error("look up {what}")]
    LookUp {
        /// The id of the request, invitation or account that was looked up.
        what: String,
        source: AwsError,
    },
    /// The input of the hand-over could not be serialized. Plain data: never in practice.
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
