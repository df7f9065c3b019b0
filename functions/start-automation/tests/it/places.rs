//! Where a rung is started: other Regions, other accounts, the organization, new accounts; and what is
//! switched on before it.

use std::time::Duration;

use aws_double::{Document, Fault, HUB, REGION};
use runtime::FunctionError;
use serde_json::{Value, json};

use crate::world::{MEMBER, RUNBOOK, World, problem, request};

const START: &str = "StartAutomationExecution";
const SETTING: &str = "/ssm/automation/enable-adaptive-concurrency";

fn allowed() -> Document {
    let document = Document::requiring(&["InstanceId", "AutomationAssumeRole"]);
    document.tagged("runbook-relay", "allowed")
}

#[tokio::test(start_paused = true)]
async fn a_run_in_another_region_of_the_hub_is_started_there() {
    let world = World::new();
    world.document("eu-west-1", RUNBOOK, allowed());
    let mut request = request();
    request["input"]["region"] = json!("eu-west-1");
    let answer = world.start(request).await.unwrap();
    assert_eq!(answer["run"]["region"], "eu-west-1", "{answer}");
    let calls = world.aws.all_calls();
    let ssm = calls.iter().filter(|call| call.service == "ssm");
    assert!(ssm.clone().all(|call| call.region == "eu-west-1" && call.account == HUB));
    assert_eq!(ssm.count(), 3);
    let role = "arn:aws:iam::111122223333:role/runbook-relay/runbook-relay-service";
    let start = &world.aws.calls(START)[0];
    assert_eq!(start.body["Parameters"]["AutomationAssumeRole"], json!([role]));
}

#[tokio::test(start_paused = true)]
async fn a_run_in_another_account_is_started_from_the_hub() {
    let world = World::new();
    world.document(REGION, RUNBOOK, allowed());
    let mut request = request();
    request["input"]["account"] = json!(MEMBER);
    request["input"]["region"] = json!("eu-west-1");
    let answer = world.start(request).await.unwrap();
    assert_eq!(
        (&answer["run"]["account"], &answer["run"]["region"]),
        (&json!(HUB), &json!(REGION))
    );
    let start = &world.aws.calls(START)[0];
    assert_eq!((start.account.as_str(), start.region.as_str()), (HUB, REGION));
    let location = &start.body["TargetLocations"][0];
    assert_eq!(location["Accounts"], json!([MEMBER]));
    assert_eq!(location["Regions"], json!(["eu-west-1"]));
    assert_eq!(location["ExecutionRoleName"], "runbook-relay-execution");
    assert_eq!(world.aws.count("AssumeRole"), 0, "only SSM goes there");
}

#[tokio::test(start_paused = true)]
async fn a_runbook_that_takes_no_role_cannot_reach_another_account() {
    let world = World::new();
    let mut request = request();
    request["input"]["account"] = json!(MEMBER);
    let answer = world.start(request).await.unwrap();
    assert_eq!(problem(&answer)["code"], "AssumeRoleNotTaken");
    assert_eq!(answer["report"]["account"], MEMBER);
    assert_eq!(world.aws.count(START), 0);
}

/// A run on an OU by its path.
fn wide() -> Value {
    let mut request = request();
    request["input"]["run"] =
        json!({ "locations": { "accounts": ["/Workloads"], "regions": ["us-east-1"] } });
    request
}

fn with_units() -> World {
    let world = World::new();
    world.document(REGION, RUNBOOK, allowed());
    let mut state = world.aws.state();
    state.organization.unit("ou-root-workload", "r-root", "Workloads");
    state.organization.member(HUB, "r-root");
    drop(state);
    world
}

