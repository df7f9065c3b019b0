//! Requests against the service model that botocore ships, `model/organizations.json`.
//!
//! A value of the wrong JSON type is a `SerializationException`, as for every JSON service; all
//! else is `InvalidInputException` with its reason. Unknown members are ignored, as AWS does.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use api::AwsError;
use api::model::{Broken, Model, Refusal, Violation};
use serde_json::Value;

use crate::errors::invalid_input;

/// The model, read once. A test holds that it can be read.
pub(crate) fn model() -> &'static Model {
    static MODEL: LazyLock<Model> =
        LazyLock::new(|| Model::read(include_str!("../model/organizations.json")));
    &MODEL
}

/// Refuses an input that the model or the rules of tags do not allow.
pub(crate) fn check(operation: &str, body: &Value) -> Result<(), AwsError> {
    match model().check(operation, body) {
        Ok(()) => check_tags(body),
        Err(Refusal::Violations(violations)) => {
            let reason = violations.first().map_or("INVALID_PATTERN", reason);
            Err(invalid_input(reason))
        }
        Err(refusal) => Err(refusal.into_error()),
    }
}

pub(crate) fn is_account(text: &str) -> bool {
    model().fits("AccountId", text)
}

pub(crate) fn is_email(text: &str) -> bool {
    model().fits("Email", text)
}

/// The reason that AWS documents for a broken constraint.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html#API_CreateAccount_Errors>
fn reason(violation: &Violation) -> &'static str {
    let shape = violation.shape.as_str();
    match violation.broken {
        Broken::Required => "INPUT_REQUIRED",
        Broken::Enumeration if matches!(shape, "PolicyType" | "EffectivePolicyType") => {
            "INVALID_ENUM_POLICY_TYPE"
        }
        Broken::Enumeration => "INVALID_ENUM",
        Broken::TooLong => "MAX_LENGTH_EXCEEDED",
        Broken::TooShort => "MIN_LENGTH_EXCEEDED",
        Broken::TooLarge => "MAX_VALUE_EXCEEDED",
        Broken::TooSmall => "MIN_VALUE_EXCEEDED",
        Broken::Pattern if shape == "PolicyTargetId" => "INVALID_PATTERN_TARGET_ID",
        Broken::Pattern => "INVALID_PATTERN",
    }
}

/// Tag keys are unique and never begin with the reserved `aws:`.
fn check_tags(input: &Value) -> Result<(), AwsError> {
    let tags = input.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let keys = input.get("TagKeys").and_then(Value::as_array).into_iter().flatten();
    let tag_keys = tags.filter_map(|tag| tag.get("Key"));
    let mut seen = BTreeSet::new();
    for key in tag_keys.chain(keys).filter_map(Value::as_str) {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid_input("INVALID_SYSTEM_TAGS_PARAMETER"));
        }
        if !seen.insert(key) {
            return Err(invalid_input("DUPLICATE_TAG_KEY"));
        }
    }
    Ok(())
}
