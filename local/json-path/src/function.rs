//! The functions that end a path.

use serde_json::{Number, Value};

/// A function of what a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Keys,
    Min,
    Max,
    Sum,
    Avg,
    Stddev,
    First,
    Last,
    /// `index(n)`: from the end if it is negative.
    Index(i64),
}

impl Function {
    /// Every name, as a message lists them.
    pub(crate) const NAMES: [&str; 11] =
        ["length", "size", "keys", "min", "max", "sum", "avg", "stddev", "first", "last", "index"];

    /// The function of a name and what stands in its parentheses.
    pub(crate) fn parse(name: &str, argument: &str) -> Option<Self> {
        if name == "index" {
            return argument.trim().parse().ok().map(Self::Index);
        }
        let function = match name {
            "length" | "size" => Self::Length,
            "keys" => Self::Keys,
            "min" => Self::Min,
            "max" => Self::Max,
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "stddev" => Self::Stddev,
            "first" => Self::First,
            "last" => Self::Last,
            _ => return None,
        };
        argument.trim().is_empty().then_some(function)
    }

    /// Its result; `None` if the value is not one that it takes.
    pub(crate) fn of(self, value: &Value) -> Option<Value> {
        match self {
            Self::Length => length(value).map(Value::from),
            Self::Keys => Some(value.as_object()?.keys().cloned().collect()),
            Self::First => value.as_array()?.first().cloned(),
            Self::Last => value.as_array()?.last().cloned(),
            Self::Index(index) => {
                let items = value.as_array()?;
                let from_end = i64::try_from(items.len()).ok()?.checked_add(index)?;
                let place = if index < 0 { from_end } else { index };
                items.get(usize::try_from(place).ok()?).cloned()
            }
            Self::Min => number(numbers(value)?.into_iter().reduce(f64::min)?),
            Self::Max => number(numbers(value)?.into_iter().reduce(f64::max)?),
            Self::Sum => number(numbers(value)?.into_iter().sum()),
            Self::Avg => number(average(&numbers(value)?)?),
            Self::Stddev => {
                let numbers = numbers(value)?;
                let average = average(&numbers)?;
                let squares = numbers.iter().map(|number| (number - average).powi(2));
                number((squares.sum::<f64>() / numbers.len() as f64).sqrt())
            }
        }
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The numbers of a list.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    Some(value.as_array()?.iter().filter_map(Value::as_f64).collect())
}

fn average(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// A whole number without a fraction: a selector of type Integer takes it.
fn number(value: f64) -> Option<Value> {
    let whole = format!("{value:.0}").parse::<i64>().ok().filter(|whole| *whole as f64 == value);
    match whole {
        Some(whole) => Some(whole.into()),
        None => Number::from_f64(value).map(Value::Number),
    }
}
