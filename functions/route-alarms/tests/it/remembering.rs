//! The history of what was suppressed or observed, and of alarms that no rule is about.

use std::time::Duration;

use aws_double::{Fault, TABLE};
use outcome::{HistoryEntry, HistoryIndex, OutcomeStatus};
use serde_json::{Value, json};
use store::{Table, UnansweredAlarms};

use crate::world::{NONE, NOW, World};

const RULE: &str = r#"
mode: MODE
alarm: {names: ["Server*"]}
resource: {dimension: InstanceId}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
"#;

/// The fixture's alarm, going off at this second of the minute.
fn event(second: u32) -> Value {
    let mut event = crate::world::event();
    event["id"] = json!(format!("e-{second}"));
    event["detail"]["state"]["timestamp"] = json!(format!("2019-10-02T17:04:{second:02}.000+0000"));
    event
}

fn world(mode: &str) -> World {
    let world = World::at(NOW);
    world.rule("cpu", &RULE.replace("MODE", mode));
    world
}

async fn history(world: &World, list: HistoryIndex) -> Vec<HistoryEntry> {
    let table = Table::new(&world.aws.sdk(), TABLE);
    let time = ("2019-01-01T00:00:00Z".parse().unwrap(), "2020-01-01T00:00:00Z".parse().unwrap());
    table.history(&list, time, None, 100).await.unwrap().entries
}

async fn unanswered(world: &World) -> UnansweredAlarms {
    Table::new(&world.aws.sdk(), TABLE).unanswered().await.unwrap()
}

/// Ensures that every message has a record with its count.
async fn knows_every_message(world: &World, when: &str) {
    let table = Table::new(&world.aws.sdk(), TABLE);
    let published = world.state().outcomes();
    for message in published {
        let id = message["id"].as_str().unwrap().parse().unwrap();
        let stored = table.outcome(id).await.unwrap();
        assert!(stored.is_some(), "{when}: a message without a record");
        let stored = stored.unwrap();
        assert!(u64::from(stored.count) >= message["count"].as_u64().unwrap(), "{when}");
        let listed = history(world, HistoryIndex::Rule("cpu".to_owned())).await;
        assert!(listed.iter().any(|entry| entry.id == id), "{when}: not in its list");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_suppressed_and_its_digest_are_in_the_history_by_rule_alarm_and_resource() {
    let world = world("active");
    assert_eq!(world.batch(&[event(1), event(2), event(3), event(4)]).await, NONE);
    let (order, _) = world.pop();
    assert_eq!(world.batch(&[order]).await, NONE);
    knows_every_message(&world, "at the end").await;
    let rule = history(&world, HistoryIndex::Rule("cpu".to_owned())).await;
    let mut counts: Vec<u32> = rule.iter().map(|entry| entry.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2], "one is started, the first of the others, the rest");
    for entry in &rule {
        assert_eq!(entry.outcome, OutcomeStatus::Suppressed);
    }
    for list in [
        HistoryIndex::Resource("i-12345678901234567".to_owned()),
        HistoryIndex::Alarm("ServerCpuTooHigh".to_owned()),
        HistoryIndex::Account("111122223333".parse().unwrap()),
        HistoryIndex::Day("2019-10-02".parse().unwrap()),
    ] {
        assert_eq!(history(&world, list.clone()).await.len(), 2, "{list:?}");
    }
    assert_eq!(world.state().events.len(), 2, "both are on the bus");
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_grows_replaces_its_record_and_keeps_its_place() {
    let world = world("active");
    assert_eq!(world.batch(&[event(1), event(2), event(3)]).await, NONE);
    let (order, _) = world.pop();
    assert_eq!(world.batch(std::slice::from_ref(&order)).await, NONE);
    assert_eq!(world.batch(&[event(4)]).await, NONE);
    assert_eq!(world.batch(&[order]).await, NONE);
    knows_every_message(&world, "grown").await;
    let listed = history(&world, HistoryIndex::Rule("cpu".to_owned())).await;
    let mut counts: Vec<u32> = listed.iter().map(|entry| entry.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2], "two outcomes, and the digest has its newest count");
}

#[tokio::test(start_paused = true)]
async fn what_would_have_been_run_is_in_the_history_as_observed() {
    let world = world("observe");
    assert_eq!(world.batch(&[event(1)]).await, NONE);
    let listed = history(&world, HistoryIndex::Rule("cpu".to_owned())).await;
    let statuses: Vec<OutcomeStatus> = listed.iter().map(|entry| entry.outcome).collect();
    assert_eq!(statuses, [OutcomeStatus::Observed]);
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_no_message_about_a_suppressed_alarm_is_without_its_record() {
    for millis in (0..3_000).step_by(70) {
        let world = world("observe");
        world.aws.latency(Duration::from_millis(100));
        let batch = [event(1)];
        let killed = world.batch(&batch);
        drop(tokio::time::timeout(Duration::from_millis(millis), killed).await);
        world.aws.latency(Duration::ZERO);
        let when = format!("killed after {millis} ms");
        knows_every_message(&world, &when).await;
        let again = world.another();
        assert_eq!(again.batch(&batch).await, NONE, "{when}");
        knows_every_message(&again, &when).await;
        assert!(!world.state().outcomes().is_empty(), "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_no_rule_is_about_is_counted_and_kept_with_its_reason() {
    let world = World::at(NOW);
    assert_eq!(world.batch(&[event(1), event(2)]).await, NONE);
    let found = unanswered(&world).await;
    assert_eq!((found.total, found.since), (2, NOW.parse().ok()));
    assert_eq!(found.last.len(), 2);
    let last = &found.last[0];
    assert_eq!(last.alarm.name(), "ServerCpuTooHigh");
    assert_eq!(last.at.to_string(), "2019-10-02T17:04:02Z", "the newest first");
    assert!(last.reason.starts_with("Threshold Crossed"), "{}", last.reason);
    assert_eq!(last.metrics, ["AWS/EC2/CPUUtilization"]);
    assert!(world.state().outcomes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_a_flood_without_a_rule_the_last_hundred_are_kept_and_few_are_written_in_a_second() {
    let world = World::at(NOW);
    let flood: Vec<Value> = (0..60).map(event).collect();
    assert_eq!(world.batch(&flood).await, NONE);
    assert_eq!(world.aws.count("UpdateItem"), 2 * 5, "five of them in this second");
    // Each instance of the function, and each second, writes some more.
    for _ in 0..30 {
        assert_eq!(world.another().batch(&flood[..5]).await, NONE);
    }
    let found = unanswered(&world).await;
    assert_eq!((found.total, found.last.len()), (155, 100));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_without_a_rule_is_handled_though_it_cannot_be_counted() {
    let world = World::at(NOW);
    world.aws.on("UpdateItem").fails(Fault::Denied);
    assert_eq!(world.batch(&[event(1)]).await, NONE);
}
