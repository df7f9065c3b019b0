//! The format of a file of tests. `docs/runbooks-workbench.md` shows it to authors.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use yaml_tree::Position;

/// A file of tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Suite {
    /// The runbook's file, beside this one; by default the file of the same name.
    pub runbook: Option<String>,
    /// The account that the runbook runs in.
    #[serde(default = "account")]
    pub account: String,
    /// The Region that the runbook runs in.
    #[serde(default = "region")]
    pub region: String,
    /// The world that every case has, unless it says otherwise.
    #[serde(default)]
    pub given: Given,
    pub cases: Vec<Case>,
}

/// One run of the runbook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// The expectation as a sentence.
    pub name: String,
    #[serde(default)]
    pub given: Given,
    pub expect: Expected,
}

/// The world that a run meets.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Given {
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The first that fits a call answers it. Those of a case come before those of the file.
    #[serde(default)]
    pub aws: Vec<Answer>,
    /// Results of scripts by the step's name, in turn; the last one repeats.
    #[serde(default)]
    pub scripts: BTreeMap<String, Vec<ScriptResult>>,
    /// The ends of commands of `aws:runCommand`, in the order in which they are sent.
    #[serde(default)]
    pub commands: Vec<CommandResult>,
    /// Runbooks that `aws:executeAutomation` starts, by name.
    #[serde(default)]
    pub children: BTreeMap<String, Child>,
    /// The signals that people send while the runbook runs.
    #[serde(default)]
    pub signals: Vec<SignalGiven>,
}

/// An answer of AWS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answer {
    /// `service:Operation`, as botocore names them.
    pub call: String,
    /// The parameters that the call holds, at least.
    pub with: Option<Value>,
    /// Only this one of the calls that fit, counted from 1.
    pub nth: Option<u32>,
    /// The answer; empty if neither it nor an error is given.
    pub answer: Option<Value>,
    pub error: Option<Refusal>,
}

/// An error of AWS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Refusal {
    /// E.g. `InvalidInstanceID.NotFound`.
    pub code: String,
    #[serde(default)]
    pub message: String,
}

/// The end of a script: a value that it returns, or an error that it raises.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScriptResult {
    pub returns: Option<Value>,
    /// The last line of its traceback, e.g. `RuntimeError - it is isolated already`.
    pub raises: Option<String>,
    /// It is run as it is, in Python, and AWS answers its calls as the case says.
    #[serde(default)]
    pub real: bool,
}

/// The end of a command.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CommandResult {
    /// `InProgress` never ends.
    #[serde(default = "success")]
    pub status: String,
    /// The exit code; by default 0 after success and 1 otherwise.
    pub code: Option<i64>,
    #[serde(default)]
    pub output: String,
}

/// A runbook that is started by the one under test: the file of one, or the end of one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Child {
    /// The runbook itself, beside this file.
    pub file: Option<String>,
    /// The names of the parameters that it takes, besides those that a step writes out.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// The values of its outputs, which the step has as `Output`.
    #[serde(default)]
    pub outputs: Vec<Value>,
    /// It fails, with this message.
    pub fails: Option<String>,
}

/// A signal that a person sends while a step waits, or runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignalGiven {
    pub step: String,
    pub send: Send,
    /// Seconds after the step began to wait, or to run.
    #[serde(default)]
    pub after: u64,
    /// The principal's ARN; by default an approver of the step.
    pub by: Option<String>,
}

/// Signals to an execution, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Send {
    Approve,
    Reject,
    /// Ends an `aws:pause`.
    Resume,
    /// Stops the execution: `onCancel` follows.
    Cancel,
}

/// The expectations of a run. Only those that are written are looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expected {
    /// `Success`, `Failed`, `TimedOut` or `Cancelled`.
    pub status: String,
    /// A part of the failure's message.
    pub message: Option<String>,
    /// All steps that began, in their order: `NAME` succeeded, `NAME: Failed` did not.
    pub steps: Option<Vec<StepExpected>>,
    /// Outputs by `step.Output`; those of other steps than the document's outputs, too.
    #[serde(default)]
    pub outputs: BTreeMap<String, Value>,
    /// Calls in this order, with others between them.
    #[serde(default)]
    pub calls: Vec<CallExpected>,
    /// Calls that must not be made.
    #[serde(default)]
    pub never: Vec<CallExpected>,
    /// The run is over after this many seconds, at most.
    pub within: Option<u64>,
}

/// A step that is expected.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum StepExpected {
    Succeeded(String),
    /// One name and its status.
    Ended(BTreeMap<String, String>),
}

/// A call that is expected, or must not be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum CallExpected {
    Operation(String),
    /// One operation and what its parameters hold, at least.
    With(BTreeMap<String, Value>),
}

fn account() -> String {
    "111122223333".to_owned()
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn success() -> String {
    "Success".to_owned()
}

/// Why a file is not a file of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    pub at: Option<Position>,
    pub message: String,
}

impl Suite {
    /// Reads a file of tests.
    ///
    /// # Errors
    /// When it is not one: the first fault, at its place.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let read = serde_saphyr::from_str_with_options(text, options);
        let suite: Self = read.map_err(|error| {
            let at = error.location().map(|at| Position { line: at.line(), column: at.column() });
            let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            // The place is beside the message.
            let place = at.map(|at| format!(" at line {}, column {}", at.line, at.column));
            FormatError { at, message: message.replace(&place.unwrap_or_default(), "") }
        })?;
        match suite.fault() {
            None => Ok(suite),
            Some(message) => Err(FormatError { at: None, message }),
        }
    }

    fn fault(&self) -> Option<String> {
        if self.cases.is_empty() {
            return Some("expected at least one case".to_owned());
        }
        let givens = self.cases.iter().map(|case| &case.given).chain([&self.given]);
        let mut calls = Vec::new();
        for given in givens {
            for answer in &given.aws {
                if answer.answer.is_some() && answer.error.is_some() {
                    return Some(format!("{} has an answer and an error", answer.call));
                }
                calls.push(answer.call.as_str());
            }
            for (step, results) in &given.scripts {
                let is_one = |result: &ScriptResult| {
                    let given = [result.returns.is_some(), result.raises.is_some(), result.real];
                    given.into_iter().filter(|given| *given).count() == 1
                };
                if results.is_empty() || !results.iter().all(is_one) {
                    return Some(format!(
                        "the script of {step}: expected one of `returns`, `raises` and `real` for each result"
                    ));
                }
            }
        }
        for case in &self.cases {
            for expected in case.expect.calls.iter().chain(&case.expect.never) {
                match expected {
                    CallExpected::Operation(name) => calls.push(name),
                    CallExpected::With(one) if one.len() == 1 => {
                        calls.extend(one.keys().map(String::as_str));
                    }
                    CallExpected::With(_) => {
                        return Some("expected one call in each item".to_owned());
                    }
                }
            }
        }
        let odd = calls.into_iter().find(|call| {
            call.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty())
        });
        odd.map(|call| format!("expected service:Operation, found {call:?}"))
    }
}
