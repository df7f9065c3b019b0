//! `aws:loop`: for-each over values, or do-while a condition holds after the body.

use runbook::StepBody;
use serde_json::{Map, Value};

use super::next::Next;
use crate::actions::Done;
use crate::event::{End, Event, Iterations, Wait};
use crate::state::{Reader, State, StepState};

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html>
const MOST: u32 = 100;

pub(super) fn enter(place: u32, step: &StepState) -> Next {
    match iterations(&step.inputs) {
        Ok(iterations) => {
            Next::event(Event::Waits { step: place, wait: Wait::Iterations(iterations) })
        }
        Err(error) => Next::invalid(place, &error),
    }
}

fn iterations(inputs: &Map<String, Value>) -> Result<Iterations, String> {
    let most = match inputs.get("MaxIterations") {
        None => MOST,
        Some(value) => number(value)
            .filter(|most| (1..=MOST).contains(most))
            .ok_or_else(|| format!("MaxIterations must be between 1 and {MOST}, not {value}"))?,
    };
    let Some(iterators) = inputs.get("Iterators") else {
        return Ok(Iterations { values: None, most });
    };
    let Value::Array(values) = iterators else {
        return Err(format!("Iterators must be a list, not {iterators}"));
    };
    if values.len() > MOST as usize {
        return Err(format!("Iterators has {} items, {MOST} are allowed", values.len()));
    }
    let kind = inputs.get("IteratorDataType").and_then(Value::as_str).unwrap_or("String");
    let values = values.iter().map(|value| typed(value, kind)).collect::<Result<_, _>>()?;
    Ok(Iterations { values: Some(values), most })
}

fn typed(value: &Value, kind: &str) -> Result<Value, String> {
    let fits = match (kind, value) {
        ("String", Value::String(_))
        | ("Boolean", Value::Bool(_))
        | ("Integer", Value::Number(_))
        | ("StringMap", Value::Object(_)) => Some(value.clone()),
        ("String", Value::Bool(_) | Value::Number(_)) => Some(value.to_string().into()),
        ("Boolean" | "Integer" | "StringMap", Value::String(text)) => {
            serde_json::from_str(text).ok().filter(|parsed: &Value| match kind {
                "Boolean" => parsed.is_boolean(),
                "Integer" => parsed.is_i64(),
                _ => parsed.is_object(),
            })
        }
        _ => None,
    };
    fits.ok_or_else(|| format!("The iterator {value} is not a {kind}"))
}

pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The loop's next iteration, or its end.
pub(super) fn around(state: &State, place: u32, step: &StepState) -> Next {
    let Some(looping) = step.looping() else {
        return Next::invalid(place, "The step is not a loop");
    };
    let done = looping.iteration;
    let goes_on = match &looping.iterations.values {
        Some(values) => Ok((done as usize) < values.len()),
        None if done == 0 => Ok(true),
        None => holds(state, step),
    };
    match goes_on {
        Ok(true) if done < looping.iterations.most => {
            let value =
                looping.iterations.values.as_ref().and_then(|values| values.get(done as usize));
            Next::event(Event::Iterated { step: place, iteration: done + 1, value: value.cloned() })
        }
        Ok(_) => Next::finish(place, ended(step)),
        Err(error) => Next::invalid(place, &error),
    }
}

fn holds(state: &State, step: &StepState) -> Result<bool, String> {
    let Some(StepBody::Loop { condition: Some(condition), .. }) =
        state.document.step(step.def).map(|step| &step.body)
    else {
        return Err("The loop has neither Iterators nor LoopCondition".to_owned());
    };
    let reader = Reader::new(state, state.submitted_at.max(step.started_at));
    condition.holds(&reader).map_err(|error| error.to_string())
}

/// The end of a loop that went well.
pub(super) fn ended(step: &StepState) -> End {
    let mut outputs = Map::new();
    if let Some(looping) = step.looping() {
        outputs.insert("CurrentIteration".into(), looping.iteration.into());
        if let Some(value) = &looping.value {
            outputs.insert("CurrentIteratorValue".into(), value.clone());
        }
    }
    End::success(Done { outputs, ..Done::default() })
}
