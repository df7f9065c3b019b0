//! A look before anything is changed: it finds what an execution would do and changes nothing, and the execution
//! after it works on what was found.

use std::time::Duration;

use aws_double::{BUCKET, Fault};
use relay_core::storage::S3Object;
use serde_json::{Value, json};
use share_documents::look;
use sharing::plan::{EffectCounts, SharePlan};
use sharing::{ShareCounts, SurveyInput, WorkItem};

use crate::world::{OWNER, PLAN, REGION, World, accounts, input, names, settled};

fn survey(execution: &str, cursor: Option<String>, counts: Option<EffectCounts>) -> SurveyInput {
    SurveyInput {
        execution: input(execution, None, None).execution,
        plan: S3Object { bucket: BUCKET.to_owned(), key: PLAN.to_owned() },
        survey: WorkItem { owner: OWNER.parse().unwrap(), region: REGION.parse().unwrap() },
        cursor,
        counts,
    }
}

async fn looked(world: &World, execution: &str) -> EffectCounts {
    let mut answer = look(&world.deps(), survey(execution, None, None)).await.unwrap();
    while !answer.done {
        let again = survey(execution, answer.cursor, Some(answer.counts));
        answer = look(&world.deps(), again).await.unwrap();
    }
    answer.counts
}

fn part(world: &World, execution: &str) -> Value {
    let key = format!("details/{execution}/effect/{OWNER}/{REGION}.json");
    world.aws.state().object(&key).unwrap_or_else(|| panic!("no {key}"))
}

/// Two documents, shared with the first two of three members; the rules want all of them.
fn world(drift: bool) -> (World, Vec<String>, SharePlan) {
    let world = World::new(2);
    let accounts = accounts(3);
    for document in names(2) {
        world.share(&document, &accounts[..2]);
        for account in &accounts[..2] {
            world.remember(&document, account, "$DEFAULT");
        }
    }
    let mut plan = settled(&accounts);
    (plan.organization, plan.drift, plan.surveyed) = (true, drift, true);
    world.put_plan(&plan);
    (world, accounts, plan)
}

#[tokio::test(start_paused = true)]
async fn a_look_counts_what_would_be_done_and_does_none_of_it() {
    let (world, accounts, mut plan) = world(false);
    plan.rules[0].accounts.remove(0);
    world.put_plan(&plan);
    let ledger = world.ledger_size();
    let counts = looked(&world, "look").await;
    let expected = EffectCounts {
        documents: 2,
        share: 2,
        unshare: 2,
        losing: 2,
        holding: 4,
        present: 2,
        fingerprint: counts.fingerprint,
        ..EffectCounts::default()
    };
    assert_eq!(counts, expected);
    assert_ne!(counts.fingerprint, 0);
    for operation in ["ModifyDocumentPermission", "BatchWriteItem", "UpdateItem"] {
        assert_eq!(world.aws.count(operation), 0, "{operation}");
    }
    assert_eq!(world.ledger_size(), ledger);
    let part = part(&world, "look");
    let document = &part["documents"]["Org-Runbook-000"];
    assert_eq!(document["share"], json!([accounts[2]]));
    assert_eq!(document["unshare"], json!([accounts[0]]));
    assert_eq!(document["rules"], json!(["everything"]));
}

#[tokio::test(start_paused = true)]
async fn a_share_that_somebody_took_back_is_found_and_made_again_and_the_rest_is_left() {
    let (world, accounts, mut plan) = world(true);
    plan.rules[0].accounts.pop();
    world.put_plan(&plan);
    let gone = |ssm: &mut aws_double::Ssm| {
        ssm.documents.get_mut("Org-Runbook-001").unwrap().shared.remove(&accounts[1])
    };
    world.ssm(gone);
    let counts = looked(&world, "drift").await;
    assert_eq!((counts.share, counts.restore, counts.unshare, counts.present), (1, 1, 0, 3));
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 2);

    world.aws.forget_calls();
    let done = world.run("drift").await.unwrap().counts;
    assert_eq!(done, ShareCounts { documents: 1, added: 1, present: 1, ..Default::default() });
    assert_eq!(world.aws.count("DescribeDocumentPermission"), 1, "of the one that was found");
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 1);
    assert_eq!(world.shared_with("Org-Runbook-001"), accounts[..2]);

    world.aws.forget_calls();
    let steady = looked(&world, "steady").await;
    assert!(!steady.needs_work(), "{steady:?}");
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_share_is_found_named_and_left() {
    let (world, accounts, mut plan) = world(true);
    plan.rules[0].accounts.pop();
    world.put_plan(&plan);
    let stranger = "600000000000".to_owned();
    world.share("Org-Runbook-000", std::slice::from_ref(&stranger));
    let counts = looked(&world, "foreign").await;
    assert_eq!((counts.foreign, counts.left, counts.disputed), (1, 0, 1));
    assert!(!counts.needs_work());
    let part = part(&world, "foreign");
    let left = &part["documents"]["Org-Runbook-000"]["left"];
    assert_eq!(*left, json!([{"because": "foreign", "accounts": [stranger]}]));
    assert_eq!(part["problems"][0]["code"], "SharesOfOthers");
    assert_eq!(world.details("foreign")["problems"][0]["where"], OWNER);
    assert_eq!(world.shared_with("Org-Runbook-000").len(), accounts.len());
}

