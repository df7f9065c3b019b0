//! Executions that ended without an outcome get one; all others are left alone.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use aws_double::{AWAIT_MEMBERSHIP, Aws, ENVIRONMENT, Execution, Fault, SHARE_RUNBOOKS};
use jiff::SignedDuration;
use recover_outcomes::{Deps, handle};
use relay_core::id::outcome_id;
use runtime::{Clock, Environment, FunctionError};
use serde_json::{Value, json};

const OWNER: &str = "222233334444";

/// The time when a test begins.
fn aws() -> Aws {
    Aws::at("2026-07-01T00:01:00Z")
}

/// One that ended so many hours ago.
fn execution(name: &str, status: &'static str, hours: i64) -> Execution {
    let stopped = aws().now() - SignedDuration::from_hours(hours);
    Execution {
        machine: SHARE_RUNBOOKS.to_owned(),
        name: name.to_owned(),
        status,
        input: "{\"accounts\":[\"444455556666\"]}".to_owned(),
        started: stopped - SignedDuration::from_secs(30),
        stopped: Some(stopped),
        error: None,
        requests: Vec::new(),
    }
}

struct World {
    aws: Aws,
}

impl World {
    fn new(executions: Vec<Execution>) -> Self {
        let aws = aws();
        executions.into_iter().for_each(|execution| aws.state().states.add(execution));
        Self { aws }
    }

    fn deps(&self) -> Deps {
        let environment = Environment::from_iter(ENVIRONMENT);
        let mut deps = Deps::new(&environment, &self.aws.sdk()).unwrap();
        deps.clock = Clock::from(self.aws.now());
        deps
    }

    async fn sweep(&self) -> Result<Value, recover_outcomes::Error> {
        handle(&self.deps(), serde_json::from_value(json!({ "sweep": true })).unwrap()).await
    }

    async fn event(&self, execution: &Execution) -> Result<Value, recover_outcomes::Error> {
        let envelope = json!({
            "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175",
            "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
            "account": "111122223333", "time": "2026-07-01T00:00:00Z", "region": "us-east-1",
            "resources": [execution.arn()],
            "detail": {
                "executionArn": execution.arn(), "stateMachineArn": execution.machine,
                "name": execution.name, "status": execution.status,
                "startDate": 1_551_225_271_984_i64, "stopDate": 1_551_225_271_985_i64,
                "input": "{}", "output": null,
            },
        });
        handle(&self.deps(), serde_json::from_value(envelope).unwrap()).await
    }

    fn bodies(&self) -> Vec<Value> {
        self.aws.state().outcomes()
    }

    fn mark(&self, execution: &Execution) {
        self.aws.state().table.put(&json!({
            "pk": { "S": format!("outcome#{}", execution.arn()) }, "sk": { "S": "final" },
            "id": { "S": "6e6b0aa2-0000-5000-8000-000000000000" }, "outcome": { "S": "failed" },
        }));
    }
}

#[tokio::test(start_paused = true)]
async fn each_way_to_end_badly_is_told_under_the_id_the_publisher_would_have_used() {
    for (status, code) in [
        ("FAILED", "ExecutionFailed"),
        ("TIMED_OUT", "ExecutionTimedOut"),
        ("ABORTED", "ExecutionAborted"),
    ] {
        let execution = execution("move-444455556666-e", status, 1);
        let world = World::new(vec![execution.clone()]);
        assert_eq!(world.event(&execution).await.unwrap(), json!({ "recovered": 1 }));
        let bodies = world.bodies();
        assert_eq!(bodies.len(), 1);
        assert_eq!(bodies[0]["id"], outcome_id(&execution.arn(), "final").to_string());
        assert_eq!(bodies[0]["outcome"], "failed");
        assert_eq!(bodies[0]["problems"][0]["code"], code);
        assert_eq!(bodies[0]["accounts"], json!(["444455556666"]));
        assert_ne!(bodies[0]["problems"][0]["hint"], "");
    }
}

#[tokio::test(start_paused = true)]
async fn what_ended_it_is_told_in_its_own_words() {
    let mut execution = execution("move-444455556666-e", "FAILED", 1);
    execution.error = Some(("States.DataLimitExceeded", "The state returned too much data"));
    let world = World::new(vec![execution.clone()]);
    world.event(&execution).await.unwrap();
    let what = world.bodies()[0]["problems"][0]["what"].to_string();
    assert!(what.contains("States.DataLimitExceeded"), "{what}");
    assert!(what.contains("too much data"), "{what}");
}

