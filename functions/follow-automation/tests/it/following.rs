//! A run is followed until there is something to say to the waiting task, on an AWS in memory.

use std::time::Duration;

use aws_double::{Fault, HUB, REGION};
use runtime::FunctionError;
use serde_json::{Value, json};

use crate::world::{NOW, RUN, TOKEN, World, answered, event, failed_step, request};

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
async fn a_run_that_still_waits_shortly_before_its_deadline_is_reported_again_once() {
    let world = World::new("Waiting");
    world.change_run(|run| {
        run.steps = vec![json!({
            "StepName": "approve", "Action": "aws:approve", "StepStatus": "Waiting",
        })];
    });
    let mut asked = request();
    asked["input"]["ladder"][0]["approval"] =
        json!({"approvers": ["arn:aws:iam::111122223333:role/on-call"], "within": "1h"});
    asked["pendingPublished"] = json!(true);
    asked["reminded"] = json!(false);
    assert_eq!(world.call(asked.clone()).await.unwrap(), answered(false), "it is early");
    tokio::time::advance(Duration::from_secs(50 * 60)).await;
    // A machine of an earlier version does not publish it.
    let mut old = asked.clone();
    old.as_object_mut().unwrap().remove("reminded");
    assert_eq!(world.call(old).await.unwrap(), answered(false));
    assert_eq!(world.call(asked.clone()).await.unwrap(), answered(true));
    let pending = world.output().unwrap()["pending"].clone();
    assert_eq!(pending["reminder"], true, "{pending}");
    assert!(pending["deadline"].is_string(), "{pending}");
    asked["reminded"] = json!(true);
    assert_eq!(world.call(asked).await.unwrap(), answered(false));
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
