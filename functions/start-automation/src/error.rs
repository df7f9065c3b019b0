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
    /// A run may exist, and its id is not known.
    #[error(
        "start {runbook}: a run may exist that is not followed. {answer}, and no run with the tag {tag} was found"
    )]
    Lost {
        runbook: String,
        /// SSM's answer, without a valid id.
        answer: String,
        /// The tag by which to find the run, with its value.
        tag: String,
        /// Why it could not be looked for; `None` if it was not found.
        source: Option<AwsError>,
    },
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
            Self::Lost { source, .. } => source.as_ref(),
            Self::NoRung(_) | Self::Organization(_) => None,
        }
    }

    /// Whether SSM may have started a run, so that this is not a refusal.
    pub(crate) fn may_have_started(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether another attempt may succeed: SSM's queue of automations is full only for a while, and a new run
    /// is not in its lists at once.
    pub(crate) fn is_transient(&self) -> bool {
        if let Self::Lost { source: None, .. } = self {
            return true;
        }
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
            (Self::Lost { source: None, .. }, _) => ErrorName::Unavailable,
            (_, Some(_)) if self.is_transient() => match self.aws().map(|error| error.kind) {
                Some(AwsErrorKind::Unavailable) => ErrorName::Unavailable,
                _ => ErrorName::Throttled,
            },
            (_, Some(error)) => error.kind.into(),
            (_, None) => ErrorName::Unexpected,
        }
    }
}
