//! Decisions, digests, runs and waiting tasks: what is stored is read back, and what may be written
//! once is written once.

use aws_double::{Aws, TABLE};
use jiff::Timestamp;
use relay_core::alarm::{Contributor, TriggerId};
use relay_core::id::AccountId;
use relay_core::problem::{Problem, ProblemCode};
use remediation::guard::digest::{DigestEntry, DigestState, DigestWindow};
use remediation::guard::{Decision, DecisionRecord, Suppression};
use run::StartedRun;
use serde_json::json;
use store::{PlannedPlace, Table};
use uuid::Uuid;

fn now() -> Timestamp {
    "2026-01-02T03:04:06Z".parse().unwrap()
}

fn world() -> (Aws, Table) {
    let aws = Aws::at("2026-01-02T03:04:06Z");
    let table = Table::new(&aws.sdk(), TABLE);
    (aws, table)
}

fn trigger(number: u128) -> TriggerId {
    TriggerId(Uuid::from_u128(number))
}

fn record(version: &str) -> DecisionRecord {
    let problem = Problem::new(ProblemCode::Locked, "web", "locked");
    let decision = Decision::Suppress(Suppression::unfit(problem));
    DecisionRecord::new(&decision, "web", version, now(), None).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_first_decision_about_a_trigger_stays() {
    let (aws, table) = world();
    let (first, second) = (record("sha256:1"), record("sha256:2"));
    assert_eq!(table.decision(trigger(1)).await.unwrap(), None);
    assert_eq!(table.record_decision(trigger(1), first.clone()).await.unwrap(), first);
    assert_eq!(table.record_decision(trigger(1), second.clone()).await.unwrap(), first);
    assert_eq!(table.decision(trigger(1)).await.unwrap(), Some(first));
    assert_eq!(table.record_decision(trigger(2), second.clone()).await.unwrap(), second);
    let key = (format!("trigger#{}", trigger(1)), "decision".to_owned());
    assert!(aws.state().table.keys("trigger#").contains(&key));
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_cannot_be_read_is_an_error_and_not_an_absence() {
    let (aws, table) = world();
    aws.state().table.put(&json!({
        "pk": {"S": format!("trigger#{}", trigger(1))}, "sk": {"S": "decision"},
        "decision": {"S": "{}"},
    }));
    let error = table.decision(trigger(1)).await.unwrap_err();
    assert_eq!(error.source.code, "MalformedItem");
    let error = table.record_decision(trigger(1), record("sha256:1")).await.unwrap_err();
    assert_eq!(error.source.code, "MalformedItem");
}

#[tokio::test(start_paused = true)]
async fn the_input_of_a_run_is_kept_as_it_was_first() {
    let (_aws, table) = world();
    assert_eq!(table.input(trigger(1)).await.unwrap(), None);
    for input in ["{1}", "{2}"] {
        table.store_input(trigger(1), input.to_owned(), now()).await.unwrap();
    }
    assert_eq!(table.input(trigger(1)).await.unwrap().as_deref(), Some("{1}"));
    assert_eq!(table.decision(trigger(1)).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn of_a_window_one_trigger_is_the_first_and_each_is_counted_once() {
    let (aws, table) = world();
    let window = DigestWindow::at("web", ProblemCode::Locked, false, now());
    let mut firsts = 0;
    for number in [0, 1, 2, 3, 0, 1, 2, 3] {
        let entry = DigestEntry {
            trigger: trigger(number),
            alarm: "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:cpu".parse().unwrap(),
            contributor: (number % 2 == 0).then(|| Contributor {
                id: "6d442278dba546f6".into(),
                attributes: [("TableName".into(), "orders".into())].into(),
            }),
            account: "444455556666".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            resources: vec!["i-1".into(), "i-2".into()],
            what: "locked".into(),
            at: (number % 2 == 0).then(now),
            reason: (number % 2 == 1).then(|| "Threshold Crossed".into()),
        };
        table.store_entry(&window, &entry).await.unwrap();
        firsts += usize::from(table.claim_first(&window, entry.trigger).await.unwrap());
        assert_eq!(table.entry(&window, entry.trigger).await.unwrap(), Some(entry));
    }
    assert_eq!(firsts, 2, "the first, and its repeat");
    let entries = table.entries(&window).await.unwrap();
    assert_eq!(entries.len(), 4, "the window's own item is not an entry");
    let observed = DigestWindow { observed: true, ..window.clone() };
    assert_eq!(table.entries(&observed).await.unwrap(), []);
    table.claim_first(&observed, trigger(9)).await.unwrap();
    let partitions: Vec<String> = aws.state().table.keys("").into_iter().map(|key| key.0).collect();
    assert_eq!(partitions.first().unwrap(), "digest#web#Locked#1767322800");
    assert_eq!(partitions.last().unwrap(), "observed#web#Locked#1767322800");
}

#[tokio::test(start_paused = true)]
async fn how_much_of_a_window_is_published_only_grows() {
    let (_aws, table) = world();
    let window = DigestWindow::at("web", ProblemCode::Locked, false, now());
    let first = trigger(1);
    assert!(table.claim_first(&window, first).await.unwrap());
    let state = |published| Some(DigestState { first, published });
    assert_eq!(table.digest_state(&window).await.unwrap(), state(0));
    for (noted, known) in [(1, 1), (7, 7), (7, 7), (1, 7)] {
        table.note_digest(&window, noted).await.unwrap();
        assert_eq!(table.digest_state(&window).await.unwrap(), state(known));
    }
    assert!(table.claim_first(&window, first).await.unwrap(), "the first may claim it again");
    assert_eq!(table.digest_state(&window).await.unwrap(), state(7));
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_published_once_it_is_noted() {
    let (_aws, table) = world();
    let id = Uuid::from_u128(7);
    assert!(!table.is_published(id).await.unwrap());
    table.note_published(id, now()).await.unwrap();
    assert!(table.is_published(id).await.unwrap());
    assert!(!table.is_published(Uuid::from_u128(8)).await.unwrap());
}

fn started(id: u128) -> StartedRun {
    serde_json::from_value(json!({
        "executionId": Uuid::from_u128(id).to_string(), "account": "111122223333",
        "region": "us-east-1", "at": "2026-01-02T03:04:06Z", "limit": 600,
    }))
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_runs_of_an_execution_come_back_in_the_order_of_their_rungs() {
    let (aws, table) = world();
    for rung in [11, 2, 0] {
        table.store_run("arn:x", rung, &started(rung as u128)).await.unwrap();
        table.store_run("arn:x", rung, &started(rung as u128)).await.unwrap();
    }
    table.store_run("arn:y", 1, &started(1)).await.unwrap();
    aws.state().table.put(&json!({"pk": {"S": "run#arn:x"}, "sk": {"S": "note"}}));
    let runs = table.runs("arn:x").await.unwrap();
    assert_eq!(runs, [(0, started(0)), (2, started(2)), (11, started(11))]);
}

#[tokio::test(start_paused = true)]
async fn of_the_tasks_that_wait_for_a_run_the_latest_counts() {
    let (_aws, table) = world();
    let run = started(1);
    let task = |token: &str| {
        serde_json::from_value::<run::FollowAutomationInput>(json!({
            "execution": {"arn": "arn:x", "name": "x", "startTime": "2026-01-02T03:04:05Z"},
            "input": {"runbook": "Org-A"}, "rung": 0, "run": run, "pendingPublished": false, "token": token,
        }))
        .unwrap()
    };
    assert_eq!(table.waiting_task(&run.execution_id).await.unwrap(), None);
    for token in ["one", "two"] {
        table.store_waiting_task(&task(token)).await.unwrap();
    }
    assert_eq!(table.waiting_task(&run.execution_id).await.unwrap(), Some(task("two")));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_replaced_by_what_was_seen_later_and_never_by_what_was_seen_before() {
    let (_aws, table) = world();
    let account: AccountId = "444455556666".parse().unwrap();
    let place = |path: &str| PlannedPlace {
        path: path.to_owned(),
        active: true,
        rules_version: "sha256:1".to_owned(),
        execution: "join".to_owned(),
        first: true,
    };
    let second = |number| Timestamp::from_second(number).unwrap();
    assert_eq!(table.place(account).await.unwrap(), None);
    for (path, seen, written) in
        [("a", 10, true), ("b", 9, false), ("c", 10, true), ("d", 11, true)]
    {
        let stored = table.store_place(account, place(path), second(seen)).await.unwrap();
        assert_eq!(stored, written, "{path}");
    }
    assert_eq!(table.place(account).await.unwrap(), Some(place("d")));
}
