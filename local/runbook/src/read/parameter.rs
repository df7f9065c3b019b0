//! `parameters` and `variables`.

use serde_json::Value;

use super::reader::{Cursor, Fields, Reader, written};
use crate::kind::{OutputType, coerce};
use crate::model::{Parameter, ParameterLimits, ParameterType, Variable};
use crate::pattern::Pattern;
use crate::reference::mentions;

/// The keys of a parameter and of a variable.
pub(crate) const KEYS: &[&str] = &[
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "displayType",
    "minItems",
    "maxItems",
    "minChars",
    "maxChars",
    "minValue",
    "maxValue",
];
const DISPLAY_TYPES: &[&str] = &["textfield", "textarea"];

/// The parameters, and the names of all that are declared, broken ones included.
pub(super) fn parameters(
    reader: &mut Reader<'_>,
    cursor: Option<&Cursor<'_>>,
) -> (Vec<Parameter>, Vec<String>) {
    let declared = cursor.map(|cursor| reader.fields(cursor, None).list).unwrap_or_default();
    let mut parameters = Vec::new();
    let mut names = Vec::new();
    for (name, at, cursor) in declared {
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!("Parameter name \"{name}\" is not alpha-numeric.");
            reader.defect(at, &cursor.path, message);
        }
        names.push(name.clone());
        parameters.extend(parameter(reader, name, &cursor));
    }
    (parameters, names)
}

fn parameter(reader: &mut Reader<'_>, name: String, cursor: &Cursor<'_>) -> Option<Parameter> {
    let fields = reader.fields(cursor, Some(KEYS));
    let described = described(reader, &fields);
    let limits = limits(reader, &fields);
    if let Some(cursor) = fields.get("displayType")
        && !written(cursor.node).is_some_and(|text| DISPLAY_TYPES.contains(&text.as_str()))
    {
        reader.mismatch(cursor, "textfield or textarea");
    }
    let kind = match fields.get("type") {
        None => {
            if matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
                reader.wrong(cursor, "Missing \"type\" in parameter definition.");
            }
            None
        }
        Some(cursor) => {
            let name = written(cursor.node).unwrap_or_default();
            let kind = ParameterType::parse(&name);
            if kind.is_none() {
                reader.wrong(cursor, format!("Parameter type: {name} is invalid."));
            }
            kind
        }
    };
    let kind = kind?;
    let default = default(reader, &fields, kind.shape, &kind.name);
    let allowed_values = allowed_values(reader, &fields, kind.shape);
    Some(Parameter {
        name,
        default,
        allowed_values,
        kind,
        description: described.description,
        allowed_pattern: described.allowed_pattern,
        limits,
    })
}

/// The variables, and the names of all that are declared, broken ones included.
pub(super) fn variables(
    reader: &mut Reader<'_>,
    cursor: Option<&Cursor<'_>>,
) -> (Vec<Variable>, Vec<String>) {
    let declared = cursor.map(|cursor| reader.fields(cursor, None).list).unwrap_or_default();
    let mut variables = Vec::new();
    let mut names = Vec::new();
    for (name, at, cursor) in declared {
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            let message = format!("Variable name \"{name}\" is invalid.");
            reader.defect(at, &cursor.path, message);
        }
        names.push(name.clone());
        variables.extend(variable(reader, name, &cursor));
    }
    (variables, names)
}

fn variable(reader: &mut Reader<'_>, name: String, cursor: &Cursor<'_>) -> Option<Variable> {
    let fields = reader.fields(cursor, Some(KEYS));
    let described = described(reader, &fields);
    limits(reader, &fields);
    let kind = match fields.get("type") {
        None => {
            if matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
                reader.wrong(cursor, "Missing \"type\" in variable definition.");
            }
            None
        }
        Some(cursor) => {
            let name = written(cursor.node).unwrap_or_default();
            let kind = OutputType::parse(&name);
            if kind.is_none() {
                reader.wrong(cursor, format!("Variable type: {name} is invalid."));
            }
            kind
        }
    };
    let kind = kind?;
    Some(Variable {
        name,
        kind,
        description: described.description,
        default: default(reader, &fields, kind, kind.name()),
        allowed_values: allowed_values(reader, &fields, kind),
        allowed_pattern: described.allowed_pattern,
    })
}

