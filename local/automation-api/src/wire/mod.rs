//! Executions and steps as SSM writes them: JSON-encoded inputs, outputs as lists of strings,
//! times in epoch seconds.

mod execution;
mod gson;
mod step;
mod values;

pub(crate) use execution::{described, listed};
pub(crate) use step::{iterator_value, step};
pub(crate) use values::strings;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A JSON object without absent members.
#[derive(Default)]
pub(crate) struct Members(Map<String, Value>);

impl Members {
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a list unless it is empty.
    pub(crate) fn list(self, name: &str, items: impl IntoIterator<Item = Value>) -> Self {
        let items: Vec<Value> = items.into_iter().collect();
        if items.is_empty() { self } else { self.with(name, items) }
    }

    pub(crate) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Epoch seconds with milliseconds, as the JSON protocols write times.
pub(crate) fn epoch(at: Timestamp) -> Value {
    let milliseconds = at.as_millisecond();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any date fit 53 bits")]
    let seconds = milliseconds as f64 / 1_000.0;
    Value::from(seconds)
}

/// A value whose serde names are AWS's.
pub(crate) fn plain(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
