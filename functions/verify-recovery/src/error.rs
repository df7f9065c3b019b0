//! Why a recovery could not be verified.

use aws::AwsError;
use runtime::{ErrorName, FunctionError};

/// Why it could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine asks for a rung that the ladder does not have.
    #[error("the ladder has no rung {0}, counted from 0")]
    NoRung(usize),
    /// The alarm could not be looked at.
    #[error("look at alarm {alarm}")]
    Alarm { alarm: String, source: AwsError },
    /// The status checks could not be looked at.
    #[error("look at the status checks of {instances}")]
    Checks { instances: String, source: AwsError },
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
            Self::NoRung(_) => ErrorName::InvalidInput,
            Self::Alarm { source, .. } | Self::Checks { source, .. } => source.kind.into(),
        }
    }
}
