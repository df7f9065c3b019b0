//! Requests against the service model that botocore ships: required members, lengths, ranges,
//! patterns and enumerations, refused in the words of AWS's front end.
//!
//! The model is data (`model/ssm-documents.json`), so that nothing of it is written down twice.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use local_api::AwsError;
use regex::Regex;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::errors;

/// The model, read once. A test holds that it can be read.
pub(crate) fn model() -> &'static Model {
    static MODEL: LazyLock<Model> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../model/ssm-documents.json")).unwrap_or_default()
    });
    &MODEL
}

/// A checked body as the operation's input.
pub(crate) fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, AwsError> {
    let body = if body.is_null() { Value::Object(Default::default()) } else { body.clone() };
    serde_json::from_value(body).map_err(|error| errors::serialization(error.to_string()))
}

/// The operations served and the shapes they reach.
#[derive(Default, Deserialize)]
pub(crate) struct Model {
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Operation {
    input: String,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, Reference>,
    member: Option<Reference>,
    min: Option<usize>,
    max: Option<usize>,
    pattern: Option<Pattern>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Boolean,
    Integer,
    List,
    Long,
    String,
    Structure,
    Timestamp,
}

#[derive(Deserialize)]
struct Reference {
    shape: String,
}

/// A pattern of the model, which is a Java regular expression and meant for the whole value.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Pattern {
    source: String,
    matcher: Matcher,
}

enum Matcher {
    Regex(Regex),
    /// The one pattern with a look-ahead, which `regex` does not have.
    NotBlank,
}

const NOT_BLANK: &str = r"^(?!\s*$).+";

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(source: String) -> Result<Self, Self::Error> {
        let matcher = if source == NOT_BLANK {
            Matcher::NotBlank
        } else {
            // Java's \w is ASCII.
            let rust = source.replace(r"\w", "a-zA-Z0-9_");
            Matcher::Regex(Regex::new(&format!("^(?:{rust})$"))?)
        };
        Ok(Self { source, matcher })
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::NotBlank => !text.trim().is_empty() && !text.contains('\n'),
        }
    }
}

/// A member that breaks the model.
struct Violation {
    path: String,
    text: String,
}

impl Model {
    pub(crate) fn knows(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// Refuses what AWS's front end refuses, all violations in one message.
    pub(crate) fn check(&self, operation: &str, body: &Value) -> Result<(), AwsError> {
        let Some(operation) = self.operations.get(operation) else {
            return Err(errors::unknown_operation(operation));
        };
        let mut violations = Vec::new();
        if body.is_null() {
            let nothing = Value::Object(Default::default());
            self.walk(&operation.input, &nothing, "", &mut violations)?;
        } else {
            self.walk(&operation.input, body, "", &mut violations)?;
        }
        if violations.is_empty() { Ok(()) } else { Err(refusal(&violations)) }
    }

    fn walk(
        &self,
        shape: &str,
        value: &Value,
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), AwsError> {
        let Some(shape) = self.shapes.get(shape) else { return Ok(()) };
        let mut violate = |text: String| violations.push(Violation { path: path.into(), text });
        match (shape.kind, value) {
            (Kind::String, Value::String(text)) => {
                for constraint in shape.broken(text) {
                    violate(told(&format!("'{text}'"), path, &constraint));
                }
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() => {
                for constraint in shape.out_of_range(number.as_i64().unwrap_or_default()) {
                    violate(told(&format!("'{number}'"), path, &constraint));
                }
            }
            (Kind::Boolean, Value::Bool(_)) | (Kind::Timestamp, Value::Number(_)) => {}
            (Kind::List, Value::Array(items)) => {
                self.walk_list(shape, items, path, violations)?;
            }
            (Kind::Structure, Value::Object(members)) => {
                for (name, member) in &shape.members {
                    let path = join(path, name);
                    match members.get(name) {
                        None | Some(Value::Null) if shape.required.contains(name) => {
                            let text = told("null", &path, "Member must not be null");
                            violations.push(Violation { path, text });
                        }
                        None | Some(Value::Null) => {}
                        Some(value) => self.walk(&member.shape, value, &path, violations)?,
                    }
                }
            }
            (kind, value) => return Err(errors::serialization(kind.refuses(value))),
        }
        Ok(())
    }

    fn walk_list(
        &self,
        shape: &Shape,
        items: &[Value],
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), AwsError> {
        let shown = || format!("'[{}]'", items.iter().map(plain).collect::<Vec<_>>().join(", "));
        for constraint in shape.wrong_length(items.len()) {
            violations
                .push(Violation { path: path.into(), text: told(&shown(), path, &constraint) });
        }
        let Some(member) = &shape.member else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            let before = violations.len();
            let item_path = format!("{path}.{}.member", index + 1);
            self.walk(&member.shape, item, &item_path, violations)?;
            let simple = item.is_string() && violations.len() > before;
            if let (true, Some(of)) = (simple, self.shapes.get(&member.shape)) {
                // A list of strings is told once, with all that its members must satisfy.
                violations.truncate(before);
                let constraint =
                    format!("Member must satisfy constraint: [{}]", of.constraints().join(", "));
                violations
                    .push(Violation { path: path.into(), text: told(&shown(), path, &constraint) });
                break;
            }
        }
        Ok(())
    }
}

impl Shape {
    fn constraints(&self) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(self.max.map(at_most_long));
        all.extend(self.min.map(at_least_long));
        all.extend(self.pattern.as_ref().map(|pattern| must_match(&pattern.source)));
        if !self.values.is_empty() {
            all.push(one_of(&self.values));
        }
        all
    }

