//! Reads a request's members after validation has established their presence and shape.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) type Tags = BTreeMap<String, String>;

/// The validated input of one call.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a Value);

impl<'a> Input<'a> {
    /// A required string; validation has refused the call without it.
    pub(crate) fn text(self, member: &str) -> &'a str {
        self.optional(member).unwrap_or_default()
    }

    /// A string that may be left out.
    pub(crate) fn optional(self, member: &str) -> Option<&'a str> {
        self.0.get(member).and_then(Value::as_str)
    }

    /// The strings of a list; empty where it is left out.
    pub(crate) fn texts(self, member: &str) -> Vec<&'a str> {
        let list = self.0.get(member).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub(crate) fn structure(self, member: &str) -> Option<Input<'a>> {
        self.0.get(member).filter(|value| value.is_object()).map(Input)
    }

    /// A point in time: epoch seconds, as the JSON protocol writes it.
    pub(crate) fn time(self, member: &str) -> Option<Timestamp> {
        let seconds = self.0.get(member)?.as_f64()?;
        Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
    }

    /// The `Tags` member.
    pub(crate) fn tags(self) -> Tags {
        let list = self.0.get("Tags").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .map(Input)
            .map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned()))
            .collect()
    }
}

/// A point in time as the JSON protocol writes it: epoch seconds with milliseconds.
pub(crate) fn epoch(at: Timestamp) -> Value {
    Value::from(at.as_millisecond() as f64 / 1000.0)
}
