//! The children of a run, on an AWS in memory: those on every level are counted, and what failed in them is not lost.

use aws_double::{Automation, HUB, REGION};
use serde_json::{Value, json};

use crate::world::{CHILD, MEMBER, NOW, World, answered, failed_step, request};

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
    // SSM counts nothing here: beside the failed steps and the ten children, the steps that succeeded are read.
    assert_eq!(world.aws.count("DescribeAutomationStepExecutions"), 12);
}

/// The request of a rung that asks for an approval first.
fn asking() -> Value {
    let mut request = request();
    request["input"]["ladder"][0]["approval"] =
        json!({ "approvers": ["arn:aws:iam::111122223333:role/ops"], "within": "1h" });
    request
}

/// An execution that a step started, with `MaxErrors` so high that SSM calls it a success.
fn executed(name: &str, child: &str, inputs: &Value) -> Value {
    json!({
        "StepName": name, "Action": "aws:executeAutomation", "StepStatus": "Success",
        "Inputs": inputs, "ExecutionEndTime": 9.0, "Outputs": { "ExecutionId": [child] },
    })
}

/// A run on three targets. All failed, and SSM calls it a success.
fn in_vain() -> Automation {
    let mut run = Automation::new("Org-Fix", "Success", NOW.parse().unwrap());
    run.more = json!({
        "TargetParameterName": "InstanceId",
        "Targets": [{ "Key": "ParameterValues", "Values": ["i-1", "i-2", "i-3"] }],
        "ProgressCounters": {
            "TotalSteps": 3, "SuccessSteps": 0, "FailedSteps": 2, "TimedOutSteps": 1, "CancelledSteps": 0,
        },
    });
    run.steps = vec![failed_step("i-1", "no such instance", 2.0)];
    run
}

fn counted(report: &Value) -> (u64, u64) {
    let count = |name: &str| report[name].as_u64().unwrap();
    (count("childrenSucceeded"), count("childrenFailed"))
}

#[tokio::test(start_paused = true)]
async fn an_approved_run_on_targets_that_all_fail_is_counted_in_the_execution_that_it_started() {
    let world = World::new("Success");
    world.change_run(|run| {
        let inputs = json!({ "DocumentName": "Org-Fix" });
        run.steps = vec![executed("runOnTargets", CHILD, &inputs)];
    });
    world.aws.state().hub().ssm.automations.insert(CHILD.to_owned(), in_vain());
    assert_eq!(world.call(asking()).await.unwrap(), answered(true));
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(counted(&report), (0, 3));
    assert_eq!(report["children"][0]["reason"], "no such instance");
}

#[tokio::test(start_paused = true)]
async fn an_approved_run_of_one_runbook_has_no_children() {
    let world = World::new("Success");
    world.change_run(|run| {
        run.steps = vec![executed("run", CHILD, &json!({ "DocumentName": "Org-Fix" }))];
    });
    let child = Automation::new("Org-Fix", "Success", NOW.parse().unwrap());
    world.aws.state().hub().ssm.automations.insert(CHILD.to_owned(), child);
    world.call(asking()).await.unwrap();
    let report = world.output().unwrap()["report"].clone();
    assert_eq!((counted(&report), &report["children"]), ((0, 0), &json!([])));
}

#[tokio::test(start_paused = true)]
async fn the_targets_of_each_account_and_region_are_counted_there() {
    let world = World::new("Success");
    let step = |region: &str, child: &str| {
        executed(&format!("{MEMBER}_{region}"), child, &json!({ "DocumentName": "Org-Fix" }))
    };
    const OTHER: &str = "00000000-0000-4000-8000-00000000000d";
    world.change_run(|run| {
        run.more = json!({
            "TargetParameterName": "InstanceId",
            "Targets": [{ "Key": "ParameterValues", "Values": ["i-1", "i-2", "i-3"] }],
            "TargetLocations": [{ "Accounts": [MEMBER], "Regions": ["eu-west-1", "us-east-1"] }],
            "ProgressCounters": { "TotalSteps": 2, "SuccessSteps": 2 },
        });
        run.steps = vec![step("eu-west-1", CHILD), step("us-east-1", OTHER)];
    });
    let mut well = in_vain();
    well.more["ProgressCounters"] = json!({ "TotalSteps": 3, "SuccessSteps": 3 });
    well.steps = Vec::new();
    world.aws.state().at(MEMBER, "eu-west-1").ssm.automations.insert(CHILD.to_owned(), in_vain());
    world.aws.state().at(MEMBER, "us-east-1").ssm.automations.insert(OTHER.to_owned(), well);
    assert_eq!(world.look().await, answered(true));
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(counted(&report), (3, 3));
    let child = &report["children"][0];
    assert_eq!((&child["account"], &child["region"]), (&json!(MEMBER), &json!("eu-west-1")));
}

