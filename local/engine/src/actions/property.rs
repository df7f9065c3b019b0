//! The common part of `aws:assertAwsResourceProperty` and `aws:waitForAwsResourceProperty`: one
//! property of the answer of any AWS API, against the values that are desired.

use runbook::Selector;
use serde_json::{Map, Value};

use super::inputs::Inputs;
use super::request::Lost;
use super::service::Operation;
use super::{Call, Failure, outputs, python, words};

/// The inputs of both actions.
pub(super) struct Property {
    operation: Operation,
    parameters: Map<String, Value>,
    path: String,
    selector: Selector,
    desired: Vec<String>,
}

/// The property at one moment.
pub(super) struct Observation {
    /// Python's text of it; `None` if the answer has no such property.
    pub(super) found: Option<String>,
    /// Whether it is as desired.
    pub(super) fits: bool,
}

impl Property {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let mut desired = Vec::new();
        wanted(&inputs.raw("DesiredValues"), &mut desired);
        if desired.is_empty() {
            return Err(Failure::input("Input DesiredValues must have at least one item"));
        }
        let path = inputs.text("PropertySelector")?;
        Ok(Self {
            operation: Operation::read(&inputs)?,
            parameters: inputs.others(),
            selector: outputs::selector("PropertySelector", &path)?,
            path,
            desired,
        })
    }

    /// Calls the API and looks.
    pub(super) async fn look(&self, call: &Call<'_>) -> Result<Observation, Failure> {
        let parameters = Value::Object(self.parameters.clone());
        let answer = self.operation.call(call, parameters, Lost::Repeat).await?;
        let found = self.selector.select(&answer).and_then(|found| self.one(found));
        Ok(Observation {
            fits: found.as_ref().is_some_and(|found| self.fits(found)),
            found: found.as_ref().map(python::text),
        })
    }

    /// The complaint about a property that a look found, in AWS's words if there is one.
    pub(super) fn complaint(&self, look: &Observation) -> String {
        let desired: Vec<Value> = self.desired.iter().cloned().map(Value::from).collect();
        let desired = python::text(&desired.into());
        match &look.found {
            Some(found) => words::not_desired(found, &desired),
            None => {
                let path = &self.path;
                format!("The API output has no property {path}. Desired values: {desired}")
            }
        }
    }

    /// The one value that a filter or another path that may lead to several found; `None` for none.
    fn one(&self, found: Value) -> Option<Value> {
        match found {
            Value::Array(items) if self.selector.is_plural() && items.len() < 2 => {
                items.into_iter().next()
            }
            found => Some(found),
        }
    }

    /// A list fits if it has items and each of them fits: AWS documents single values only.
    fn fits(&self, found: &Value) -> bool {
        let is_desired = |value: &Value| self.desired.contains(&python::text(value));
        match found {
            Value::Array(items) if !items.is_empty() => {
                is_desired(found) || items.iter().all(is_desired)
            }
            other => is_desired(other),
        }
    }
}

/// The desired values as Python's text, lists in lists included.
fn wanted(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| wanted(item, into)),
        Value::Null => {}
        other => into.push(python::text(other)),
    }
}
