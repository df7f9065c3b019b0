//! Replicas of documents that the owner lacks in a Region: made before they are shared, brought up to date, deleted after
//! nobody sees them, and never taken for the owner's own.

use std::time::Duration;

use aws_double::{Call, Document, Fault, Ssm};
use relay_core::storage::S3Object;
use serde_json::{Value, json};
use share_documents::look;
use sharing::plan::{EffectCounts, Removals, SharePlan};
use sharing::{Distribution, ShareCounts, SurveyInput, WorkItem};

use crate::world::{OWNER, PLAN, REGION, World, accounts, input, settled};

const NAME: &str = "Org-Runbook-000";
const HOME: &str = "eu-west-1";
const TAG: (&str, &str) = ("relay:replica", "runbook-relay/eu-west-1");

/// An owner with one document, in its home Region alone, and a plan for the whole organization that shares it here with
/// these accounts.
fn world(count: usize) -> (World, Vec<String>, SharePlan) {
    let world = World::new(0);
    at_home(&world, |ssm| {
        ssm.documents.insert(NAME.to_owned(), Document::default().with_version("one"));
    });
    let accounts = accounts(count);
    let mut plan = settled(&accounts);
    plan.organization = true;
    plan.rules[0].home_region = Some(HOME.parse().unwrap());
    world.put_plan(&plan);
    (world, accounts, plan)
}

fn at_home<T>(world: &World, change: impl FnOnce(&mut Ssm) -> T) -> T {
    change(&mut world.aws.state().at(OWNER, HOME).ssm)
}

/// The document of the Region, if there is one.
fn found(world: &World) -> Option<Document> {
    world.ssm(|ssm| ssm.documents.get(NAME).cloned())
}

/// A new default version at home.
fn change(world: &World, content: &str) {
    at_home(world, |ssm| {
        let document = ssm.documents.get_mut(NAME).unwrap();
        *document = document.clone().with_version(content);
    });
}

fn entry(world: &World) -> Option<Value> {
    let key = format!("share#{OWNER}#{REGION}#{NAME}");
    let entry = world.aws.state().table.get(&key, "replica").cloned();
    entry.map(|entry| json!(entry))
}

async fn counts(world: &World, execution: &str) -> ShareCounts {
    world.finish(execution).await.counts
}

fn made(added: u64) -> ShareCounts {
    ShareCounts { documents: 1, added, copied: 1, ..ShareCounts::default() }
}

fn present(shares: u64) -> ShareCounts {
    ShareCounts { documents: 1, present: shares + 1, ..ShareCounts::default() }
}

async fn looked(world: &World, execution: &str) -> (EffectCounts, Value) {
    let survey = SurveyInput {
        execution: input(execution, None, None).execution,
        plan: S3Object { bucket: aws_double::BUCKET.to_owned(), key: PLAN.to_owned() },
        survey: WorkItem { owner: OWNER.parse().unwrap(), region: REGION.parse().unwrap() },
        cursor: None,
        counts: None,
    };
    let answer = look(&world.deps(), survey).await.unwrap();
    assert!(answer.done);
    let key = format!("details/{execution}/effect/{OWNER}/{REGION}.json");
    (answer.counts, world.aws.state().object(&key).unwrap_or_default())
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
async fn a_document_that_is_only_at_home_is_made_here_and_shared_once() {
    let (world, accounts, _) = world(3);
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.copy, counted.share, changes(&world)), (1, 3, 0));
    let shown = json!({"home": HOME, "change": "make"});
    assert_eq!(part["documents"][NAME]["replica"], shown);
    assert_eq!(counts(&world, "first").await, made(3));
    let replica = found(&world).unwrap();
    assert_eq!((replica.content(), replica.tags[TAG.0].as_str()), ("one", TAG.1));
    assert_eq!(world.shared_with(NAME), accounts);
    world.aws.forget_calls();
    assert_eq!(counts(&world, "second").await, present(3));
    assert_eq!(changes(&world), 0);
    assert_eq!(world.aws.count("DescribeDocument"), 1, "the document at home alone is looked at");
}

#[tokio::test(start_paused = true)]
async fn a_replica_follows_the_default_version_forward_and_back() {
    let (world, _, _) = world(1);
    world.finish("first").await;
    change(&world, "two");
    let renewed = ShareCounts { present: 1, ..made(0) };
    assert_eq!(counts(&world, "forward").await, renewed);
    assert_eq!(found(&world).unwrap().content(), "two");
    at_home(&world, |ssm| ssm.documents.get_mut(NAME).unwrap().default = 1);
    assert_eq!(counts(&world, "back").await, renewed);
    let replica = found(&world).unwrap();
    assert_eq!(
        (replica.content(), &replica.versions[..]),
        ("one", &["one", "two"].map(str::to_owned)[..])
    );
    assert_eq!(counts(&world, "again").await, present(1));
}

