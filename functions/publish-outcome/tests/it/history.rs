//! The history never knows less than a subscriber, and a bus that is down loses nothing.

use std::time::Duration;

use aws_double::{Aws, ENVIRONMENT, Fault, TABLE};
use outcome::{HistoryIndex, HistoryQuery, PublishOutcomeInput};
use publish_outcome::{Deps, handle};
use relay_core::id::outcome_id;
use runtime::{Clock, Environment, FunctionError};
use serde_json::{Value, json};
use store::Table;
use uuid::Uuid;

const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:run-automation:alarm-1";
const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:ec2-status";

fn aws() -> Aws {
    Aws::at("2026-07-01T00:01:00Z")
}

fn deps(aws: &Aws) -> Deps {
    let deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &aws.sdk()).unwrap();
    Deps { clock: Clock::from(aws.now()), ..deps }
}

fn request() -> PublishOutcomeInput {
    serde_json::from_value(json!({
        "execution": { "arn": ARN, "name": "alarm-1", "startTime": "2026-07-01T00:00:00Z" },
        "flow": "remediation",
        "input": {
            "ladder": [{"runbook": "Relay-RebootInstance"}],
            "resources": ["i-1"], "account": "444455556666", "region": "eu-west-1",
            "alarm": {"arn": ALARM}, "rule": {"name": "web", "rulesVersion": "sha256:1"},
            "trigger": {"kind": "alarm"},
        },
        "runs": [{
            "rung": 1, "runbook": "Relay-RebootInstance",
            "executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "account": "444455556666",
            "region": "eu-west-1", "end": {"ran": "succeeded"}, "seen": "recovered",
        }],
    }))
    .unwrap()
}

/// The lists in which the outcome belongs.
fn lists() -> Vec<HistoryIndex> {
    vec![
        HistoryIndex::Day("2026-07-01".parse().unwrap()),
        HistoryIndex::Account("444455556666".parse().unwrap()),
        HistoryIndex::Rule("web".to_owned()),
        HistoryIndex::Resource("i-1".to_owned()),
        HistoryIndex::Alarm(ALARM.to_owned()),
        HistoryIndex::Alarm("ec2-status".to_owned()),
    ]
}

async fn ids(aws: &Aws, list: &HistoryIndex) -> Vec<Uuid> {
    let table = Table::new(&aws.sdk(), TABLE);
    let time = ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
    let page = table.history(list, time, None, 100).await.unwrap();
    page.entries.iter().map(|entry| entry.id).collect()
}

