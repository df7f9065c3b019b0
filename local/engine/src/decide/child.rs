//! `aws:executeAutomation`: what child is to be started, and what its end means to the step.

use std::collections::BTreeMap;

use jiff::Timestamp;
use runbook::ActionKind;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::next::Next;
use super::retry::after_failure;
use crate::actions::failure::phrase;
use crate::actions::{Done, Failure, FailureStage, FailureType, selected, words};
use crate::event::ChildEnd;
use crate::request::{Tag, Target, TargetLocation};
use crate::state::{State, StepState};
use crate::status::{Outcome, Status};

/// The child that a step asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChildRequest {
    pub(crate) document_name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    pub(crate) target_parameter_name: Option<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) target_maps: Vec<BTreeMap<String, Vec<String>>>,
    pub(crate) target_locations: Vec<TargetLocation>,
    pub(crate) max_concurrency: Option<String>,
    pub(crate) max_errors: Option<String>,
    pub(crate) tags: Vec<Tag>,
}

/// Reads a step's inputs.
///
/// # Errors
/// When the inputs do not describe a child execution.
pub(crate) fn child_of(inputs: &Map<String, Value>) -> Result<ChildRequest, String> {
    let text = |name: &str| match inputs.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    // StartAutomationExecution refuses these: an empty text, and a list of locations without one.
    for (name, value) in inputs {
        let empty = value.as_str() == Some("")
            || (name == "TargetLocations" && value.as_array().is_some_and(Vec::is_empty));
        if empty {
            return Err(format!("{name} must not be empty"));
        }
    }
    let document_name = text("DocumentName").ok_or("DocumentName is missing")?;
    let parameters = match inputs.get("RuntimeParameters") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| (name.clone(), on_the_wire(value))).collect()
        }
        Some(other) => return Err(format!("RuntimeParameters must be a map, not {other}")),
    };
    let target_maps: Vec<Map<String, Value>> = list(inputs, "TargetMaps")?;
    Ok(ChildRequest {
        document_name,
        document_version: text("DocumentVersion"),
        parameters,
        target_parameter_name: text("TargetParameterName"),
        targets: list(inputs, "Targets")?,
        target_maps: target_maps
            .into_iter()
            .map(|map| map.iter().map(|(key, value)| (key.clone(), on_the_wire(value))).collect())
            .collect(),
        target_locations: list(inputs, "TargetLocations")?,
        max_concurrency: text("MaxConcurrency"),
        max_errors: text("MaxErrors"),
        tags: list(inputs, "Tags")?,
    })
}

fn list<T: DeserializeOwned>(inputs: &Map<String, Value>, name: &str) -> Result<Vec<T>, String> {
    match inputs.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|error| format!("{name} is not what it should be: {error}")),
    }
}

/// A native value as `StartAutomationExecution` takes it: a list of strings.
pub(crate) fn on_the_wire(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => vec![text(other)],
    }
}

/// The child has ended.
pub(super) fn ended(
    state: &State,
    place: u32,
    step: &StepState,
    id: Uuid,
    end: &ChildEnd,
    now: Timestamp,
) -> Next {
    let status = Status::from(end.outcome);
    let mut outputs = Map::new();
    outputs.insert("ExecutionId".into(), id.to_string().into());
    outputs.insert("Status".into(), status.name().into());
    let texts = end.outputs.iter().flat_map(on_the_wire);
    outputs.insert("Output".into(), texts.map(Value::from).collect());
    if end.outcome == Outcome::Success {
        let declared = state.document.def(step.def).map_or(&[][..], |def| &def.outputs);
        let root = Value::Object(outputs.clone());
        return match selected(ActionKind::ExecuteAutomation, declared, &root) {
            Ok(declared) => {
                outputs.extend(declared);
                Next::succeed(place, Done { outputs, ..Done::default() })
            }
            Err(failure) => Next::event(after_failure(state, place, step, failure, now)),
        };
    }
    let texts: Vec<_> = end.outputs.iter().flat_map(on_the_wire).collect();
    let reason = words::child_failed(&id.to_string(), status.name(), &texts.join(", "));
    let mut failure =
        Failure::new(FailureStage::Invocation, FailureType::Action, phrase::CHILD, &reason);
    failure.outputs = outputs;
    Next::event(after_failure(state, place, step, failure, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn inputs_become_the_fields_of_a_start() {
        let inputs = json!({
            "DocumentName": "Child",
            "DocumentVersion": 2,
            "RuntimeParameters": {"A": ["x", "y"], "B": true, "C": "z", "D": {"k": "v"}},
            "Targets": [{"Key": "tag:Env", "Values": ["prod"]}],
            "TargetLocations": [{"Accounts": ["111122223333"], "Regions": ["eu-west-1"]}],
            "MaxErrors": 3
        });
        let child = child_of(inputs.as_object().unwrap()).unwrap();
        assert_eq!(child.document_version.as_deref(), Some("2"));
        assert_eq!(child.parameters["A"], ["x", "y"]);
        assert_eq!(child.parameters["B"], ["true"]);
        assert_eq!(child.parameters["D"], ["{\"k\":\"v\"}"]);
        assert_eq!(child.targets[0].values, ["prod"]);
        assert_eq!(child.target_locations[0].regions, ["eu-west-1"]);
        assert_eq!(child.max_errors.as_deref(), Some("3"));
        assert!(child_of(json!({"RuntimeParameters": {}}).as_object().unwrap()).is_err());
    }

    #[test]
    fn empty_fields_are_refused_as_the_api_refuses_them() {
        for (field, empty) in [
            ("MaxConcurrency", json!("")),
            ("MaxErrors", json!("")),
            ("TargetParameterName", json!("")),
            ("TargetLocations", json!([])),
        ] {
            let mut inputs = json!({"DocumentName": "Child"});
            inputs[field] = empty;
            let error = child_of(inputs.as_object().unwrap()).unwrap_err();
            assert_eq!(error, format!("{field} must not be empty"));
        }
    }
}
