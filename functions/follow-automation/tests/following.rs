//! A run is followed until there is something to say to the waiting task, on an AWS in memory.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use std::path::Path;
use std::time::Duration;

use aws_double::{Automation, Aws, ENVIRONMENT, Fault, HUB, REGION};
use follow_automation::{Deps, Error, handle};
use runtime::{Clock, Environment, FunctionError};
use serde_json::{Value, json};

const NOW: &str = "2026-07-01T00:00:00Z";
/// The execution that the event fixtures are about.
const RUN: &str = "333ba70b-2333-48db-b17e-a5e69c6f4d1c";
const CHILD: &str = "00000000-0000-4000-8000-00000000000c";
const TOKEN: &str = "token-1";
const MEMBER: &str = "444455556666";

struct World {
    aws: Aws,
    deps: Deps,
}

impl World {
    /// A run that started just now is in this status, and a task waits for it.
    fn new(status: &'static str) -> Self {
        let aws = Aws::at(NOW);
        let mut deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &aws.sdk()).unwrap();
        deps.clock = Clock::from(aws.now());
        let world = Self { aws, deps };
        let run = Automation::new("Relay-RebootInstance", status, NOW.parse().unwrap());
        world.aws.state().hub().ssm.automations.insert(RUN.to_owned(), run);
        world.aws.state().states.tasks.insert(TOKEN.to_owned(), None);
        world
    }

    fn change_run(&self, change: impl FnOnce(&mut Automation)) {
        change(self.aws.state().hub().ssm.automations.get_mut(RUN).unwrap());
    }

    async fn call(&self, input: Value) -> Result<Value, Error> {
        handle(&self.deps, input).await
    }

    /// One call of the waiting task that gets through.
    async fn look(&self) -> Value {
        self.call(request()).await.unwrap()
    }

    /// The answer to the task, if it was answered.
    fn output(&self) -> Option<Value> {
        self.aws.state().states.tasks[TOKEN].clone()
    }

    /// The request that the table remembers.
    fn remembered(&self) -> Option<Value> {
        let state = self.aws.state();
        let item = state.table.get(&format!("wait#{RUN}"), "task")?;
        Some(serde_json::from_str(item["request"]["S"].as_str().unwrap()).unwrap())
    }
}

