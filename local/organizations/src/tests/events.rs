//! The events of writes.

use expect_test::expect;
use serde_json::{Value, json};

use super::{MANAGEMENT, OUTSIDER, World, text};
use crate::AcceptDelivery;

#[test]
fn a_creation_is_seen_twice_and_its_account_only_in_the_result() {
    let mut world = World::seeded();
    let body = json!({
        "AccountName": "prod", "Email": "prod@example.com", "Tags": [{ "Key": "k", "Value": "v" }],
    });
    let id = text(&world.manage("CreateAccount", body)["CreateAccountStatus"]["Id"]);
    world.pass(1);
    let [call, result, joined] = world.events.as_slice() else { panic!("{:?}", world.events) };
    for event in [call, result, joined] {
        assert_eq!((event.account.as_str(), event.region.as_str()), (MANAGEMENT, "us-east-1"));
        assert_eq!(event.envelope["source"], "aws.organizations");
        assert_eq!(event.envelope["account"], MANAGEMENT);
    }
    let detail = &call.envelope["detail"];
    assert_eq!(call.envelope["detail-type"], "AWS API Call via CloudTrail");
    assert_eq!(
        detail["requestParameters"],
        json!({
            "accountName": "****", "email": "****", "tags": [{ "key": "k", "value": "v" }],
        })
    );
    assert_eq!(
        detail["responseElements"],
        json!({ "createAccountStatus": {
            "id": id,
            "accountName": "****",
            "state": "IN_PROGRESS",
            "requestedTimestamp": "Mar 1, 2026, 10:00:00 AM",
        } })
    );
    assert_eq!(detail["userIdentity"]["type"], "AssumedRole");
    assert_eq!(detail["eventType"], "AwsApiCall");

    let details = &result.envelope["detail"]["serviceEventDetails"];
    let account = text(&details["createAccountStatus"]["accountId"]);
    let shown = serde_json::to_string_pretty(&result.envelope).expect("JSON");
    let organization = world.service.organization_of(MANAGEMENT).expect("one").to_owned();
    let shown = shown.replace(&account, "<account>").replace(&id, "<request>");
    expect![[r#"
        {
          "version": "0",
          "id": "6c2840fa-c454-59f9-948e-3b1651175f7b",
          "detail-type": "AWS Service Event via CloudTrail",
          "source": "aws.organizations",
          "account": "111122223333",
          "time": "2026-03-01T10:00:01Z",
          "region": "us-east-1",
          "resources": [],
          "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
              "accountId": "111122223333",
              "invokedBy": "organizations.amazonaws.com"
            },
            "eventTime": "2026-03-01T10:00:01Z",
            "eventSource": "organizations.amazonaws.com",
            "eventName": "CreateAccountResult",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "organizations.amazonaws.com",
            "userAgent": "organizations.amazonaws.com",
            "requestParameters": null,
            "responseElements": null,
            "eventID": "6eadb115-f819-5267-a5fe-1e1ddf4ecbc7",
            "readOnly": false,
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "serviceEventDetails": {
              "createAccountStatus": {
                "id": "<request>",
                "accountName": "****",
                "state": "SUCCEEDED",
                "requestedTimestamp": "Mar 1, 2026, 10:00:00 AM",
                "completedTimestamp": "Mar 1, 2026, 10:00:01 AM",
                "accountId": "<account>"
              }
            },
            "eventCategory": "Management"
          }
        }"#]]
    .assert_eq(&shown);
    let joined = &joined.envelope["detail"]["serviceEventDetails"];
    assert_eq!(
        *joined,
        json!({
            "accountId": account,
            "managementAccountId": MANAGEMENT,
            "organizationId": organization,
            "joinedMethod": "Created",
            "joinedTime": "Mar 1, 2026, 10:00:01 AM",
        })
    );
}

#[test]
fn a_failed_creation_says_why_and_names_no_account() {
    let mut world = World::seeded();
    world.account("prod");
    let body = json!({ "AccountName": "again", "Email": "prod@example.com" });
    world.manage("CreateAccount", body);
    world.pass(1);
    let results = world.seen("CreateAccountResult");
    let status = &results[1]["serviceEventDetails"]["createAccountStatus"];
    assert_eq!(
        (&status["state"], &status["failureReason"]),
        (&json!("FAILED"), &json!("EMAIL_ALREADY_EXISTS"))
    );
    assert_eq!(status.get("accountId"), None);
    assert_eq!(world.seen("AccountJoinedOrganization").len(), 1);
}

#[test]
fn a_failed_call_is_recorded_with_its_error_in_the_callers_account() {
    let mut world = World::seeded();
    let body = json!({ "AccountName": "prod", "Email": "prod@example.com" });
    assert_eq!(world.fails(OUTSIDER, "CreateAccount", body), "AWSOrganizationsNotInUseException");
    let [event] = world.events.as_slice() else { panic!("{:?}", world.events) };
    assert_eq!(event.account, OUTSIDER);
    let detail = &event.envelope["detail"];
    assert_eq!(detail["errorCode"], "AWSOrganizationsNotInUseException");
    assert_eq!(detail["errorMessage"], "Your account is not a member of an organization.");
    assert_eq!(detail["responseElements"], Value::Null);
}

