//! The values given to an execution, held against the parameters that its runbook declares.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::{OutputType, map};
use crate::model::{Parameter, ParameterLimits, Runbook};
use crate::resource;
use crate::substitute::written;

/// The values of all parameters: what is given with its type, defaults as they are written.
///
/// A default may refer to anything and is to be resolved when it is used; a given value is what it
/// is. Whether a value is a default is for the caller to know: it is not in `given`.
///
/// # Errors
/// AWS's message with `InvalidAutomationExecutionParametersException`; the first defect only.
pub fn bind(
    runbook: &Runbook,
    given: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeMap<String, Value>, String> {
    let is_declared = |name: &&String| runbook.parameters.iter().any(|known| known.name == **name);
    if let Some(name) = given.keys().find(|name| !is_declared(name)) {
        return Err(format!("Parameter \"{name}\" is not declared in the document."));
    }
    let mut bound = BTreeMap::new();
    for parameter in &runbook.parameters {
        let name = &parameter.name;
        let value = match (given.get(name), &parameter.default) {
            (Some(values), _) => take(parameter, values)?,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(format!("Missing required parameter: {name} in user inputs."));
            }
        };
        bound.insert(name.clone(), value);
    }
    Ok(bound)
}

fn take(parameter: &Parameter, values: &[String]) -> Result<Value, String> {
    let Parameter { name, kind, .. } = parameter;
    let value = typed(kind.shape, values).ok_or_else(|| {
        let values = values.join(", ");
        format!("Parameter \"{name}\" has value [{values}], expected {}.", kind.name)
    })?;
    check(parameter, &value)?;
    Ok(value)
}

/// A value from the lists of texts that the API has for every type.
fn typed(kind: OutputType, values: &[String]) -> Option<Value> {
    if kind == OutputType::StringList {
        return Some(values.iter().cloned().collect());
    }
    if kind == OutputType::MapList {
        return map_list(values);
    }
    let [text] = values else {
        return None;
    };
    match kind {
        OutputType::Boolean => match text.as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            _ => None,
        },
        OutputType::Integer => text.parse::<i64>().ok().map(Value::from),
        OutputType::StringMap => map(text).map(Value::Object),
        OutputType::String | OutputType::StringList | OutputType::MapList => {
            Some(Value::String(text.clone()))
        }
    }
}

/// One map in each text, or a list of them.
fn map_list(values: &[String]) -> Option<Value> {
    let mut maps = Vec::new();
    for text in values {
        match serde_json::from_str(text).ok()? {
            Value::Array(items) => maps.extend(items),
            item => maps.push(item),
        }
    }
    maps.iter().all(Value::is_object).then_some(Value::Array(maps))
}

/// Holds a value against what its parameter allows.
fn check(parameter: &Parameter, value: &Value) -> Result<(), String> {
    let name = &parameter.name;
    let single = [value.clone()];
    let items = value.as_array().map_or(&single[..], Vec::as_slice);
    if let Some(allowed) = &parameter.allowed_values {
        let texts: Vec<_> = allowed.iter().map(written).collect();
        let is_allowed = |value: &Value| texts.contains(&written(value));
        if !is_allowed(value) && !items.iter().all(is_allowed) {
            let odd = items.iter().find(|item| !is_allowed(item)).unwrap_or(value);
            let (odd, texts) = (written(odd), texts.join(", "));
            return Err(format!(
                "Parameter \"{name}\" has value \"{odd}\" not found in [{texts}]."
            ));
        }
    }
    let texts: Vec<_> = items.iter().map(written).collect();
    if let Some(pattern) = &parameter.allowed_pattern
        && let Some(odd) = texts.iter().find(|text| !pattern.matches(text))
    {
        return Err(mismatch(name, odd, pattern.as_str()));
    }
    // Documents whose role or bucket is optional pass it on to others, empty.
    let is_left_out = value == "" && parameter.default.as_ref() == Some(value);
    if !is_left_out
        && let Some(pattern) = resource::pattern(&parameter.kind.name)
        && let Some(odd) = texts.iter().find(|text| !pattern.matches(text))
    {
        return Err(mismatch(name, odd, pattern.as_str()));
    }
    within(name, &parameter.limits, value, &texts)
}

fn mismatch(name: &str, value: &str, pattern: &str) -> String {
    format!("Parameter \"{name}\" has value \"{value}\" not matching {pattern}.")
}

fn within(
    name: &str,
    limits: &ParameterLimits,
    value: &Value,
    texts: &[String],
) -> Result<(), String> {
    let items = match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(map) => Some(map.len()),
        _ => None,
    };
    if let Some(items) = items {
        let what = format!("Parameter \"{name}\" has {items} items");
        range(&what, items as i128, limits.min_items, limits.max_items)?;
    }
    if !value.is_object() {
        for text in texts {
            let chars = text.chars().count();
            let what = format!("Parameter \"{name}\" has value \"{text}\" of {chars} characters");
            range(&what, chars as i128, limits.min_chars, limits.max_chars)?;
        }
    }
    if let Some(number) = value.as_i64() {
        let what = format!("Parameter \"{name}\" has value {number}");
        range(&what, number.into(), limits.min_value, limits.max_value)?;
    }
    Ok(())
}

fn range(
    what: &str,
    value: i128,
    least: Option<impl Into<i128>>,
    most: Option<impl Into<i128>>,
) -> Result<(), String> {
    match (least.map(Into::into), most.map(Into::into)) {
        (Some(least), _) if value < least => Err(format!("{what}, at least {least} are required.")),
        (_, Some(most)) if value > most => Err(format!("{what}, at most {most} are allowed.")),
        _ => Ok(()),
    }
}
