//! Requests and replies against a service model that botocore ships: required members, lengths,
//! ranges, patterns and enumerations, refused in the words of AWS's front end.
//!
//! A model is data (`crates/*/model/*.json`, written by `tools/extract_model.py`), so that nothing
//! of it is written down twice.

mod output;
mod pattern;
mod shape;
mod words;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::AwsError;
use shape::{Kind, Shape};
use words::{join, plain, told};

/// The operations that a service answers, and the shapes they reach.
#[derive(Default, Deserialize)]
pub struct Model {
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Operation {
    input: String,
    output: Option<String>,
    errors: Vec<String>,
}

/// A member that breaks the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// As AWS's messages write it: `filters.1.member.key`.
    pub path: String,
    /// AWS's sentence.
    pub text: String,
    /// What is broken.
    pub broken: Broken,
}

/// What a value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is required and absent.
    Required,
    /// An enumeration does not have it.
    Enumeration,
    /// A length, a range or a pattern.
    Constraint,
}

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The model has no such operation.
    UnknownOperation(String),
    /// A member has the wrong JSON type.
    Serialization(String),
    /// Members break the model; never empty.
    Violations(Vec<Violation>),
}

impl Refusal {
    /// The error that AWS's front end answers with.
    pub fn into_error(self) -> AwsError {
        match self {
            Self::UnknownOperation(operation) => AwsError::new(
                "UnknownOperationException",
                format!("Operation {operation} is not known"),
            ),
            Self::Serialization(message) => AwsError::new("SerializationException", message),
            Self::Violations(violations) => {
                AwsError::new("ValidationException", message(&violations))
            }
        }
    }
}

/// AWS's message for all violations of one request.
pub fn message(violations: &[Violation]) -> String {
    let count = violations.len();
    let plural = if count == 1 { "error" } else { "errors" };
    let texts: Vec<_> = violations.iter().map(|violation| violation.text.as_str()).collect();
    format!("{count} validation {plural} detected: {}", texts.join("; "))
}

impl Model {
    /// Reads a model's JSON. One that cannot be read knows no operation, which a test of the crate
    /// that ships it excludes.
    pub fn read(json: &str) -> Self {
        Self::try_read(json).unwrap_or_default()
    }

    /// Reads a model's JSON.
    ///
    /// # Errors
    /// What is no model.
    pub fn try_read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Takes lengths off a shape that real callers are known to exceed.
    #[must_use]
    pub fn unbounded(mut self, shape: &str) -> Self {
        if let Some(shape) = self.shapes.get_mut(shape) {
            (shape.min, shape.max) = (None, None);
        }
        self
    }

    /// The operations, in no order.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// Whether the service answers an operation.
    pub fn knows(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// Whether an operation declares an error.
    pub fn declares(&self, operation: &str, code: &str) -> bool {
        self.errors(operation).any(|declared| declared == code)
    }

    /// The errors that an operation declares.
    pub fn errors(&self, operation: &str) -> impl Iterator<Item = &str> {
        self.operations.get(operation).into_iter().flat_map(|o| &o.errors).map(String::as_str)
    }

    /// Whether an error's shape has a text.
    pub fn has_message(&self, code: &str) -> bool {
        self.shapes.get(code).is_some_and(|shape| shape.members.contains_key("Message"))
    }

    /// Refuses what AWS's front end refuses, all violations at once.
    ///
    /// # Errors
    /// What is wrong with the input.
    pub fn check(&self, operation: &str, body: &Value) -> Result<(), Refusal> {
        let Some(operation) = self.operations.get(operation) else {
            return Err(Refusal::UnknownOperation(operation.to_owned()));
        };
        let mut violations = Vec::new();
        let nothing = Value::Object(serde_json::Map::default());
        let body = if body.is_null() { &nothing } else { body };
        self.walk(&operation.input, body, "", &mut violations)?;
        if violations.is_empty() { Ok(()) } else { Err(Refusal::Violations(violations)) }
    }

    fn walk(
        &self,
        shape: &str,
        value: &Value,
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Refusal> {
        let Some(shape) = self.shapes.get(shape) else { return Ok(()) };
        let violation = |text: String, broken| Violation { path: path.into(), text, broken };
        match (shape.kind, value) {
            (Kind::String, Value::String(text)) => {
                for (constraint, broken) in shape.broken(text) {
                    let text = told(&format!("'{text}'"), path, &constraint);
                    violations.push(violation(text, broken));
                }
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() => {
                for constraint in shape.out_of_range(number.as_i64().unwrap_or_default()) {
                    let text = told(&format!("'{number}'"), path, &constraint);
                    violations.push(violation(text, Broken::Constraint));
                }
            }
            (Kind::Boolean, Value::Bool(_))
            | (Kind::Timestamp | Kind::Double | Kind::Float, Value::Number(_)) => {}
            (Kind::List, Value::Array(items)) => self.walk_list(shape, items, path, violations)?,
            (Kind::Map, Value::Object(entries)) => {
                self.walk_map(shape, entries, path, violations)?;
            }
            (Kind::Structure, Value::Object(members)) => {
                for (name, member) in &shape.members {
                    let path = join(path, name);
                    match members.get(name) {
                        None | Some(Value::Null) if shape.required.contains(name) => {
                            let text = told("null", &path, "Member must not be null");
                            violations.push(Violation { path, text, broken: Broken::Required });
                        }
                        None | Some(Value::Null) => {}
                        Some(value) => self.walk(&member.shape, value, &path, violations)?,
                    }
                }
            }
            (kind, value) => return Err(Refusal::Serialization(kind.refuses(value))),
        }
        Ok(())
    }

    fn walk_list(
        &self,
        shape: &Shape,
        items: &[Value],
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Refusal> {
        let shown = || format!("'[{}]'", items.iter().map(plain).collect::<Vec<_>>().join(", "));
        let violation = |text| Violation { path: path.into(), text, broken: Broken::Constraint };
        for constraint in shape.wrong_length(items.len()) {
            violations.push(violation(told(&shown(), path, &constraint)));
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
                let constraint = words::each(&of.constraints());
                violations.push(violation(told(&shown(), path, &constraint)));
                break;
            }
        }
        Ok(())
    }

    fn walk_map(
        &self,
        shape: &Shape,
        entries: &serde_json::Map<String, Value>,
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Refusal> {
        let shown = || {
            let entries = entries.iter().map(|(key, value)| format!("{key}={}", plain(value)));
            format!("'{{{}}}'", entries.collect::<Vec<_>>().join(", "))
        };
        let mut broken = shape.wrong_length(entries.len());
        for (key, value) in entries {
            let mut inner = Vec::new();
            if let Some(of) = &shape.key {
                self.walk(&of.shape, &Value::from(key.as_str()), path, &mut inner)?;
                if let (false, Some(of)) = (inner.is_empty(), self.shapes.get(&of.shape)) {
                    broken.push(words::map_keys(&of.constraints()));
                    inner.clear();
                }
            }
            let Some(of) = &shape.value else { continue };
            self.walk(&of.shape, value, path, &mut inner)?;
            let known = self.shapes.get(&of.shape).filter(|_| !inner.is_empty());
            if let Some(of) = known {
                let mut constraints = of.constraints();
                let member = of.member.as_ref().and_then(|m| self.shapes.get(&m.shape));
                constraints.extend(member.map(|member| words::each(&member.constraints())));
                broken.push(words::map_values(&constraints));
            }
        }
        broken.dedup();
        violations.extend(broken.into_iter().map(|constraint| Violation {
            path: path.into(),
            text: told(&shown(), path, &constraint),
            broken: Broken::Constraint,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
