//! Whole plans, from policy, organization and ledger in memory.

use aws_double::{Fault, HUB};
use plan_shares::{Deps, Error, handle};
use relay_core::problem::ProblemCode;
use runtime::{ConfigError, Environment, ErrorName, FunctionError};
use serde_json::{Value, json};
use sharing::PlanSharesOutput;
use sharing::plan::Removals;

use crate::world::{NEWCOMER, OWNER, PROD, WORKLOADS, World};

const EVERYBODY: &str = r#"
documents: {owner: "222233334444", names: ["Org-*"]}
regions: [us-east-1, eu-west-1]
accounts: {in: [organization]}
"#;
const PROD_ONLY: &str = r#"
documents: {names: ["Prod-*"]}
regions: [us-east-1]
accounts: {in: [/Workloads/Prod]}
"#;

async fn plan_as(world: &World, name: &str, input: Value) -> Result<PlanSharesOutput, Error> {
    let input = serde_json::from_value(json!({
        "execution": {"arn": "arn", "name": name, "startTime": "2026-03-01T12:00:00Z"},
        "input": input
    }))
    .unwrap();
    handle(&world.deps(), input).await
}

async fn plan(world: &World, kind: &str) -> Result<PlanSharesOutput, Error> {
    let trigger = json!({"kind": kind, "arn": "arn:aws:states:r:1:execution:share-runbooks:join"});
    plan_as(world, kind, json!({"accounts": [NEWCOMER], "trigger": trigger})).await
}

