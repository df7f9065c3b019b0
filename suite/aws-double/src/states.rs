//! Step Functions: executions, and tasks that wait for a token.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::page;
use crate::{Call, Refusal, Reply, Served};

/// Executions and waiting tasks of all state machines.
#[derive(Debug, Default)]
pub struct StateMachines {
    /// By the execution's ARN.
    pub executions: BTreeMap<String, Execution>,
    /// The output of each task by its token; none while the task waits.
    pub tasks: BTreeMap<String, Option<Value>>,
    /// Tokens of tasks that timed out.
    pub timed_out: Vec<String>,
}

/// An execution as Step Functions remembers it.
#[derive(Debug, Clone)]
pub struct Execution {
    pub machine: String,
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`.
    pub status: &'static str,
    pub input: String,
    pub started: Timestamp,
    pub stopped: Option<Timestamp>,
    pub error: Option<(&'static str, &'static str)>,
    /// The payload of each task that called a function, the last one first.
    pub requests: Vec<Value>,
}

impl Execution {
    #[must_use]
    pub fn arn(&self) -> String {
        execution_arn(&self.machine, &self.name)
    }

    fn described(&self) -> Value {
        let mut described = json!({
            "executionArn": self.arn(), "stateMachineArn": self.machine, "name": self.name,
            "status": self.status, "startDate": self.started.as_second(), "input": self.input,
        });
        if let Some(stopped) = self.stopped {
            described["stopDate"] = json!(stopped.as_second());
        }
        if let Some((error, cause)) = self.error {
            described["error"] = json!(error);
            described["cause"] = json!(cause);
        }
        described
    }

    fn history(&self) -> Vec<Value> {
        let event = |payload: &Value| {
            let parameters = json!({ "FunctionName": "function", "Payload": payload });
            json!({
                "timestamp": 1, "type": "TaskScheduled", "id": 1, "taskScheduledEventDetails": {
                    "resourceType": "lambda", "resource": "invoke", "region": "us-east-1",
                    "parameters": parameters.to_string(),
                },
            })
        };
        self.requests.iter().map(event).collect()
    }
}

impl StateMachines {
    pub fn add(&mut self, execution: Execution) {
        self.executions.insert(execution.arn(), execution);
    }

    /// The names and inputs of the executions of a machine.
    #[must_use]
    pub fn of(&self, machine: &str) -> BTreeMap<String, Value> {
        let all = self.executions.values().filter(|execution| execution.machine == machine);
        let input = |text: &str| serde_json::from_str(text).unwrap();
        all.map(|execution| (execution.name.clone(), input(&execution.input))).collect()
    }
}

pub(crate) fn serve(states: &mut StateMachines, call: &Call, now: Timestamp) -> Served {
    let unknown = || Refusal::new("ExecutionDoesNotExist", "Execution Does Not Exist");
    let execution = |states: &StateMachines| {
        states.executions.get(call.text("executionArn")).cloned().ok_or_else(unknown)
    };
    let data = match call.operation.as_str() {
        "StartExecution" => start(states, call, now)?,
        "DescribeExecution" => execution(states)?.described(),
        "GetExecutionHistory" => {
            assert_eq!(call.body["reverseOrder"], true, "the end of a history is read first");
            json!({ "events": execution(states)?.history() })
        }
        "ListExecutions" => {
            let wanted = |execution: &&Execution| {
                execution.machine == call.text("stateMachineArn")
                    && execution.status == call.text("statusFilter")
            };
            let mut found: Vec<&Execution> = states.executions.values().filter(wanted).collect();
            found.sort_by_key(|execution| std::cmp::Reverse(execution.started));
            let (found, next) = page(&found, call.body["nextToken"].as_str(), 2, false);
            let found: Vec<Value> = found.iter().map(|execution| execution.described()).collect();
            json!({ "executions": found, "nextToken": next })
        }
        "SendTaskSuccess" => {
            let token = call.text("taskToken");
            let closed = Refusal::new(
                "TaskTimedOut",
                "Task Timed Out: 'Provided task does not exist anymore'",
            );
            match states.tasks.get_mut(token) {
                None => return Err(Refusal::new("InvalidToken", "Invalid Token: 'Invalid token'")),
                Some(Some(_)) => return Err(closed),
                Some(_) if states.timed_out.iter().any(|one| one == token) => return Err(closed),
                Some(output) => {
                    *output = Some(serde_json::from_str(call.text("output")).unwrap());
                    json!({})
                }
            }
        }
        _ => call.unknown(),
    };
    Ok(Reply::Data(data))
}

/// An execution of the same name that runs on the same input is the same; any other name that was
/// used before is refused.
fn start(states: &mut StateMachines, call: &Call, now: Timestamp) -> Result<Value, Refusal> {
    let (machine, name) = (call.text("stateMachineArn"), call.text("name"));
    let arn = execution_arn(machine, name);
    let there = states.executions.entry(arn.clone());
    let input = call.text("input").to_owned();
    if let std::collections::btree_map::Entry::Occupied(there) = &there {
        let there = there.get();
        if there.status != "RUNNING" || there.input != input {
            let what = format!("Execution Already Exists: '{arn}'");
            return Err(Refusal::new("ExecutionAlreadyExists", &what));
        }
    }
    let execution = there.or_insert_with(|| Execution {
        machine: machine.to_owned(),
        name: name.to_owned(),
        status: "RUNNING",
        input,
        started: now,
        stopped: None,
        error: None,
        requests: Vec::new(),
    });
    Ok(json!({ "executionArn": arn, "startDate": execution.started.as_second() }))
}

fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"))
}