/// Ensures that the history knows every message, under every list.
async fn knows_every_message(aws: &Aws, when: &str) {
    let table = Table::new(&aws.sdk(), TABLE);
    let published = aws.state().outcomes();
    for message in published {
        let id: Uuid = message["id"].as_str().unwrap().parse().unwrap();
        let stored = table.outcome(id).await.unwrap();
        assert!(stored.is_some(), "{when}: a message without a record");
        for list in lists() {
            assert_eq!(ids(aws, &list).await, [id], "{when}: {list:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_found_under_every_question_and_is_what_the_subscriber_got() {
    let aws = aws();
    let id = handle(&deps(&aws), request()).await.unwrap().id;
    knows_every_message(&aws, "published").await;
    let table = Table::new(&aws.sdk(), TABLE);
    let stored = table.outcome(id).await.unwrap().unwrap();
    let message = aws.state().outcomes()[0].clone();
    assert_eq!(serde_json::to_value(stored).unwrap(), message);
    let item = aws.state().table.get(&format!("history#outcome#{id}"), "outcome").cloned().unwrap();
    let expires: i64 = item["expires"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!((expires - aws.now().as_second()) / 86_400, 400, "days");
    assert_eq!(aws.count("Scan"), 0);
}

#[tokio::test(start_paused = true)]
async fn killed_before_or_after_each_write_no_message_is_without_its_record_and_the_repeat_mends_it()
 {
    // Every answer takes 100 ms after its effect, so that a kill every 30 ms meets each gap between two calls.
    let mut published = 0;
    for millis in (0..2_000).step_by(30) {
        let aws = aws();
        aws.latency(Duration::from_millis(100));
        let deps = deps(&aws);
        let killed = handle(&deps, request());
        let ended = tokio::time::timeout(Duration::from_millis(millis), killed).await;
        published += aws.state().published.len();
        aws.latency(Duration::ZERO);
        knows_every_message(&aws, &format!("killed after {millis} ms")).await;
        // A later moment: the place in the lists stays that of the first.
        let later = Deps { clock: Clock::from(aws.now() + Duration::from_secs(90)), ..deps };
        handle(&later, request()).await.unwrap();
        knows_every_message(&aws, &format!("killed after {millis} ms and repeated")).await;
        assert_eq!(aws.state().table.keys("history#day#").len(), 1, "one entry a day");
        assert!(!aws.state().published.is_empty());
        if millis == 1_980 {
            assert!(ended.is_ok(), "the last one was not killed: the kills met every call");
        }
    }
    assert!(published > 0, "some were killed after the message");
}

#[tokio::test(start_paused = true)]
async fn each_write_that_fails_keeps_the_message_back_until_the_repeat() {
    for nth in 0..7 {
        let aws = aws();
        aws.on("UpdateItem").after(nth).fails(Fault::Denied);
        let error = handle(&deps(&aws), request()).await.unwrap_err();
        assert_eq!(error.name().as_str(), "AccessDenied", "write {nth}");
        assert_eq!(aws.count("Publish") + aws.count("PutEvents"), 0, "write {nth}");
        aws.heal();
        handle(&deps(&aws), request()).await.unwrap();
        assert_eq!(aws.state().published.len(), 1);
        knows_every_message(&aws, &format!("write {nth}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_of_the_table_writes_nothing_twice() {
    for nth in 0..7 {
        let aws = aws();
        aws.on("UpdateItem").after(nth).once().fails(Fault::LostReply);
        let id = handle(&deps(&aws), request()).await.unwrap().id;
        for list in lists() {
            assert_eq!(ids(&aws, &list).await, [id], "write {nth}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_outcome_is_put_on_the_bus() {
    let aws = aws();
    let id = handle(&deps(&aws), request()).await.unwrap().id;
    let events = aws.state().events.clone();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["Source"], "runbook-relay");
    assert_eq!(event["DetailType"], "Runbook Relay Outcome");
    assert_eq!(event["EventBusName"], "default");
    let topic = "arn:aws:sns:us-east-1:111122223333:runbook-relay-outcomes";
    assert_eq!(event["Resources"], json!([topic, ARN, ALARM]));
    let detail: Value = serde_json::from_str(event["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, aws.state().outcomes()[0]);
    assert_eq!(detail["id"], id.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_down_or_refuses_loses_neither_the_message_nor_the_record() {
    for (fault, calls) in [(Fault::Denied, 1), (Fault::Throttled, 3), (Fault::Unavailable, 3)] {
        let aws = aws();
        aws.on("PutEvents").fails(fault);
        handle(&deps(&aws), request()).await.unwrap();
        assert_eq!(aws.count("PutEvents"), calls);
        assert_eq!(aws.state().published.len(), 1, "it is not published again for the bus");
        knows_every_message(&aws, "without a bus").await;
    }
    // Taken as a call, not as an event.
    let aws = aws();
    let refused = json!({ "FailedEntryCount": 1, "Entries": [{ "ErrorCode": "ThrottlingException",
                          "ErrorMessage": "slow down" }] });
    aws.on("PutEvents").once().answers(move |_| aws_double::Reply::Data(refused.clone()));
    handle(&deps(&aws), request()).await.unwrap();
    assert_eq!((aws.count("PutEvents"), aws.state().events.len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pending_approval_and_its_end_are_two_records() {
    let aws = aws();
    let mut pending = request();
    pending.runs = None;
    pending.pending = serde_json::from_value(json!({
        "rung": 1, "runbook": "Relay-RebootInstance",
        "executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "account": "444455556666",
        "region": "eu-west-1", "waitingFor": "approval",
    }))
    .unwrap();
    handle(&deps(&aws), pending).await.unwrap();
    handle(&deps(&aws), request()).await.unwrap();
    let query = HistoryQuery { rule: Some("web".to_owned()), ..HistoryQuery::default() };
    let list = &query.indexes(aws.now(), aws.now())[0];
    let mut found = ids(&aws, list).await;
    let mut expected = vec![outcome_id(ARN, "pending-1"), outcome_id(ARN, "final")];
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