#[test]
fn reads_are_not_sent_to_the_bus() {
    let mut world = World::seeded();
    world.manage("ListAccounts", json!({}));
    world.fails(OUTSIDER, "ListAccounts", json!({}));
    assert!(world.events.is_empty());
}

#[test]
fn an_invitation_masks_addresses_and_notes_and_shows_accounts() {
    let mut world = World::seeded();
    for target in [
        json!({ "Type": "ACCOUNT", "Id": OUTSIDER }),
        json!({ "Type": "EMAIL", "Id": "new@example.com" }),
    ] {
        let body = json!({ "Target": target, "Notes": "Come in" });
        world.manage("InviteAccountToOrganization", body);
    }
    let seen = world.seen("InviteAccountToOrganization");
    assert_eq!(
        seen[0]["requestParameters"],
        json!({ "target": { "type": "ACCOUNT", "id": OUTSIDER }, "notes": "****" })
    );
    assert_eq!(seen[1]["requestParameters"]["target"], json!({ "type": "EMAIL", "id": "****" }));
    let handshake = &seen[0]["responseElements"]["handshake"];
    assert_eq!(handshake["state"], "OPEN");
    assert_eq!(handshake["action"], "invite");
    assert_eq!(handshake["expirationTimestamp"], "Mar 16, 2026, 10:00:00 AM");
    assert_eq!(handshake["parties"][1], json!({ "id": OUTSIDER, "type": "ACCOUNT" }));
    assert!(!json!(seen).to_string().contains("example.com"));
    assert!(!json!(seen).to_string().contains("Come in"));
}

#[test]
fn acceptance_is_seen_where_the_delivery_says_and_the_join_in_the_management_account() {
    for (delivery, seen_by) in [
        (AcceptDelivery::Caller, Some(OUTSIDER)),
        (AcceptDelivery::Management, Some(MANAGEMENT)),
        (AcceptDelivery::None, None),
    ] {
        let mut world = World::seeded();
        world.service.deliver_accept_handshake(delivery);
        world.invited(OUTSIDER);
        let by: Vec<&str> = world
            .events
            .iter()
            .filter(|event| event.envelope["detail"]["eventName"] == "AcceptHandshake")
            .map(|event| event.account.as_str())
            .collect();
        assert_eq!(by, seen_by.into_iter().collect::<Vec<_>>());
        let joined = world.seen("AccountJoinedOrganization");
        assert_eq!(joined[0]["recipientAccountId"], MANAGEMENT);
        assert_eq!(joined[0]["serviceEventDetails"]["joinedMethod"], "INVITED");
    }
}

#[test]
fn departures_tell_how_and_the_leavers_call_stays_in_its_account() {
    let mut world = World::seeded();
    let removed = world.account("prod");
    world.manage("RemoveAccountFromOrganization", json!({ "AccountId": removed }));
    let left = world.invited(OUTSIDER);
    world.ok(&left, "LeaveOrganization", json!({}));
    let methods: Vec<&Value> = world
        .seen("AccountDepartedOrganization")
        .iter()
        .map(|detail| &detail["serviceEventDetails"]["departureMethod"])
        .collect();
    assert_eq!(methods, ["REMOVED", "LEFT"]);
    let call = world.seen("LeaveOrganization")[0];
    assert_eq!(call["recipientAccountId"], OUTSIDER);
    assert_eq!(call["requestParameters"], Value::Null);
    let removal = world.seen("RemoveAccountFromOrganization")[0];
    assert_eq!(removal["requestParameters"], json!({ "accountId": removed }));
}

#[test]
fn a_move_has_its_three_parameters_and_no_response() {
    let mut world = World::seeded();
    let (root, account) = (world.root(), world.account("prod"));
    let unit = world.unit(&root, "Unit");
    let body = json!({
        "AccountId": account, "SourceParentId": root, "DestinationParentId": unit,
    });
    world.manage("MoveAccount", body);
    let detail = world.seen("MoveAccount")[0];
    assert_eq!(
        detail["requestParameters"],
        json!({ "accountId": account, "sourceParentId": root, "destinationParentId": unit })
    );
    assert_eq!(detail["responseElements"], Value::Null);
}

#[test]
fn every_event_has_an_id_of_its_own() {
    let mut world = World::seeded();
    for name in ["one", "two", "three"] {
        let account = world.account(name);
        world.manage("CloseAccount", json!({ "AccountId": account }));
    }
    world.pass_days(100);
    let id = |event: &api::Emission| text(&event.envelope["detail"]["eventID"]);
    let mut ids: Vec<String> = world.events.iter().map(id).collect();
    ids.extend(world.events.iter().map(|event| text(&event.envelope["id"])));
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
