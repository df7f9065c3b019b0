//! How an input breaks the model, and the error of AWS's front end for it.

use crate::AwsError;

/// A member that breaks the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// As AWS's messages write it: `filters.1.member.key`.
    pub path: String,
    pub text: String,
    /// The constraint that the value breaks.
    pub broken: Broken,
    /// The model's name of the member's shape; of a list or map the shape of what breaks it.
    pub shape: String,
}

/// The constraint that a value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The member is required and absent.
    Required,
    /// The value is not in the enumeration.
    Enumeration,
    /// A text or list is longer than allowed.
    TooLong,
    /// A text or list is shorter than allowed.
    TooShort,
    /// A number is larger than allowed.
    TooLarge,
    /// A number is smaller than allowed.
    TooSmall,
    /// A text does not match the pattern.
    Pattern,
}

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The model has no such operation.
    UnknownOperation(String),
    /// A member has the wrong JSON type.
    Serialization(String),
    /// Members break the model; never empty.
    Violations(Vec<Violation>),
}

impl Refusal {
    /// The error of AWS's front end.
    pub fn into_error(self) -> AwsError {
        match self {
            Self::UnknownOperation(operation) => AwsError::new(
                "UnknownOperationException",
                format!("Operation {operation} is not known"),
            ),
            Self::Serialization(message) => AwsError::new("SerializationException", message),
            Self::Violations(violations) => {
                AwsError::new("ValidationException", message(&violations))
            }
        }
    }
}

/// AWS's message for all violations of one request.
pub fn message(violations: &[Violation]) -> String {
    let count = violations.len();
    let plural = if count == 1 { "error" } else { "errors" };
    let texts: Vec<_> = violations.iter().map(|violation| violation.text.as_str()).collect();
    format!("{count} validation {plural} detected: {}", texts.join("; "))
}
