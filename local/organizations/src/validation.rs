//! Holds an input against the model: types, presence, lengths, patterns, enums, bounds.
//!
//! A value of the wrong JSON type is a `SerializationException`, as for every JSON service; all
//! else is `InvalidInputException` with its reason. Unknown members are ignored, as AWS does.

use std::collections::BTreeSet;

use api::AwsError;
use serde_json::Value;

use crate::errors::invalid_input;
use crate::shapes::{Member, Shape};

/// Checks the members of one structure.
pub(crate) fn check_members(members: &[Member], input: &Value) -> Result<(), AwsError> {
    if !(input.is_object() || input.is_null()) {
        return Err(wrong_type("a structure"));
    }
    for member in members {
        match input.get(member.name) {
            None | Some(Value::Null) if member.required => {
                return Err(invalid_input("INPUT_REQUIRED"));
            }
            None | Some(Value::Null) => {}
            Some(value) => check(member.shape, value)?,
        }
    }
    check_tags(input)
}

fn check(shape: &Shape, value: &Value) -> Result<(), AwsError> {
    match shape {
        Shape::Text { min, max, fits, reason } => {
            let text = value.as_str().ok_or_else(|| wrong_type("a string"))?;
            let length = text.chars().count();
            if length > *max {
                return Err(invalid_input("MAX_LENGTH_EXCEEDED"));
            }
            if length < *min {
                return Err(invalid_input("MIN_LENGTH_EXCEEDED"));
            }
            if !fits(text) {
                return Err(invalid_input(reason));
            }
        }
        Shape::Enum { values, reason } => {
            let text = value.as_str().ok_or_else(|| wrong_type("a string"))?;
            if !values().contains(&text) {
                return Err(invalid_input(reason));
            }
        }
        Shape::Integer { min, max } => {
            let number = value.as_i64().ok_or_else(|| wrong_type("an integer"))?;
            if number > *max {
                return Err(invalid_input("MAX_VALUE_EXCEEDED"));
            }
            if number < *min {
                return Err(invalid_input("MIN_VALUE_EXCEEDED"));
            }
        }
        Shape::Timestamp => {
            value.as_f64().ok_or_else(|| wrong_type("a timestamp"))?;
        }
        Shape::List(member) => {
            let list = value.as_array().ok_or_else(|| wrong_type("a list"))?;
            for item in list {
                check(member, item)?;
            }
        }
        Shape::Structure(members) => check_members(members, value)?,
    }
    Ok(())
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

fn wrong_type(expected: &str) -> AwsError {
    AwsError::new("SerializationException", format!("Expected {expected}"))
}