/// The input that the waiting task calls the function with.
fn request() -> Value {
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

fn event(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/aws.ssm").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn answered(answered: bool) -> Value {
    json!({ "answered": answered })
}

fn failed_step(name: &str, message: &str, ended: f64) -> Value {
    json!({
        "StepName": name, "Action": "aws:executeScript", "StepStatus": "Failed",
        "FailureMessage": message, "ExecutionEndTime": ended,
    })
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_leaves_the_task_waiting_and_its_token_in_the_table() {
    for status in ["Pending", "InProgress", "Cancelling", "SomethingNew"] {
        let world = World::new(status);
        assert_eq!(world.look().await, answered(false), "{status}");
        assert_eq!(world.output(), None);
        assert_eq!(world.remembered().unwrap()["token"], TOKEN);
        assert_eq!(world.aws.count("GetAutomationExecution"), 1);
        assert_eq!(world.aws.count("DescribeAutomationStepExecutions"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_succeeded_answers_the_task_with_its_report() {
    let world = World::new("Success");
    assert_eq!(world.look().await, answered(true));
    let output = world.output().unwrap();
    assert_eq!((&output["next"], &output["ended"]), (&json!("verify"), &json!(NOW)));
    let report = &output["report"];
    assert_eq!(report["end"], json!({ "ran": "succeeded" }));
    assert_eq!((&report["rung"], &report["executionId"]), (&json!(1), &json!(RUN)));
    assert_eq!((&report["failedStep"], &report["reason"]), (&Value::Null, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn the_token_is_stored_before_the_look_so_that_no_event_is_lost_in_between() {
    let world = World::new("InProgress");
    world.look().await;
    let operations: Vec<String> =
        world.aws.all_calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["UpdateItem", "GetAutomationExecution"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_answers_the_task_that_waits_with_one_look() {
    let world = World::new("InProgress");
    world.look().await;
    world.change_run(|run| run.status = "Success");
    world.aws.forget_calls();
    let answer = world.call(event("automation-success.json")).await.unwrap();
    assert_eq!(answer, answered(true));
    assert_eq!(world.output().unwrap()["next"], "verify");
    assert_eq!(world.aws.count("GetAutomationExecution"), 1);
    assert_eq!(world.aws.count("UpdateItem"), 0, "the token is known already");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_before_the_token_is_ignored_and_the_tasks_own_look_answers() {
    let world = World::new("Success");
    let answer = world.call(event("automation-success.json")).await.unwrap();
    assert_eq!(answer, answered(false));
    assert_eq!(world.aws.count("GetAutomationExecution"), 0, "no task waits for it");
    assert_eq!(world.look().await, answered(true));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_only_a_reason_to_look_and_what_ssm_says_counts() {
    let world = World::new("InProgress");
    world.look().await;
    for name in ["automation-success.json", "automation-failed.json", "automation-canceled.json"] {
        assert_eq!(world.call(event(name)).await.unwrap(), answered(false), "{name}");
    }
    assert_eq!(world.output(), None);
}

#[tokio::test(start_paused = true)]
async fn events_about_steps_and_maintenance_windows_are_ignored() {
    let world = World::new("Success");
    for name in ["automation-step-success.json", "maintenance-window.json"] {
        assert_eq!(world.call(event(name)).await.unwrap(), answered(false), "{name}");
    }
    assert!(world.aws.all_calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_repeated_call_or_event_finds_the_task_answered_and_changes_nothing() {
    let world = World::new("Success");
    assert_eq!(world.look().await, answered(true));
    let first = world.output();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.look().await, answered(false));
    let answer = world.call(event("automation-success.json")).await.unwrap();
    assert_eq!(answer, answered(false));
    assert_eq!(world.output(), first);
    assert_eq!(world.aws.count("SendTaskSuccess"), 3);
}

#[tokio::test(start_paused = true)]
async fn of_two_tokens_the_latest_is_answered_by_an_event() {
    let world = World::new("InProgress");
    world.look().await;
    // The first task timed out, and the state machine asks again.
    world.aws.state().states.timed_out.push(TOKEN.to_owned());
    world.aws.state().states.tasks.insert("token-2".to_owned(), None);
    let mut second = request();
    second["token"] = json!("token-2");
    assert_eq!(world.call(second).await.unwrap(), answered(false));
    world.change_run(|run| run.status = "Success");
    let answer = world.call(event("automation-success.json")).await.unwrap();
    assert_eq!(answer, answered(true));
    assert_eq!(world.output(), None);
    assert_eq!(world.aws.state().states.tasks["token-2"].as_ref().unwrap()["next"], "verify");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_timed_out_or_is_unknown_is_no_error() {
    let timed_out = World::new("Success");
    timed_out.aws.state().states.timed_out.push(TOKEN.to_owned());
    let unknown = World::new("Success");
    unknown.aws.state().states.tasks.clear();
    let gone = World::new("Success");
    gone.aws.on("SendTaskSuccess").fails(Fault::Error("TaskDoesNotExist", ""));
    for world in [timed_out, unknown, gone] {
        assert_eq!(world.look().await, answered(false));
        assert_eq!(world.aws.count("SendTaskSuccess"), 1, "it is not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_reply_is_lost_reaches_the_task_and_is_no_error() {
    let world = World::new("Success");
    world.aws.on("SendTaskSuccess").once().fails(Fault::LostReply);
    // The SDK's own repeat meets a task that is answered.
    assert_eq!(world.look().await, answered(true));
    assert_eq!(world.output().unwrap()["next"], "verify");
    assert_eq!(world.aws.count("SendTaskSuccess"), 2);
    // Another call, by an event, answers nothing a second time.
    assert_eq!(world.call(event("automation-success.json")).await.unwrap(), answered(false));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_approval_is_reported_once() {
    let world = World::new("Waiting");
    world.change_run(|run| {
        run.steps = vec![json!({
            "StepName": "approve", "Action": "aws:approve", "StepStatus": "Waiting",
        })];
    });
    assert_eq!(world.look().await, answered(true));
    assert_eq!(
        world.output().unwrap(),
        json!({ "next": "publish", "pending": {
            "rung": 1, "runbook": "Relay-RebootInstance", "executionId": RUN, "account": HUB,
            "region": REGION, "waitingFor": "approval",
        } })
    );
    // The state machine published it and asks again with a new token.
    world.aws.state().states.tasks.insert("token-2".to_owned(), None);
    let mut again = request();
    again["token"] = json!("token-2");
    again["pendingPublished"] = json!(true);
    assert_eq!(world.call(again).await.unwrap(), answered(false));
    assert_eq!(world.aws.count("SendTaskSuccess"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_at_a_step_is_reported_as_such() {
    let world = World::new("Waiting");
    world.change_run(|run| {
        run.steps = vec![json!({
            "StepName": "pause", "Action": "aws:pause", "StepStatus": "Waiting",
        })];
    });
    world.look().await;
    assert_eq!(world.output().unwrap()["pending"]["waitingFor"], "step");
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_was_refused_or_not_given_is_a_rejection() {
    for status in ["Failed", "TimedOut"] {
        let world = World::new(status);
        world.change_run(|run| {
            run.steps = vec![json!({
                "StepName": "approve", "Action": "aws:approve", "StepStatus": status,
                "FailureMessage": "rejected by ops", "ExecutionEndTime": 1.0,
                "Outputs": {"ApproverDecisions": [
                    r#"{"Approver": "arn:aws:sts::111122223333:assumed-role/ops/bob", "Decision": "Reject",
                        "ApprovalDecisionTime": "2026-01-02T03:04:05Z", "Comment": "not now"}"#,
                ]},
            })];
        });
        let mut request = request();
        request["input"]["ladder"][0]["approval"] =
            json!({ "approvers": ["arn:aws:iam::111122223333:role/ops"], "within": "1h" });
        assert_eq!(world.call(request).await.unwrap(), answered(true));
        let report = world.output().unwrap()["report"].clone();
        assert_eq!(report["end"], json!({ "ran": "rejected" }), "{status}");
        let decision = json!({
            "approver": "arn:aws:sts::111122223333:assumed-role/ops/bob", "answer": "rejected",
            "at": "2026-01-02T03:04:05Z", "comment": "not now",
        });
        assert_eq!(report["decisions"], json!([decision]), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_the_step_that_failed_first_and_why() {
    let world = World::new("Failed");
    world.change_run(|run| {
        run.more = json!({ "FailureMessage": "Step fails when it is executing." });
        run.steps = vec![
            failed_step("cleanUp", "second", 20.0),
            json!({ "StepName": "look", "Action": "aws:assertAwsResourceProperty",
                    "StepStatus": "Success", "ExecutionEndTime": 5.0 }),
            failed_step("reboot", "the first reason", 10.0),
        ];
    });
    assert_eq!(world.look().await, answered(true));
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(report["end"], json!({ "ran": "failed" }));
    assert_eq!(report["failedStep"], "reboot");
    assert_eq!(report["reason"], "the first reason");
    assert_eq!(report["children"], json!([]));
    assert_eq!(world.aws.count("DescribeAutomationStepExecutions"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_a_failed_step_has_the_runs_own_message() {
    let world = World::new("Cancelled");
    world.change_run(|run| run.more = json!({ "FailureMessage": "stopped by an alarm" }));
    world.look().await;
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(report["end"], json!({ "ran": "cancelled" }));
    assert_eq!(report["reason"], "stopped by an alarm");
}

/// A run in another account, whose child there failed.
fn with_a_child_in_a_member(world: &World) {
    world.change_run(|run| {
        run.more = json!({
            "TargetLocations": [{ "Accounts": [MEMBER], "Regions": ["eu-west-1"] }],
            "ProgressCounters": {
                "TotalSteps": 5, "SuccessSteps": 2, "FailedSteps": 1, "TimedOutSteps": 1,
                "CancelledSteps": 1,
            },
        });
        run.steps = vec![json!({
            "StepName": format!("{MEMBER}_eu-west-1"), "Action": "aws:executeAutomation",
            "StepStatus": "Failed", "FailureMessage": "the child failed", "ExecutionEndTime": 3.0,
            "Outputs": { "ExecutionId": [CHILD] },
        })];
    });
    let mut state = world.aws.state();
    let mut child = Automation::new("Relay-RebootInstance", "Failed", NOW.parse().unwrap());
    child.steps = vec![failed_step("reboot", "no such instance", 2.0)];
    state.at(MEMBER, "eu-west-1").ssm.automations.insert(CHILD.to_owned(), child);
}

#[tokio::test(start_paused = true)]
async fn children_that_failed_are_looked_at_where_they_ran_and_counted() {
    let world = World::new("Failed");
    with_a_child_in_a_member(&world);
    assert_eq!(world.look().await, answered(true));
    let report = world.output().unwrap()["report"].clone();
    assert_eq!((&report["childrenSucceeded"], &report["childrenFailed"]), (&json!(2), &json!(3)));
    assert_eq!(
        report["children"],
        json!([{
            "executionId": CHILD, "account": MEMBER, "region": "eu-west-1", "status": "Failed",
            "failedStep": "reboot", "reason": "no such instance",
        }])
    );
    let looks = world.aws.calls("DescribeAutomationStepExecutions");
    let places: Vec<(&str, &str)> =
        looks.iter().map(|call| (call.account.as_str(), call.region.as_str())).collect();
    assert_eq!(places, [(HUB, REGION), (MEMBER, "eu-west-1")]);
    assert_eq!(world.aws.count("AssumeRole"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_looked_at_is_reported_without_its_failed_step() {
    let without_role = World::new("Failed");
    without_role.aws.state().without_roles.insert(MEMBER.to_owned());
    let gone = World::new("Failed");
    for world in [without_role, gone] {
        with_a_child_in_a_member(&world);
        world.aws.state().at(MEMBER, "eu-west-1").ssm.automations.clear();
        assert_eq!(world.look().await, answered(true));
        let child = world.output().unwrap()["report"]["children"][0].clone();
        assert_eq!(child["executionId"], CHILD);
        assert_eq!(
            (&child["failedStep"], &child["reason"]),
            (&Value::Null, &json!("the child failed"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_names_ten_children_at_most() {
    let world = World::new("Failed");
    world.change_run(|run| {
        run.more =
            json!({ "TargetLocations": [{ "Accounts": [MEMBER], "Regions": ["eu-west-1"] }] });
        let child = |n: u32| {
            let id = format!("00000000-0000-4000-8000-{n:012}");
            json!({
                "StepName": format!("{MEMBER}_eu-west-{n}"), "Action": "aws:executeAutomation",
                "StepStatus": "TimedOut", "ExecutionEndTime": f64::from(n),
                "Outputs": { "ExecutionId": [id] },
            })
        };
        run.steps = (1..=20).map(child).collect();
    });
    world.look().await;
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(report["children"].as_array().unwrap().len(), 10);
    assert_eq!(world.aws.count("DescribeAutomationStepExecutions"), 11);
}

#[tokio::test(start_paused = true)]
async fn a_run_beyond_its_time_is_stopped_and_has_timed_out() {
    let world = World::new("InProgress");
    tokio::time::advance(Duration::from_secs(1_799)).await;
    assert_eq!(world.look().await, answered(false));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(world.look().await, answered(true));
    assert_eq!(world.aws.count("StopAutomationExecution"), 1);
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(report["end"], json!({ "ran": "timedOut" }));
    assert_eq!(report["reason"], "it was stopped after 1800 s");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_while_it_is_stopped_is_no_error() {
    let world = World::new("InProgress");
    tokio::time::advance(Duration::from_secs(1_800)).await;
    let ended = Fault::Error("InvalidAutomationStatusUpdateException", "it has ended");
    world.aws.on("StopAutomationExecution").fails(ended);
    assert_eq!(world.look().await, answered(true));
    assert_eq!(world.output().unwrap()["report"]["end"], json!({ "ran": "timedOut" }));
}

#[tokio::test(start_paused = true)]
async fn a_stop_whose_reply_is_lost_is_repeated_and_harmless() {
    let world = World::new("InProgress");
    tokio::time::advance(Duration::from_secs(1_800)).await;
    world.aws.on("StopAutomationExecution").once().fails(Fault::LostReply);
    assert_eq!(world.look().await, answered(true));
    assert_eq!(world.aws.count("StopAutomationExecution"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_fails_has_a_name_and_the_next_look_of_the_task_gets_through() {
    for (operation, fault, name) in [
        ("UpdateItem", Fault::Throttled, "Throttled"),
        ("UpdateItem", Fault::Denied, "AccessDenied"),
        ("GetAutomationExecution", Fault::Throttled, "Throttled"),
        ("GetAutomationExecution", Fault::Denied, "AccessDenied"),
        ("GetAutomationExecution", Fault::LostReply, "Unavailable"),
        ("DescribeAutomationStepExecutions", Fault::Unavailable, "Unavailable"),
        ("SendTaskSuccess", Fault::Throttled, "Throttled"),
        ("SendTaskSuccess", Fault::Denied, "AccessDenied"),
    ] {
        let world = World::new("Success");
        world.aws.on(operation).fails(fault.clone());
        let error = world.call(request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), name, "{operation} {fault:?}");
        assert_eq!(world.output(), None);
        world.aws.heal();
        assert_eq!(world.look().await, answered(true), "{operation} {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_stopped_is_an_error_and_leaves_the_task_waiting() {
    for (fault, name) in [(Fault::Denied, "AccessDenied"), (Fault::Throttled, "Throttled")] {
        let world = World::new("InProgress");
        tokio::time::advance(Duration::from_secs(1_800)).await;
        world.aws.on("StopAutomationExecution").fails(fault);
        let error = world.call(request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), name);
        assert_eq!(world.output(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_finds_a_throttled_table_and_is_delivered_again() {
    let world = World::new("InProgress");
    world.look().await;
    world.change_run(|run| run.status = "Success");
    world.aws.on("GetItem").fails(Fault::Throttled);
    let error = world.call(event("automation-success.json")).await.unwrap_err();
    assert_eq!(error.name().as_str(), "Throttled");
    world.aws.heal();
    let answer = world.call(event("automation-success.json")).await.unwrap();
    assert_eq!(answer, answered(true));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ssm_does_not_know_is_an_error_and_not_an_end() {
    let world = World::new("Success");
    world.aws.state().hub().ssm.automations.clear();
    world.call(request()).await.unwrap_err();
    assert_eq!(world.output(), None);
}

#[tokio::test(start_paused = true)]
async fn input_that_is_neither_a_tasks_nor_an_event_is_invalid() {
    let world = World::new("Success");
    let mut unknown_rung = request();
    unknown_rung["rung"] = json!(1);
    let mut no_token = request();
    no_token.as_object_mut().unwrap().remove("token");
    let nothing_named = event("automation-no-execution.json");
    for input in [json!({}), json!([]), no_token, unknown_rung, nothing_named] {
        let error = world.call(input.clone()).await.unwrap_err();
        assert_eq!(error.name().as_str(), "InvalidInput", "{input}");
    }
    assert_eq!(world.aws.count("GetAutomationExecution"), 0);
}
