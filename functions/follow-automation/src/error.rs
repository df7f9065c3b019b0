//! Why a run could not be looked at, or its task not be answered.

use aws::AwsError;
use relay_core::id::AutomationId;
use run::AutomationEventError;
use runtime::{ErrorName, FunctionError};
use store::StoreError;

/// Why the task was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is neither a waiting task's nor an event.
    #[error("read the input: {0}")]
    Input(#[source] serde_json::Error),
    /// The event lacks a required field.
    #[error(transparent)]
    Event(AutomationEventError),
    /// The machine asks for a rung that the ladder does not have.
    #[error("the ladder has no rung {0}, counted from 0")]
    NoRung(usize),
    /// The table did not answer.
    #[error(transparent)]
    Table(#[from] StoreError),
    /// The run could not be looked at.
    #[error("look at automation {automation}")]
    Look { automation: AutomationId, source: AwsError },
    /// The run is beyond its time and could not be stopped.
    #[error("stop automation {automation}")]
    Stop { automation: AutomationId, source: AwsError },
    /// The answer could not be written.
    #[error("write the answer")]
    Answer(#[source] serde_json::Error),
    /// The task could not be answered.
    #[error("answer the waiting task")]
    Send(#[source] AwsError),
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
            Self::Input(_) | Self::Event(_) | Self::NoRung(_) => ErrorName::InvalidInput,
            Self::Answer(_) => ErrorName::Unexpected,
            Self::Table(StoreError { source, .. })
            | Self::Send(source)
            | Self::Look { source, .. }
            | Self::Stop { source, .. } => source.kind.into(),
        }
    }
}
