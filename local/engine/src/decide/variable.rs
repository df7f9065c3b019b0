//! `aws:updateVariable`.

use serde_json::Value;

use super::next::Next;
use crate::actions::Done;
use crate::event::{End, Event};
use crate::state::{State, StepState};

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-update-variable.html>
const MAPS: usize = 200;
const STRINGS: usize = 50;
const KEY: usize = 50;
const TEXT: usize = 512;

pub(super) fn enter(state: &State, place: u32, step: &StepState) -> Next {
    match update(state, step) {
        Ok((name, value)) => Next::Log(vec![
            Event::Set { name, value },
            Event::Finished { step: place, end: End::success(Done::default()), route: None },
        ]),
        Err(error) => Next::invalid(place, &error),
    }
}

fn update(state: &State, step: &StepState) -> Result<(String, Value), String> {
    let name = step.inputs.get("Name").and_then(Value::as_str).unwrap_or_default();
    let Some(name) = name.strip_prefix("variable:") else {
        return Err(format!("Name must be variable:NAME, not {name}"));
    };
    let variables = &state.document.runbook.variables;
    let Some(variable) = variables.iter().find(|variable| variable.name == name) else {
        return Err(format!("Variable \"{name}\" is not declared"));
    };
    let Some(value) = step.inputs.get("Value") else {
        return Err("Value is missing".to_owned());
    };
    let kind = variable.kind;
    let value = runbook::coerce(value.clone(), kind)
        .map_err(|_| format!("Variable \"{name}\" is a {}, not {value}", kind.name()))?;
    within_limits(&value)?;
    if let Some(allowed) = &variable.allowed_values
        && !allowed.is_empty()
        && !allowed.contains(&value)
    {
        return Err(format!(
            "Variable \"{name}\" has value {value} not found in its allowedValues"
        ));
    }
    Ok((name.to_owned(), value))
}

fn within_limits(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) => text_fits(text),
        Value::Array(items) => {
            let most = if items.iter().any(Value::is_object) { MAPS } else { STRINGS };
            if items.len() > most {
                return Err(format!("Value has {} items, {most} are allowed", items.len()));
            }
            items.iter().try_for_each(|item| match item {
                Value::String(text) => text_fits(text),
                Value::Object(_) => within_limits(item),
                _ => Ok(()),
            })
        }
        Value::Object(map) => map.keys().try_for_each(|key| match key.chars().count() {
            1..=KEY => Ok(()),
            _ => Err(format!("A key of Value must have 1 to {KEY} characters")),
        }),
        _ => Ok(()),
    }
}

fn text_fits(text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=TEXT => Ok(()),
        count => Err(format!("A string of Value has {count} characters, 1 to {TEXT} are allowed")),
    }
}