#[tokio::test(start_paused = true)]
async fn the_owners_own_document_of_the_region_is_shared_as_it_is() {
    let (world, accounts, mut plan) = world(2);
    let own = |document: Document| world.ssm(|ssm| ssm.documents.insert(NAME.to_owned(), document));
    // The tag alone does not make it the suite's.
    own(Document::default().with_version("mine").tagged(TAG.0, TAG.1));
    let answer = counts(&world, "first").await;
    assert_eq!((answer.added, answer.copied, answer.failed), (2, 0, 0));
    assert_eq!((found(&world).unwrap().content(), entry(&world)), ("mine", None));

    // Neither does the ledger alone: somebody has made another document under the name.
    world.ssm(|ssm| ssm.documents.clear());
    world.finish("made").await;
    let mut other = Document::default().with_version("other");
    other.shared = found(&world).unwrap().shared;
    own(other);
    change(&world, "two");
    assert_eq!(counts(&world, "second").await.failed, 0);
    assert_eq!((found(&world).unwrap().content(), entry(&world)), ("other", None));
    plan.rules.clear();
    plan.work[0].rules.clear();
    world.put_plan(&plan);
    let answer = counts(&world, "third").await;
    assert_eq!((answer.deleted, answer.removed as usize), (0, accounts.len()));
    assert!(found(&world).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_replica_goes_after_its_shares_when_its_document_at_home_is_gone() {
    let (world, _, plan) = world(3);
    world.finish("first").await;
    at_home(&world, |ssm| ssm.documents.clear());
    // Rules that cannot be read might want it.
    world.put_plan(&SharePlan { removals: Removals::Departed, ..plan.clone() });
    assert_eq!(counts(&world, "doubt").await.deleted, 0);
    assert!(found(&world).is_some());
    world.put_plan(&plan);
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.unshare, counted.delete), (3, 1));
    assert_eq!(part["documents"][NAME]["replica"]["change"], "delete");
    let answer = counts(&world, "second").await;
    assert_eq!((answer.removed, answer.deleted, answer.failed), (3, 1, 0));
    assert_eq!((found(&world).is_none(), entry(&world)), (true, None));
    assert_eq!(counts(&world, "third").await, ShareCounts::default());
}

