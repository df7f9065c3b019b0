//! Invitations and the migration to all features.

use serde_json::{Value, json};

use super::{MANAGEMENT, OUTSIDER, World, each, text};
use crate::OrganizationLimits;

fn invite(world: &mut World, kind: &str, id: &str) -> Value {
    let body = json!({ "Target": { "Type": kind, "Id": id }, "Notes": "Come in" });
    let handshake = world.manage("InviteAccountToOrganization", body)["Handshake"].clone();
    json!({ "HandshakeId": handshake["Id"] })
}

#[test]
fn an_invitation_is_open_until_the_invited_account_accepts_and_joins() {
    let mut world = World::seeded();
    let body = json!({
        "Target": { "Type": "ACCOUNT", "Id": OUTSIDER },
        "Notes": "Come in",
        "Tags": [{ "Key": "team", "Value": "a" }],
    });
    let sent = world.manage("InviteAccountToOrganization", body.clone())["Handshake"].clone();
    assert_eq!((&sent["State"], &sent["Action"]), (&json!("OPEN"), &json!("INVITE")));
    let organization = world.service.organization_of(MANAGEMENT).expect("one").to_owned();
    assert_eq!(
        sent["Parties"],
        json!([
            { "Id": organization, "Type": "ORGANIZATION" },
            { "Id": OUTSIDER, "Type": "ACCOUNT" },
        ])
    );
    assert_eq!(each(&sent["Resources"], "Type"), ["ORGANIZATION", "ACCOUNT", "NOTES"]);
    assert_eq!(
        world.fails(MANAGEMENT, "InviteAccountToOrganization", body.clone()),
        "DuplicateHandshakeException"
    );
    let id = json!({ "HandshakeId": sent["Id"] });
    for account in [MANAGEMENT, OUTSIDER] {
        assert_eq!(world.ok(account, "DescribeHandshake", id.clone())["Handshake"], sent);
    }
    let received = world.ok(OUTSIDER, "ListHandshakesForAccount", json!({}));
    assert_eq!(received["Handshakes"], json!([sent]));
    assert_eq!(world.fails(MANAGEMENT, "AcceptHandshake", id.clone()), "AccessDeniedException");

    let accepted = world.ok(OUTSIDER, "AcceptHandshake", id.clone())["Handshake"].clone();
    assert_eq!(accepted["State"], "ACCEPTED");
    assert_eq!(world.service.organization_of(OUTSIDER), Some(organization.as_str()));
    let account = world.manage("DescribeAccount", json!({ "AccountId": OUTSIDER }));
    assert_eq!(account["Account"]["JoinedMethod"], "INVITED");
    let tags = world.manage("ListTagsForResource", json!({ "ResourceId": OUTSIDER }));
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "a" }]));
    let again = "HandshakeAlreadyInStateException";
    assert_eq!(world.fails(OUTSIDER, "AcceptHandshake", id.clone()), again);
    assert_eq!(
        world.fails(MANAGEMENT, "CancelHandshake", id),
        "InvalidHandshakeTransitionException"
    );
    assert_eq!(
        world.fails(MANAGEMENT, "InviteAccountToOrganization", body),
        "HandshakeConstraintViolationException ALREADY_IN_AN_ORGANIZATION"
    );
}

#[test]
fn every_account_of_the_organization_sees_an_invitation_and_only_its_parties_end_it() {
    let mut world = World::seeded();
    let member = world.account("prod");
    let id = invite(&mut world, "ACCOUNT", OUTSIDER);
    let seen = world.ok(&member, "DescribeHandshake", id.clone());
    assert_eq!(seen, world.manage("DescribeHandshake", id.clone()));
    for operation in ["AcceptHandshake", "DeclineHandshake", "CancelHandshake"] {
        assert_eq!(world.fails(&member, operation, id.clone()), "AccessDeniedException");
    }
    assert_eq!(world.fails("777766665555", "DescribeHandshake", id), "AccessDeniedException");
}