/// The keys that parameters and variables have in common.
struct Described {
    description: Option<String>,
    allowed_pattern: Option<Pattern>,
}

fn described(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Described {
    let description = fields.get("description").and_then(|cursor| reader.text(cursor, "a text"));
    let allowed_pattern = fields.get("allowedPattern").and_then(|cursor| {
        let text = reader.text(cursor, "a regular expression")?;
        match Pattern::parse(&text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                reader.wrong(cursor, error.to_string());
                None
            }
        }
    });
    Described { description, allowed_pattern }
}

fn limits(reader: &mut Reader<'_>, fields: &Fields<'_>) -> ParameterLimits {
    let mut count = |name| fields.get(name).and_then(|cursor| reader.count(cursor, "a number"));
    let limits = ParameterLimits {
        min_items: count("minItems"),
        max_items: count("maxItems"),
        min_chars: count("minChars"),
        max_chars: count("maxChars"),
        ..ParameterLimits::default()
    };
    let mut number = |name| fields.get(name).and_then(|cursor| reader.integer(cursor, "a number"));
    let limits =
        ParameterLimits { min_value: number("minValue"), max_value: number("maxValue"), ..limits };
    let crossed = |least: Option<i128>, most| least.zip(most).is_some_and(|(a, b)| a > b);
    for (name, crossed) in [
        ("minItems", crossed(limits.min_items.map(Into::into), limits.max_items.map(Into::into))),
        ("minChars", crossed(limits.min_chars.map(Into::into), limits.max_chars.map(Into::into))),
        ("minValue", crossed(limits.min_value.map(Into::into), limits.max_value.map(Into::into))),
    ] {
        if crossed && let Some(cursor) = fields.get(name) {
            let most = name.replace("min", "max");
            reader.wrong(cursor, format!("{name} is greater than {most}"));
        }
    }
    limits
}

/// The default: with its type if it spells one, as written if it refers to anything.
fn default(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    kind: OutputType,
    name: &str,
) -> Option<Value> {
    let cursor = fields.get("default")?;
    let value = reader.template(cursor, true);
    if refers(&value) {
        return Some(value);
    }
    let value = typed(cursor, value, kind);
    if value.is_none() {
        reader.wrong(cursor, format!("Wrong default value for a \"{name}\" parameters"));
    }
    value
}

fn allowed_values(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    kind: OutputType,
) -> Option<Vec<Value>> {
    // Of a list each item has to be allowed.
    let kind = match kind {
        OutputType::StringList => OutputType::String,
        OutputType::MapList => OutputType::StringMap,
        kind => kind,
    };
    let mut allowed = Vec::new();
    for item in reader.items(fields.get("allowedValues")?, "values") {
        let value = reader.json(&item);
        match typed(&item, value, kind) {
            Some(value) => allowed.push(value),
            None => reader.mismatch(&item, &format!("a value of type {}", kind.name())),
        }
    }
    Some(allowed)
}

/// A value of a type, where a scalar may spell it; a String is never a list or a map.
fn typed(cursor: &Cursor<'_>, value: Value, kind: OutputType) -> Option<Value> {
    match (kind, &value) {
        // As written: a number loses its zeros.
        (OutputType::String, _) => written(cursor.node).map(Value::String),
        (OutputType::StringList, Value::String(_)) => None,
        (OutputType::MapList, Value::Object(_)) => None,
        _ => coerce(value, kind).ok(),
    }
}

fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => mentions(text).next().is_some(),
        Value::Array(items) => items.iter().any(refers),
        Value::Object(map) => map.values().any(refers),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