#[tokio::test(start_paused = true)]
async fn a_share_of_somebody_else_that_the_rules_want_is_named_and_needs_no_work() {
    let (world, accounts, _) = world(true);
    for document in names(2) {
        world.share(&document, &accounts[2..]);
    }
    world.remember_as(&names(1)[0], &accounts[2], "$DEFAULT", &json!({"holder": {"S": "foreign"}}));
    let counts = looked(&world, "unadopted").await;
    assert_eq!((counts.unadopted, counts.foreign, counts.left, counts.share), (2, 0, 0, 0));
    let part = part(&world, "unadopted");
    for document in names(2) {
        let left = &part["documents"][&document]["left"];
        assert_eq!(*left, json!([{"because": "unadopted", "accounts": [accounts[2]]}]));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_in_the_effect_with_its_reason() {
    let (world, accounts, mut plan) = world(false);
    plan.rules[0].accounts.remove(0);
    plan.rules[0].certain = false;
    world.put_plan(&plan);
    assert_eq!(looked(&world, "doubt").await.left, 2);
    let doubt = part(&world, "doubt");
    let left = &doubt["documents"]["Org-Runbook-000"]["left"];
    assert_eq!(*left, json!([{"because": "doubt", "accounts": [accounts[0]]}]));

    world.claims(&[("runbook-relay", "*"), ("relay-trial", "*")]);
    assert_eq!(looked(&world, "claims").await.disputed, 2);
    let claims = part(&world, "claims");
    assert_eq!(claims["documents"]["Org-Runbook-000"]["left"][0]["because"], "claim");
}

#[tokio::test(start_paused = true)]
async fn a_look_goes_on_where_the_last_invocation_stopped() {
    let (mut world, ..) = world(true);
    let (whole, found) = (looked(&world, "whole").await, part(&world, "whole"));
    let slow = Fault::Slow(Duration::from_secs(100));
    world.aws.on("DescribeDocumentPermission").fails(slow);
    world.time_budget = Duration::from_secs(50);
    let first = look(&world.deps(), survey("slow", None, None)).await.unwrap();
    assert!(!first.done || first.counts == whole);
    world.aws.heal();
    world.time_budget = Duration::from_secs(240);
    let second = survey("slow", first.cursor.or(Some("{}".into())), Some(first.counts));
    let second = look(&world.deps(), second).await.unwrap();
    assert!(second.done);
    assert_eq!(part(&world, "slow")["documents"], found["documents"]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_cannot_be_looked_at_is_worked_on_as_a_whole() {
    let (world, ..) = world(true);
    world.aws.on("DescribeDocumentPermission").times(1).fails(Fault::Denied);
    let counts = looked(&world, "denied").await;
    assert_eq!(counts.failed, 1);
    assert_eq!(part(&world, "denied")["incomplete"], true);
    let done = world.run("denied").await.unwrap().counts;
    assert_eq!((done.documents, done.added), (2, 2), "all of them are tried");
}

/// The plan of a change: it is about the first document, which may be gone, and nothing else.
fn touched(plan: &SharePlan) -> SharePlan {
    let mut plan = plan.clone();
    plan.touched = true;
    plan.work[0].only = Some([names(1)[0].parse().unwrap()].into());
    plan
}

#[tokio::test(start_paused = true)]
async fn a_change_looks_at_the_documents_that_were_touched_and_at_no_other() {
    let (world, accounts, plan) = world(false);
    world.put_plan(&touched(&plan));
    // Made again under its name: what the ledger says of it is not so any more.
    world.ssm(|ssm| ssm.documents.get_mut(&names(1)[0]).unwrap().shared.clear());
    let counts = looked(&world, "change").await;
    assert_eq!((counts.share, counts.restore, counts.documents), (3, 2, 1));
    world.finish("change").await;
    assert_eq!(world.shared_with(&names(2)[0]), accounts);
    assert_eq!(world.shared_with(&names(2)[1]), accounts[..2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_of_a_document_that_was_deleted_is_forgotten() {
    let (world, _, plan) = world(false);
    world.put_plan(&touched(&plan));
    world.ssm(|ssm| ssm.documents.remove(&names(1)[0]));
    let counts = looked(&world, "change").await;
    assert_eq!((counts.share, counts.unshare, counts.recorded), (0, 0, 2));
    let done = world.finish("change").await;
    assert_eq!((done.counts.removed, done.counts.failed), (0, 0));
    assert_eq!(world.ledger_size(), 2, "the other document is as it was");
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 0);
}
