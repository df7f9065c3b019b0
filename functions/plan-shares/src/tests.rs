//! Whole plans, from policy, organization and ledger in memory.

use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_ssm::operation::get_parameters_by_path::GetParametersByPathError;
use aws_smithy_mocks::mock;
use aws_smithy_types::error::ErrorMetadata;
use relay_core::problem::ProblemCode;
use runtime::{ErrorName, FunctionError};
use serde_json::{Value, json};

use super::*;
use crate::world::{Aws, HUB, NEWCOMER, OWNER, PROD, WORKLOADS};

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

async fn plan_as(aws: &Aws, name: &str, input: Value) -> Result<PlanSharesOutput, Error> {
    let input = serde_json::from_value(json!({
        "execution": {"arn": "arn", "name": name, "startTime": "2026-03-01T12:00:00Z"},
        "input": input
    }))
    .unwrap();
    handle(&aws.deps(), input).await
}

async fn plan(aws: &Aws, kind: &str) -> Result<PlanSharesOutput, Error> {
    let trigger = json!({"kind": kind, "arn": "arn:aws:states:r:1:execution:share-runbooks:join"});
    plan_as(aws, kind, json!({"accounts": [NEWCOMER], "trigger": trigger})).await
}

fn work(output: &PlanSharesOutput) -> Vec<String> {
    output.work.iter().map(|item| format!("{}/{}", item.owner, item.region)).collect()
}

fn failing<T>(error: impl Fn(ErrorMetadata) -> T, code: &str) -> T {
    error(ErrorMetadata::builder().code(code).build())
}

#[tokio::test(start_paused = true)]
async fn a_join_is_planned_from_every_rule_that_means_the_account() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", EVERYBODY);
    aws.rule("prod", PROD_ONLY);
    let output = plan(&aws, "join").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/eu-west-1"), format!("{OWNER}/us-east-1")]);
    assert_eq!((output.accounts, output.problems, output.unchanged), (1, 0, false));
    assert!(output.rules_version.starts_with("sha256:"));
    assert_eq!(output.plan.key, "plans/join.json");

    let plan = aws.plan("join");
    assert_eq!(plan.rules_version, output.rules_version);
    assert_eq!(plan.rules.len(), 1);
    assert_eq!(aws.calls("Query"), 0);
    assert_eq!(aws.calls("GetParametersByPath"), 2);
    let world = aws.world.lock().unwrap();
    let place = &world.items[&format!("place#{NEWCOMER}")];
    assert_eq!(place["path"].as_s().unwrap(), "r-root/ou-root-workload");
    assert_eq!(place["execution"].as_s().unwrap(), "join");
}

