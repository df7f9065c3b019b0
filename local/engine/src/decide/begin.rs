//! The start of a step: its inputs and properties after substitution.

use jiff::{SignedDuration, Timestamp};
use runbook::{ActionKind, OnFailure, Step};
use serde_json::{Map, Value};

use super::repeat::number;
use crate::actions::Failure;
use crate::event::{End, Event, Started};
use crate::state::{Reader, State};

/// The events with which the step at this place in the document begins.
pub(super) fn begin(state: &State, def: u32, now: Timestamp) -> Vec<Event> {
    let Some(step) = state.document.step(def) else {
        return Vec::new();
    };
    let place = state.place_of(def);
    let reader = Reader::new(state, now);
    let mut started = Started {
        step: place,
        def,
        token: state.token(place, 1),
        deadline: None,
        timeout_seconds: None,
        max_attempts: 1,
        is_end: false,
        critical: is_critical(step, &reader),
        inputs: Map::with_capacity(step.inputs.len()),
    };
    match fill(&mut started, step, &reader, now) {
        Ok(()) => vec![Event::Started(Box::new(started))],
        // Trying again would find the same inputs.
        Err(error) => vec![
            Event::Started(Box::new(started)),
            Event::Finished { step: place, end: End::failure(Failure::input(&error)), route: None },
        ],
    }
}

/// `isCritical` holds unless it is written otherwise; with `onFailure: Continue` only if written.
fn is_critical(step: &Step, reader: &Reader<'_>) -> bool {
    let written = step.is_critical.as_ref().and_then(|value| flag(value, reader).ok());
    written.unwrap_or(!matches!(step.on_failure, Some(OnFailure::Continue)))
}

fn fill(
    started: &mut Started,
    step: &Step,
    reader: &Reader<'_>,
    now: Timestamp,
) -> Result<(), String> {
    if let Some(value) = &step.is_end {
        started.is_end = flag(value, reader)?;
    }
    let count = |name: &str, value: &Value| {
        let value = substitute(value, reader)?;
        number(&value).ok_or_else(|| format!("{name} must be a number, not {value}"))
    };
    if let Some(value) = &step.max_attempts {
        started.max_attempts = count("maxAttempts", value)?.max(1);
    }
    if let Some(value) = &step.timeout_seconds {
        started.timeout_seconds = Some(count("timeoutSeconds", value)?);
    }
    let limit = started
        .timeout_seconds
        .map(|seconds| SignedDuration::from_secs(seconds.into()))
        .or_else(|| default_timeout(step.action));
    started.deadline = limit.and_then(|limit| now.checked_add(limit).ok());
    for (name, value) in &step.inputs {
        let value = match (step.action, name.as_str()) {
            // The steps are executions of their own, the condition comes after them.
            (ActionKind::Loop, "Steps") => continue,
            (ActionKind::Loop, "LoopCondition") => value.clone(),
            // Only the choices up to the first that holds have to be readable.
            (ActionKind::Branch, "Choices") => {
                substitute(value, reader).unwrap_or_else(|_| value.clone())
            }
            // It names the variable, it does not read it.
            (ActionKind::UpdateVariable, "Name") => variable_name(value),
            _ => substitute(value, reader)?,
        };
        started.inputs.insert(name.clone(), value);
    }
    Ok(())
}

/// A sleep that ends by itself needs no time limit.
fn default_timeout(action: ActionKind) -> Option<SignedDuration> {
    if action == ActionKind::Sleep {
        return None;
    }
    let limit = action.signature().timeout?;
    SignedDuration::try_from(limit).ok()
}

/// `variable:x`, also where it is written `{{ variable:x }}`.
fn variable_name(value: &Value) -> Value {
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    inner.unwrap_or(text).trim().into()
}

fn substitute(value: &Value, reader: &Reader<'_>) -> Result<Value, String> {
    runbook::substitute(value, reader).map_err(|error| error.to_string())
}

fn flag(value: &Value, reader: &Reader<'_>) -> Result<bool, String> {
    match substitute(value, reader)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(format!("{other} is neither true nor false")),
    }
}
