//! Reading a step's inputs after substitution.
//!
//! As forgiving as AWS was seen to be: a list of one item stands for the item, and lists in a list
//! are one list (AWS's own runbooks write `InstanceIds: ["{{ launch.InstanceIds }}"]`, where the
//! output is a list itself); numbers and booleans may be text and the other way round; an optional
//! input that is empty text is not there.

use runbook::{Others, Signature};
use serde_json::{Map, Value};

use super::call::Call;
use super::failure::Failure;

/// The inputs of one attempt.
pub(super) struct Inputs<'a> {
    map: &'a Map<String, Value>,
    signature: Signature,
}

impl<'a> Inputs<'a> {
    /// The inputs of a call: none that the action does not take, all that it requires.
    pub(super) fn of(call: &'a Call<'_>) -> Result<Self, Failure> {
        let (action, signature) = (call.action.name(), call.action.signature());
        let closed = matches!(signature.others, Others::Refused | Others::FailStep);
        let unknown = |name: &&String| closed && !signature.names(name);
        if let Some(name) = call.inputs.keys().find(unknown) {
            return Err(Failure::input(&format!("{action} has no input {name}")));
        }
        let inputs = Self { map: call.inputs, signature };
        if let Some(name) = signature.required.iter().find(|name| inputs.value(name).is_none()) {
            return Err(Failure::input(&format!("{action} needs the input {name}")));
        }
        Ok(inputs)
    }

    /// An input as it is; null and empty text count as absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// An input to be handed on as it is; null if there is none.
    pub(super) fn raw(&self, name: &str) -> Value {
        self.value(name).cloned().unwrap_or(Value::Null)
    }

    /// Text that may be missing.
    pub(super) fn optional(&self, name: &str) -> Result<Option<String>, Failure> {
        self.value(name)
            .map(|value| text(value).ok_or_else(|| unfit(name, "a string", value)))
            .transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        self.optional(name)?.ok_or_else(|| Failure::input(&format!("Input {name} is missing")))
    }

    /// A list of texts; empty if there is none.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        if let Some(value) = self.value(name) {
            flatten(value, &mut found).ok_or_else(|| unfit(name, "a list of strings", value))?;
        }
        Ok(found)
    }

    /// A list of texts that has some.
    pub(super) fn some_texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let found = self.texts(name)?;
        if found.is_empty() {
            return Err(Failure::input(&format!("Input {name} must have at least one item")));
        }
        Ok(found)
    }

    /// A boolean that may be missing.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match text(value).map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            _ => Err(unfit(name, "a boolean", value)),
        }
    }

    /// An integer that may be missing.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(value) = self.value(name) else { return Ok(None) };
        text(value)
            .and_then(|text| text.trim().parse().ok())
            .map(Some)
            .ok_or_else(|| unfit(name, "an integer", value))
    }

    /// Text out of a set; `None` if it is missing.
    pub(super) fn one_of(&self, name: &str, allowed: &[&str]) -> Result<Option<String>, Failure> {
        let Some(found) = self.optional(name)? else { return Ok(None) };
        if allowed.contains(&found.as_str()) {
            return Ok(Some(found));
        }
        let allowed = allowed.join(", ");
        Err(Failure::input(&format!("Input {name} must be one of {allowed}, but is {found}")))
    }

    /// At most `most` characters of text.
    pub(super) fn at_most(&self, name: &str, most: usize) -> Result<Option<String>, Failure> {
        let found = self.optional(name)?;
        match &found {
            Some(text) if text.len() > most => Err(Failure::input(&format!(
                "Input {name} may have at most {most} bytes, but has {}",
                text.len()
            ))),
            _ => Ok(found),
        }
    }

    /// The inputs that the table of actions does not name.
    pub(super) fn others(&self) -> Map<String, Value> {
        self.map
            .iter()
            .filter(|(name, _)| !self.signature.names(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// An operation's parameters with the inputs that the table of actions does not name among them.
    pub(super) fn with_others(&self, parameters: Value) -> Value {
        let mut all = self.others();
        all.retain(|name, _| self.value(name).is_some());
        if let Value::Object(parameters) = parameters {
            all.extend(parameters);
        }
        Value::Object(all)
    }

    /// The values of `prefix` followed by anything, e.g. `RetainResources.member.1`, in the order
    /// they are written in.
    pub(super) fn numbered(&self, prefix: &str) -> Vec<&'a Value> {
        self.map
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(_, value)| value)
            .collect()
    }
}

fn unfit(name: &str, expected: &str, value: &Value) -> Failure {
    Failure::input(&format!("Input {name} must be {expected}, but is {value}"))
}

/// Text, a scalar as text, or a list of one of them.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) => match items.as_slice() {
            [item] => text(item),
            _ => None,
        },
        Value::Null | Value::Object(_) => None,
    }
}

/// All texts in a value, lists in lists included; `None` if something in it is not text.
pub(super) fn flatten(value: &Value, into: &mut Vec<String>) -> Option<()> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| flatten(item, into)),
        Value::Null => Some(()),
        other => {
            let found = text(other)?;
            if !found.is_empty() {
                into.push(found);
            }
            Some(())
        }
    }
}
