//! Tests of the contracts with the state machines, as far as they are more than their types.

use relay_core::execution::{Trigger, TriggerKind};
use relay_core::organization::testing::id;
use serde_json::{Value, json};

use super::*;

fn input(value: Value) -> Result<ShareRunbooksInput, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn an_execution_looks_at_the_accounts_that_its_input_names_or_at_all() {
    let accounts = input(json!({"accounts": ["000000000002", "000000000001"]})).unwrap();
    assert_eq!(accounts.scope, Scope::Accounts([id(1), id(2)].into()));
    assert_eq!(accounts.accounts(), [id(1), id(2)]);
    assert_eq!(accounts.trigger.kind, TriggerKind::Manual, "somebody started it by hand");
    let all = input(json!({"organization": true})).unwrap();
    assert_eq!(all.scope, Scope::Organization);
    assert_eq!(all.accounts(), []);
    assert_eq!(all.trigger.kind, TriggerKind::Backfill);
    let moved = input(json!({"organization": true, "trigger": {"kind": "schedule"}})).unwrap();
    assert_eq!(moved.trigger.kind, TriggerKind::Schedule);
}

#[test]
fn an_input_that_names_nobody_or_both_is_refused() {
    let neither = "expected `accounts` or `organization: true`";
    for (value, error) in [
        (json!({"accounts": []}), "`accounts` is empty"),
        (json!({"accounts": [], "organization": false}), "`accounts` is empty"),
        (
            json!({"accounts": ["000000000001"], "organization": true}),
            "`accounts` and `organization` exclude each other",
        ),
        (json!({}), neither),
        (json!({"organization": false}), neither),
    ] {
        assert_eq!(input(value.clone()).unwrap_err(), error, "{value}");
    }
}

#[test]
fn a_join_is_handed_over_with_the_second_in_which_the_account_joined() {
    let at = "2026-03-01T12:00:00.9Z".parse().unwrap();
    let join = ShareRunbooksInput::join(id(1), at, Trigger::event(TriggerKind::Join, "e-1"));
    let written = serde_json::to_value(&join).unwrap();
    assert_eq!(
        written,
        json!({
            "accounts": ["000000000001"],
            "trigger": {"kind": "join", "arn": null, "eventIds": ["e-1"]},
            "joined": 1_772_366_400
        })
    );
    assert_eq!(input(written).unwrap(), join);
    let all = ShareRunbooksInput { scope: Scope::Organization, after: Some(7), ..join };
    assert_eq!(input(serde_json::to_value(&all).unwrap()).unwrap(), all);
}

#[test]
fn counts_are_the_sums_over_the_calls_so_far() {
    let counts = |times: u64| ShareCounts {
        documents: times,
        added: 2 * times,
        removed: 3 * times,
        copied: 4 * times,
        deleted: 5 * times,
        present: 6 * times,
        failed: 7 * times,
        disputed: 8 * times,
    };
    let mut sums = counts(1);
    sums += counts(10);
    assert_eq!(sums, counts(11));
    assert_eq!(sums.changed(), 11 * (2 + 3 + 4 + 5));
}

fn first_read(input: &Value) -> Result<ShareRunbooksInput, String> {
    let execution = json!({
        "arn": "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:a",
        "name": "a", "startTime": "2026-01-02T03:04:05Z"
    });
    let request = json!({"execution": execution, "input": input});
    match serde_json::from_value(request).map_err(|error| error.to_string())? {
        PlanRequest::Plan(request) => Ok(request.input),
        PlanRequest::Conclude(_) => Err("it concludes".to_owned()),
        PlanRequest::Gather(_) => Err("it gathers".to_owned()),
    }
}

#[test]
fn what_a_person_wrote_is_read_strictly_and_each_fault_is_named() {
    let account = "444455556666";
    for (input, expected) in [
        (json!({}), "expected exactly one of `accounts`, `organization`, found none"),
        (json!({"acounts": [account]}), "Did you mean `accounts`?"),
        (json!({"accounts": [account], "trigger": {"kind": "manual"}, "joind": 1}), "`joined`?"),
        (json!({"organization": true, "dryrun": true}), "Did you mean `dryRun`?"),
        (json!({"organization": true, "trigger": {"kind": "reconcile"}, "x": 1}), "field `x`"),
        (json!({"accounts": [account], "drift": true}), "`drift` goes with `organization`"),
        (json!({"accounts": [account], "after": 604_801}), "from 0 to 604800"),
        (json!({"organization": true, "confirm": "no"}), "the id of a plan"),
        (json!({"accounts": [account], "adopt": true}), "`adopt` goes with `organization`"),
        (json!({"organization": true, "adopt": true}), "`adopt` goes with `drift: true`"),
        (json!({"accounts": vec![account; 1001]}), "expected 1 to 1000 entries, found 1001"),
        (json!({"accounts": [444_455_556_666_u64]}), "Quote it: \"444455556666\""),
    ] {
        let error = first_read(&input).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    for valid in [
        json!({"accounts": [account]}),
        json!({"accounts": [account], "after": null, "joined": 1_767_323_045}),
        json!({"organization": true, "drift": true, "dryRun": false, "confirm": "0123456789ab"}),
        json!({"accounts": [account], "drift": false, "dryRun": false}),
        json!({"organization": true, "drift": true, "adopt": true}),
    ] {
        let read = first_read(&valid).unwrap();
        assert_eq!(read, serde_json::from_value(valid).unwrap());
    }
}

#[test]
fn what_the_suite_wrote_may_be_of_a_later_version() {
    for kind in ["join", "move", "departure", "recheck"] {
        let input = json!({"accounts": ["444455556666"], "trigger": {"kind": kind}, "later": 1});
        assert!(first_read(&input).is_ok(), "{kind}");
    }
}

#[test]
fn each_request_is_read_as_what_it_asks_for() {
    let execution = json!({
        "arn": "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:a",
        "name": "a", "startTime": "2026-01-02T03:04:05Z"
    });
    let input = json!({"accounts": ["444455556666"]});
    let read = |more: (&str, Value)| {
        let mut request = json!({"execution": execution});
        request[more.0] = more.1;
        serde_json::from_value::<PlanRequest>(request).unwrap()
    };
    assert!(matches!(read(("gather", json!({"input": input}))), PlanRequest::Gather(_)));
    assert!(matches!(read(("input", input)), PlanRequest::Plan(_)));
    let conclude = json!({"plan": {"bucket": "b", "key": "k"}, "surveys": []});
    assert!(matches!(read(("conclude", conclude)), PlanRequest::Conclude(_)));
}

#[test]
fn disputed_documents_are_counted_where_there_are_some() {
    let json = |disputed| {
        serde_json::to_value(ShareCounts { disputed, ..ShareCounts::default() }).unwrap()
    };
    assert_eq!(json(0).get("disputed"), None);
    assert_eq!(json(2)["disputed"], 2);
}
