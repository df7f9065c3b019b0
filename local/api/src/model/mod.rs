//! Checks requests and replies against a service model that botocore ships: required members,
//! lengths, ranges, patterns and enumerations. Messages are those of AWS's front end.
//!
//! A model is data (`local/*/model/*.json`, written by `tools/extract_model.py`), so that nothing
//! of it is written down twice.

mod output;
mod pattern;
mod shape;
mod violation;
mod words;

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use shape::{Kind, Shape};
pub use violation::{Broken, Refusal, Violation, message};
use words::{join, plain, sentence};

/// The operations that a service answers, and the shapes they reach.
#[derive(Default, Deserialize)]
pub struct Model {
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Operation {
    input: Option<String>,
    output: Option<String>,
    errors: Vec<String>,
}

impl Model {
    /// Reads a model's JSON. A model that cannot be read has no operations; a test of the crate
    /// that ships it makes sure that it can.
    pub fn read(json: &str) -> Self {
        Self::try_read(json).unwrap_or_default()
    }

    /// Reads a model's JSON.
    ///
    /// # Errors
    /// When the JSON is not a model.
    pub fn try_read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Removes the length limits of a shape that real callers are known to exceed.
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

    /// Whether the model has an operation.
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

    /// Whether an error's shape has a message.
    pub fn has_message(&self, code: &str) -> bool {
        self.shapes.get(code).is_some_and(|shape| shape.members.contains_key("Message"))
    }

    /// Whether a text satisfies a shape: its length, its pattern, its enumeration. Nothing satisfies
    /// a shape that the model does not have.
    pub fn fits(&self, shape: &str, text: &str) -> bool {
        self.shapes.get(shape).is_some_and(|shape| shape.broken(text).is_empty())
    }

    /// Checks an input as AWS's front end does, all violations at once.
    ///
    /// # Errors
    /// When the operation is unknown or the input breaks the model.
    pub fn check(&self, operation: &str, body: &Value) -> Result<(), Refusal> {
        let Some(operation) = self.operations.get(operation) else {
            return Err(Refusal::UnknownOperation(operation.to_owned()));
        };
        let mut violations = Vec::new();
        let nothing = Value::Object(serde_json::Map::default());
        let body = if body.is_null() { &nothing } else { body };
        match &operation.input {
            Some(input) => self.walk(input, body, "", &mut violations)?,
            None if body.is_object() => {}
            None => return Err(Refusal::Serialization(Kind::Structure.refuses(body))),
        }
        if violations.is_empty() { Ok(()) } else { Err(Refusal::Violations(violations)) }
    }

    fn walk(
        &self,
        name: &str,
        value: &Value,
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Refusal> {
        let Some(shape) = self.shapes.get(name) else { return Ok(()) };
        let violation = |text: String, broken| Violation {
            path: path.into(),
            text,
            broken,
            shape: name.into(),
        };
        match (shape.kind, value) {
            (Kind::String, Value::String(text)) => {
                for (constraint, broken) in shape.broken(text) {
                    let text = sentence(&format!("'{text}'"), path, &constraint);
                    violations.push(violation(text, broken));
                }
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() => {
                for (constraint, broken) in shape.out_of_range(number.as_i64().unwrap_or_default())
                {
                    let text = sentence(&format!("'{number}'"), path, &constraint);
                    violations.push(violation(text, broken));
                }
            }
            (Kind::Boolean, Value::Bool(_))
            | (Kind::Timestamp | Kind::Double | Kind::Float, Value::Number(_)) => {}
            (Kind::List, Value::Array(items)) => {
                self.walk_list(name, shape, items, path, violations)?;
            }
            (Kind::Map, Value::Object(entries)) => {
                self.walk_map(name, shape, entries, path, violations)?;
            }
            (Kind::Structure, Value::Object(members)) => {
                for (name, member) in &shape.members {
                    let path = join(path, name);
                    match members.get(name) {
                        None | Some(Value::Null) if shape.required.contains(name) => {
                            let text = sentence("null", &path, "Member must not be null");
                            let shape = member.shape.clone();
                            violations.push(Violation {
                                path,
                                text,
                                broken: Broken::Required,
                                shape,
                            });
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
        name: &str,
        shape: &Shape,
        items: &[Value],
        path: &str,
        violations: &mut Vec<Violation>,
    ) -> Result<(), Refusal> {
        let of_list = |constraint: &str, broken, shape: &str| {
            let shown = format!("'[{}]'", items.iter().map(plain).collect::<Vec<_>>().join(", "));
            let text = sentence(&shown, path, constraint);
            Violation { path: path.into(), text, broken, shape: shape.into() }
        };
        for (constraint, broken) in shape.wrong_length(items.len()) {
            violations.push(of_list(&constraint, broken, name));
        }
        let Some(member) = &shape.member else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            let before = violations.len();
            let item_path = format!("{path}.{}.member", index + 1);
            self.walk(&member.shape, item, &item_path, violations)?;
            let first = violations.get(before).filter(|_| item.is_string());
            if let (Some(first), Some(of)) = (first, self.shapes.get(&member.shape)) {
                // A list of strings gives one violation, with all that its members must satisfy.
                let constraint = words::each(&of.constraints());
                let violation = of_list(&constraint, first.broken, &member.shape);
                violations.truncate(before);
                violations.push(violation);
                break;
            }
        }
        Ok(())
    }

    fn walk_map(
        &self,
        name: &str,
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
                if let (Some(first), Some(of)) = (inner.first(), self.shapes.get(&of.shape)) {
                    broken.push((words::map_keys(&of.constraints()), first.broken));
                    inner.clear();
                }
            }
            let Some(of) = &shape.value else { continue };
            self.walk(&of.shape, value, path, &mut inner)?;
            if let (Some(first), Some(of)) = (inner.first(), self.shapes.get(&of.shape)) {
                let mut constraints = of.constraints();
                let member = of.member.as_ref().and_then(|m| self.shapes.get(&m.shape));
                constraints.extend(member.map(|member| words::each(&member.constraints())));
                broken.push((words::map_values(&constraints), first.broken));
            }
        }
        broken.dedup_by(|one, other| one.0 == other.0);
        violations.extend(broken.into_iter().map(|(constraint, broken)| Violation {
            path: path.into(),
            text: sentence(&shown(), path, &constraint),
            broken,
            shape: name.into(),
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
