//! A plan that somebody has seen and applies: its pairs are changed and no others, and what has moved is counted.

use std::time::Duration;

use aws_double::{BUCKET, Fault};
use relay_core::storage::S3Object;
use serde_json::{Value, json};
use share_documents::look;
use sharing::plan::{AppliedPlan, EffectCounts, SharePlan};
use sharing::{SurveyInput, WorkItem};

use crate::world::{OWNER, PLAN, REGION, World, accounts, input, names, settled};

async fn looked(world: &World, execution: &str) -> EffectCounts {
    let (mut cursor, mut counts) = (None, None);
    loop {
        let survey = SurveyInput {
            execution: input(execution, None, None).execution,
            plan: S3Object { bucket: BUCKET.to_owned(), key: PLAN.to_owned() },
            survey: WorkItem { owner: OWNER.parse().unwrap(), region: REGION.parse().unwrap() },
            cursor,
            counts,
        };
        let answer = look(&world.deps(), survey).await.unwrap();
        if answer.done {
            return answer.counts;
        }
        (cursor, counts) = (answer.cursor, Some(answer.counts));
        world.aws.heal();
    }
}

fn part(world: &World, execution: &str) -> Value {
    world.aws.state().object(&format!("details/{execution}/effect/{OWNER}/{REGION}.json")).unwrap()
}

/// Two documents, shared by the suite with the first two of three accounts. The plan shares them with the third.
fn world() -> (World, Vec<String>, SharePlan) {
    let world = World::new(2);
    let accounts = accounts(3);
    for document in names(2) {
        world.share(&document, &accounts[..2]);
        for account in &accounts[..2] {
            world.remember(&document, account, "$DEFAULT");
        }
    }
    let mut plan = settled(&accounts);
    (plan.organization, plan.drift, plan.surveyed) = (true, true, true);
    world.put_plan(&plan);
    (world, accounts, plan)
}

/// The plan that applies what the execution `seen` has found, under rules that mean nobody but these.
fn applying(world: &World, mut plan: SharePlan, accounts: &[String]) {
    let part = WorkItem { owner: OWNER.parse().unwrap(), region: REGION.parse().unwrap() };
    plan.only = Some(AppliedPlan { execution: "seen".to_owned(), parts: vec![part] });
    plan.rules[0].accounts = accounts.iter().map(|id| id.parse().unwrap()).collect();
    world.put_plan(&plan);
}

#[tokio::test(start_paused = true)]
async fn nothing_but_the_pairs_of_the_plan_is_changed() {
    let (world, accounts, plan) = world();
    assert_eq!(looked(&world, "seen").await.share, 2);
    // By now the rules would also take the documents back from the first account.
    applying(&world, plan, &accounts[1..]);
    let counts = looked(&world, "apply").await;
    assert_eq!((counts.share, counts.unshare, counts.moved), (2, 0, 0));
    world.run("apply").await.unwrap();
    assert_eq!(world.shared_with("Org-Runbook-000"), accounts);
    assert_eq!(world.shared_with("Org-Runbook-001"), accounts);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_the_rules_want_otherwise_by_now_is_named_with_its_document() {
    let (world, accounts, plan) = world();
    looked(&world, "seen").await;
    applying(&world, plan, &accounts[..2]);
    assert_eq!(looked(&world, "apply").await.moved, 2);
    let moved = &part(&world, "apply")["documents"]["Org-Runbook-001"]["moved"];
    assert_eq!(*moved, json!([accounts[2]]));
}

#[tokio::test(start_paused = true)]
async fn a_document_that_was_deleted_since_has_moved_and_one_that_was_shared_since_has_not() {
    let (world, accounts, plan) = world();
    looked(&world, "seen").await;
    world.ssm(|ssm| ssm.documents.remove("Org-Runbook-000"));
    world.share("Org-Runbook-001", &accounts[2..]);
    world.remember("Org-Runbook-001", &accounts[2], "$DEFAULT");
    applying(&world, plan, &accounts);
    let counts = looked(&world, "apply").await;
    assert_eq!((counts.share, counts.moved), (0, 1));
    assert_eq!(
        part(&world, "apply")["documents"]["Org-Runbook-000"]["moved"],
        json!([accounts[2]])
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_compared_is_remembered_over_invocations() {
    let (mut world, accounts, plan) = world();
    looked(&world, "seen").await;
    applying(&world, plan, &accounts);
    world
        .aws
        .on("DescribeDocumentPermission")
        .times(1)
        .fails(Fault::Slow(Duration::from_secs(100)));
    world.time_budget = Duration::from_secs(50);
    let counts = looked(&world, "apply").await;
    assert_eq!((counts.share, counts.moved), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn where_the_plan_says_nothing_nothing_is_changed() {
    let (world, accounts, mut plan) = world();
    plan.only = Some(AppliedPlan { execution: "seen".to_owned(), parts: Vec::new() });
    world.put_plan(&plan);
    let counts = looked(&world, "apply").await;
    assert_eq!((counts.share, counts.unshare, counts.moved), (0, 0, 0));
    world.run("apply").await.unwrap();
    assert_eq!(world.shared_with("Org-Runbook-000"), accounts[..2]);
}
