//! Tests of the outcomes of orders to release something.

use expect_test::expect;
use relay_core::flow::{Flow, Severity};
use remediation::guard::Unlocked;
use serde_json::{Value, json};

use crate::{
    Evidence, HistoryEntry, HistoryIndex, MachineInput, Outcome, OutcomeStatus,
    PublishOutcomeInput, Published, decide,
};

const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:run-automation:unlock-1";

fn request(input: &Value, error: &Value) -> PublishOutcomeInput {
    serde_json::from_value(json!({
        "execution": {"arn": ARN, "name": "unlock-1", "startTime": "2026-01-02T03:04:05Z"},
        "flow": "run", "input": input, "runs": [], "error": error,
    }))
    .unwrap()
}

fn order(more: &Value) -> Value {
    let mut unlock = json!({
        "account": "444455556666", "region": "eu-west-1", "resource": "i-0123456789abcdef0",
        "lock": {"owner": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "rule": "web"},
        "coolDowns": [{"rule": "db", "until": "2026-01-02T04:00:00Z"}],
        "reason": "its run was lost.", "by": "assumed-role/Operator/me",
    });
    for (key, value) in more.as_object().unwrap() {
        unlock[key] = value.clone();
    }
    json!({"unlock": unlock, "trigger": {"kind": "manual"}})
}

fn outcome(
    input: &Value,
    error: &Value,
    unlocked: Option<(Option<bool>, &[bool])>,
) -> (Published, Outcome) {
    let request = request(input, error);
    let unlocked = unlocked.map(|(lock, ended)| Unlocked {
        lock,
        cool_downs: ended.iter().map(|ended| ("db".to_owned(), *ended)).collect(),
    });
    let verdict = decide(Evidence {
        request: &request,
        plan: None,
        details: &[],
        standing: None,
        drift: None,
        unlocked: unlocked.as_ref(),
        at: "2026-01-02T03:04:06Z".parse().unwrap(),
        stored: None,
    });
    (verdict.published, verdict.outcome.unwrap())
}

#[test]
fn what_was_released_is_published_with_who_asked_and_why() {
    let (published, all) = outcome(&order(&json!({})), &json!(null), Some((Some(true), &[true])));
    assert_eq!((published, all.outcome), (Published::Succeeded, OutcomeStatus::Succeeded));
    assert_eq!((all.flow, all.severity), (Flow::Run, Severity::Info));
    assert_eq!(all.rules, ["db", "web"]);
    assert_eq!(all.resources, ["i-0123456789abcdef0"]);
    let lists = HistoryIndex::of(&all, all.at);
    for list in [
        HistoryIndex::Resource("i-0123456789abcdef0".to_owned()),
        HistoryIndex::Rule("web".to_owned()),
        HistoryIndex::Account("444455556666".parse().unwrap()),
    ] {
        assert!(lists.contains(&list), "{list:?}");
    }
    assert!(HistoryEntry::of(&all).is_unlock());
    let mut told = vec![all.summary];
    for (more, unlocked) in [
        (json!({"forced": true, "coolDowns": []}), (Some(true), &[][..])),
        (json!({"lock": null}), (None, &[true])),
        (json!({}), (Some(true), &[false])),
        (json!({}), (Some(false), &[false])),
        (json!({"lock": null, "coolDowns": []}), (None, &[])),
    ] {
        let (_, outcome) = outcome(&order(&more), &json!(null), Some(unlocked));
        told.push(format!("{:?}, {:?}: {}", outcome.outcome, outcome.severity, outcome.summary));
    }
    expect![[r#"
        assumed-role/Operator/me released the lock of rule web and the cool-down of rule db of i-0123456789abcdef0: its run was lost.
        Succeeded, Low: assumed-role/Operator/me released the lock of rule web of i-0123456789abcdef0: its run was lost. Its run may still go on.
        Succeeded, Info: assumed-role/Operator/me released the cool-down of rule db of i-0123456789abcdef0: its run was lost.
        Partial, Low: assumed-role/Operator/me released the lock of rule web of i-0123456789abcdef0: its run was lost. But the cool-down of rule db is not as it was: a run has taken it since, or it is gone.
        Cancelled, Low: Nothing was unlocked on i-0123456789abcdef0 for assumed-role/Operator/me (its run was lost): the lock of rule web and the cool-down of rule db is not as it was: a run has taken it since, or it is gone.
        Cancelled, Low: Nothing was unlocked on i-0123456789abcdef0 for assumed-role/Operator/me (its run was lost): nothing was named."#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn an_execution_that_was_stopped_has_released_nothing() {
    let error = json!({"Error": "ExecutionAborted", "Cause": "not this one"});
    let (published, stopped) = outcome(&order(&json!({})), &error, None);
    assert_eq!((published, stopped.outcome), (Published::Failed, OutcomeStatus::Failed));
    assert!(stopped.summary.starts_with("Nothing was unlocked on"), "{}", stopped.summary);
    assert!(stopped.summary.contains("not this one"), "{}", stopped.summary);
}

#[test]
fn an_order_that_cannot_be_read_is_published_as_such() {
    let unreadable = json!({"unlock": {"resource": "i-1"}});
    assert!(!matches!(request(&unreadable, &json!(null)).input, MachineInput::Unlock(_)));
    let (published, outcome) = outcome(&unreadable, &json!(null), None);
    assert_eq!(published, Published::Failed);
    assert_eq!(outcome.problems[0].code.as_str(), "InvalidInput");
    assert!(outcome.problems[0].hint.contains("relay unlock"), "{:?}", outcome.problems);
}