#[tokio::test(start_paused = true)]
async fn no_replica_is_made_of_a_replica() {
    let (world, _, _) = world(2);
    let tag = |world: &World| {
        at_home(world, |ssm| {
            let tags = &mut ssm.documents.get_mut(NAME).unwrap().tags;
            tags.insert(TAG.0.to_owned(), "runbook-relay/ap-south-1".to_owned());
        });
    };
    tag(&world);
    assert_eq!(counts(&world, "first").await, ShareCounts::default());
    assert!(found(&world).is_none());
    // One whose document at home has become a replica since is kept.
    at_home(&world, |ssm| ssm.documents.get_mut(NAME).unwrap().tags.clear());
    assert_eq!(counts(&world, "second").await, made(2));
    tag(&world);
    let answer = counts(&world, "third").await;
    assert_eq!((answer.removed, answer.deleted, answer.failed), (0, 0, 0));
    assert_eq!(world.shared_with(NAME).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_somebody_else_shares_is_kept_when_no_rule_wants_it() {
    let (world, _, mut plan) = world(1);
    world.finish("first").await;
    world.share(NAME, &["999999999999".to_owned()]);
    plan.rules.clear();
    plan.work[0].rules.clear();
    world.put_plan(&plan);
    let (counted, _) = looked(&world, "look").await;
    assert_eq!((counted.unshare, counted.delete), (1, 0));
    let answer = counts(&world, "second").await;
    assert_eq!((answer.removed, answer.deleted), (1, 0));
    assert_eq!(world.shared_with(NAME), ["999999999999"]);
    world.ssm(|ssm| ssm.documents.get_mut(NAME).unwrap().shared.clear());
    assert_eq!(counts(&world, "third").await.deleted, 1);
    assert!(found(&world).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_home_region_that_cannot_be_listed_takes_nothing_away() {
    let (world, accounts, _) = world(2);
    world.finish("first").await;
    world.ssm(|ssm| ssm.documents.extend([crate::world::document("Org-Own".to_owned())]));
    let denied =
        |call: &Call| (call.region == HOME).then_some(Fault::Error("AccessDeniedException", "no"));
    world.aws.on("ListDocuments").fails_where(denied);
    let answer = counts(&world, "second").await;
    assert_eq!((answer.added, answer.removed, answer.deleted, answer.failed), (2, 0, 0, 1));
    assert_eq!(world.shared_with(NAME), accounts);
    let problems = world.details("second")["problems"].clone();
    assert_eq!(
        (problems.as_array().unwrap().len(), &problems[0]["code"]),
        (1, &json!("ReplicaFailed"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_or_deleted_by_hand_is_mended() {
    let (world, _, mut plan) = world(1);
    world.finish("first").await;
    world.ssm(|ssm| {
        let replica = ssm.documents.get_mut(NAME).unwrap();
        *replica = replica.clone().with_version("by hand");
    });
    assert_eq!(counts(&world, "blind").await, present(1));
    plan.drift = true;
    world.put_plan(&plan);
    assert_eq!(counts(&world, "drift").await, ShareCounts { present: 1, ..made(0) });
    assert_eq!(found(&world).unwrap().content(), "one");
    world.ssm(|ssm| ssm.documents.clear());
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.copy, counted.share), (1, 1));
    assert_eq!(part["documents"][NAME]["replica"]["change"], "restore");
    assert_eq!(counts(&world, "again").await, made(1));
    assert_eq!(found(&world).unwrap().content(), "one");
}

#[tokio::test(start_paused = true)]
async fn attachments_come_along_by_the_bucket_of_the_region() {
    let (world, _, _) = world(1);
    at_home(&world, |ssm| ssm.documents.get_mut(NAME).unwrap().files = vec!["tool.py".to_owned()]);
    let answer = counts(&world, "first").await;
    assert_eq!((answer.copied, answer.added, answer.failed), (0, 0, 2));
    let problem = world.details("first")["problems"][0].clone();
    assert_eq!(problem["code"], "ReplicaFailed");
    assert!(problem["hint"].as_str().unwrap().contains("stacks/owner-account.yaml"), "{problem}");
    assert_eq!((found(&world).is_none(), entry(&world)), (true, None));

    let bucket = format!("runbook-relay-{OWNER}-{REGION}");
    world.aws.state().buckets.insert(bucket.clone());
    assert_eq!(counts(&world, "second").await, made(1));
    assert_eq!(found(&world).unwrap().files, ["tool.py"]);
    let object = format!("{bucket}/{NAME}/1/tool.py");
    assert_eq!(world.aws.state().objects[&object], b"tool.py");
    let attached = &world.aws.calls("CreateDocument")[0].body["Attachments"];
    let from =
        json!([{"Key": "S3FileUrl", "Values": [format!("s3://{object}")], "Name": "tool.py"}]);
    assert_eq!(*attached, from);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_ssm_refuses_is_a_problem_and_is_made_by_the_next_execution() {
    let (world, _, _) = world(2);
    let full = Fault::Error("DocumentLimitExceeded", "You can have at most 500 documents.");
    world.aws.on("CreateDocument").once().fails(full);
    let answer = counts(&world, "first").await;
    assert_eq!((answer.copied, answer.added, answer.failed), (0, 0, 3));
    assert_eq!(world.details("first")["problems"][0]["code"], "ReplicaFailed");
    assert_eq!(entry(&world), None);
    assert_eq!(counts(&world, "second").await, made(2));
}

#[tokio::test(start_paused = true)]
async fn accounts_get_copies_of_a_replica() {
    let (world, accounts, mut plan) = world(2);
    plan.rules[0].distribution = Distribution::Copy;
    world.put_plan(&plan);
    let (counted, part) = looked(&world, "look").await;
    assert_eq!((counted.copy, &part["documents"][NAME]["copy"]), (3, &json!(accounts)));
    assert_eq!(counts(&world, "first").await.copied, 3);
    change(&world, "two");
    assert_eq!(counts(&world, "second").await.copied, 3);
    let copy = |account: &str| {
        world.aws.state().at(account, REGION).ssm.documents[NAME].content().to_owned()
    };
    assert!(accounts.iter().all(|account| copy(account) == "two"));
    at_home(&world, |ssm| ssm.documents.clear());
    assert_eq!(counts(&world, "third").await.deleted, 3);
    assert!(found(&world).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_join_makes_what_it_needs_and_compares_nothing() {
    let (world, _, mut plan) = world(2);
    (plan.organization, plan.removals) = (false, Removals::Nobody);
    world.put_plan(&plan);
    assert_eq!(counts(&world, "join").await, made(2));
    change(&world, "two");
    world.aws.forget_calls();
    assert_eq!(counts(&world, "later").await, present(2));
    assert_eq!(world.aws.count("DescribeDocument"), 0);
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_a_replica_is_made_once_and_stays_the_suites() {
    for millis in (0..2400).step_by(170) {
        let (world, accounts, mut plan) = world(25);
        world.aws.latency(Duration::from_millis(100));
        let killed = tokio::time::timeout(Duration::from_millis(millis), world.run("first")).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(killed);
        let answer = counts(&world, "first").await;
        assert_eq!((answer.copied, answer.failed), (1, 0), "after {millis} ms");
        assert_eq!(world.shared_with(NAME), accounts, "after {millis} ms");
        assert_eq!(found(&world).unwrap().versions, ["one"], "after {millis} ms");
        assert_eq!(counts(&world, "second").await, present(25));
        plan.rules.clear();
        plan.work[0].rules.clear();
        world.put_plan(&plan);
        assert_eq!(counts(&world, "third").await.deleted, 1, "after {millis} ms");
        assert!(found(&world).is_none(), "after {millis} ms");
    }
}
