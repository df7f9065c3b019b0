//! Why a rung could not be started.

use aws::organization::OrganizationError;
use aws::{AwsError, AwsErrorKind};
use runtime::{ErrorName, FunctionError};
use store::StoreError;

/// Why it was not started, or not yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine asks for a rung that the ladder does not have.
    #[error("the ladder has no rung {0}, counted from 0")]
    NoRung(usize),
    /// The runbook could not be looked at.
    #[error("look at the runbook {runbook}")]
    Runbook { runbook: String, source: AwsError },
    /// The organization could not be read.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// Whether a new account is ready could not be checked.
    #[error("assume the read role")]
    Probe(#[source] AwsError),
    /// Adaptive concurrency could not be enabled.
    #[error("enable adaptive concurrency")]
    Concurrency(#[source] AwsError),
    /// SSM did not start it.
    #[error("start {runbook}: {source}")]
    Start { runbook: String, source: AwsError },
    /// SSM's answer has an invalid execution id.
    #[error("start {runbook}: SSM answered with {id:?} as its id")]
    Answer { runbook: String, id: String },
    /// The run could not be stored.
    #[error(transparent)]
    StoreRun(StoreError),
}

impl Error {
    fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Runbook { source, .. }
            | Self::Probe(source)
            | Self::Concurrency(source)
            | Self::Start { source, .. }
            | Self::StoreRun(StoreError { source, .. }) => Some(source),
            Self::NoRung(_) | Self::Organization(_) | Self::Answer { .. } => None,
        }
    }

    /// Whether another attempt may succeed: SSM's queue of automations is full only for a while.
    pub(crate) fn is_transient(&self) -> bool {
        self.aws().is_some_and(|error| {
            error.is_transient() || error.is("AutomationExecutionLimitExceededException")
        })
    }
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::InvalidInput,
        ErrorName::OrganizationUnreadable,
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::AccessDenied,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match (self, self.aws()) {
            (Self::NoRung(_), _) => ErrorName::InvalidInput,
            (Self::Organization(error), _) => {
                ErrorName::OrganizationUnreadable.unless_transient(error.kind())
            }
            (_, Some(_)) if self.is_transient() => match self.aws().map(|error| error.kind) {
                Some(AwsErrorKind::Unavailable) => ErrorName::Unavailable,
                _ => ErrorName::Throttled,
            },
            (_, Some(error)) => error.kind.into(),
            (_, None) => ErrorName::Unexpected,
        }
    }
}
