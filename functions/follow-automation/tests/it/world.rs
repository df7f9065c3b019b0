//! A run that a task waits for, on an AWS in memory.

use std::path::Path;

use aws_double::{Automation, Aws, ENVIRONMENT, HUB, REGION};
use follow_automation::{Deps, Error, handle};
use runtime::{Clock, Environment};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-07-01T00:00:00Z";
/// The execution that the event fixtures are about.
pub(crate) const RUN: &str = "333ba70b-2333-48db-b17e-a5e69c6f4d1c";
pub(crate) const CHILD: &str = "00000000-0000-4000-8000-00000000000c";
pub(crate) const TOKEN: &str = "token-1";
pub(crate) const MEMBER: &str = "444455556666";

pub(crate) struct World {
    pub(crate) aws: Aws,
    pub(crate) deps: Deps,
}

impl World {
    /// A run that started just now is in this status, and a task waits for it.
    pub(crate) fn new(status: &'static str) -> Self {
        let aws = Aws::at(NOW);
        let mut deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &aws.sdk()).unwrap();
        deps.clock = Clock::from(aws.now());
        let world = Self { aws, deps };
        let run = Automation::new("Relay-RebootInstance", status, NOW.parse().unwrap());
        world.aws.state().hub().ssm.automations.insert(RUN.to_owned(), run);
        world.aws.state().states.tasks.insert(TOKEN.to_owned(), None);
        world
    }

    pub(crate) fn change_run(&self, change: impl FnOnce(&mut Automation)) {
        change(self.aws.state().hub().ssm.automations.get_mut(RUN).unwrap());
    }

    pub(crate) async fn call(&self, input: Value) -> Result<Value, Error> {
        handle(&self.deps, input).await
    }

    /// One call of the waiting task that gets through.
    pub(crate) async fn look(&self) -> Value {
        self.call(request()).await.unwrap()
    }

    /// The answer to the task, if it was answered.
    pub(crate) fn output(&self) -> Option<Value> {
        self.aws.state().states.tasks[TOKEN].clone()
    }

    /// The request that the table remembers.
    pub(crate) fn remembered(&self) -> Option<Value> {
        let state = self.aws.state();
        let item = state.table.get(&format!("wait#{RUN}"), "task")?;
        Some(serde_json::from_str(item["request"]["S"].as_str().unwrap()).unwrap())
    }
}

/// The input that the waiting task calls the function with.
pub(crate) fn request() -> Value {
    json!({
        "execution": {
            "arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:alarm-1",
            "name": "alarm-1", "startTime": NOW,
        },
        "input": { "ladder": [{ "runbook": "Relay-RebootInstance", "timeout": "30m" }] },
        "rung": 0,
        "run": { "executionId": RUN, "account": HUB, "region": REGION, "at": NOW, "limit": 1800 },
        "token": TOKEN,
    })
}

pub(crate) fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/aws.ssm").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn answered(answered: bool) -> Value {
    json!({ "answered": answered })
}

pub(crate) fn failed_step(name: &str, message: &str, ended: f64) -> Value {
    json!({
        "StepName": name, "Action": "aws:executeScript", "StepStatus": "Failed",
        "FailureMessage": message, "ExecutionEndTime": ended,
    })
}
