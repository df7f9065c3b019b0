//! Responsibility transfers between two organizations.

use serde_json::{Value, json};

use super::{MANAGEMENT, World, each};

pub(super) const SOURCE: &str = "444455556666";
/// 2026-04-01T00:00:00Z.
pub(super) const APRIL: f64 = 1_775_001_600.0;

pub(super) fn offer(to: &str, start: f64) -> Value {
    json!({
        "Type": "BILLING",
        "Target": { "Type": "ACCOUNT", "Id": to },
        "StartTimestamp": start,
        "SourceName": "bills",
        "Tags": [{ "Key": "k", "Value": "v" }],
    })
}

/// Two organizations and an invitation from the first to the second.
pub(super) fn offered() -> (World, Value, Value) {
    let mut world = World::seeded();
    world.ok(SOURCE, "CreateOrganization", json!({}));
    let body = offer(SOURCE, APRIL);
    let sent = world.manage("InviteOrganizationToTransferResponsibility", body);
    let handshake = json!({ "HandshakeId": sent["Handshake"]["Id"] });
    let inbound = world.manage("ListInboundResponsibilityTransfers", json!({ "Type": "BILLING" }));
    let transfer = json!({ "Id": inbound["ResponsibilityTransfers"][0]["Id"] });
    (world, handshake, transfer)
}

#[test]
fn a_transfer_is_offered_accepted_renamed_and_terminated() {
    let (mut world, handshake, transfer) = offered();
    let of_type = json!({ "Type": "BILLING" });
    let outbound = world.ok(SOURCE, "ListOutboundResponsibilityTransfers", of_type);
    assert_eq!(each(&outbound["ResponsibilityTransfers"], "Status"), ["REQUESTED"]);
    assert_eq!(
        world.fails(MANAGEMENT, "TerminateResponsibilityTransfer", transfer.clone()),
        "InvalidResponsibilityTransferTransitionException"
    );
    assert_eq!(
        world.fails(MANAGEMENT, "DeleteOrganization", json!({})),
        "ConstraintViolationException ACTIVE_RESPONSIBILITY_TRANSFER_PROCESS"
    );
    world.ok(SOURCE, "AcceptHandshake", handshake);
    for (account, side) in [(MANAGEMENT, "inbound"), (SOURCE, "outbound")] {
        let shape = world.ok(account, "DescribeResponsibilityTransfer", transfer.clone());
        let shape = &shape["ResponsibilityTransfer"];
        assert_eq!(shape["Status"], "ACCEPTED");
        assert!(shape["Arn"].as_str().is_some_and(|arn| arn.contains(side)), "{shape}");
        assert_eq!(shape["Source"]["ManagementAccountId"], SOURCE);
        assert_eq!(shape["Target"]["ManagementAccountId"], MANAGEMENT);
    }
    assert_eq!(world.seen("ResponsibilityTransferAccepted").len(), 2);

    let rename = json!({ "Id": transfer["Id"], "Name": "their bills" });
    let renamed = world.manage("UpdateResponsibilityTransfer", rename.clone());
    assert_eq!(renamed["ResponsibilityTransfer"]["Name"], "their bills");
    let ended = world.manage("TerminateResponsibilityTransfer", transfer.clone());
    // 2026-03-31T23:59:59.999Z
    assert_eq!(ended["ResponsibilityTransfer"]["EndTimestamp"], json!(1_775_001_599.999));
    assert_eq!(ended["ResponsibilityTransfer"]["Status"], "WITHDRAWN");
    assert_eq!(world.seen("ResponsibilityTransferTerminated").len(), 2);
    assert_eq!(
        world.fails(SOURCE, "TerminateResponsibilityTransfer", transfer),
        "ResponsibilityTransferAlreadyInStatusException"
    );
    assert_eq!(
        world.fails(MANAGEMENT, "UpdateResponsibilityTransfer", rename),
        "ConstraintViolationException TRANSFER_RESPONSIBILITY_UPDATE_NOT_ALLOWED"
    );
    let tags = json!({ "ResourceId": json!(ended["ResponsibilityTransfer"]["Id"]) });
    assert_eq!(each(&world.manage("ListTagsForResource", tags)["Tags"], "Key"), ["k"]);
}

#[test]
fn a_transfer_begins_with_a_coming_month() {
    let mut world = World::seeded();
    for (start, reason) in [
        (APRIL + 1.0, "START_DATE_NOT_BEGINNING_OF_DAY"),
        (APRIL + 86_400.0, "START_DATE_NOT_BEGINNING_OF_MONTH"),
        (1_772_323_200.0, "START_DATE_TOO_EARLY"),
    ] {
        let body = offer(SOURCE, start);
        assert_eq!(
            world.fails(MANAGEMENT, "InviteOrganizationToTransferResponsibility", body),
            format!("InvalidInputException {reason}")
        );
    }
    assert_eq!(
        world.fails(
            MANAGEMENT,
            "InviteOrganizationToTransferResponsibility",
            offer(MANAGEMENT, APRIL)
        ),
        "HandshakeConstraintViolationException SOURCE_AND_TARGET_CANNOT_MATCH"
    );
}

#[test]
fn a_transfer_ends_with_its_handshake_and_with_a_month() {
    for (operation, account, status) in
        [("DeclineHandshake", SOURCE, "DECLINED"), ("CancelHandshake", MANAGEMENT, "CANCELED")]
    {
        let (mut world, handshake, transfer) = offered();
        world.ok(account, operation, handshake);
        let shape = world.manage("DescribeResponsibilityTransfer", transfer);
        assert_eq!(shape["ResponsibilityTransfer"]["Status"], status);
    }
    let (mut world, _, transfer) = offered();
    world.pass_days(15);
    let shape = world.manage("DescribeResponsibilityTransfer", transfer);
    assert_eq!(shape["ResponsibilityTransfer"]["Status"], "EXPIRED");

    let (mut world, handshake, transfer) = offered();
    world.ok(SOURCE, "AcceptHandshake", handshake);
    for (end, reason) in
        [(APRIL, "END_DATE_NOT_END_OF_MONTH"), (1_772_323_199.999, "END_DATE_TOO_EARLY")]
    {
        let body = json!({ "Id": transfer["Id"], "EndTimestamp": end });
        assert_eq!(
            world.fails(MANAGEMENT, "TerminateResponsibilityTransfer", body),
            format!("InvalidInputException {reason}")
        );
    }
}
