//! Time budgets, kills, and the work lock.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_double::Fault;
use runtime::FunctionError;
use serde_json::json;
use sharing::ShareCounts;

use crate::world::{OWNER, REGION, World, accounts, document, modifications};

/// How often each document was modified.
fn modified(world: &World) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for call in modifications(&world.aws) {
        *times.entry(call.body["Name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    times
}

fn locked_by(world: &World) -> Option<String> {
    let key = format!("lock#{OWNER}#{REGION}");
    Some(world.aws.state().table.get(&key, "lock")?["owner"]["S"].as_str()?.to_owned())
}

fn hold_lock(world: &World, lease_until: i64) {
    world.aws.state().table.put(&json!({
        "pk": { "S": format!("lock#{OWNER}#{REGION}") }, "sk": { "S": "lock" },
        "owner": { "S": "someone else" }, "leaseUntil": { "N": lease_until.to_string() },
    }));
}

#[tokio::test(start_paused = true)]
async fn several_invocations_share_everything_once_and_count_it_once() {
    for seconds in [2, 3, 5, 8] {
        let mut world = World::new(230);
        world.plan(&accounts(1));
        world.aws.latency(Duration::from_millis(300));
        world.time_budget = Duration::from_secs(seconds);
        let answer = world.finish("join").await;
        assert_eq!(answer.counts, ShareCounts { documents: 230, added: 230, ..Default::default() });
        let times = modified(&world);
        assert_eq!(times.len(), 230);
        assert!(times.values().all(|n| *n == 1), "{seconds} s: {times:?}");
        let details = world.details("join");
        assert_eq!(details["documents"].as_object().unwrap().len(), 230);
    }
}

#[tokio::test(start_paused = true)]
async fn killed_anywhere_a_second_attempt_does_only_what_is_missing() {
    for millis in (0..4000).step_by(170) {
        let world = World::new(120);
        world.plan(&accounts(1));
        world.aws.latency(Duration::from_millis(100));
        let killed = tokio::time::timeout(Duration::from_millis(millis), world.run("join")).await;
        world.aws.latency(Duration::ZERO);
        let before = modified(&world).len();
        let answer = world.run("join").await.unwrap();
        assert!(answer.done);
        assert_eq!(
            answer.counts,
            ShareCounts { documents: 120, added: 120, ..Default::default() },
            "what the killed attempt added is this execution's"
        );
        assert_eq!(world.ledger_size(), 120);
        let times = modified(&world);
        assert_eq!(times.len(), 120);
        let twice = times.values().filter(|n| **n == 2).count();
        assert!(times.values().all(|n| *n <= 2), "{times:?}");
        if killed.is_err() {
            // In flight, or made and not yet in the ledger's batch.
            assert!(twice <= 10 + 25, "{twice} of {before} repeated after {millis} ms");
        } else {
            assert_eq!(twice, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expired_between_two_invocations_begins_the_listing_again() {
    let mut world = World::new(230);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(300));
    world.time_budget = Duration::from_secs(5);
    let first = world.run("join").await.unwrap();
    assert!(!first.done && first.counts.added > 50, "{first:?}");
    world.aws.on("ListDocuments").once().fails(Fault::Error("InvalidNextToken", "expired"));
    world.time_budget = Duration::from_secs(240);
    let last = world.invoke("join", first.cursor, Some(first.counts)).await.unwrap();
    assert_eq!(last.counts, ShareCounts { documents: 230, added: 230, ..Default::default() });
    assert!(modified(&world).values().all(|n| *n == 1));
}

#[tokio::test(start_paused = true)]
async fn a_document_created_or_deleted_between_two_invocations_costs_no_other_its_share() {
    let mut world = World::new(100);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(300));
    world.time_budget = Duration::from_secs(2);
    let first = world.run("join").await.unwrap();
    assert!(!first.done && (1..50).contains(&first.counts.added), "{first:?}");
    world.ssm(|ssm| {
        ssm.documents.extend([document("Org-New".to_owned())]);
        let fortieth = ssm.documents.keys().nth(40).unwrap().clone();
        ssm.documents.remove(&fortieth);
    });
    world.time_budget = Duration::from_secs(240);
    world.invoke("join", first.cursor, Some(first.counts)).await.unwrap();
    for name in world.ssm(|ssm| ssm.documents.keys().cloned().collect::<Vec<_>>()) {
        assert_eq!(world.shared_with(&name), accounts(1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_another_execution_holds_the_lock_nothing_is_touched_and_the_cursor_comes_back() {
    let world = World::new(5);
    world.plan(&accounts(1));
    hold_lock(&world, i64::from(i32::MAX));
    let answer = world.run("join").await.unwrap();
    assert!(!answer.done);
    assert_eq!(answer.counts, ShareCounts::default());
    assert!(answer.cursor.is_some());
    assert_eq!(world.aws.count("ModifyDocumentPermission") + world.aws.count("ListDocuments"), 0);
    assert_eq!(locked_by(&world).as_deref(), Some("someone else"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_runs_out_is_taken_over() {
    let world = World::new(5);
    world.plan(&accounts(1));
    hold_lock(&world, world.clock.now().as_second() + 20);
    let begun = tokio::time::Instant::now();
    let answer = world.run("join").await.unwrap();
    assert!(answer.done);
    let waited = begun.elapsed();
    assert!((20..25).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(locked_by(&world), None, "and released");
}

#[tokio::test(start_paused = true)]
async fn two_executions_at_once_share_everything_once() {
    let world = World::new(100);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_millis(100));
    let (a, b) = futures::join!(world.finish("join"), world.finish("move"));
    assert_eq!(a.counts.added + b.counts.added, 100);
    assert_eq!(a.counts.present + b.counts.present, 100);
    assert!(modified(&world).values().all(|n| *n == 1));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_renewed_while_the_work_goes_on() {
    let world = World::new(150);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_secs(3));
    let answer = world.run("join").await.unwrap();
    assert!(answer.done);
    assert!(world.aws.count("UpdateItem") >= 4, "{}", world.aws.count("UpdateItem"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_lock_stops_the_work() {
    let world = World::new(300);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_secs(1));
    let steal = async {
        tokio::time::sleep(Duration::from_secs(12)).await;
        hold_lock(&world, i64::from(i32::MAX));
    };
    let (answer, ()) = futures::join!(world.run("join"), steal);
    assert_eq!(answer.unwrap_err().name().as_str(), "LockLost");
    assert!(world.aws.count("ModifyDocumentPermission") < 300);
    assert_eq!(world.ledger_size(), modified(&world).len(), "what was shared is remembered");
    assert_eq!(
        locked_by(&world).as_deref(),
        Some("someone else"),
        "the thief's lock is left alone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_table_that_cannot_be_reached_for_the_length_of_a_lease_is_a_lost_lock() {
    let world = World::new(300);
    world.plan(&accounts(1));
    world.aws.latency(Duration::from_secs(1));
    world.aws.on("UpdateItem").after(1).fails(Fault::Silent);
    let answer = world.run("join").await;
    assert_eq!(answer.unwrap_err().name().as_str(), "LockLost");
}
