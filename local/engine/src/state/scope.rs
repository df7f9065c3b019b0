//! Resolves the references of a runbook for an execution.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;
use relay_core::id::Partition;
use runbook::{Global, Reference, Runbook, Scope, Unresolved};
use serde_json::Value;
use uuid::Uuid;

use super::{State, StepState};
use crate::request::StartRequest;
use crate::status::Status;

/// How deep defaults may refer to each other: further is a circle.
const DEEPEST: u8 = 8;

/// Reads references as they are at a time.
pub(crate) struct Reader<'a> {
    runbook: &'a Runbook,
    given: &'a BTreeMap<String, Vec<String>>,
    parameters: &'a BTreeMap<String, Value>,
    ssm: Option<&'a BTreeMap<String, String>>,
    account: &'a str,
    region: &'a str,
    id: Uuid,
    /// None before the execution is one.
    state: Option<&'a State>,
    now: Timestamp,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Reads for an execution.
    pub(crate) fn new(state: &'a State, now: Timestamp) -> Self {
        let submission = &state.submission;
        Self {
            runbook: &state.document.runbook,
            given: &submission.given,
            parameters: &submission.parameters,
            ssm: Some(&submission.ssm),
            account: &submission.account,
            region: &submission.region,
            id: state.id,
            state: Some(state),
            now,
            depth: 0,
        }
    }

    /// Reads for a request whose execution does not exist yet.
    pub(crate) fn of_request(
        runbook: &'a Runbook,
        request: &'a StartRequest,
        parameters: &'a BTreeMap<String, Value>,
        now: Timestamp,
    ) -> Self {
        Self {
            runbook,
            given: &request.parameters,
            parameters,
            ssm: None,
            account: &request.account,
            region: &request.region,
            id: request.id,
            state: None,
            now,
            depth: 0,
        }
    }

    /// A parameter's value: as given, or its default, which may refer to others.
    pub(crate) fn parameter(&self, name: &str) -> Result<Value, Unresolved> {
        let Some(value) = self.parameters.get(name) else {
            let of_window = runbook::MAINTENANCE_WINDOW.contains(&name);
            return of_window.then(|| format!("{{{{{name}}}}}").into()).ok_or(Unresolved::Unknown);
        };
        if self.given.contains_key(name) {
            return Ok(value.clone());
        }
        self.deeper(value)
    }

    fn variable(&self, name: &str) -> Result<Value, Unresolved> {
        if let Some(value) = self.state.and_then(|state| state.variables.get(name)) {
            return Ok(value.clone());
        }
        let variable = self.runbook.variables.iter().find(|variable| variable.name == name);
        let default = variable.and_then(|variable| variable.default.as_ref());
        self.deeper(default.ok_or(Unresolved::Unknown)?)
    }

    /// A default as written.
    fn deeper(&self, written: &Value) -> Result<Value, Unresolved> {
        if self.depth >= DEEPEST {
            return Err(missing("defaults refer to each other in a circle".to_owned()));
        }
        let reader = Reader { depth: self.depth + 1, ..*self };
        runbook::substitute(written, &reader).map_err(|error| missing(error.to_string()))
    }

    fn output(&self, step: &str, output: &str) -> Result<Value, Unresolved> {
        let latest = self.state.and_then(|state| state.latest(state.document.place(step)?));
        latest.and_then(|step| step.output(output)).ok_or(Unresolved::NotYet)
    }

    fn global(&self, global: Global) -> Value {
        let zoned = Offset::UTC.to_datetime(self.now);
        match global {
            Global::AccountId => self.account.into(),
            Global::Region => self.region.into(),
            Global::AwsPartition => Partition::of_region(self.region).as_str().into(),
            Global::Date => zoned.strftime("%Y-%m-%d").to_string().into(),
            Global::DateTime => zoned.strftime("%Y-%m-%d_%H.%M.%S").to_string().into(),
        }
    }
}

impl Scope for Reader<'_> {
    fn resolve(&self, reference: &Reference) -> Result<Value, Unresolved> {
        match reference {
            Reference::Parameter(name) => self.parameter(name),
            Reference::Output { step, output } => self.output(step, output),
            Reference::Variable(name) => self.variable(name),
            Reference::Global(global) => Ok(self.global(*global)),
            Reference::ExecutionId => Ok(self.id.to_string().into()),
            Reference::Ssm(name) => match self.ssm.and_then(|ssm| ssm.get(name)) {
                Some(value) => Ok(value.clone().into()),
                None => Err(missing(format!("parameter {name} of Parameter Store was not read"))),
            },
        }
    }
}

impl StepState {
    /// An output of the step: those of a loop are there while it runs, all others once it has
    /// succeeded.
    pub(crate) fn output(&self, name: &str) -> Option<Value> {
        if let Some(looping) = self.looping() {
            match name {
                "CurrentIteration" => return Some(looping.iteration.into()),
                "CurrentIteratorValue" => return looping.value.clone(),
                _ => {}
            }
        }
        let value = self.outputs.get(name);
        value.filter(|_| self.status == Status::Success).cloned()
    }
}

/// The names of Parameter Store that the defaults in use refer to.
pub(crate) fn ssm_names(runbook: &Runbook, given: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut names = Vec::new();
    for parameter in &runbook.parameters {
        if let Some(default) =
            parameter.default.as_ref().filter(|_| !given.contains_key(&parameter.name))
        {
            collect(default, &mut names);
        }
    }
    names
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for part in text.split("{{").skip(1) {
                let name = part.split_once("}}").map(|(inner, _)| inner.trim());
                if let Some(name) = name.and_then(|inner| inner.strip_prefix("ssm:")) {
                    names.push(name.to_owned());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(map) => map.values().for_each(|item| collect(item, names)),
        _ => {}
    }
}

fn missing(message: String) -> Unresolved {
    Unresolved::Failed(message)
}
