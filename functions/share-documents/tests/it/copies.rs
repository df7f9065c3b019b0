//! Copies of documents in the accounts that get them: made, brought up to date, deleted, and never taken for others'.

use std::time::Duration;

use aws_double::{Document, Fault, Ssm};
use relay_core::storage::S3Object;
use serde_json::{Value, json};
use share_documents::look;
use sharing::plan::{EffectCounts, SharePlan};
use sharing::{Distribution, ShareCounts, SurveyInput, SurveyOutput, WorkItem};

use crate::world::{OWNER, PLAN, REGION, World, accounts, input, settled};

const NAME: &str = "Org-Runbook-000";
/// The tag of copies of this owner's documents.
const TAG: (&str, &str) = ("relay:copy", "runbook-relay/222233334444");

/// An owner with one document of two versions, the first of which is the default, and a plan for the whole
/// organization that copies it to these accounts.
fn world(count: usize) -> (World, Vec<String>, SharePlan) {
    let world = World::new(1);
    let versions = ["one", "two"].map(str::to_owned).to_vec();
    world.ssm(|ssm| ssm.documents.get_mut(NAME).unwrap().versions = versions);
    let accounts = accounts(count);
    let mut plan = settled(&accounts);
    plan.organization = true;
    plan.rules[0].distribution = Distribution::Copy;
    world.put_plan(&plan);
    (world, accounts, plan)
}

fn at<T>(world: &World, account: &str, read: impl FnOnce(&mut Ssm) -> T) -> T {
    read(&mut world.aws.state().at(account, REGION).ssm)
}

/// The document of the name in an account, if there is one.
fn found(world: &World, account: &str) -> Option<Document> {
    at(world, account, |ssm| ssm.documents.get(NAME).cloned())
}

fn has(world: &World, account: &str, content: &str) {
    let copy = found(world, account).unwrap_or_else(|| panic!("no copy in {account}"));
    assert_eq!(copy.content(), content, "{account}");
    assert_eq!(copy.tags.get(TAG.0).map(String::as_str), Some(TAG.1));
}

/// A new default version at the owner.
fn change(world: &World, content: &str) {
    world.ssm(|ssm| {
        let document = ssm.documents.get_mut(NAME).unwrap();
        *document = document.clone().with_version(content);
    });
}

fn entry(world: &World, account: &str) -> Option<Value> {
    let key = format!("share#{OWNER}#{REGION}#{NAME}");
    let entry = world.aws.state().table.get(&key, &format!("copy#{account}")).cloned();
    entry.map(|entry| json!(entry))
}

async fn counts(world: &World, execution: &str) -> ShareCounts {
    world.finish(execution).await.counts
}

fn copied(count: u64) -> ShareCounts {
    ShareCounts { documents: 1, copied: count, ..ShareCounts::default() }
}

fn present(count: u64) -> ShareCounts {
    ShareCounts { documents: 1, present: count, ..ShareCounts::default() }
}

async fn looked(world: &World, execution: &str) -> (EffectCounts, Value) {
    let (answer, part) = looked_from(world, execution, (None, None)).await;
    assert!(answer.done);
    (answer.counts, part)
}

/// One round of a look, from where the last one stopped.
async fn looked_from(
    world: &World,
    execution: &str,
    (cursor, counts): (Option<String>, Option<EffectCounts>),
) -> (SurveyOutput, Value) {
    let survey = SurveyInput {
        execution: input(execution, None, None).execution,
        plan: S3Object { bucket: aws_double::BUCKET.to_owned(), key: PLAN.to_owned() },
        survey: WorkItem { owner: OWNER.parse().unwrap(), region: REGION.parse().unwrap() },
        cursor,
        counts,
    };
    let answer = look(&world.deps(), survey).await.unwrap();
    let key = format!("details/{execution}/effect/{OWNER}/{REGION}.json");
    (answer, world.aws.state().object(&key).unwrap_or_default())
}

const CHANGES: [&str; 5] = [
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "ModifyDocumentPermission",
];

fn changes(world: &World) -> usize {
    CHANGES.iter().map(|operation| world.aws.count(operation)).sum()
}

