//! Requests against the service model that botocore ships, `model/ssm-documents.json`.

use std::sync::LazyLock;

use api::AwsError;
use api::model::{Broken, Model, Refusal, message};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::errors;

/// The model, read once. A test holds that it can be read.
pub(crate) fn model() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| Model::read(include_str!("../model/ssm-documents.json")));
    &MODEL
}

/// Refuses what AWS's front end refuses. Two enumerations have an error of their own.
pub(crate) fn check(operation: &str, body: &Value) -> Result<(), AwsError> {
    let refusal = match model().check(operation, body) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    if let Refusal::Violations(violations) = &refusal
        && let [only] = violations.as_slice()
        && only.broken != Broken::Required
    {
        match only.path.as_str() {
            "permissionType" => return Err(errors::invalid_permission_type(message(violations))),
            "resourceType" => return Err(errors::invalid_resource_type()),
            _ => {}
        }
    }
    Err(refusal.into_error())
}

/// A checked body as the operation's input.
pub(crate) fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, AwsError> {
    let body = if body.is_null() { Value::Object(Default::default()) } else { body.clone() };
    serde_json::from_value(body).map_err(|error| errors::serialization(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_can_be_read() {
        assert_eq!(model().operations().count(), 18);
    }
}
