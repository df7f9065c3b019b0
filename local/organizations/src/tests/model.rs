//! Holds the table of operations, every reply and every error against botocore's model.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use api::AwsError;
use serde_json::Value;

use crate::operations::OPERATIONS;
use crate::shapes::{Member, Shape};

/// `model/organizations.json`, made by `model/extract.py`.
pub(crate) static MODEL: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../model/organizations.json")).expect("the model")
});

fn shape(name: &str) -> &'static Value {
    let shape = &MODEL["shapes"][name];
    assert!(shape.is_object(), "no shape {name}");
    shape
}

/// The names of the errors an operation declares.
pub(crate) fn declared(operation: &str) -> BTreeSet<String> {
    let errors = MODEL["operations"][operation]["errors"].as_array().expect("errors");
    errors.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// A reply has the members of its shape and no others, each as the model wants it.
pub(crate) fn check_reply(operation: &str, reply: &Value) {
    match MODEL["operations"][operation]["output"].as_str() {
        Some(output) => check(output, reply, operation),
        None => assert!(reply.is_null(), "{operation} has no output, and answers {reply}"),
    }
}

/// An error is one the operation declares, with the members of its shape.
pub(crate) fn check_error(operation: &str, error: &AwsError) {
    let of_protocol = ["SerializationException", "UnknownOperationException"];
    if of_protocol.contains(&error.code.as_str()) {
        return;
    }
    assert!(declared(operation).contains(&error.code), "{operation} declares no {}", error.code);
    let members = &shape(&error.code)["members"];
    for (name, value) in &error.fields {
        let member = members[name.as_str()].as_str();
        check(member.unwrap_or_else(|| panic!("{} has no {name}", error.code)), value, operation);
    }
    assert!(!error.message.is_empty(), "{} says nothing", error.code);
}

fn check(name: &str, value: &Value, at: &str) {
    let shape = shape(name);
    let at = format!("{at}/{name}");
    match shape["type"].as_str().expect("a type") {
        "structure" => {
            for (member, value) in value.as_object().unwrap_or_else(|| panic!("{at}: {value}")) {
                let inner = shape["members"][member.as_str()].as_str();
                check(inner.unwrap_or_else(|| panic!("{at} has no {member}")), value, &at);
            }
        }
        "list" => {
            let inner = shape["member"].as_str().expect("a member");
            for item in value.as_array().unwrap_or_else(|| panic!("{at}: {value}")) {
                check(inner, item, &at);
            }
        }
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{at}: {value}"));
            if let Some(values) = shape["enum"].as_array() {
                assert!(values.contains(value), "{at}: {text} is none of its values");
            }
            let length = text.chars().count() as u64;
            assert!(length >= shape["min"].as_u64().unwrap_or(0), "{at}: {text} is too short");
            assert!(
                length <= shape["max"].as_u64().unwrap_or(u64::MAX),
                "{at}: {text} is too long"
            );
            check_prefix(shape, text, &at);
        }
        "boolean" => assert!(value.is_boolean(), "{at}: {value}"),
        "timestamp" => assert!(value.is_f64(), "{at}: {value}"),
        other => panic!("{at}: no value of type {other} is answered"),
    }
}

/// Ids and ARNs: what a pattern fixes before its first variable part.
fn check_prefix(shape: &Value, text: &str, at: &str) {
    let Some(pattern) = shape["pattern"].as_str().and_then(|p| p.strip_prefix('^')) else { return };
    let fixed: String =
        pattern.chars().take_while(|c| c.is_alphanumeric() || ":-".contains(*c)).collect();
    assert!(text.starts_with(&fixed), "{at}: {text} does not begin with {fixed}");
}

#[test]
fn every_operation_of_the_model_is_served_with_the_models_input() {
    let ours: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    let model = MODEL["operations"].as_object().expect("operations");
    let theirs: BTreeSet<&str> = model.keys().map(String::as_str).collect();
    assert_eq!(ours, theirs);
    for operation in OPERATIONS {
        match model[operation.name]["input"].as_str() {
            Some(input) => same_members(operation.input, shape(input), operation.name),
            None => assert!(operation.input.is_empty(), "{}", operation.name),
        }
    }
}

fn same_members(ours: &[Member], theirs: &Value, at: &str) {
    let names: BTreeSet<&str> = ours.iter().map(|member| member.name).collect();
    let model = theirs["members"].as_object().expect("members");
    assert_eq!(names, model.keys().map(String::as_str).collect(), "{at}");
    let required = theirs["required"].as_array().cloned().unwrap_or_default();
    for member in ours {
        let at = format!("{at}/{}", member.name);
        assert_eq!(member.required, required.contains(&member.name.into()), "{at}");
        same(member.shape, shape(model[member.name].as_str().expect("a shape")), &at);
    }
}

fn same(ours: &Shape, theirs: &Value, at: &str) {
    let number = |trait_: &str| theirs[trait_].as_u64();
    match ours {
        Shape::Text { min, max, .. } => {
            assert_eq!(theirs["type"], "string", "{at}");
            assert_eq!(theirs["enum"], Value::Null, "{at}");
            // A role's name has its least length only in its pattern.
            let least = if at.ends_with("RoleName") { 1 } else { number("min").unwrap_or(0) };
            assert_eq!(*min as u64, least, "{at}");
            assert_eq!(*max as u64, number("max").unwrap_or(usize::MAX as u64), "{at}");
        }
        Shape::Enum { values, .. } => {
            let ours: BTreeSet<&str> = values().into_iter().collect();
            let theirs = theirs["enum"].as_array().unwrap_or_else(|| panic!("{at} is no enum"));
            assert_eq!(ours, theirs.iter().filter_map(Value::as_str).collect(), "{at}");
        }
        Shape::Integer { min, max } => {
            assert_eq!(
                (Some(*min as u64), Some(*max as u64)),
                (number("min"), number("max")),
                "{at}"
            );
        }
        Shape::Timestamp => assert_eq!(theirs["type"], "timestamp", "{at}"),
        Shape::List(item) => {
            assert_eq!(theirs["type"], "list", "{at}");
            same(item, shape(theirs["member"].as_str().expect("a member")), at);
        }
        Shape::Structure(members) => same_members(members, theirs, at),
    }
}
