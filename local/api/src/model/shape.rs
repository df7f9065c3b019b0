//! Shapes of a model and what a value of each must satisfy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::pattern::Pattern;
use super::violation::Broken;
use super::words::{at_least, at_least_long, at_most, at_most_long, must_match, one_of};

#[derive(Deserialize)]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) required: Vec<String>,
    #[serde(default)]
    pub(super) members: BTreeMap<String, Reference>,
    pub(super) member: Option<Reference>,
    pub(super) key: Option<Reference>,
    pub(super) value: Option<Reference>,
    pub(super) min: Option<usize>,
    pub(super) max: Option<usize>,
    pattern: Option<Pattern>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Boolean,
    Double,
    Float,
    Integer,
    List,
    Long,
    Map,
    String,
    Structure,
    Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) shape: String,
}

impl Shape {
    pub(super) fn constraints(&self) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(self.max.map(at_most_long));
        all.extend(self.min.map(at_least_long));
        all.extend(self.pattern.as_ref().map(|pattern| must_match(&pattern.source)));
        if !self.values.is_empty() {
            all.push(one_of(&self.values));
        }
        all
    }

    pub(super) fn broken(&self, text: &str) -> Vec<(String, Broken)> {
        let mut broken = self.wrong_length(text.chars().count());
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            broken.push((must_match(&pattern.source), Broken::Pattern));
        }
        if !self.values.is_empty() && !self.values.iter().any(|value| value == text) {
            broken.push((one_of(&self.values), Broken::Enumeration));
        }
        broken
    }

    pub(super) fn wrong_length(&self, length: usize) -> Vec<(String, Broken)> {
        let long = self.max.filter(|max| length > *max).map(at_most_long);
        let short = self.min.filter(|min| length < *min).map(at_least_long);
        let long = long.map(|constraint| (constraint, Broken::TooLong));
        long.into_iter().chain(short.map(|constraint| (constraint, Broken::TooShort))).collect()
    }

    pub(super) fn out_of_range(&self, number: i64) -> Vec<(String, Broken)> {
        let bound = |bound: &usize| i64::try_from(*bound).unwrap_or(i64::MAX);
        let high = self.max.filter(|max| number > bound(max)).map(at_most);
        let low = self.min.filter(|min| number < bound(min)).map(at_least);
        let high = high.map(|constraint| (constraint, Broken::TooLarge));
        high.into_iter().chain(low.map(|constraint| (constraint, Broken::TooSmall))).collect()
    }
}

impl Kind {
    pub(super) fn refuses(self, value: &Value) -> String {
        let given = match value {
            Value::Array(_) | Value::Object(_) => {
                return "Start of structure or map found where not expected.".into();
            }
            Value::Null => "NULL_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
        };
        match self {
            Self::Boolean => format!("{given} can not be converted to a Boolean"),
            Self::Double | Self::Float => format!("{given} can not be converted to a Double"),
            Self::Integer => format!("{given} can not be converted to an Integer"),
            Self::Long => format!("{given} can not be converted to a Long"),
            Self::String => format!("{given} can not be converted to a String"),
            Self::Timestamp => format!("{given} can not be converted to milliseconds since epoch"),
            Self::List | Self::Map | Self::Structure => {
                "Unexpected token: expected a list or a map".into()
            }
        }
    }
}