#[test]
fn an_invitation_by_address_never_shows_an_account_and_gives_it_the_address() {
    let mut world = World::seeded();
    let id = invite(&mut world, "EMAIL", "new@example.com");
    let open = world.ok(OUTSIDER, "ListHandshakesForAccount", json!({}));
    assert_eq!(each(&open["Handshakes"], "Id"), [text(&id["HandshakeId"])]);
    let accepted = world.ok(OUTSIDER, "AcceptHandshake", id)["Handshake"].clone();
    assert!(!accepted.to_string().contains(OUTSIDER));
    let account = world.manage("DescribeAccount", json!({ "AccountId": OUTSIDER }));
    assert_eq!(account["Account"]["Email"], "new@example.com");
}

#[test]
fn an_invitation_to_a_known_address_is_for_its_account_alone() {
    let mut world = World::seeded();
    let account = world.account("prod");
    world.manage("RemoveAccountFromOrganization", json!({ "AccountId": account }));
    let id = invite(&mut world, "EMAIL", "prod@example.com");
    assert_eq!(world.fails(OUTSIDER, "DescribeHandshake", id.clone()), "AccessDeniedException");
    assert_eq!(world.ok(OUTSIDER, "ListHandshakesForAccount", json!({}))["Handshakes"], json!([]));
    world.ok(&account, "AcceptHandshake", id);
}

#[test]
fn an_invitation_is_declined_cancelled_or_expires_and_then_stays_so() {
    let mut world = World::seeded();
    let declined = invite(&mut world, "ACCOUNT", OUTSIDER);
    assert_eq!(
        world.fails(MANAGEMENT, "DeclineHandshake", declined.clone()),
        "AccessDeniedException"
    );
    world.ok(OUTSIDER, "DeclineHandshake", declined.clone());
    let canceled = invite(&mut world, "ACCOUNT", OUTSIDER);
    assert_eq!(world.fails(OUTSIDER, "CancelHandshake", canceled.clone()), "AccessDeniedException");
    world.manage("CancelHandshake", canceled.clone());
    let expired = invite(&mut world, "ACCOUNT", OUTSIDER);
    world.pass_days(15);
    for (id, state) in
        [(declined, "DECLINED"), (canceled, "CANCELED"), (expired.clone(), "EXPIRED")]
    {
        let handshake = world.ok(OUTSIDER, "DescribeHandshake", id.clone())["Handshake"].clone();
        assert_eq!(handshake["State"], state);
        assert_eq!(
            world.fails(OUTSIDER, "AcceptHandshake", id),
            "InvalidHandshakeTransitionException"
        );
    }
    assert_eq!(world.service.organization_of(OUTSIDER), None);
    world.pass_days(30);
    assert_eq!(world.fails(OUTSIDER, "DescribeHandshake", expired), "HandshakeNotFoundException");
}

#[test]
fn a_member_of_another_organization_changes_over_unless_it_manages_or_administers_it() {
    let mut world = World::seeded();
    let member = world.account("prod");
    let delegate = world.account("security");
    world.delegate(&delegate);
    let other = "444455556666";
    world.ok(other, "CreateOrganization", json!({}));
    let mut outcomes = Vec::new();
    for account in [&member, &delegate, &MANAGEMENT.to_owned()] {
        let body = json!({ "Target": { "Type": "ACCOUNT", "Id": account } });
        let sent = world.ok(other, "InviteAccountToOrganization", body);
        let id = json!({ "HandshakeId": sent["Handshake"]["Id"] });
        outcomes.push(world.call(account, "AcceptHandshake", id).err().map(|error| error.code));
    }
    let refused = |code: &str| Some(code.to_owned());
    assert_eq!(
        outcomes,
        [
            None,
            refused("ConstraintViolationException"),
            refused("MasterCannotLeaveOrganizationException"),
        ]
    );
    assert_eq!(world.service.management_account_of(&member), Some(other));
    let left = world.seen("AccountDepartedOrganization");
    assert_eq!(left[0]["serviceEventDetails"]["departureMethod"], "LEFT");
    assert_eq!(left[0]["recipientAccountId"], MANAGEMENT);
}

