//! Holds every reply and every error against botocore's model.

use std::collections::BTreeSet;

use api::AwsError;
use serde_json::Value;

use super::errors::absent;
use super::{MANAGEMENT, World};
use crate::policies::kinds;
use crate::validation::model;

/// Every operation, by name.
pub(crate) fn operations() -> BTreeSet<&'static str> {
    model().operations().collect()
}

fn json() -> Value {
    serde_json::from_str(include_str!("../../model/organizations.json")).expect("the model")
}

/// The required members of an operation's input; `None` if the operation has no input.
pub(crate) fn required(operation: &str) -> Option<Vec<String>> {
    let model = json();
    let input = model["operations"][operation]["input"].as_str()?;
    let required = model["shapes"][input]["required"].as_array();
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    Some(names.map(str::to_owned).collect())
}

/// The names of the errors an operation declares.
pub(crate) fn declared(operation: &str) -> BTreeSet<String> {
    model().errors(operation).map(str::to_owned).collect()
}

/// A reply has the members of its shape and no others, each as the model wants it.
pub(crate) fn check_reply(operation: &str, reply: &Value) {
    assert_eq!(model().reply_defects(operation, reply), Vec::<String>::new(), "{reply}");
}

/// An error is one the operation declares, with the members of its shape.
pub(crate) fn check_error(operation: &str, error: &AwsError) {
    let of_protocol = ["SerializationException", "UnknownOperationException"];
    if of_protocol.contains(&error.code.as_str()) {
        return;
    }
    assert!(model().declares(operation, &error.code), "{operation} declares no {}", error.code);
    assert_eq!(model().error_defects(error), Vec::<String>::new(), "{operation}: {error:?}");
    assert!(!error.message.is_empty(), "{} says nothing", error.code);
}

#[test]
fn every_operation_of_the_model_is_served() {
    assert_eq!(operations().len(), 63, "the model cannot be read");
    for operation in operations() {
        let reply = World::seeded().call(MANAGEMENT, operation, absent(operation));
        let code = reply.map_or_else(|error| error.code, |_| String::new());
        assert_ne!(code, "UnknownOperationException", "{operation}");
    }
}

#[test]
fn the_types_of_policy_are_those_of_the_model() {
    let types = json()["shapes"]["PolicyType"]["enum"].clone();
    let known: Vec<_> = kinds::ALL.iter().map(|kind| Value::from(kind.name)).collect();
    assert_eq!(types, Value::from(known));
}