#[tokio::test(start_paused = true)]
async fn event_and_sweep_together_tell_it_once() {
    let execution = execution("move-444455556666-e", "ABORTED", 1);
    let world = World::new(vec![execution.clone()]);
    world.event(&execution).await.unwrap();
    world.event(&execution).await.unwrap();
    assert_eq!(world.sweep().await.unwrap(), json!({ "recovered": 0 }));
    assert_eq!(world.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_sweep_finds_what_no_event_told_in_both_machines_and_on_every_page() {
    let mut executions: Vec<Execution> =
        (0..7).map(|n| execution(&format!("move-{n}"), "FAILED", n)).collect();
    executions.push(execution("stopped", "ABORTED", 3));
    executions.push(Execution {
        machine: AWAIT_MEMBERSHIP.to_owned(),
        ..execution("car-0123456789", "TIMED_OUT", 3)
    });
    let world = World::new(executions.clone());
    world.mark(&executions[0]);
    assert_eq!(world.sweep().await.unwrap(), json!({ "recovered": 8 }));
    let ids: std::collections::BTreeSet<String> =
        world.bodies().iter().map(|body| body["id"].to_string()).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(world.sweep().await.unwrap(), json!({ "recovered": 0 }));
}

#[tokio::test(start_paused = true)]
async fn what_succeeded_was_told_before_or_ended_long_ago_is_left_alone() {
    let old = execution("old", "FAILED", 49);
    let told = execution("published", "FAILED", 1);
    let fine = execution("fine", "SUCCEEDED", 1);
    let world = World::new(vec![old, told.clone(), fine]);
    world.mark(&told);
    assert_eq!(world.sweep().await.unwrap(), json!({ "recovered": 0 }));
    assert_eq!(world.aws.count("Publish"), 0);
    assert_eq!(world.aws.count("DescribeExecution"), 0);
}

#[tokio::test(start_paused = true)]
async fn events_of_other_machines_and_of_other_statuses_are_ignored() {
    let fine = execution("fine", "SUCCEEDED", 1);
    let running = execution("running", "RUNNING", 1);
    let world = World::new(vec![fine.clone(), running.clone()]);
    for execution in [fine, running] {
        assert_eq!(world.event(&execution).await.unwrap(), json!({ "recovered": 0 }));
    }
    let envelope = json!({ "id": "e", "detail": {
        "executionArn": "arn:aws:states:us-east-1:111122223333:execution:theirs:x",
        "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:theirs",
        "name": "x", "status": "FAILED" } });
    let answer = handle(&world.deps(), serde_json::from_value(envelope).unwrap()).await.unwrap();
    assert_eq!(answer, json!({ "recovered": 0 }));
    assert_eq!(world.aws.count("DescribeExecution"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_machine_asked_to_publish_is_published_whole_although_the_publisher_was_down() {
    let mut execution = execution("join-444455556666-1", "FAILED", 1);
    execution.error = Some(("OutcomeUnpublished", "Neither took it"));
    execution.requests = vec![json!({
        "execution": { "arn": execution.arn(), "name": execution.name,
                       "startTime": "2026-07-01T00:00:00Z" },
        "flow": "sharing",
        "input": { "accounts": ["444455556666"], "trigger": { "kind": "join", "eventIds": ["e"] } },
        "plan": null, "error": null,
        "shares": [{ "owner": OWNER, "region": "us-east-1", "counts":
            { "documents": 3, "added": 3, "removed": 0, "present": 0, "failed": 0 } }],
    })];
    let world = World::new(vec![execution.clone()]);
    world.event(&execution).await.unwrap();
    let body = &world.bodies()[0];
    assert_eq!(body["outcome"], "succeeded");
    assert_eq!(body["shares"][0]["added"], 3);
    assert_eq!(body["id"], outcome_id(&execution.arn(), "final").to_string());
}

#[tokio::test(start_paused = true)]
async fn a_history_that_may_not_be_read_costs_detail_and_no_outcome() {
    let execution = execution("move-444455556666-e", "FAILED", 1);
    let world = World::new(vec![execution.clone()]);
    world.aws.on("GetExecutionHistory").fails(Fault::Denied);
    assert_eq!(world.event(&execution).await.unwrap(), json!({ "recovered": 1 }));
}

#[tokio::test(start_paused = true)]
async fn one_execution_that_cannot_be_told_does_not_hold_up_the_others_and_is_an_error() {
    let executions: Vec<Execution> =
        (0..3).map(|n| execution(&format!("move-{n}"), "FAILED", n)).collect();
    let bad = executions[1].arn();
    let world = World::new(executions);
    world.aws.on("DescribeExecution").fails_where(move |call| {
        (call.body["executionArn"] == bad.as_str()).then_some(Fault::Denied)
    });
    let error = world.sweep().await.unwrap_err();
    assert_eq!(error.name().as_str(), "AccessDenied");
    assert_eq!(world.bodies().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_nobody_understands_is_told_all_the_same() {
    let mut execution = execution("by-hand", "FAILED", 1);
    execution.input = "[1, 2".to_owned();
    let world = World::new(vec![execution.clone()]);
    world.event(&execution).await.unwrap();
    assert_eq!(world.bodies()[0]["outcome"], "failed");
    assert_eq!(world.bodies()[0]["accounts"], json!([]));
}
