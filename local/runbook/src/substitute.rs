//! Substitution of references by the values they stand for.

use serde_json::{Map, Value};

use crate::reference::{Reference, mentions, whole};

/// The values that references stand for.
pub trait Scope {
    /// The value of a reference, as it is now.
    ///
    /// # Errors
    /// When it has none.
    fn resolve(&self, reference: &Reference) -> Result<Value, Unresolved>;
}

/// AWS's text in the place of an output that no step has given:
/// <https://docs.aws.amazon.com/cli/latest/reference/ssm/describe-automation-executions.html>.
pub const NO_OUTPUT: &str = "No output available yet because the step is not successfully executed";

/// Why a reference has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Nothing has that name.
    #[error("it is not declared")]
    Unknown,
    /// The step has not run, has failed, or its answer has no such value.
    #[error("{}", NO_OUTPUT)]
    NotYet,
    /// It could not be read.
    #[error("{0}")]
    Failed(String),
}

/// A value could not be substituted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{{{{ {reference} }}}} has no value: {why}")]
pub struct SubstitutionError {
    /// The reference of the document, as `Name` or `step.Output`.
    pub reference: String,
    /// Why it has no value.
    pub why: Unresolved,
}

/// The value with every reference in its texts substituted, in lists and in the values of maps.
///
/// A text that is exactly one reference becomes the value itself, with its type. Within a longer
/// text a value is written out: lists and maps as JSON. A reference that is an item of a list and
/// stands for a list gives its items, not itself: public runbooks write `UserIds: ["{{ Ids }}"]` of
/// a StringList, for operations and for scripts alike. What was substituted is not looked at again;
/// keys of maps and text that has not the form of a reference stay as they are.
///
/// # Errors
/// When a reference has no value.
pub fn substitute(value: &Value, scope: &dyn Scope) -> Result<Value, SubstitutionError> {
    Ok(match value {
        Value::String(text) => in_text(text, scope)?,
        Value::Array(items) => {
            let mut filled = Vec::with_capacity(items.len());
            for item in items {
                match substitute(item, scope)? {
                    Value::Array(found) if item.is_string() => filled.extend(found),
                    found => filled.push(found),
                }
            }
            Value::Array(filled)
        }
        Value::Object(map) => {
            let mut filled = Map::with_capacity(map.len());
            for (key, value) in map {
                filled.insert(key.clone(), substitute(value, scope)?);
            }
            Value::Object(filled)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn in_text(text: &str, scope: &dyn Scope) -> Result<Value, SubstitutionError> {
    // Most texts refer to nothing.
    if !text.contains('{') {
        return Ok(Value::String(text.to_owned()));
    }
    if let Some(mention) = whole(text) {
        return resolve(mention.to, scope);
    }
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for mention in mentions(text) {
        filled.push_str(text.get(from..mention.range.start).unwrap_or_default());
        filled.push_str(&written(&resolve(mention.to, scope)?));
        from = mention.range.end;
    }
    filled.push_str(text.get(from..).unwrap_or_default());
    Ok(Value::String(filled))
}

fn resolve(to: Result<Reference, String>, scope: &dyn Scope) -> Result<Value, SubstitutionError> {
    let error = |reference, why| SubstitutionError { reference, why };
    let reference = to.map_err(|name| error(name, Unresolved::Unknown))?;
    scope.resolve(&reference).map_err(|why| error(reference.to_string(), why))
}

/// A value within a text.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