#[tokio::test(start_paused = true)]
async fn a_move_looks_also_where_no_rule_means_the_account_any_more() {
    let aws = Aws::new();
    aws.member(NEWCOMER, "r-root");
    aws.rule("prod", PROD_ONLY);
    for sk2 in [
        "111122223333#us-east-1#Prod-A",
        "111122223333#us-east-1#Prod-B",
        "111122223333#us-east-2#Prod-A",
        "unreadable",
        "222233334444#eu-west-1#Old",
    ] {
        aws.shared(NEWCOMER, sk2);
    }
    aws.shared(OWNER, "333344445555#us-east-1#NotTheirs");
    let output = plan(&aws, "place").await.unwrap();
    assert_eq!(
        work(&output),
        [format!("{HUB}/us-east-1"), format!("{HUB}/us-east-2"), format!("{OWNER}/eu-west-1")]
    );
    // One for each pair, one for the entry that cannot be read, one that finds no more.
    assert_eq!(aws.calls("Query"), 5);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_left_is_planned_to_lose_what_the_ledger_holds() {
    let aws = Aws::new();
    aws.member(HUB, "r-root");
    aws.rule("everybody", EVERYBODY);
    aws.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
    let output = plan(&aws, "leave").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/us-east-1")]);
    let plan = aws.plan("leave");
    assert!(plan.places.is_empty() && plan.rules.is_empty() && plan.removals_allowed);
}

#[tokio::test(start_paused = true)]
async fn the_whole_organization_is_planned_with_everything_any_account_still_has() {
    let aws = Aws::new();
    aws.member(NEWCOMER, PROD);
    aws.member(HUB, "r-root");
    aws.rule("prod", PROD_ONLY);
    aws.shared(HUB, "222233334444#eu-west-1#Old");
    let output = plan_as(&aws, "b", json!({"organization": true})).await.unwrap();
    assert_eq!(work(&output), [format!("{HUB}/us-east-1"), format!("{OWNER}/eu-west-1")]);
    assert_eq!(output.accounts, 2);
    assert!(aws.plan("b").organization);
    assert_eq!(aws.calls("PutItem"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_at_the_same_place_finds_nothing_to_do() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", EVERYBODY);
    plan(&aws, "join").await.unwrap();
    let output = plan(&aws, "settle").await.unwrap();
    assert!(output.unchanged && output.work.is_empty());
    // It may be asked again, its first answer having been lost.
    assert!(plan(&aws, "settle").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_plans_again_when_the_place_the_account_or_the_policy_is_another() {
    let change_place = |aws: &Aws| aws.member(NEWCOMER, PROD);
    let change_account = |aws: &Aws| {
        aws.world.lock().unwrap().suspended.insert(NEWCOMER.into());
    };
    let change_policy = |aws: &Aws| aws.rule("prod", PROD_ONLY);
    let leave = |aws: &Aws| {
        aws.world.lock().unwrap().members.remove(NEWCOMER);
    };
    let changes: [&dyn Fn(&Aws); 4] = [&change_place, &change_account, &change_policy, &leave];
    for (index, change) in changes.into_iter().enumerate() {
        let aws = Aws::new();
        aws.member(NEWCOMER, WORKLOADS);
        aws.rule("everybody", EVERYBODY);
        plan(&aws, "join").await.unwrap();
        change(&aws);
        assert!(!plan(&aws, "settle").await.unwrap().unchanged, "change {index}");
        // Its own note, left by a try whose answer was lost, proves nothing.
        assert!(!plan(&aws, "settle").await.unwrap().unchanged, "change {index}, again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_look_without_a_first_one_plans() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", EVERYBODY);
    assert!(!plan(&aws, "settle").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_second_look_plans_again_when_somebody_planned_after_the_join() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", EVERYBODY);
    plan(&aws, "join").await.unwrap();
    plan(&aws, "place").await.unwrap();
    assert!(!plan(&aws, "settle").await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn a_join_takes_nothing_back() {
    let aws = Aws::new();
    aws.member(NEWCOMER, "r-root");
    aws.rule("everybody", EVERYBODY);
    aws.shared(NEWCOMER, "111122223333#us-east-1#Prod-A");
    let output = plan(&aws, "join").await.unwrap();
    assert_eq!(work(&output), [format!("{OWNER}/eu-west-1"), format!("{OWNER}/us-east-1")]);
    assert!(!aws.plan("join").removals_allowed);
    plan(&aws, "place").await.unwrap();
    assert!(aws.plan("place").removals_allowed);
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_from_an_older_view_than_another_does_nothing_unless_it_is_a_join() {
    for (kind, unchanged) in
        [("place", true), ("leave", true), ("settle", true), ("join", false), ("manual", false)]
    {
        let aws = Aws::new();
        aws.member(NEWCOMER, WORKLOADS);
        aws.rule("everybody", EVERYBODY);
        aws.world.lock().unwrap().now = 2_000;
        plan_as(&aws, "later", json!({"accounts": [NEWCOMER]})).await.unwrap();
        aws.world.lock().unwrap().now = 1_000;
        assert_eq!(plan(&aws, kind).await.unwrap().unchanged, unchanged, "{kind}");
        let world = aws.world.lock().unwrap();
        let place = &world.items[&format!("place#{NEWCOMER}")];
        assert_eq!(place["execution"].as_s().unwrap(), "later");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_left_or_was_closed_loses_its_shares_even_while_a_rule_is_invalid() {
    let closed = |aws: &Aws| {
        aws.member(NEWCOMER, WORKLOADS);
        aws.world.lock().unwrap().suspended.insert(NEWCOMER.into());
    };
    let gone = |_: &Aws| ();
    let still_there = |aws: &Aws| aws.member(NEWCOMER, WORKLOADS);
    let cases: [&dyn Fn(&Aws); 3] = [&closed, &gone, &still_there];
    for (case, removals_allowed) in cases.into_iter().zip([true, true, false]) {
        let aws = Aws::new();
        case(&aws);
        aws.rule("broken", "documents: [");
        aws.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
        let output = plan(&aws, "leave").await.unwrap();
        assert_eq!(work(&output), [format!("{OWNER}/us-east-1")]);
        assert_eq!(aws.plan("leave").removals_allowed, removals_allowed);
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_rule_members_lose_nothing_and_only_a_join_is_answered() {
    for (kind, unchanged) in [
        ("join", false),
        ("manual", false),
        ("leave", false),
        ("place", true),
        ("settle", true),
        ("backfill", true),
    ] {
        let aws = Aws::new();
        aws.member(NEWCOMER, WORKLOADS);
        aws.shared(NEWCOMER, "222233334444#us-east-1#Org-A");
        let output = plan(&aws, kind).await.unwrap();
        assert_eq!(output.unchanged, unchanged, "{kind}");
        let plan = aws.plan(kind);
        assert!(!plan.removals_allowed);
        assert_eq!(plan.problems[0].code, ProblemCode::RulesEmpty);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_rule_is_a_problem_and_stops_removals_but_not_the_valid_rules() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("broken", "documents: [");
    aws.rule("everybody", EVERYBODY);
    let output = plan(&aws, "join").await.unwrap();
    assert_eq!(output.work.len(), 2);
    assert_eq!(output.problems, 1);
    let plan = aws.plan("join");
    assert!(!plan.removals_allowed);
    assert!(plan.problems[0].place.starts_with("/runbook-relay/sharing/broken"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_cannot_be_read_whole_makes_no_plan() {
    for (code, name) in [
        ("AccessDeniedException", ErrorName::RulesUnreadable),
        ("InvalidKeyId", ErrorName::RulesUnreadable),
        ("ThrottlingException", ErrorName::Throttled),
    ] {
        let mut aws = Aws::new();
        aws.member(NEWCOMER, WORKLOADS);
        aws.instead(
            "GetParametersByPath",
            mock!(aws_sdk_ssm::Client::get_parameters_by_path)
                .then_error(move || failing(GetParametersByPathError::generic, code)),
        );
        let error = plan(&aws, "join").await.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(aws.calls("PutObject") + aws.calls("PutItem"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_read_makes_no_plan() {
    let mut aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.instead(
        "Query",
        mock!(aws_sdk_dynamodb::Client::query)
            .then_error(|| failing(QueryError::generic, "ResourceNotFoundException")),
    );
    let error = plan(&aws, "place").await.unwrap_err();
    assert_eq!(error.name(), ErrorName::LedgerUnavailable);
    assert_eq!(aws.calls("PutObject"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_plan_takes_the_place_of_the_first() {
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", EVERYBODY);
    let first = plan(&aws, "join").await.unwrap();
    let second = plan(&aws, "join").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(aws.world.lock().unwrap().objects.len(), 1);
}

#[test]
fn the_settings_come_from_the_environment() {
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
        .build();
    let environment = Environment::from_iter([
        ("AWS_REGION", "us-east-1"),
        ("HUB_ACCOUNT", HUB),
        ("ORGANIZATIONS_REGION", "us-east-1"),
        ("RULES_PATH", "/runbook-relay/sharing/"),
        ("TABLE_NAME", "table"),
        ("BUCKET_NAME", "bucket"),
    ]);
    let deps = Deps::new(&environment, &config).unwrap();
    assert_eq!(deps.policy_path, "/runbook-relay/sharing");
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
    let aws = Aws::new();
    aws.member(NEWCOMER, WORKLOADS);
    aws.rule("everybody", ONBOARDED);
    let names = |output: PlanSharesOutput| -> Vec<String> {
        output.onboarding.into_iter().map(|start| start.name).collect()
    };
    let name = format!("onboard-{NEWCOMER}-0-Org-Baseline-everybody");
    assert_eq!(names(plan(&aws, "join").await.unwrap()), [name]);
    let second = plan(&aws, "settle").await.unwrap();
    assert!(second.unchanged);
    assert_eq!(names(second), [""; 0], "an unchanged plan starts nothing");
    aws.world.lock().unwrap().now = 31 * 86_400_000;
    assert_eq!(names(plan(&aws, "place").await.unwrap()), [""; 0], "it is new no more");
}