#[tokio::test(start_paused = true)]
async fn an_approved_run_in_other_accounts_on_targets_is_followed_through_both_levels() {
    let world = World::new("Success");
    const LOCATION: &str = "00000000-0000-4000-8000-00000000000e";
    world.change_run(|run| {
        let inputs = json!({ "DocumentName": "Org-Fix" });
        run.steps = vec![executed("runOnTargetsInLocations", LOCATION, &inputs)];
    });
    let mut location = in_vain();
    location.more["TargetLocations"] = json!([{ "Accounts": [MEMBER], "Regions": ["eu-west-1"] }]);
    location.more["ProgressCounters"] = json!({ "TotalSteps": 1, "SuccessSteps": 1 });
    location.steps = vec![executed(&format!("{MEMBER}_eu-west-1"), CHILD, &json!({}))];
    world.aws.state().hub().ssm.automations.insert(LOCATION.to_owned(), location);
    world.aws.state().at(MEMBER, "eu-west-1").ssm.automations.insert(CHILD.to_owned(), in_vain());
    world.call(asking()).await.unwrap();
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(counted(&report), (0, 3));
    assert_eq!(report["children"][0]["account"], MEMBER);
}

#[tokio::test(start_paused = true)]
async fn a_runbook_that_runs_another_on_targets_reports_the_children_of_that_one() {
    let world = World::new("Success");
    world.change_run(|run| {
        let inputs = json!({ "DocumentName": "Org-Fix", "Targets": "[{\"Key\":\"tag:App\"}]" });
        run.steps = vec![executed("fixThem", CHILD, &inputs)];
    });
    world.aws.state().hub().ssm.automations.insert(CHILD.to_owned(), in_vain());
    world.look().await;
    assert_eq!(counted(&world.output().unwrap()["report"]), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_child_on_targets_that_cannot_be_looked_at_counts_as_what_ssm_calls_it() {
    let world = World::new("Success");
    world.change_run(|run| {
        run.more = json!({
            "Targets": [{ "Key": "ParameterValues", "Values": ["i-1", "i-2"] }],
            "TargetLocations": [{ "Accounts": [MEMBER], "Regions": ["eu-west-1"] }],
            "ProgressCounters": { "TotalSteps": 1, "SuccessSteps": 1 },
        });
        run.steps = vec![executed(&format!("{MEMBER}_eu-west-1"), CHILD, &json!({}))];
    });
    world.aws.state().without_roles.insert(MEMBER.to_owned());
    assert_eq!(world.look().await, answered(true));
    assert_eq!(counted(&world.output().unwrap()["report"]), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn children_that_ssm_does_not_count_are_counted_by_their_steps() {
    let world = World::new("Success");
    world.change_run(|run| {
        let mut all = in_vain();
        all.more.as_object_mut().unwrap().remove("ProgressCounters");
        run.more = all.more;
        run.steps = all.steps;
    });
    world.look().await;
    assert_eq!(counted(&world.output().unwrap()["report"]), (0, 1));
}

/// An `aws:approve` step.
fn approval(status: &str, decisions: &Value) -> Value {
    json!({
        "StepName": "approve", "Action": "aws:approve", "StepStatus": status,
        "ExecutionEndTime": 1.0, "Outputs": { "ApproverDecisions": decisions },
    })
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_was_refused_is_a_rejection_with_who_refused_it() {
    let world = World::new("Failed");
    let decision = r#"{"Approver": "arn:aws:sts::111122223333:assumed-role/ops/bob", "Decision": "Reject",
        "ApprovalDecisionTime": "2026-01-02T03:04:05Z", "Comment": "not now"}"#;
    world.change_run(|run| run.steps = vec![approval("Failed", &json!([decision]))]);
    assert_eq!(world.call(asking()).await.unwrap(), answered(true));
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(
        (&report["end"], &report["unanswered"]),
        (&json!({ "ran": "rejected" }), &Value::Null)
    );
    let decision = json!({
        "approver": "arn:aws:sts::111122223333:assumed-role/ops/bob", "answer": "rejected",
        "at": "2026-01-02T03:04:05Z", "comment": "not now",
    });
    assert_eq!(report["decisions"], json!([decision]));
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_nobody_answered_by_the_deadline_says_so() {
    // SSM ends the run TimedOut, or Failed where the step's onFailure says so.
    for status in ["TimedOut", "Failed"] {
        let world = World::new(status);
        world.change_run(|run| run.steps = vec![approval("TimedOut", &json!([]))]);
        world.call(asking()).await.unwrap();
        let report = world.output().unwrap()["report"].clone();
        assert_eq!(report["end"], json!({ "ran": "rejected" }), "what versions before it read");
        assert_eq!(report["unanswered"], true, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_ssm_does_not_end_is_ended_with_the_run_and_nobody_decided() {
    let world = World::new("Waiting");
    world.change_run(|run| run.steps = vec![approval("Waiting", &json!([]))]);
    let mut request = asking();
    request["pendingPublished"] = json!(true);
    tokio::time::advance(std::time::Duration::from_secs(5_400)).await;
    assert_eq!(world.call(request).await.unwrap(), answered(true));
    assert_eq!(world.aws.count("StopAutomationExecution"), 1);
    let report = world.output().unwrap()["report"].clone();
    assert_eq!(
        (&report["end"], &report["unanswered"]),
        (&json!({ "ran": "rejected" }), &json!(true))
    );
}
