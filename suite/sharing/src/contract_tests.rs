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
    let mut counts =
        ShareCounts { documents: 1, added: 2, removed: 3, present: 4, failed: 5, disputed: 6 };
    counts += ShareCounts {
        documents: 10,
        added: 20,
        removed: 30,
        present: 40,
        failed: 50,
        disputed: 60,
    };
    let sums = ShareCounts {
        documents: 11,
        added: 22,
        removed: 33,
        present: 44,
        failed: 55,
        disputed: 66,
    };
    assert_eq!(counts, sums);
}
