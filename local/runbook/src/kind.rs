//! The types of the language, and values made to fit them.

use serde_json::{Map, Number, Value};

use crate::substitute::written;

/// A type of a declared output, a variable or a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputType {
    String,
    StringList,
    Boolean,
    Integer,
    StringMap,
    MapList,
}

impl OutputType {
    /// Every one of them.
    pub const ALL: [Self; 6] = [
        Self::String,
        Self::StringList,
        Self::Boolean,
        Self::Integer,
        Self::StringMap,
        Self::MapList,
    ];

    /// Its name in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::StringMap => "StringMap",
            Self::MapList => "MapList",
        }
    }

    /// The type of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A value does not fit a type.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{value} is not of the type {}", kind.name())]
pub struct TypeMismatch {
    pub value: Value,
    pub kind: OutputType,
}

/// A value as one of a type.
///
/// As AWS converts: a text that spells a Boolean or an Integer fits these, a scalar is a
/// `StringList` of one, a list of one scalar fits what the scalar fits
/// (<https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html>).
/// Besides, other lists and maps fit `String` as JSON, and text that spells a list or a map fits
/// these.
///
/// # Errors
/// When the value has another type, and no such text.
pub fn coerce(value: Value, kind: OutputType) -> Result<Value, TypeMismatch> {
    fit(&value, kind).ok_or(TypeMismatch { value, kind })
}

fn fit(value: &Value, kind: OutputType) -> Option<Value> {
    let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
    if let Value::Array(items) = value
        && let [item] = &items[..]
        && is_scalar(item)
        && matches!(kind, OutputType::String | OutputType::Boolean | OutputType::Integer)
    {
        return fit(item, kind);
    }
    match kind {
        OutputType::String => Some(Value::String(written(value))),
        OutputType::StringList => match value {
            Value::Array(items) => Some(items.iter().map(written).collect()),
            Value::String(text) => Some(match json(text) {
                Some(Value::Array(items)) => items.iter().map(written).collect(),
                _ => Value::Array(vec![value.clone()]),
            }),
            Value::Bool(_) | Value::Number(_) => Some(Value::Array(vec![written(value).into()])),
            Value::Null | Value::Object(_) => None,
        },
        OutputType::Boolean => match value {
            Value::Bool(_) => Some(value.clone()),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true.into()),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false.into()),
            _ => None,
        },
        OutputType::Integer => match value {
            Value::Number(number) => integer(number).map(Value::Number),
            Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from),
            _ => None,
        },
        OutputType::StringMap => match value {
            Value::Object(_) => Some(value.clone()),
            Value::String(text) => map(text).map(Value::Object),
            _ => None,
        },
        OutputType::MapList => match value {
            Value::Array(items) => {
                let maps: Option<Vec<_>> =
                    items.iter().map(|item| fit(item, OutputType::StringMap)).collect();
                maps.map(Value::Array)
            }
            Value::Object(_) => Some(Value::Array(vec![value.clone()])),
            Value::String(text) => match json(text)? {
                Value::String(_) => None,
                parsed => fit(&parsed, kind),
            },
            _ => None,
        },
    }
}

/// A number without a fraction, as Python writes `3.0` for it.
fn integer(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let whole = format!("{:.0}", number.as_f64()?).parse::<i64>().ok()?;
    (Number::from_f64(whole as f64)? == *number).then(|| whole.into())
}

/// A JSON list or map; not every text that happens to spell JSON.
fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| value.is_array() || value.is_object())
}

pub(crate) fn map(text: &str) -> Option<Map<String, Value>> {
    match json(text)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
