//! The errors of these operations, each with its code and AWS's message.

use api::AwsError;
use engine::{SignalError, StartError, StopError};

pub(crate) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}

pub(crate) fn internal(message: impl Into<String>) -> AwsError {
    AwsError { status: 500, ..AwsError::new("InternalServerError", message) }
}

/// A failed start, under the error that AWS has for it.
pub(crate) fn start(error: &StartError) -> AwsError {
    let code = match error {
        StartError::DefinitionNotFound(_) => "AutomationDefinitionNotFoundException",
        StartError::VersionNotFound(_) => "AutomationDefinitionVersionNotFoundException",
        StartError::InvalidParameters(_) => "InvalidAutomationExecutionParametersException",
        StartError::LimitExceeded(_) => "AutomationExecutionLimitExceededException",
        StartError::IdempotentParameterMismatch(_) => "IdempotentParameterMismatch",
        StartError::InvalidTarget(_) => "InvalidTarget",
        StartError::Internal(message) => return internal(message),
    };
    AwsError::new(code, error.to_string())
}

pub(crate) fn stop(error: &StopError) -> AwsError {
    match error {
        StopError::NotFound(message) => {
            AwsError::new("AutomationExecutionNotFoundException", message)
        }
        StopError::InvalidStatus(message) => {
            AwsError::new("InvalidAutomationStatusUpdateException", message)
        }
        StopError::Internal(message) => internal(message),
    }
}

pub(crate) fn signal(error: &SignalError) -> AwsError {
    match error {
        SignalError::NotFound(message) => {
            AwsError::new("AutomationExecutionNotFoundException", message)
        }
        SignalError::StepNotFound(message) => {
            AwsError::new("AutomationStepNotFoundException", message)
        }
        SignalError::Invalid(message) => invalid_signal(message),
        SignalError::Internal(message) => internal(message),
    }
}

pub(crate) fn invalid_signal(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidAutomationSignalException", message)
}

/// The text is the model's description of the error.
pub(crate) fn execution_not_found(id: &str) -> AwsError {
    AwsError::new(
        "AutomationExecutionNotFoundException",
        format!(
            "There is no automation execution information for the requested automation execution \
             ID: {id}."
        ),
    )
}

pub(crate) fn invalid_filter_key(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidFilterKey", message)
}

pub(crate) fn invalid_filter_value(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidFilterValue", message)
}

pub(crate) fn invalid_next_token() -> AwsError {
    AwsError::new("InvalidNextToken", "The specified token isn't valid.")
}

pub(crate) fn invalid_resource_type() -> AwsError {
    AwsError::new("InvalidResourceType", "")
}

pub(crate) fn invalid_resource_id() -> AwsError {
    AwsError::new("InvalidResourceId", "")
}

pub(crate) fn too_many_tags() -> AwsError {
    AwsError::new("TooManyTagsError", "")
}
