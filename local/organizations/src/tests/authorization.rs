//! The questions to IAM.

use api::Service;
use serde_json::{Value, json};

use super::model::operations;
use super::{MANAGEMENT, OUTSIDER, World};

/// Actions and resources, with the organization's id and root written short.
fn asked(world: &mut World, account: &str, operation: &str, body: Value) -> Vec<String> {
    let request = world.request(account, operation, body);
    let organization = world.service.organization_of(MANAGEMENT).expect("one");
    let all = world.service.authorizations(&request);
    all.into_iter()
        .map(|one| format!("{} {}", one.action, one.resource.replace(organization, "o-x")))
        .collect()
}

#[test]
fn each_operation_asks_for_its_action_on_its_resources() {
    let mut world = World::seeded();
    let root = world.root();
    let account = "arn:aws:organizations::111122223333:account/o-x";
    let cases = [
        ("ListAccounts", json!({}), vec!["organizations:ListAccounts *".to_owned()]),
        (
            "DescribeAccount",
            json!({ "AccountId": OUTSIDER }),
            vec![format!("organizations:DescribeAccount {account}/{OUTSIDER}")],
        ),
        (
            "MoveAccount",
            json!({
                "AccountId": OUTSIDER,
                "SourceParentId": root,
                "DestinationParentId": "ou-abcd-12345678",
            }),
            vec![
                format!("organizations:MoveAccount {account}/{OUTSIDER}"),
                format!(
                    "organizations:MoveAccount arn:aws:organizations::111122223333:root/o-x/{root}"
                ),
                "organizations:MoveAccount \
                 arn:aws:organizations::111122223333:ou/o-x/ou-abcd-12345678"
                    .to_owned(),
            ],
        ),
        (
            "AttachPolicy",
            json!({ "PolicyId": "p-FullAWSAccess", "TargetId": MANAGEMENT }),
            vec![
                "organizations:AttachPolicy \
                 arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
                    .to_owned(),
                format!("organizations:AttachPolicy {account}/{MANAGEMENT}"),
            ],
        ),
        (
            "CreateAccount",
            json!({ "Tags": [{ "Key": "k", "Value": "v" }] }),
            vec![
                "organizations:CreateAccount *".to_owned(),
                "organizations:TagResource *".to_owned(),
            ],
        ),
        ("FrobAccount", json!({}), vec![]),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(asked(&mut world, MANAGEMENT, operation, body), expected);
    }
}

#[test]
fn the_invited_account_is_asked_about_the_senders_handshake() {
    let mut world = World::seeded();
    let body = json!({ "Target": { "Type": "ACCOUNT", "Id": OUTSIDER } });
    let sent = world.manage("InviteAccountToOrganization", body)["Handshake"].clone();
    let request = world.request(OUTSIDER, "AcceptHandshake", json!({ "HandshakeId": sent["Id"] }));
    let asked = world.service.authorizations(&request);
    assert_eq!(asked.len(), 1);
    assert_eq!(sent["Arn"], asked[0].resource.as_str());
}

#[test]
fn conditions_are_told_the_type_the_service_and_the_tags() {
    let mut world = World::seeded();
    let body = json!({ "PolicyId": "p-FullAWSAccess", "TargetId": MANAGEMENT });
    let request = world.request(MANAGEMENT, "AttachPolicy", body);
    let context = &world.service.authorizations(&request)[0].context;
    assert_eq!(context["organizations:PolicyType"], "SERVICE_CONTROL_POLICY");
    let body = json!({ "ServicePrincipal": "ssm.amazonaws.com" });
    let request = world.request(MANAGEMENT, "EnableAWSServiceAccess", body);
    let context = &world.service.authorizations(&request)[0].context;
    assert_eq!(context["organizations:ServicePrincipal"], "ssm.amazonaws.com");
    let body = json!({ "Tags": [{ "Key": "k", "Value": "v" }] });
    let request = world.request(MANAGEMENT, "CreateAccount", body);
    let context = &world.service.authorizations(&request)[0].context;
    assert_eq!(context["aws:RequestTag/k"], "v");
    assert_eq!(context["aws:TagKeys"], json!(["k"]));
}

#[test]
fn reads_are_not_journalled_and_writes_are() {
    let world = World::empty();
    for operation in operations() {
        let reads = ["Describe", "List"].iter().any(|prefix| operation.starts_with(prefix));
        assert_eq!(world.service.writes(operation), !reads, "{operation}");
    }
    assert!(!world.service.writes("FrobAccount"));
}
