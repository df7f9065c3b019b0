//! What kept a rung from being started.

use aws::{AwsError, AwsErrorKind};
use runtime::{ErrorName, FunctionError};

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
    #[error("read the organization")]
    Organization(#[source] plan_shares::Error),
    /// Whether a new account is ready could not be asked.
    #[error("assume the read role")]
    Probe(#[source] AwsError),
    /// Adaptive concurrency could not be switched on.
    #[error("switch on adaptive concurrency")]
    Concurrency(#[source] AwsError),
    /// SSM did not start it.
    #[error("start {runbook}: {source}")]
    Start { runbook: String, source: AwsError },
    /// SSM started it under an id that is none.
    #[error("start {runbook}: SSM answered with {id:?} as its id")]
    Answer { runbook: String, id: String },
    /// The run could not be remembered.
    #[error("remember the run")]
    Remember(#[source] AwsError),
}

impl Error {
    fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Runbook { source, .. }
            | Self::Probe(source)
            | Self::Concurrency(source)
            | Self::Start { source, .. }
            | Self::Remember(source) => Some(source),
            Self::NoRung(_) | Self::Organization(_) | Self::Answer { .. } => None,
        }
    }

    /// Whether a later try may do it: SSM's queue of automations is full only for a while.
    pub(crate) fn passes(&self) -> bool {
        self.aws().is_some_and(|error| {
            matches!(error.kind, AwsErrorKind::Throttled | AwsErrorKind::Unavailable)
                || error.is("AutomationExecutionLimitExceededException")
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
            (Self::Organization(_), _) => ErrorName::OrganizationUnreadable,
            (_, Some(_)) if self.passes() => match self.aws().map(|error| error.kind) {
                Some(AwsErrorKind::Unavailable) => ErrorName::Unavailable,
                _ => ErrorName::Throttled,
            },
            (_, Some(error)) => error.kind.into(),
            (_, None) => ErrorName::Unexpected,
        }
    }
}