#[test]
fn invitations_count_against_the_quotas() {
    let mut world = World::seeded();
    world.service.set_limits(OrganizationLimits {
        accounts: 2,
        invitations_a_day: 1,
        ..OrganizationLimits::default()
    });
    let id = invite(&mut world, "ACCOUNT", OUTSIDER);
    let body = json!({ "Target": { "Type": "ACCOUNT", "Id": "444455556666" } });
    assert_eq!(
        world.fails(MANAGEMENT, "InviteAccountToOrganization", body.clone()),
        "HandshakeConstraintViolationException ACCOUNT_NUMBER_LIMIT_EXCEEDED"
    );
    world.manage("CancelHandshake", id);
    assert_eq!(
        world.fails(MANAGEMENT, "InviteAccountToOrganization", body.clone()),
        "HandshakeConstraintViolationException HANDSHAKE_RATE_LIMIT_EXCEEDED"
    );
    world.pass_days(1);
    world.manage("InviteAccountToOrganization", body);
}

#[test]
fn handshakes_are_filtered_by_action_or_by_the_migration_they_are_part_of() {
    let mut world = World::billing();
    world.invited(OUTSIDER);
    let parent = world.manage("EnableAllFeatures", json!({}))["Handshake"].clone();
    for (filter, count) in [
        (json!({}), 3),
        (json!({ "ActionType": "INVITE" }), 1),
        (json!({ "ActionType": "APPROVE_ALL_FEATURES" }), 1),
        (json!({ "ParentHandshakeId": parent["Id"] }), 1),
        (json!({ "ActionType": "TRANSFER_RESPONSIBILITY" }), 0),
    ] {
        let body = json!({ "Filter": filter });
        let sent = world.manage("ListHandshakesForOrganization", body);
        assert_eq!(sent["Handshakes"].as_array().map(Vec::len), Some(count), "{filter}");
    }
}

#[test]
fn all_features_come_when_every_invited_account_has_approved_and_management_ends_it() {
    let mut world = World::billing();
    world.account("created");
    world.invited(OUTSIDER);
    let parent = world.manage("EnableAllFeatures", json!({}))["Handshake"].clone();
    assert_eq!(parent["State"], "REQUESTED");
    let id = json!({ "HandshakeId": parent["Id"] });
    assert_eq!(
        world.fails(MANAGEMENT, "AcceptHandshake", id.clone()),
        "InvalidHandshakeTransitionException"
    );
    let body = json!({ "Target": { "Type": "ACCOUNT", "Id": "444455556666" } });
    assert_eq!(
        world.fails(MANAGEMENT, "InviteAccountToOrganization", body),
        "HandshakeConstraintViolationException INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"
    );
    assert_eq!(
        world.fails(MANAGEMENT, "EnableAllFeatures", json!({})),
        "HandshakeConstraintViolationException \
         ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION"
    );
    let filter = json!({ "Filter": { "ActionType": "APPROVE_ALL_FEATURES" } });
    let asked = world.ok(OUTSIDER, "ListHandshakesForAccount", filter)["Handshakes"].clone();
    world.ok(OUTSIDER, "AcceptHandshake", json!({ "HandshakeId": asked[0]["Id"] }));
    let open = world.manage("DescribeHandshake", id.clone());
    assert_eq!(open["Handshake"]["State"], "OPEN");
    world.manage("AcceptHandshake", id);
    let organization = world.manage("DescribeOrganization", json!({}));
    assert_eq!(organization["Organization"]["FeatureSet"], "ALL");
    let body = json!({ "TargetId": OUTSIDER, "Filter": "SERVICE_CONTROL_POLICY" });
    let policies = world.manage("ListPoliciesForTarget", body);
    assert_eq!(each(&policies["Policies"], "Id"), ["p-FullAWSAccess"]);
}

#[test]
fn an_account_that_leaves_holds_the_migration_up_no_longer() {
    let mut world = World::billing();
    world.invited(OUTSIDER);
    let parent = world.manage("EnableAllFeatures", json!({}))["Handshake"]["Id"].clone();
    world.ok(OUTSIDER, "LeaveOrganization", json!({}));
    let parent = world.manage("DescribeHandshake", json!({ "HandshakeId": parent }));
    assert_eq!(parent["Handshake"]["State"], "OPEN");
}
