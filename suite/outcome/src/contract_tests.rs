//! Tests of the contracts, written as the JSON that state machines send.

use relay_core::execution::{Trigger, TriggerKind};
use relay_core::flow::Flow;
use serde_json::{Value, json};
use sharing::{
    AwaitMembershipInput, CheckMembershipOutput, Membership, MembershipRequest, Scope,
    ShareRunbooksInput,
};

use super::*;

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn accounts_without_a_trigger_were_started_by_hand() {
    let input: ShareRunbooksInput =
        parse(json!({"accounts": ["222233334444", "000000000001", "222233334444"]})).unwrap();
    assert_eq!(input.trigger, Trigger::without_event(TriggerKind::Manual));
    assert_eq!(input.accounts().len(), 2, "named once each");
    assert_eq!(
        serde_json::to_value(&input).unwrap(),
        json!({
            "accounts": ["000000000001", "222233334444"],
            "trigger": {"kind": "manual", "arn": null, "eventIds": []}
        })
    );
}

#[test]
fn the_organization_without_a_trigger_is_a_backfill() {
    let input: ShareRunbooksInput = parse(json!({"organization": true})).unwrap();
    assert_eq!(input.scope, Scope::Organization);
    assert_eq!(input.trigger.kind, TriggerKind::Backfill);
}

#[test]
fn an_input_that_names_nobody_or_both_is_refused_with_what_was_expected() {
    for (input, expected) in [
        (json!({}), "expected `accounts` or `organization: true`"),
        (json!({"organization": false}), "expected `accounts` or `organization: true`"),
        (json!({"accounts": []}), "`accounts` is empty"),
        (json!({"accounts": ["111122223333"], "organization": true}), "exclude each other"),
        (json!({"accounts": ["1234"]}), "\"1234\" is not an account id (12 digits)"),
        (json!({"accounts": [111122223333u64]}), "invalid type: integer"),
    ] {
        let error = parse::<ShareRunbooksInput>(input).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_membership_request_is_a_creation_or_an_invitation() {
    let input: AwaitMembershipInput = parse(json!({
        "request": {"createAccountRequestId": "car-examplecreateaccountrequestid111"},
        "trigger": {"kind": "join", "eventIds": ["e-1"]}
    }))
    .unwrap();
    assert!(matches!(input.request, MembershipRequest::CreateAccountRequestId(_)));
    assert!(parse::<MembershipRequest>(json!({"handshakeId": "h-examplehandshakeid111"})).is_ok());
    assert!(parse::<MembershipRequest>(json!({"handshakeId": "car-12345678"})).is_err());
}

#[test]
fn memberships_carry_what_their_state_needs_beside_the_attempt() {
    let pending: CheckMembershipOutput =
        parse(json!({"state": "pending", "waitSeconds": 5, "attempt": 1})).unwrap();
    assert_eq!(pending.membership, Membership::Pending { wait_seconds: 5 });
    let handed: CheckMembershipOutput = CheckMembershipOutput {
        membership: Membership::HandedOver { account: "000000000001".parse().unwrap() },
        attempt: 3,
    };
    assert_eq!(
        serde_json::to_value(&handed).unwrap(),
        json!({"state": "handedOver", "account": "000000000001", "attempt": 3})
    );
    assert!(parse::<CheckMembershipOutput>(json!({"state": "failed", "attempt": 1})).is_err());
}

#[test]
fn a_publish_request_is_read_whatever_the_execution_was_started_with() {
    let request: PublishOutcomeInput = parse(json!({
        "execution": {
            "arn": "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:x",
            "name": "x",
            "startTime": "2026-01-02T03:04:05.678Z"
        },
        "flow": "sharing",
        "input": {"acounts": "typo"},
        "shares": [
            {"done": true, "cursor": null, "owner": "111122223333", "region": "us-east-1",
             "counts": {"documents": 1, "added": 1, "removed": 0, "present": 0, "failed": 0}},
            {"owner": "111122223333", "region": "eu-west-1",
             "error": {"Error": "States.Timeout", "Cause": ""}}
        ],
        "error": {"Error": "InvalidInput"}
    }))
    .unwrap();
    assert!(matches!(request.input, MachineInput::Unknown(_)));
    let shares = request.shares.unwrap();
    assert_eq!(shares[0].counts.unwrap().added, 1);
    assert_eq!(shares[1].error.as_ref().unwrap().error, "States.Timeout");
    assert_eq!(request.error.unwrap().cause, None);
}

#[test]
fn machine_inputs_are_told_apart_by_their_fields() {
    let sharing: MachineInput = parse(json!({"accounts": ["000000000001"]})).unwrap();
    assert!(matches!(sharing, MachineInput::ShareRunbooks(_)));
    let waiting: MachineInput = parse(json!({
        "request": {"handshakeId": "h-examplehandshakeid111"},
        "trigger": {"kind": "join", "arn": null, "eventIds": []}
    }))
    .unwrap();
    assert!(matches!(waiting, MachineInput::AwaitMembership(_)));
}

#[test]
fn the_flow_of_an_execution_follows_from_what_it_was_started_with() {
    let flow = |input: Value| parse::<MachineInput>(input).unwrap().flow();
    assert_eq!(flow(json!({"accounts": ["000000000001"]})), Flow::Sharing);
    assert_eq!(flow(json!({"typo": 1})), Flow::Sharing);
    assert_eq!(flow(json!({"runbook": "Org-A"})), Flow::Run);
    let alarm = json!({"runbook": "Org-A", "account": "000000000001",
        "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:000000000001:alarm:a"},
        "rule": {"name": "web", "rulesVersion": "sha256:1"}});
    let alarm: MachineInput = parse(alarm).unwrap();
    assert_eq!(alarm.flow(), Flow::Remediation);
    assert_eq!(alarm.accounts(), ["000000000001".parse().unwrap()]);
    assert_eq!(alarm.trigger().unwrap().kind, TriggerKind::Manual);
}

#[test]
fn recovery_is_asked_by_a_status_change_or_by_a_sweep() {
    let sweep: RecoverOutcomesInput = parse(json!({"sweep": true})).unwrap();
    assert_eq!(sweep, RecoverOutcomesInput::Sweep { sweep: true });
    let change: RecoverOutcomesInput = parse(json!({
        "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
        "account": "111122223333", "time": "2026-02-26T19:42:21Z", "region": "us-east-1",
        "resources": [],
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:111122223333:execution:m:n",
            "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:m",
            "name": "n", "status": "TIMED_OUT", "startDate": 1551225271984u64,
            "stopDate": 1551225281984u64, "input": "{}", "output": null,
            "inputDetails": {"included": true}
        }
    }))
    .unwrap();
    assert!(matches!(
        change,
        RecoverOutcomesInput::StatusChange(change) if change.detail.status == "TIMED_OUT"
    ));
}
