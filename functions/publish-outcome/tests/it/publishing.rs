//! One outcome per execution, whatever dies on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_double::{Aws, BUCKET, ENVIRONMENT, Fault};
use outcome::{PublishOutcomeInput, Published};
use publish_outcome::{Deps, handle};
use relay_core::id::outcome_id;
use relay_core::problem::ProblemCode;
use runtime::{Clock, Environment, FunctionError};
use serde_json::{Value, json};
use sharing::ShareCounts;

const OWNER: &str = "222233334444";
const NAME: &str = "join-444455556666-1";
const ARN: &str =
    "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:join-444455556666-1";

fn aws() -> Aws {
    Aws::at("2026-07-01T00:01:00Z")
}

fn deps(aws: &Aws) -> Deps {
    let environment = Environment::from_iter(ENVIRONMENT);
    let deps = Deps::new(&environment, &aws.sdk()).unwrap();
    Deps { clock: Clock::from(aws.now()), ..deps }
}

fn request(kind: &str, shares: &[(&str, ShareCounts)]) -> PublishOutcomeInput {
    let shares: Vec<Value> = shares
        .iter()
        .map(|(region, counts)| json!({ "owner": OWNER, "region": region, "counts": counts }))
        .collect();
    serde_json::from_value(json!({
        "execution": { "arn": ARN, "name": NAME, "startTime": "2026-07-01T00:00:00Z" },
        "flow": "sharing",
        "input": { "accounts": ["444455556666"], "trigger": { "kind": kind, "eventIds": ["e-1"] } },
        "plan": null, "shares": shares, "error": null,
    }))
    .unwrap()
}

fn added(added: u64, failed: u64) -> ShareCounts {
    ShareCounts { documents: added + failed, added, failed, ..ShareCounts::default() }
}

fn body(aws: &Aws) -> Value {
    let outcomes = aws.state().outcomes();
    assert_eq!(outcomes.len(), 1, "one message");
    outcomes[0].clone()
}

fn ids(aws: &Aws) -> BTreeSet<String> {
    let outcomes = aws.state().outcomes();
    outcomes.iter().map(|outcome| outcome["id"].as_str().unwrap().to_owned()).collect()
}

fn marked(aws: &Aws) -> bool {
    aws.state().table.get(&format!("outcome#{ARN}"), "final").is_some()
}

