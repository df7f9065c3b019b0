//! The function on an AWS in memory that has the runbook of the tests.

use std::collections::BTreeMap;

use aws_double::{Automation, Aws, Document, ENVIRONMENT, HUB, REGION};
use runtime::{Clock, Environment};
use serde_json::{Value, json};
use start_automation::{Deps, Error, handle};

pub(crate) const NOW: &str = "2026-07-01T00:00:00Z";
pub(crate) const RUNBOOK: &str = "Relay-RebootInstance";
pub(crate) const INSTANCE: &str = "i-0123456789abcdef0";
pub(crate) const MEMBER: &str = "444455556666";
/// The execution of `run-automation` that asks for the start.
pub(crate) const ARN: &str =
    "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-run-automation:alarm-1";

pub(crate) struct World {
    pub(crate) aws: Aws,
    deps: Deps,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With more variables in the function's environment.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        let aws = Aws::at(NOW);
        let variables = ENVIRONMENT.into_iter().chain(variables.iter().copied());
        let mut deps = Deps::new(&Environment::from_iter(variables), &aws.sdk()).unwrap();
        deps.clock = Clock::from(aws.now());
        let world = Self { aws, deps };
        let document = Document::requiring(&["InstanceId"]).tagged("runbook-relay", "allowed");
        world.document(REGION, RUNBOOK, document);
        world
    }

    /// A document of the hub in a Region.
    pub(crate) fn document(&self, region: &str, name: &str, document: Document) {
        self.document_of(HUB, region, name, document);
    }

    pub(crate) fn document_of(&self, owner: &str, region: &str, name: &str, document: Document) {
        self.aws.state().at(owner, region).ssm.documents.insert(name.to_owned(), document);
    }

    pub(crate) async fn start(&self, request: Value) -> Result<Value, Error> {
        let request = serde_json::from_value(request).unwrap();
        handle(&self.deps, request).await.map(|answer| serde_json::to_value(answer).unwrap())
    }

    /// The runs of the hub's Region by id.
    pub(crate) fn runs(&self) -> BTreeMap<String, Automation> {
        self.aws.state().hub().ssm.automations.clone()
    }

    pub(crate) fn only_run(&self) -> (String, Automation) {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:#?}");
        runs.into_iter().next().unwrap()
    }

    /// The run that the table remembers for a rung: two digits, from `00`.
    pub(crate) fn remembered(&self, rung: &str) -> Option<Value> {
        let state = self.aws.state();
        let item = state.table.get(&format!("run#{ARN}"), rung)?;
        Some(serde_json::from_str(item["run"]["S"].as_str().unwrap()).unwrap())
    }
}

/// The first of two rungs, on one instance of the hub.
pub(crate) fn request() -> Value {
    let rung = json!({ "runbook": RUNBOOK, "parameters": { "InstanceId": ["{resource}"] } });
    json!({
        "execution": { "arn": ARN, "name": "alarm-1", "startTime": NOW },
        "input": { "ladder": [rung, rung], "resources": [INSTANCE] },
        "rung": 0,
    })
}

/// The one problem that a report names.
pub(crate) fn problem(answer: &Value) -> Value {
    assert_eq!(answer["next"], "finish", "{answer}");
    let problems = answer["report"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems[0].clone()
}
