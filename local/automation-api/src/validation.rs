//! Requests against the service model that botocore ships, `model/ssm-automation.json`.

use std::sync::LazyLock;

use api::AwsError;
use api::model::{Broken, Model, Refusal, Violation};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::errors;

/// The model, read once. Real callers send parameters longer than the model's 512 characters, as
/// JSON in a string, and none at all as an empty map.
pub(crate) fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| {
        Model::read(include_str!("../model/ssm-automation.json"))
            .unbounded("AutomationParameterMap")
            .unbounded("AutomationParameterValue")
            .unbounded("ParameterValue")
    });
    &MODEL
}

/// Checks an input as AWS's front end does. Where an operation has an error of its own, that is
/// returned.
pub(crate) fn check(operation: &str, body: &Value) -> Result<(), AwsError> {
    let refusal = match model().check(operation, body) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    if let Refusal::Violations(violations) = &refusal
        && let [only] = violations.as_slice()
        && let Some(error) = own_error(operation, only)
    {
        return Err(error);
    }
    Err(refusal.into_error())
}

/// A checked body as the operation's input.
pub(crate) fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, AwsError> {
    let body =
        if body.is_null() { Value::Object(serde_json::Map::default()) } else { body.clone() };
    serde_json::from_value(body)
        .map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

fn own_error(operation: &str, violation: &Violation) -> Option<AwsError> {
    let enumeration = violation.broken == Broken::Enumeration;
    let key = violation.path.ends_with(".key");
    if enumeration && key && model().declares(operation, "InvalidFilterKey") {
        return Some(errors::invalid_filter_key(&violation.text));
    }
    if violation.path == "resourceType" && enumeration {
        return Some(errors::invalid_resource_type());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_can_be_read() {
        let read = Model::try_read(include_str!("../model/ssm-automation.json"));
        assert_eq!(read.map(|model| model.operations().count()).ok(), Some(21));
    }

    #[test]
    fn a_long_parameter_is_taken_and_an_unknown_filter_key_has_its_own_error() {
        let long =
            serde_json::json!({"DocumentName": "Doc", "Parameters": {"A": ["x".repeat(9_000)]}});
        assert_eq!(check("StartAutomationExecution", &long), Ok(()));
        let filter = serde_json::json!({"Filters": [{"Key": "Colour", "Values": ["red"]}]});
        let error = check("DescribeAutomationExecutions", &filter).unwrap_err();
        assert_eq!(error.code, "InvalidFilterKey");
    }
}