#[tokio::test(start_paused = true)]
async fn each_account_gets_a_copy_of_the_default_version_once() {
    let (world, accounts, _) = world(45);
    assert_eq!(counts(&world, "first").await, copied(45));
    accounts.iter().for_each(|account| has(&world, account, "one"));
    assert_eq!(world.shared_with(NAME), [""; 0]);
    assert_eq!(world.aws.count("CreateDocument"), 45);
    assert_eq!(world.aws.count("GetDocument"), 1, "the content is read once");
    assert_eq!(world.details("first")["documents"][NAME]["copiedAccounts"], json!(accounts));

    world.aws.forget_calls();
    assert_eq!(counts(&world, "second").await, present(45));
    assert_eq!(changes(&world), 0);
    assert_eq!(world.aws.count("BatchWriteItem"), 0);
    assert_eq!(world.aws.count("DescribeDocument"), 1, "the owner's document alone is looked at");
}

#[tokio::test(start_paused = true)]
async fn a_copy_follows_the_default_version_forward_and_back() {
    let (world, accounts, _) = world(2);
    world.finish("first").await;
    change(&world, "three");
    assert_eq!(counts(&world, "forward").await, copied(2));
    accounts.iter().for_each(|account| has(&world, account, "three"));
    // SSM makes no second version of the same content: the first one becomes the default again.
    world.ssm(|ssm| ssm.documents.get_mut(NAME).unwrap().default = 1);
    assert_eq!(counts(&world, "back").await, copied(2));
    for account in &accounts {
        has(&world, account, "one");
        assert_eq!(found(&world, account).unwrap().versions, ["one", "three"]);
    }
    assert_eq!(counts(&world, "again").await, present(2));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_no_rule_wants_is_deleted_in_members_and_left_to_those_that_have_left() {
    let (world, accounts, mut plan) = world(3);
    world.finish("first").await;
    plan.rules[0].accounts.truncate(1);
    plan.places.truncate(2);
    world.put_plan(&plan);
    let expected = ShareCounts { deleted: 1, ..present(1) };
    assert_eq!(counts(&world, "second").await, expected);
    has(&world, &accounts[0], "one");
    assert!(found(&world, &accounts[1]).is_none());
    has(&world, &accounts[2], "one");
    let entries: Vec<bool> = accounts.iter().map(|id| entry(&world, id).is_some()).collect();
    assert_eq!(entries, [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn the_copies_of_a_document_that_its_owner_has_deleted_are_deleted() {
    let (world, accounts, _) = world(2);
    world.finish("first").await;
    world.ssm(|ssm| ssm.documents.remove(NAME));
    let counts = counts(&world, "second").await;
    assert_eq!((counts.deleted, counts.failed), (2, 0));
    assert!(accounts.iter().all(|account| found(&world, account).is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_document_of_the_accounts_own_is_left_and_named() {
    let (world, accounts, mut plan) = world(3);
    let own = |account: &str, document: Document| {
        at(&world, account, |ssm| ssm.documents.insert(NAME.to_owned(), document));
    };
    own(&accounts[0], Document::default().with_version("mine"));
    // The tag alone does not make it the suite's.
    own(&accounts[1], Document::default().with_version("mine").tagged(TAG.0, TAG.1));
    let answer = counts(&world, "first").await;
    assert_eq!((answer.copied, answer.failed), (1, 2));
    for account in &accounts[..2] {
        assert_eq!(found(&world, account).unwrap().content(), "mine");
        assert_eq!(entry(&world, account), None);
    }
    let problem = &world.details("first")["problems"][0];
    assert_eq!(problem["code"], "CopyNameTaken");
    let what = problem["what"].as_str().unwrap();
    assert!(what.starts_with("2 accounts (") && what.contains(&accounts[1]), "{what}");

    // Neither does the ledger alone: somebody has made another document under the name.
    own(&accounts[2], Document::default().with_version("other"));
    change(&world, "three");
    assert_eq!(counts(&world, "second").await.failed, 3);
    assert_eq!(found(&world, &accounts[2]).unwrap().content(), "other");
    plan.rules[0].accounts.clear();
    world.put_plan(&plan);
    assert_eq!(counts(&world, "third").await.deleted, 0);
    assert!(accounts.iter().all(|account| found(&world, account).is_some()));
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_or_deleted_by_hand_is_found_where_drift_is_looked_for() {
    let (world, accounts, mut plan) = world(3);
    world.finish("first").await;
    at(&world, &accounts[0], |ssm| {
        let copy = ssm.documents.get_mut(NAME).unwrap();
        *copy = copy.clone().with_version("by hand");
    });
    at(&world, &accounts[1], |ssm| ssm.documents.remove(NAME));
    assert_eq!(counts(&world, "blind").await, present(3));
    plan.drift = true;
    world.put_plan(&plan);
    let before = changes(&world);
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.copy, counted.restore, counted.present), (2, 1, 1));
    assert_eq!(part["documents"][NAME]["renew"], json!([accounts[0]]));
    assert_eq!(part["documents"][NAME]["copy"], json!([accounts[1]]));
    assert_eq!(changes(&world), before, "a look changes nothing");
    assert_eq!(counts(&world, "drift").await, ShareCounts { copied: 2, ..present(1) });
    accounts.iter().for_each(|account| has(&world, account, "one"));
    assert_eq!(counts(&world, "again").await, present(3));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_reached_does_not_keep_the_others_from_their_copies() {
    let (world, accounts, _) = world(3);
    world.ssm(|ssm| ssm.documents.extend([crate::world::document("Org-Other".to_owned())]));
    world.aws.state().without_roles.insert(accounts[1].clone());
    let answer = counts(&world, "first").await;
    assert_eq!((answer.copied, answer.failed), (4, 2));
    let problems = world.details("first")["problems"].clone();
    assert_eq!(problems.as_array().unwrap().len(), 2);
    assert_eq!(problems[0]["code"], "CopyFailed");
    assert!(problems[0]["hint"].as_str().unwrap().contains("target-account.yaml"));
    // The two documents are worked on side by side.
    let assumed = world.aws.calls("AssumeRole");
    let tries = assumed.iter().filter(|call| call.text("RoleArn").contains(&accounts[1])).count();
    assert!(tries <= 2, "{tries}");
    world.aws.state().without_roles.clear();
    assert_eq!(counts(&world, "second").await.copied, 2);
}

#[tokio::test(start_paused = true)]
async fn a_new_account_whose_stack_is_on_its_way_has_failed_nothing_yet() {
    let (world, accounts, mut plan) = world(2);
    (plan.organization, plan.places[1].fresh) = (false, true);
    plan.removals = sharing::plan::Removals::Nobody;
    world.put_plan(&plan);
    world.aws.state().without_roles.insert(accounts[1].clone());
    assert_eq!(counts(&world, "join").await, copied(1));
    assert_eq!(entry(&world, &accounts[1]), None);
    plan.places[1].fresh = false;
    world.put_plan(&plan);
    assert_eq!(counts(&world, "recheck").await.failed, 1);
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_every_copy_is_made_once_and_stays_the_suites() {
    for millis in (0..2400).step_by(290) {
        let (world, accounts, _) = world(25);
        world.aws.latency(Duration::from_millis(100));
        let killed = tokio::time::timeout(Duration::from_millis(millis), world.run("first")).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        if let Ok(answer) = killed {
            assert!(answer.unwrap().done);
        }
        let answer = counts(&world, "first").await;
        assert_eq!((answer.copied, answer.failed), (25, 0), "after {millis} ms");
        accounts.iter().for_each(|account| has(&world, account, "one"));
        assert_eq!(counts(&world, "second").await, present(25));
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_with_attachments_is_shared_for_as_long_as_its_copies_are_made() {
    let (world, accounts, _) = world(25);
    world.ssm(|ssm| ssm.documents.get_mut(NAME).unwrap().files = vec!["tool.py".to_owned()]);
    world.share(NAME, &accounts[..1]);
    assert_eq!(counts(&world, "first").await, copied(25));
    assert_eq!(world.shared_with(NAME), accounts[..1], "somebody else's share stays");
    for account in &accounts {
        assert_eq!(found(&world, account).unwrap().files, ["tool.py"]);
        assert_eq!(world.holder(NAME, account), None);
    }
    let made = world.aws.calls("CreateDocument");
    let from = format!("arn:aws:ssm:{REGION}:{OWNER}:document/{NAME}/1/tool.py");
    let attached = json!([{"Key": "AttachmentReference", "Values": [from], "Name": "tool.py"}]);
    assert_eq!(made[0].body["Attachments"], attached);
    assert_eq!(world.aws.count("ModifyDocumentPermission"), 4, "twenty accounts a call");
}

#[tokio::test(start_paused = true)]
async fn a_share_for_attachments_that_a_kill_left_is_taken_back() {
    for millis in (0..2700).step_by(380) {
        let (world, accounts, _) = world(25);
        world.ssm(|ssm| ssm.documents.get_mut(NAME).unwrap().files = vec!["tool.py".to_owned()]);
        world.aws.latency(Duration::from_millis(100));
        let killed = tokio::time::timeout(Duration::from_millis(millis), world.run("first")).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(killed);
        let answer = counts(&world, "first").await;
        assert_eq!((answer.copied, answer.failed), (25, 0), "after {millis} ms");
        accounts.iter().for_each(|account| has(&world, account, "one"));
        assert_eq!(world.shared_with(NAME), [""; 0], "after {millis} ms");
        assert_eq!(counts(&world, "second").await, present(25));
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_for_a_share_gets_a_copy_and_keeps_it() {
    let (world, accounts, mut plan) = world(5);
    plan.rules[0].distribution = Distribution::Auto;
    world.put_plan(&plan);
    world.ssm(|ssm| ssm.share_quota = 3);
    let answer = counts(&world, "first").await;
    assert_eq!((answer.added, answer.copied, answer.failed), (3, 2, 0));
    let shared = world.shared_with(NAME);
    assert_eq!(shared.len(), 3);
    for account in &accounts {
        assert_eq!(found(&world, account).is_some(), !shared.contains(account), "{account}");
    }
    world.ssm(|ssm| ssm.share_quota = 1000);
    assert_eq!(counts(&world, "second").await, present(5));
    assert_eq!(world.shared_with(NAME), shared, "nobody changes sides");
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_who_gets_a_share_and_who_a_copy() {
    let (world, accounts, mut plan) = world(1003);
    plan.rules[0].distribution = Distribution::Auto;
    world.put_plan(&plan);
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.share, counted.copy), (1000, 3));
    assert_eq!(part["documents"][NAME]["copy"], json!(accounts[1000..]));
    assert_eq!(changes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_shares_again_takes_the_copies_away() {
    let (world, accounts, mut plan) = world(2);
    world.finish("first").await;
    plan.rules[0].distribution = Distribution::Share;
    world.put_plan(&plan);
    let answer = counts(&world, "second").await;
    assert_eq!((answer.added, answer.deleted), (2, 2));
    assert_eq!(world.shared_with(NAME), accounts);
    assert!(accounts.iter().all(|account| found(&world, account).is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_ssm_refuses_is_a_problem_and_is_made_by_the_next_execution() {
    let (world, accounts, _) = world(2);
    let full = Fault::Error("DocumentLimitExceeded", "You can have at most 500 documents.");
    world.aws.on("CreateDocument").once().fails(full);
    let answer = counts(&world, "first").await;
    assert_eq!((answer.copied, answer.failed), (1, 1));
    let problem = &world.details("first")["problems"][0];
    assert_eq!(problem["code"], "CopyFailed");
    assert!(problem["what"].as_str().unwrap().contains("DocumentLimitExceeded"), "{problem}");
    assert_eq!(accounts.iter().filter(|id| entry(&world, id).is_some()).count(), 1);
    assert_eq!(counts(&world, "second").await, ShareCounts { copied: 1, ..present(1) });
}

#[tokio::test(start_paused = true)]
async fn a_look_at_more_copies_than_one_invocation_can_see_comes_to_its_end() {
    let mut world = World::new(10);
    let mut plan = settled(&accounts(60));
    plan.organization = true;
    plan.rules[0].distribution = Distribution::Copy;
    world.put_plan(&plan);
    assert_eq!(counts(&world, "make").await.copied, 600);
    plan.drift = true;
    world.put_plan(&plan);
    // Ten looks a second: twenty seconds are enough for the copies of three documents, and for a third of all.
    world.aws.latency(Duration::from_secs(1));
    world.time_budget = Duration::from_secs(20);
    let mut from = (None, None);
    for _ in 0..10 {
        let (answer, _) = looked_from(&world, "look", from).await;
        if answer.done {
            assert_eq!(answer.counts.present, 600);
            return;
        }
        from = (answer.cursor, Some(answer.counts));
    }
    panic!("the look does not end: {from:?}");
}