fn work(output: &PlanSharesOutput) -> Vec<String> {
    output.work.iter().map(|item| format!("{}/{}", item.owner, item.region)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_join_is_planned_from_every_rule_that_means_the_account() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", EVERYBODY);
    world.rule("prod", PROD_ONLY);
    let output = plan(&world, "join").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/eu-west-1"), format!("{OWNER}/us-east-1")]);
    assert_eq!((output.accounts, output.problems, output.unchanged), (1, 0, false));
    assert!(output.rules_version.starts_with("sha256:"));
    assert_eq!(output.plan.key, "plans/join.json");

    let plan = world.plan("join");
    assert_eq!(plan.rules_version, output.rules_version);
    assert_eq!(plan.rules.len(), 1);
    assert_eq!(world.calls("Query"), 0);
    assert_eq!(world.calls("GetParametersByPath"), 2);
    for call in world.aws.calls("GetParametersByPath") {
        assert_eq!(
            (&call.body["Recursive"], &call.body["WithDecryption"]),
            (&json!(false), &json!(true))
        );
    }
    let place = world.place(NEWCOMER);
    assert_eq!(place["path"]["S"], "r-root/ou-root-workload");
    assert_eq!(place["execution"]["S"], "join");
}

#[tokio::test(start_paused = true)]
async fn a_move_looks_also_where_no_rule_means_the_account_any_more() {
    let world = World::new();
    world.member(NEWCOMER, "r-root");
    world.rule("prod", PROD_ONLY);
    for sk2 in [
        "111122223333#us-east-1#Prod-A",
        "111122223333#us-east-1#Prod-B",
        "111122223333#us-east-2#Prod-A",
        "unreadable",
        "222233334444#eu-west-1#Old",
    ] {
        world.shared(NEWCOMER, sk2);
    }
    world.shared(OWNER, "333344445555#us-east-1#NotTheirs");
    let output = plan(&world, "move").await.unwrap();
    assert_eq!(
        work(&output),
        [format!("{HUB}/us-east-1"), format!("{HUB}/us-east-2"), format!("{OWNER}/eu-west-1")]
    );
    // One for each pair, one for the entry that cannot be read, one that finds no more.
    assert_eq!(world.calls("Query"), 5);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_is_planned_to_lose_what_the_ledger_holds() {
    let world = World::new();
    world.member(HUB, "r-root");
    world.rule("everybody", EVERYBODY);
    world.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
    let output = plan(&world, "departure").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/us-east-1")]);
    let plan = world.plan("departure");
    assert!(plan.places.is_empty() && plan.rules.is_empty());
    assert_eq!(plan.removals, Removals::Everybody);
}

#[tokio::test(start_paused = true)]
async fn the_whole_organization_is_planned_with_everything_any_account_still_has() {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    world.member(HUB, "r-root");
    world.rule("prod", PROD_ONLY);
    world.shared(HUB, "222233334444#eu-west-1#Old");
    let output = plan_as(&world, "b", json!({"organization": true})).await.unwrap();
    assert_eq!(work(&output), [format!("{HUB}/us-east-1"), format!("{OWNER}/eu-west-1")]);
    assert_eq!(output.accounts, 2);
    assert!(world.plan("b").organization);
    assert_eq!(
        world.calls("PutItem"),
        2,
        "what the rule names and the time of the plan, and no places"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_is_planned_where_it_touches_and_everywhere_where_that_is_not_known() {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    world.member(HUB, "r-root");
    world.rule("everybody", EVERYBODY);
    world.rule("prod", PROD_ONLY);
    let change = |touched: Value| json!({"organization": true, "touched": touched, "trigger": {"kind": "change"}});
    let documents = json!({"documents": [
        {"owner": OWNER, "region": "us-east-1", "document": "Org-A"},
        {"owner": "999988887777", "region": "us-east-1", "document": "Nobodys"},
    ]});
    let output = plan_as(&world, "documents", change(documents)).await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/us-east-1")]);
    let plan = world.plan("documents");
    assert_eq!(plan.work[0].only, Some(["Org-A".parse().unwrap()].into()));
    assert_eq!(plan.work[0].rules.len(), 1);

    let units = plan_as(&world, "units", change(json!({"units": true}))).await.unwrap();
    assert_eq!(work(&units), [format!("{HUB}/us-east-1")], "the rule that names an OU");

    world.state().hub().ssm.parameters.remove("/runbook-relay/sharing/prod");
    let deleted = plan_as(&world, "deleted", change(json!({"rules": ["prod"]}))).await.unwrap();
    assert_eq!(work(&deleted), [format!("{HUB}/us-east-1")], "what it named before");
    assert!(world.plan("deleted").work[0].rules.is_empty());
    assert!(world.state().table.get("place#organization", "place").is_none());

    let unknown = plan_as(&world, "unknown", change(json!({"rules": ["other"]}))).await.unwrap();
    assert_eq!(work(&unknown).len(), 2);
    assert!(!world.plan("unknown").touched);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_at_the_same_place_finds_nothing_to_do() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", EVERYBODY);
    plan(&world, "join").await.unwrap();
    let output = plan(&world, "recheck").await.unwrap();
    assert!(output.unchanged && output.work.is_empty());
    // It may be asked again, its first answer having been lost.
    assert!(plan(&world, "recheck").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_makes_the_copies_for_which_the_account_lacked_its_stack() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", &format!("{EVERYBODY}distribution: copy\n"));
    plan(&world, "join").await.unwrap();
    assert!(!plan(&world, "recheck").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_plans_again_when_the_place_the_account_or_the_policy_is_another() {
    let change_place = |world: &World| world.member(NEWCOMER, PROD);
    let change_account = |world: &World| world.suspend(NEWCOMER);
    let change_policy = |world: &World| world.rule("prod", PROD_ONLY);
    let leave = |world: &World| {
        world.state().organization.members.remove(NEWCOMER);
    };
    let changes: [&dyn Fn(&World); 4] = [&change_place, &change_account, &change_policy, &leave];
    for (index, change) in changes.into_iter().enumerate() {
        let world = World::new();
        world.member(NEWCOMER, WORKLOADS);
        world.rule("everybody", EVERYBODY);
        plan(&world, "join").await.unwrap();
        change(&world);
        assert!(!plan(&world, "recheck").await.unwrap().unchanged, "change {index}");
        // Its own note, left by a try whose answer was lost, proves nothing.
        assert!(!plan(&world, "recheck").await.unwrap().unchanged, "change {index}, again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_look_without_a_first_one_plans() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", EVERYBODY);
    assert!(!plan(&world, "recheck").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_plans_again_when_somebody_planned_after_the_join() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", EVERYBODY);
    plan(&world, "join").await.unwrap();
    plan(&world, "move").await.unwrap();
    assert!(!plan(&world, "recheck").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_join_takes_nothing_back() {
    let world = World::new();
    world.member(NEWCOMER, "r-root");
    world.rule("everybody", EVERYBODY);
    world.shared(NEWCOMER, "111122223333#us-east-1#Prod-A");
    let output = plan(&world, "join").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/eu-west-1"), format!("{OWNER}/us-east-1")]);
    assert_eq!(world.plan("join").removals, Removals::Nobody);
    plan(&world, "move").await.unwrap();
    assert_eq!(world.plan("move").removals, Removals::Everybody);
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_from_an_older_view_than_another_does_nothing_unless_it_is_a_join() {
    for (kind, unchanged) in
        [("move", true), ("departure", true), ("recheck", true), ("join", false), ("manual", false)]
    {
        let world = World::new();
        world.member(NEWCOMER, WORKLOADS);
        world.rule("everybody", EVERYBODY);
        world.now.set(2_000);
        plan_as(&world, "later", json!({"accounts": [NEWCOMER]})).await.unwrap();
        world.now.set(1_000);
        assert_eq!(plan(&world, kind).await.unwrap().unchanged, unchanged, "{kind}");
        assert_eq!(world.place(NEWCOMER)["execution"]["S"], "later");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_left_or_was_closed_loses_its_shares_even_while_a_rule_is_invalid() {
    let closed = |world: &World| {
        world.member(NEWCOMER, WORKLOADS);
        world.suspend(NEWCOMER);
    };
    let gone = |_: &World| ();
    let still_there = |world: &World| world.member(NEWCOMER, WORKLOADS);
    let cases: [&dyn Fn(&World); 3] = [&closed, &gone, &still_there];
    for (case, active) in cases.into_iter().zip([false, false, true]) {
        let world = World::new();
        case(&world);
        world.rule("broken", "documents: [");
        world.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
        let output = plan(&world, "departure").await.unwrap();
        assert_eq!(work(&output), [format!("{OWNER}/us-east-1")]);
        let plan = world.plan("departure");
        assert_eq!(plan.removals, Removals::Departed);
        assert_eq!(plan.places.iter().any(|place| place.active), active);
    }
}

/// Of an account in an OU that a rule names by a name that the OU no longer has.
fn after_a_renaming() -> World {
    let world = World::new();
    world.member(NEWCOMER, PROD);
    world.rule("prod", &PROD_ONLY.replace("/Workloads/Prod", "/Workloads/Production"));
    world.shared(NEWCOMER, &format!("{HUB}#us-east-1#Prod-A"));
    world
}

#[tokio::test(start_paused = true)]
async fn who_may_be_meant_by_an_ou_that_is_not_found_is_looked_up_and_keeps_its_shares() {
    let world = after_a_renaming();
    let output = plan(&world, "move").await.unwrap();
    assert_eq!((output.problems, output.unchanged), (1, false));
    let plan = world.plan("move");
    assert_eq!(plan.problems[0].code, ProblemCode::UnknownOrganizationalUnit);
    assert!(plan.problems[0].hint.contains("/Workloads/Prod?"), "{}", plan.problems[0].hint);
    assert!(plan.selectors_read && !plan.rules[0].certain);
    assert_eq!(plan.work[0].rules, [0], "the rule is there to keep its documents");
}

#[tokio::test(start_paused = true)]
async fn no_ou_is_looked_up_for_an_account_that_left() {
    let world = after_a_renaming();
    world.state().organization.members.remove(NEWCOMER);
    let output = plan(&world, "departure").await.unwrap();
    assert_eq!(work(&output), [format!("{HUB}/us-east-1")]);
    let plan = world.plan("departure");
    assert_eq!((plan.rules.len(), plan.work[0].rules.len()), (0, 0), "no rule means it");
    assert_eq!(world.calls("ListOrganizationalUnitsForParent"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_ou_that_exists_elsewhere_is_found_and_keeps_nothing() {
    let world = after_a_renaming();
    world.rule("prod", PROD_ONLY);
    world.member(NEWCOMER, "r-root");
    plan(&world, "move").await.unwrap();
    let plan = world.plan("move");
    assert_eq!((plan.problems.len(), plan.rules.len()), (0, 0));
    assert_eq!(plan.removals, Removals::Everybody);
    let listed = world.calls("ListOrganizationalUnitsForParent");
    assert_eq!(listed, 4, "the root and /Workloads, two pages each");
}

#[tokio::test(start_paused = true)]
async fn an_organization_whose_ous_cannot_be_looked_up_makes_no_plan() {
    let world = after_a_renaming();
    world.aws.on("ListOrganizationalUnitsForParent").fails(Fault::Denied);
    let error = plan(&world, "move").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::OrganizationUnreadable);
}

#[tokio::test(start_paused = true)]
async fn a_join_looks_up_no_more_than_the_account() {
    let world = after_a_renaming();
    plan(&world, "join").await.unwrap();
    assert_eq!(world.calls("ListOrganizationalUnitsForParent"), 0);
    let plan = world.plan("join");
    assert_eq!((plan.problems.len(), plan.removals), (0, Removals::Nobody));
}

#[tokio::test(start_paused = true)]
async fn without_any_rule_members_lose_nothing_and_only_a_join_is_answered() {
    for (kind, unchanged) in [
        ("join", false),
        ("manual", false),
        ("departure", false),
        ("move", true),
        ("recheck", true),
        ("backfill", true),
    ] {
        let world = World::new();
        world.member(NEWCOMER, WORKLOADS);
        world.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
        let output = plan(&world, kind).await.unwrap();
        assert_eq!(output.unchanged, unchanged, "{kind}");
        let plan = world.plan(kind);
        assert_ne!(plan.removals, Removals::Everybody);
        assert_eq!(plan.problems[0].code, ProblemCode::RulesEmpty);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_rule_is_a_problem_and_stops_removals_but_not_the_valid_rules() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("broken", "documents: [");
    world.rule("everybody", EVERYBODY);
    let output = plan(&world, "join").await.unwrap();
    assert_eq!(output.work.len(), 2);
    assert_eq!(output.problems, 1);
    let plan = world.plan("join");
    assert_eq!(plan.removals, Removals::Nobody);
    assert!(plan.problems[0].place.to_string().starts_with("/runbook-relay/sharing/broken"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_read_whole_makes_no_plan() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::RulesUnreadable),
        ("InvalidKeyId", ErrorName::RulesUnreadable),
        ("ThrottlingException", ErrorName::Throttled),
    ] {
        let world = World::new();
        world.member(NEWCOMER, WORKLOADS);
        world.aws.on("GetParametersByPath").fails(Fault::Error(code, ""));
        let error = plan(&world, "join").await.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(world.calls("PutObject") + world.calls("PutItem"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_read_makes_no_plan() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.aws.on("Query").fails(Fault::Error("ResourceNotFoundException", ""));
    let error = plan(&world, "move").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::LedgerUnavailable);
    assert_eq!(world.calls("PutObject"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_plan_takes_the_place_of_the_first() {
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", EVERYBODY);
    let first = plan(&world, "join").await.unwrap();
    let second = plan(&world, "join").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.state().objects.len(), 1);
}

#[test]
fn the_settings_come_from_the_environment() {
    let config = World::new().sdk();
    let environment = Environment::from_iter([
        ("AWS_REGION", "us-east-1"),
        ("HUB_ACCOUNT", HUB),
        ("ORGANIZATIONS_REGION", "us-east-1"),
        ("INSTALLATION_ID", "runbook-relay"),
        ("TABLE_NAME", "table"),
        ("BUCKET_NAME", "bucket"),
    ]);
    let deps = Deps::new(&environment, &config).unwrap();
    assert_eq!(deps.rules_path, "/runbook-relay/sharing");
    let error = Deps::new(&Environment::default(), &config).unwrap_err();
    assert_eq!(error, ConfigError::Missing("ORGANIZATIONS_REGION".into()));
}

#[tokio::test(start_paused = true)]
async fn a_new_account_is_onboarded_by_the_execution_whose_plan_stands() {
    const ONBOARDED: &str = r#"
documents: {names: ["Org-*"]}
regions: [us-east-1]
accounts: {in: [organization]}
onboarding: [{runbook: Org-Baseline}]
"#;
    let world = World::new();
    world.member(NEWCOMER, WORKLOADS);
    world.rule("everybody", ONBOARDED);
    let names = |output: PlanSharesOutput| -> Vec<String> {
        output.onboarding.into_iter().map(|start| start.name).collect()
    };
    let name = format!("onboard-{NEWCOMER}-0-Org-Baseline-everybody");
    assert_eq!(names(plan(&world, "join").await.unwrap()), [name]);
    let second = plan(&world, "recheck").await.unwrap();
    assert!(second.unchanged);
    assert_eq!(names(second), [""; 0], "an unchanged plan starts nothing");
    world.now.set(31 * 86_400_000);
    assert_eq!(names(plan(&world, "move").await.unwrap()), [""; 0], "it is new no more");
}
