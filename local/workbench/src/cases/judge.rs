//! Whether a run is as a case expects it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::format::{CallExpected, Expected, StepExpected};

/// A run as it was: its end, steps, outputs and calls.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ran {
    /// E.g. `Success`.
    pub status: String,
    pub message: Option<String>,
    /// The steps that began, in their order.
    pub steps: Vec<StepRan>,
    /// By `step.Output`: of the document, and of all steps.
    pub outputs: BTreeMap<String, Value>,
    pub calls: Vec<Called>,
    /// Calls, scripts, commands and runbooks that the case says nothing about.
    pub unanswered: Vec<String>,
    /// In seconds of the run's own time.
    pub took: u64,
}

/// A step that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRan {
    pub name: String,
    /// E.g. `TimedOut`.
    pub status: String,
    pub message: Option<String>,
}

/// A call of AWS that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// `service:Operation`.
    pub operation: String,
    pub parameters: Map<String, Value>,
}

/// The expectations that do not hold, a sentence each; empty if all hold.
#[must_use]
pub fn judge(expected: &Expected, ran: &Ran) -> Vec<String> {
    let mut failures = Vec::new();
    for what in &ran.unanswered {
        failures.push(format!("the test says nothing about {what}"));
    }
    if expected.status != ran.status {
        let why = ran.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        failures.push(format!("expected status {}, found {}{why}", expected.status, ran.status));
    }
    if let Some(part) = &expected.message {
        let messages =
            ran.message.iter().chain(ran.steps.iter().filter_map(|step| step.message.as_ref()));
        let found: Vec<&str> = messages.map(String::as_str).collect();
        if !found.iter().any(|message| message.contains(part.as_str())) {
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" | ") };
            failures.push(format!("expected a message with {part:?}, found {found}"));
        }
    }
    if let Some(steps) = &expected.steps {
        let wanted: Vec<String> = steps.iter().map(step).collect();
        let found: Vec<String> =
            ran.steps.iter().map(|each| written(&each.name, &each.status)).collect();
        if wanted != found {
            failures.push(format!(
                "expected steps {}\nfound steps    {}",
                wanted.join(", "),
                found.join(", ")
            ));
        }
    }
    for (name, value) in &expected.outputs {
        match ran.outputs.get(name) {
            Some(found) if fits(value, found) => {}
            Some(found) => failures.push(format!("expected output {name} {value}, found {found}")),
            None => failures.push(format!("expected output {name} {value}, found none")),
        }
    }
    let mut calls = ran.calls.iter();
    for wanted in &expected.calls {
        if !calls.any(|call| is_call(wanted, call)) {
            failures.push(format!(
                "expected a call of {}, found {}",
                shown(wanted),
                all(&ran.calls)
            ));
            break;
        }
    }
    for unwanted in &expected.never {
        if let Some(call) = ran.calls.iter().find(|call| is_call(unwanted, call)) {
            let parameters = Value::Object(call.parameters.clone());
            failures.push(format!(
                "{} must never be called, and was with {parameters}",
                call.operation
            ));
        }
    }
    if let Some(limit) = expected.within.filter(|limit| ran.took > *limit) {
        failures.push(format!("expected an end within {limit} s, found {} s", ran.took));
    }
    failures
}

fn step(expected: &StepExpected) -> String {
    match expected {
        StepExpected::Succeeded(name) => name.clone(),
        StepExpected::Ended(one) => {
            one.iter().map(|(name, status)| written(name, status)).collect::<Vec<_>>().join(", ")
        }
    }
}

fn written(name: &str, status: &str) -> String {
    if status == "Success" { name.to_owned() } else { format!("{name}: {status}") }
}

fn is_call(expected: &CallExpected, call: &Called) -> bool {
    match expected {
        CallExpected::Operation(name) => same_operation(name, &call.operation),
        CallExpected::With(one) => one.iter().all(|(name, with)| {
            same_operation(name, &call.operation)
                && fits(with, &Value::Object(call.parameters.clone()))
        }),
    }
}

/// Whether two names mean one operation: `ec2:describe_instances` is `ec2:DescribeInstances`.
#[must_use]
pub fn same_operation(a: &str, b: &str) -> bool {
    let plain = |name: &str| {
        name.chars()
            .filter(|sign| sign.is_ascii_alphanumeric() || *sign == ':')
            .collect::<String>()
            .to_lowercase()
    };
    plain(a) == plain(b)
}

fn shown(expected: &CallExpected) -> String {
    match expected {
        CallExpected::Operation(name) => name.clone(),
        CallExpected::With(one) => one
            .iter()
            .map(|(name, with)| format!("{name} with {with}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn all(calls: &[Called]) -> String {
    if calls.is_empty() {
        return "no calls".to_owned();
    }
    calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether a value holds what is wanted: of maps the members that are written, of lists the items in
/// their order and number, of scalars the text.
#[must_use]
pub fn fits(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| fits(value, found))),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| fits(wanted, found))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (wanted, found) => scalar(wanted) == scalar(found),
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