    fn broken(&self, text: &str) -> Vec<String> {
        let mut broken = self.wrong_length(text.chars().count());
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            broken.push(must_match(&pattern.source));
        }
        if !self.values.is_empty() && !self.values.iter().any(|value| value == text) {
            broken.push(one_of(&self.values));
        }
        broken
    }

    fn wrong_length(&self, length: usize) -> Vec<String> {
        let long = self.max.filter(|max| length > *max).map(at_most_long);
        let short = self.min.filter(|min| length < *min).map(at_least_long);
        long.into_iter().chain(short).collect()
    }

    fn out_of_range(&self, number: i64) -> Vec<String> {
        let bound = |bound: &usize| i64::try_from(*bound).unwrap_or(i64::MAX);
        let high = self.max.filter(|max| number > bound(max));
        let low = self.min.filter(|min| number < bound(min));
        let high = high.map(|max| format!("Member must have value less than or equal to {max}"));
        let low = low.map(|min| format!("Member must have value greater than or equal to {min}"));
        high.into_iter().chain(low).collect()
    }
}

impl Kind {
    fn refuses(self, value: &Value) -> String {
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
            Self::Integer => format!("{given} can not be converted to an Integer"),
            Self::Long => format!("{given} can not be converted to a Long"),
            Self::String => format!("{given} can not be converted to a String"),
            Self::Timestamp => format!("{given} can not be converted to milliseconds since epoch"),
            Self::List | Self::Structure => "Unexpected token: expected a list or a map".into(),
        }
    }
}

/// The error for the violations of one request. Two enumerations have an error of their own.
fn refusal(violations: &[Violation]) -> AwsError {
    let count = violations.len();
    let plural = if count == 1 { "error" } else { "errors" };
    let texts: Vec<_> = violations.iter().map(|violation| violation.text.as_str()).collect();
    let message = format!("{count} validation {plural} detected: {}", texts.join("; "));
    let null = |violation: &Violation| violation.text.starts_with("Value null");
    match violations {
        [only] if only.path == "permissionType" && !null(only) => {
            errors::invalid_permission_type(message)
        }
        [only] if only.path == "resourceType" && !null(only) => errors::invalid_resource_type(),
        _ => errors::validation(message),
    }
}

fn told(value: &str, path: &str, constraint: &str) -> String {
    format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}")
}

fn at_most_long(max: usize) -> String {
    format!("Member must have length less than or equal to {max}")
}

fn at_least_long(min: usize) -> String {
    format!("Member must have length greater than or equal to {min}")
}

fn must_match(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn one_of(values: &[String]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

/// `AccountIdsToAdd` of the model is `accountIdsToAdd` in messages.
fn join(path: &str, member: &str) -> String {
    let mut characters = member.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let member: String = first.into_iter().chain(characters).collect();
    if path.is_empty() { member } else { format!("{path}.{member}") }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_can_be_read_and_every_input_shape_is_there() {
        let model: Model =
            serde_json::from_str(include_str!("../model/ssm-documents.json")).expect("the model");
        assert_eq!(model.operations.len(), 18);
        assert!(model.operations.values().all(|op| model.shapes.contains_key(&op.input)));
    }
}
