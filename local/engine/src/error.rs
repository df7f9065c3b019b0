//! Why the engine refuses a request. The text is AWS's message where it is known.

use thiserror::Error;

/// Why an execution was not started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    /// `AutomationDefinitionNotFoundException`.
    #[error("{0}")]
    DefinitionNotFound(String),
    /// `AutomationDefinitionVersionNotFoundException`.
    #[error("{0}")]
    VersionNotFound(String),
    /// `InvalidAutomationExecutionParametersException`.
    #[error("{0}")]
    InvalidParameters(String),
    /// `AutomationExecutionLimitExceededException`.
    #[error("{0}")]
    LimitExceeded(String),
    #[error("{0}")]
    IdempotentParameterMismatch(String),
    #[error("{0}")]
    InvalidTarget(String),
    /// `InternalServerError`.
    #[error("{0}")]
    Internal(String),
}

/// Why an execution was not stopped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StopError {
    /// `AutomationExecutionNotFoundException`.
    #[error("{0}")]
    NotFound(String),
    /// `InvalidAutomationStatusUpdateException`.
    #[error("{0}")]
    InvalidStatus(String),
    /// `InternalServerError`.
    #[error("{0}")]
    Internal(String),
}

/// Why a signal was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignalError {
    /// `AutomationExecutionNotFoundException`.
    #[error("{0}")]
    NotFound(String),
    /// `AutomationStepNotFoundException`.
    #[error("{0}")]
    StepNotFound(String),
    /// `InvalidAutomationSignalException`.
    #[error("{0}")]
    Invalid(String),
    /// `InternalServerError`.
    #[error("{0}")]
    Internal(String),
}