#[tokio::test(start_paused = true)]
async fn a_unit_named_by_its_path_is_looked_up_and_the_organization_is_read_for_nothing_else() {
    let world = with_units();
    let answer = world.start(wide()).await.unwrap();
    assert_eq!(answer["next"], "follow", "{answer}");
    let start = &world.aws.calls(START)[0];
    assert_eq!(start.body["TargetLocations"][0]["Accounts"], json!(["ou-root-workload"]));
    assert_eq!(world.aws.count("ListRoots"), 1);

    let narrow = with_units();
    narrow.start(request()).await.unwrap();
    let calls = narrow.aws.all_calls();
    assert!(calls.iter().all(|call| call.service != "organizations"));
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_does_not_exist_is_a_problem() {
    let world = with_units();
    world.aws.state().organization.units.clear();
    let answer = world.start(wide()).await.unwrap();
    assert_eq!(problem(&answer)["code"], "UnknownOrganizationalUnit");
    assert_eq!(world.aws.count(START), 0);
}

#[tokio::test(start_paused = true)]
async fn an_excluded_unit_that_is_gone_starts_nothing_whichever_way_it_is_named() {
    for gone in ["/Payments", "ou-root-payments"] {
        let mut request = wide();
        let locations = &mut request["input"]["run"]["locations"];
        locations["accounts"] = json!(["ou-root-workload"]);
        locations["exclude"] = json!([gone]);

        let world = with_units();
        world.aws.state().organization.unit("ou-root-payments", "r-root", "Payments");
        let answer = world.start(request.clone()).await.unwrap();
        assert_eq!(answer["next"], "follow", "{answer}");
        let start = &world.aws.calls(START)[0];
        assert_eq!(
            start.body["TargetLocations"][0]["ExcludeAccounts"],
            json!(["ou-root-payments"])
        );

        let world = with_units();
        let answer = world.start(request).await.unwrap();
        assert_eq!(problem(&answer)["code"], "UnknownOrganizationalUnit", "{gone}");
        assert_eq!(world.aws.count(START), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_may_not_be_read_is_an_error_of_its_own_and_starts_nothing() {
    let world = with_units();
    world.aws.on("ListOrganizationalUnitsForParent").fails(Fault::Denied);
    let error = world.start(wide()).await.unwrap_err();
    assert_eq!(error.name().as_str(), "OrganizationUnreadable");
    assert_eq!(world.aws.count(START), 0);
}

/// A run that an account which joined at `NOW` begins with.
fn onboarding(account: &str) -> Value {
    let mut request = request();
    request["input"]["account"] = json!(account);
    request["input"]["trigger"] = json!({ "kind": "onboarding", "eventIds": [] });
    request
}

#[tokio::test(start_paused = true)]
async fn a_new_account_is_waited_for_until_its_role_is_there() {
    let world = World::new();
    world.document(REGION, RUNBOOK, allowed());
    world.aws.state().without_roles.insert(MEMBER.to_owned());
    let wait = json!({ "next": "wait", "seconds": 60 });
    for _ in 0..3 {
        assert_eq!(world.start(onboarding(MEMBER)).await.unwrap(), wait);
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    assert_eq!(world.aws.count("DescribeDocument"), 0);
    world.aws.state().without_roles.clear();
    assert_eq!(world.start(onboarding(MEMBER)).await.unwrap()["next"], "follow");
    world.only_run();
}

#[tokio::test(start_paused = true)]
async fn a_new_account_that_never_gets_its_role_is_a_problem_after_its_time() {
    let world = World::new();
    world.aws.state().without_roles.insert(MEMBER.to_owned());
    tokio::time::advance(Duration::from_secs(3_600)).await;
    let answer = world.start(onboarding(MEMBER)).await.unwrap();
    let problem = problem(&answer);
    assert_eq!(problem["code"], "RoleNotAssumable");
    assert!(problem["hint"].as_str().unwrap().contains("stacks/target-account.yaml"), "{problem}");
    assert_eq!(answer["report"]["account"], MEMBER);
    assert_eq!(world.aws.count(START), 0);
}

#[tokio::test(start_paused = true)]
async fn an_sts_that_throttles_or_does_not_answer_is_not_an_account_without_a_role() {
    for (fault, name) in [(Fault::Throttled, "Throttled"), (Fault::LostReply, "Unavailable")] {
        let world = World::new();
        world.aws.on("AssumeRole").fails(fault);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        let error = world.start(onboarding(MEMBER)).await.unwrap_err();
        assert_eq!(error.name().as_str(), name);
    }
}

#[tokio::test(start_paused = true)]
async fn the_hub_needs_no_role_to_be_onboarded() {
    let world = World::new();
    world.aws.state().without_roles.insert(HUB.to_owned());
    assert_eq!(world.start(onboarding(HUB)).await.unwrap()["next"], "follow");
    assert_eq!(world.aws.count("AssumeRole"), 0);
}

fn adaptive() -> Value {
    let mut request = request();
    request["input"]["run"] = json!({ "adaptiveConcurrency": true });
    request
}

#[tokio::test(start_paused = true)]
async fn adaptive_concurrency_is_switched_on_before_the_start_and_once() {
    let world = World::new();
    assert_eq!(world.start(adaptive()).await.unwrap()["next"], "follow");
    assert_eq!(world.aws.state().hub().ssm.settings[SETTING], "True");
    let operations: Vec<String> =
        world.aws.all_calls().into_iter().map(|call| call.operation).collect();
    let at = |name: &str| operations.iter().position(|operation| operation == name).unwrap();
    assert!(at("UpdateServiceSetting") < at(START));
    world.start(adaptive()).await.unwrap();
    assert_eq!(world.aws.count("UpdateServiceSetting"), 1);
    assert_eq!(world.aws.count("GetServiceSetting"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_cannot_be_switched_on_starts_nothing() {
    for (operation, fault, name) in [
        ("GetServiceSetting", Fault::Denied, "AccessDenied"),
        ("UpdateServiceSetting", Fault::Denied, "AccessDenied"),
        ("UpdateServiceSetting", Fault::Throttled, "Throttled"),
    ] {
        let world = World::new();
        world.aws.on(operation).fails(fault);
        let error = world.start(adaptive()).await.unwrap_err();
        assert_eq!(error.name().as_str(), name, "{operation}");
        assert_eq!(world.aws.count(START), 0);
    }
}