#[tokio::test(start_paused = true)]
async fn a_join_is_told_once_kept_whole_and_marked() {
    let aws = aws();
    let answer = handle(&deps(&aws), request("join", &[("us-east-1", added(3, 0))])).await;
    let answer = answer.unwrap();
    assert_eq!((answer.outcome, answer.id), (Published::Succeeded, outcome_id(ARN, "final")));
    let body = body(&aws);
    assert_eq!(body["outcome"], "succeeded");
    assert_eq!(body["id"], answer.id.to_string());
    let key = format!("outcomes/{NAME}/{}.json", answer.id);
    assert_eq!(body["details"]["key"], key);
    assert_eq!(aws.state().object(&key).unwrap()["id"], body["id"]);
    let message = aws.state().published[0].clone();
    assert_eq!(message["MessageStructure"], "json");
    assert!(message["Subject"].as_str().unwrap().len() < 100);
    let attributes: Vec<&str> = (1..=10)
        .filter_map(|n| message[format!("MessageAttributes.entry.{n}.Name")].as_str())
        .collect();
    for name in ["flow", "outcome", "severity", "account", "region"] {
        assert!(attributes.contains(&name), "{attributes:?}");
    }
    let marker = aws.state().table.get(&format!("outcome#{ARN}"), "final").cloned().unwrap();
    assert_eq!(marker["id"]["S"], answer.id.to_string());
    assert_eq!(marker["outcome"]["S"], "succeeded");
    assert!(marker["expires"]["N"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_repeat_after_the_marker_publishes_nothing_and_gives_the_same_answer() {
    let aws = aws();
    let deps = deps(&aws);
    let request = request("join", &[("us-east-1", added(3, 1))]);
    let first = handle(&deps, request.clone()).await.unwrap();
    let second = handle(&deps, request).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(aws.count("Publish"), 1);
    let reads = aws.calls("GetItem");
    assert!(reads.iter().all(|call| call.body["ConsistentRead"] == true));
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_and_called_again_there_is_one_id() {
    let request = request("join", &[("us-east-1", added(3, 0))]);
    for millis in (0..500).step_by(30) {
        let aws = aws();
        aws.latency(Duration::from_millis(100));
        let deps = deps(&aws);
        let killed = handle(&deps, request.clone());
        let _ = tokio::time::timeout(Duration::from_millis(millis), killed).await;
        handle(&deps, request.clone()).await.unwrap();
        let id = outcome_id(ARN, "final").to_string();
        assert_eq!(ids(&aws), BTreeSet::from([id]), "killed after {millis} ms");
        assert!(aws.state().published.len() <= 2, "at most one repeat");
        assert!(marked(&aws));
    }
}

/// A remediation that holds the lock on an instance and ended with this report of its one rung.
fn remediation(aws: &Aws, execution_id: Option<&str>) -> PublishOutcomeInput {
    let trigger = "4f667980-d55b-5be2-a210-d7da9bd494f9";
    aws.state().table.put(&json!({
        "pk": { "S": LOCK }, "sk": { "S": "lock" }, "owner": { "S": trigger },
        "rule": { "S": "cpu" }, "leaseUntil": { "N": "1790000000" },
    }));
    let problem = json!({
        "code": "RunbookNotAllowed", "where": "cpu", "what": "not allowed", "hint": "allow it",
    });
    serde_json::from_value(json!({
        "execution": { "arn": ARN, "name": NAME, "startTime": "2026-07-01T00:00:00Z" },
        "flow": "remediation",
        "input": {
            "runbook": "Org-A", "account": "111122223333", "region": "us-east-1",
            "lock": {
                "trigger": trigger, "rule": "cpu", "coolDown": "30m",
                "keys": ["111122223333#us-east-1#i-1"],
            },
            "trigger": { "kind": "alarm" },
        },
        "runs": [{
            "rung": 1, "runbook": "Org-A", "executionId": execution_id, "account": "111122223333",
            "region": "us-east-1", "problems": [problem],
            "end": if execution_id.is_some() { json!({ "ran": "failed" }) } else { json!("notStarted") },
        }],
    }))
    .unwrap()
}

const LOCK: &str = "resource#111122223333#us-east-1#i-1";

#[tokio::test(start_paused = true)]
async fn a_run_that_was_never_started_begins_no_cool_down() {
    for (execution_id, cools) in
        [(None, false), (Some("5f0c4a2e-0000-4000-8000-00000000abcd"), true)]
    {
        let aws = aws();
        let request = remediation(&aws, execution_id);
        handle(&deps(&aws), request).await.unwrap();
        let lock = aws.state().table.get(LOCK, "lock").cloned().unwrap();
        assert!(lock.get("owner").is_none(), "released: {lock:?}");
        assert_eq!(lock.contains_key("cool#cpu"), cools, "{lock:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_sns_that_is_lost_is_a_repeat_with_the_same_id() {
    let aws = aws();
    aws.on("Publish").once().fails(Fault::LostReply);
    handle(&deps(&aws), request("join", &[("us-east-1", added(1, 0))])).await.unwrap();
    assert_eq!(aws.state().published.len(), 2);
    assert_eq!(ids(&aws).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_refuses_is_publish_failed_and_leaves_no_marker() {
    let aws = aws();
    aws.on("Publish").fails(Fault::Denied);
    let error = handle(&deps(&aws), request("join", &[])).await.unwrap_err();
    assert_eq!(error.name().as_str(), "PublishFailed");
    assert!(error.diagnostic().error_message.contains("not authorized"));
    assert!(!marked(&aws));
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_cannot_be_written_does_not_make_a_failure_of_what_is_out() {
    let aws = aws();
    aws.on("PutItem").fails(Fault::Denied);
    let answer = handle(&deps(&aws), request("join", &[])).await.unwrap();
    assert_eq!(answer.outcome, Published::Succeeded);
    assert_eq!(aws.state().published.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_a_run_that_found_nothing_to_do() {
    let present = ShareCounts { documents: 5, present: 5, ..ShareCounts::default() };
    for kind in ["move", "recheck", "backfill", "departure", "manual"] {
        let aws = aws();
        let request =
            request(kind, &[("us-east-1", present), ("eu-west-1", ShareCounts::default())]);
        let answer = handle(&deps(&aws), request).await.unwrap();
        assert_eq!(answer.outcome, Published::None, "{kind}");
        assert_eq!(aws.count("Publish") + aws.count("PutObject") + aws.count("PutItem"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_a_membership_that_was_handed_over() {
    let aws = aws();
    let request = serde_json::from_value(json!({
        "execution": { "arn": ARN, "name": "car-0123456789abcdef", "startTime": "2026-07-01T00:00:00Z" },
        "flow": "sharing",
        "input": { "request": { "createAccountRequestId": "car-0123456789abcdef" },
                   "trigger": { "kind": "join", "eventIds": [] } },
        "membership": { "state": "handedOver", "account": "444455556666", "attempt": 1 },
    }));
    let answer = handle(&deps(&aws), request.unwrap()).await.unwrap();
    assert_eq!(answer.outcome, Published::None);
    assert_eq!(aws.count("Publish"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_read_for_those_that_failed_and_named() {
    let aws = aws();
    let problem = json!({ "code": "DocumentGone", "where": format!("{OWNER}/eu-west-1/Org-A"),
                          "what": "InvalidDocument: gone", "hint": "nothing" });
    aws.state().put_object(
        &format!("details/{NAME}/{OWNER}/eu-west-1.json"),
        &json!({
            "owner": OWNER, "region": "eu-west-1", "problems": [problem], "documents": {},
        }),
    );
    let shares = [("us-east-1", added(3, 0)), ("eu-west-1", added(2, 1))];
    let answer = handle(&deps(&aws), request("join", &shares)).await.unwrap();
    assert_eq!(answer.outcome, Published::Partial);
    let body = body(&aws);
    assert_eq!(body["problems"][0]["code"], ProblemCode::DocumentGone.as_str());
    assert_eq!(aws.count("GetObject"), 1, "no details are read where nothing failed");
}

#[tokio::test(start_paused = true)]
async fn thousands_of_failures_are_bounded_and_the_message_stays_small() {
    let aws = aws();
    let mut shares = Vec::new();
    let regions: Vec<String> = (1..=40).map(|n| format!("us-east-{n}")).collect();
    for region in &regions {
        let problem = |n: usize| {
            json!({ "code": "ShareFailed", "where": format!("{OWNER}/{region}/Org-{n:03}"),
            "what": "x".repeat(300), "hint": "y" })
        };
        let problems: Vec<Value> = (0..500).map(problem).collect();
        aws.state().put_object(
            &format!("details/{NAME}/{OWNER}/{region}.json"),
            &json!({
                "owner": OWNER, "region": region, "problems": problems,
            }),
        );
        shares.push((region.as_str(), added(0, 500)));
    }
    let answer = handle(&deps(&aws), request("join", &shares)).await.unwrap();
    assert_eq!(answer.outcome, Published::Failed);
    assert!(aws.count("GetObject") <= 12, "{} reads", aws.count("GetObject"));
    let body = body(&aws);
    assert_eq!(body["problems"].as_array().unwrap().len(), 50);
    assert_eq!(body["truncated"], true);
    assert!(aws.state().published[0]["Message"].as_str().unwrap().len() < 200 * 1024);
}

#[tokio::test(start_paused = true)]
async fn a_plan_or_details_that_are_gone_keep_no_outcome_back() {
    let aws = aws();
    let mut request = request("join", &[("us-east-1", added(1, 1))]);
    request.plan = serde_json::from_value(json!({
        "plan": { "bucket": BUCKET, "key": "plans/gone.json" }, "work": [], "accounts": 1,
        "problems": 0, "rulesVersion": "sha256:0", "unchanged": false,
    }))
    .unwrap();
    let answer = handle(&deps(&aws), request).await.unwrap();
    assert_eq!(answer.outcome, Published::Partial);
    assert_eq!(body(&aws)["rulesVersion"], "sha256:0");
}

#[tokio::test(start_paused = true)]
async fn an_execution_started_with_nonsense_has_an_outcome_too() {
    let aws = aws();
    let request = serde_json::from_value(json!({
        "execution": { "arn": ARN, "name": "by-hand", "startTime": "2026-07-01T00:00:00Z" },
        "flow": "sharing", "input": { "acounts": [1] }, "plan": null, "shares": [],
        "error": { "Error": "InvalidInput", "Cause": "Expected …" },
    }));
    let answer = handle(&deps(&aws), request.unwrap()).await.unwrap();
    assert_eq!(answer.outcome, Published::Failed);
    assert_eq!(body(&aws)["problems"][0]["code"], "InvalidInput");
}

/// A reconcile's plan, its effect and the part of the owner, as the functions before have stored them.
fn reconciled(aws: &Aws, verdict: &str) -> PublishOutcomeInput {
    let plan = json!({
        "rulesVersion": "sha256:0", "seenAt": "2026-07-01T00:00:00Z", "organization": true,
        "accounts": [], "places": [], "validRules": 1, "rules": [], "work": [],
        "removals": "everybody", "selectorsRead": true, "drift": true, "surveyed": true,
        "problems": [],
    });
    let counts = json!({"share": 3, "restore": 1, "unshare": 2, "foreign": 2, "left": 1});
    let part = "details/join-444455556666-1/effect/222233334444/us-east-1.json";
    let effect = json!({
        "id": "0123456789ab", "execution": ARN, "rulesVersion": "sha256:0",
        "seenAt": "2026-07-01T00:00:00Z", "verdict": verdict, "totals": counts, "problems": [],
        "parts": [{
            "owner": OWNER, "region": "us-east-1", "counts": counts,
            "object": {"bucket": BUCKET, "key": part},
        }],
    });
    let left = json!([
        {"because": "foreign", "accounts": ["989898989898", "979797979797"]},
        {"because": "claim", "accounts": ["444455556666"]},
    ]);
    let documents = json!({"Org-A": {"document": "Org-A", "rules": [], "left": left}});
    let stored =
        json!({"owner": OWNER, "region": "us-east-1", "documents": documents, "problems": []});
    let mut state = aws.state();
    state.put_object(&format!("plans/{NAME}.json"), &plan);
    state.put_object(&format!("plans/{NAME}.effect.json"), &effect);
    state.put_object(part, &stored);
    let mut request = serde_json::to_value(request("reconcile", &[])).unwrap();
    request["input"] =
        json!({"organization": true, "drift": true, "trigger": {"kind": "reconcile"}});
    request["plan"] = json!({
        "plan": {"bucket": BUCKET, "key": format!("plans/{NAME}.json")}, "work": [],
        "accounts": 0, "problems": 0, "rulesVersion": "sha256:0", "unchanged": false,
    });
    let counts = ShareCounts { removed: 2, ..added(2, 1) };
    request["shares"] = json!([{"owner": OWNER, "region": "us-east-1", "counts": counts}]);
    serde_json::from_value(request).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_outcome_of_a_reconcile_says_what_was_found_changed_and_left_and_why() {
    let aws = aws();
    let request = reconciled(&aws, "apply");
    handle(&deps(&aws), request).await.unwrap();
    let expected = json!({
        "missing": 3, "takenBack": 1, "surplus": 2, "added": 2, "removed": 2, "failed": 1,
        "held": false,
        "left": [{"because": "foreign", "pairs": 2}, {"because": "claim", "pairs": 1}],
    });
    assert_eq!(body(&aws)["drift"], expected);
    let message = aws.state().published[0].clone();
    let text: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
    let email = text["email"].as_str().unwrap();
    assert!(email.contains("Drift     3 missing (1 taken back by hand), 2 too many"), "{email}");
}

#[tokio::test(start_paused = true)]
async fn an_outcome_without_its_effect_is_published_without_drift() {
    let aws = aws();
    let request = reconciled(&aws, "apply");
    aws.state().objects.retain(|key, _| !key.ends_with("effect.json"));
    handle(&deps(&aws), request).await.unwrap();
    assert_eq!(body(&aws)["drift"], Value::Null);
}

/// The order of a person to release the lock that [`remediation`] puts into the table.
fn unlock(aws: &Aws) -> PublishOutcomeInput {
    remediation(aws, None);
    serde_json::from_value(json!({
        "execution": { "arn": UNLOCK, "name": "unlock-1", "startTime": "2026-07-01T00:00:00Z" },
        "flow": "run",
        "input": {
            "unlock": {
                "account": "111122223333", "region": "us-east-1", "resource": "i-1",
                "lock": { "owner": "4f667980-d55b-5be2-a210-d7da9bd494f9", "rule": "cpu" },
                "reason": "its run was lost", "by": "user/me",
            },
            "trigger": { "kind": "manual" },
        },
        "runs": [], "error": null,
    }))
    .unwrap()
}

const UNLOCK: &str = "arn:aws:states:us-east-1:111122223333:execution:run-automation:unlock-1";

#[tokio::test(start_paused = true)]
async fn killed_anywhere_a_release_has_its_note_and_one_outcome() {
    for millis in (0..1_500).step_by(30) {
        let aws = aws();
        let request = unlock(&aws);
        aws.latency(Duration::from_millis(100));
        let deps = deps(&aws);
        let killed = handle(&deps, request.clone());
        let _ = tokio::time::timeout(Duration::from_millis(millis), killed).await;
        let lock = aws.state().table.get(LOCK, "lock").cloned().unwrap();
        assert_eq!(lock.contains_key("owner"), !lock.contains_key("unlocked"), "{lock:?}");
        let answer = handle(&deps, request.clone()).await.unwrap();
        assert_eq!(answer.outcome, Published::Succeeded, "killed after {millis} ms");
        let lock = aws.state().table.get(LOCK, "lock").cloned().unwrap();
        assert!(!lock.contains_key("owner") && !lock.contains_key("cool#cpu"), "{lock:?}");
        let note: Value = serde_json::from_str(lock["unlocked"]["S"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&note["reason"], &note["execution"]),
            (&json!("its run was lost"), &json!(UNLOCK))
        );
        assert_eq!(ids(&aws), BTreeSet::from([outcome_id(UNLOCK, "final").to_string()]));
        let published = aws.state().outcomes()[0].clone();
        assert_eq!(published["resources"], json!(["i-1"]));
        assert!(published["summary"].to_string().contains("its run was lost"), "{published}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_another_run_has_taken_since_stays_and_that_is_no_failure() {
    let aws = aws();
    let mut request = serde_json::to_value(unlock(&aws)).unwrap();
    request["input"]["unlock"]["lock"]["owner"] = json!("333ba70b-2333-48db-b17e-a5e69c6f4d1c");
    let request = serde_json::from_value(request).unwrap();
    assert_eq!(handle(&deps(&aws), request).await.unwrap().outcome, Published::Cancelled);
    assert!(aws.state().table.get(LOCK, "lock").unwrap().contains_key("owner"));
    assert_eq!(body(&aws)["outcome"], "cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_stopped_before_releases_nothing() {
    let aws = aws();
    let mut request = unlock(&aws);
    request.error = Some(serde_json::from_value(json!({ "Error": "ExecutionAborted" })).unwrap());
    assert_eq!(handle(&deps(&aws), request).await.unwrap().outcome, Published::Failed);
    assert!(aws.state().table.get(LOCK, "lock").unwrap().contains_key("owner"));
}
