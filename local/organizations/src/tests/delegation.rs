//! Trusted services, delegated administrators, the resource policy.

use serde_json::{Value, json};

use super::{MANAGEMENT, World, each, text};

#[test]
fn a_delegated_administrator_reads_and_does_not_write() {
    let mut world = World::seeded();
    let account = world.account("security");
    let denied = "AccessDeniedException";
    assert_eq!(world.fails(&account, "ListAccounts", json!({})), denied);
    world.delegate(&account);
    world.ok(&account, "ListAccounts", json!({}));
    world.ok(&account, "ListHandshakesForOrganization", json!({}));
    let body = json!({ "AccountName": "a", "Email": "aa@example.com" });
    assert_eq!(world.fails(&account, "CreateAccount", body), denied);
    let root = world.root();
    let body = json!({ "PolicyId": "p-FullAWSAccess", "TargetId": root });
    assert_eq!(world.fails(&account, "AttachPolicy", body), denied);
}

#[test]
fn delegated_administrators_are_listed_by_account_and_by_service() {
    let mut world = World::seeded();
    let account = world.account("security");
    world.delegate(&account);
    let services = world.manage("ListAWSServiceAccessForOrganization", json!({}));
    assert_eq!(
        each(&services["EnabledServicePrincipals"], "ServicePrincipal"),
        ["ssm.amazonaws.com"]
    );
    let all = world.manage("ListDelegatedAdministrators", json!({}));
    assert_eq!(each(&all["DelegatedAdministrators"], "Id"), [account.as_str()]);
    let other = json!({ "ServicePrincipal": "config.amazonaws.com" });
    assert_eq!(
        world.manage("ListDelegatedAdministrators", other)["DelegatedAdministrators"],
        json!([])
    );
    let id = json!({ "AccountId": account });
    let services = world.manage("ListDelegatedServicesForAccount", id);
    assert_eq!(each(&services["DelegatedServices"], "ServicePrincipal"), ["ssm.amazonaws.com"]);
}

#[test]
fn a_service_that_is_no_longer_trusted_has_no_administrators() {
    let mut world = World::seeded();
    let account = world.account("security");
    world.delegate(&account);
    world.manage("DisableAWSServiceAccess", json!({ "ServicePrincipal": "ssm.amazonaws.com" }));
    let all = world.manage("ListDelegatedAdministrators", json!({}));
    assert_eq!(all["DelegatedAdministrators"], json!([]));
    assert_eq!(world.fails(&account, "ListAccounts", json!({})), "AccessDeniedException");
}

#[test]
fn a_delegated_administrator_cannot_be_removed() {
    let mut world = World::seeded();
    let account = world.account("security");
    world.delegate(&account);
    let id = json!({ "AccountId": account });
    assert_eq!(
        world.fails(MANAGEMENT, "RemoveAccountFromOrganization", id.clone()),
        "ConstraintViolationException CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    );
    let body = json!({ "AccountId": account, "ServicePrincipal": "ssm.amazonaws.com" });
    world.manage("DeregisterDelegatedAdministrator", body);
    world.manage("RemoveAccountFromOrganization", id);
}

#[test]
fn the_number_of_administrators_is_limited_by_service() {
    let mut world = World::seeded();
    for (service, most, reason) in [
        ("ssm.amazonaws.com", 5, "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED"),
        ("guardduty.amazonaws.com", 1, "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"),
    ] {
        world.manage("EnableAWSServiceAccess", json!({ "ServicePrincipal": service }));
        let prefix = service.split('.').next().expect("a prefix");
        let bodies: Vec<Value> = (0..=most)
            .map(|n| {
                let account = world.account(&format!("{prefix}{n}"));
                json!({ "AccountId": account, "ServicePrincipal": service })
            })
            .collect();
        let (last, others) = bodies.split_last().expect("accounts");
        for body in others {
            world.manage("RegisterDelegatedAdministrator", body.clone());
        }
        assert_eq!(
            world.fails(MANAGEMENT, "RegisterDelegatedAdministrator", last.clone()),
            format!("ConstraintViolationException {reason}")
        );
    }
}

fn lets(account: &str, effect: &str, action: &str, condition: &Value) -> Value {
    json!({
        "Effect": effect,
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": action,
        "Resource": "*",
        "Condition": condition,
    })
}

fn put(world: &mut World, statements: &Value) -> Value {
    let content = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    world.manage("PutResourcePolicy", json!({ "Content": content }))
}

#[test]
fn the_resource_policy_lets_a_member_manage_policies_of_the_types_it_names() {
    let mut world = World::seeded();
    let (account, root) = (world.account("policies"), world.root());
    let types = json!({ "StringEquals": { "organizations:PolicyType": "BACKUP_POLICY" } });
    let first = put(
        &mut world,
        &json!([
            lets(&account, "Allow", "organizations:*Policy*", &types),
            lets(&account, "Deny", "organizations:DeletePolicy", &json!({})),
        ]),
    );
    let enable = |kind: &str| json!({ "RootId": root, "PolicyType": kind });
    world.ok(&account, "EnablePolicyType", enable("BACKUP_POLICY"));
    let denied = "AccessDeniedException";
    assert_eq!(world.fails(&account, "EnablePolicyType", enable("TAG_POLICY")), denied);
    let scp = json!({ "PolicyId": "p-FullAWSAccess" });
    assert_eq!(world.fails(&account, "DescribePolicy", scp), denied);
    let policy = world.policy("BACKUP_POLICY", "backup", &json!({ "plans": {} }));
    let id = json!({ "PolicyId": policy });
    world.ok(&account, "DescribePolicy", id.clone());
    assert_eq!(world.fails(&account, "DeletePolicy", id), denied);
    assert_eq!(world.fails(&account, "ListAccounts", json!({})), denied);

    let second =
        put(&mut world, &json!(lets(&account, "Allow", "organizations:ListAccounts", &json!({}))));
    assert_eq!(
        first["ResourcePolicy"]["ResourcePolicySummary"],
        second["ResourcePolicy"]["ResourcePolicySummary"]
    );
    assert_eq!(world.manage("DescribeResourcePolicy", json!({})), second);
    world.ok(&account, "ListAccounts", json!({}));
    world.manage("DeleteResourcePolicy", json!({}));
    assert_eq!(world.fails(&account, "ListAccounts", json!({})), denied);
}

#[test]
fn a_resource_policy_that_aws_would_refuse_is_refused() {
    let mut world = World::seeded();
    let statement = |principal: &str, action: &str| {
        let statement = json!({
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*",
        });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    for (content, reason) in [
        ("not JSON".to_owned(), "INVALID_RESOURCE_POLICY_JSON"),
        (json!({ "Version": "2012-10-17" }).to_string(), "INVALID_RESOURCE_POLICY_JSON"),
        (statement("everyone", "organizations:ListAccounts"), "INVALID_PRINCIPAL"),
        (statement("*", "organizations:CreateAccount"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
        (statement("*", "s3:GetObject"), "UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"),
    ] {
        assert_eq!(
            world.fails(MANAGEMENT, "PutResourcePolicy", json!({ "Content": content })),
            format!("InvalidInputException {reason}"),
            "{content}"
        );
    }
    let content = statement("*", "organizations:ListAccounts");
    let tags = json!([{ "Key": "k", "Value": "v" }]);
    let body = json!({ "Content": content, "Tags": tags });
    let id = world.manage("PutResourcePolicy", body.clone());
    let id = text(&id["ResourcePolicy"]["ResourcePolicySummary"]["Id"]);
    let kept = world.manage("ListTagsForResource", json!({ "ResourceId": id }));
    assert_eq!(kept["Tags"], tags);
    assert_eq!(world.fails(MANAGEMENT, "PutResourcePolicy", body), "InvalidInputException");
}

#[test]
fn services_see_active_accounts_for_the_management_account_and_their_delegates_alone() {
    let mut world = World::seeded();
    let (security, ops) = (world.account("security"), world.account("ops"));
    let root = world.root();
    let outer = world.unit(&root, "outer");
    let inner = world.unit(&outer, "inner");
    let moved = json!({
        "AccountId": ops, "SourceParentId": root, "DestinationParentId": inner,
    });
    world.manage("MoveAccount", moved);
    let seen = |world: &World, viewer: &str, parent: &str, below: bool| {
        world.service.active_accounts(viewer, "ssm.amazonaws.com", parent, below)
    };
    let mut everyone = vec![MANAGEMENT.to_owned(), ops.clone(), security.clone()];
    everyone.sort();
    let mut in_root = vec![MANAGEMENT.to_owned(), security.clone()];
    in_root.sort();
    assert_eq!(seen(&world, MANAGEMENT, &root, true), Some(everyone));
    assert_eq!(seen(&world, MANAGEMENT, &root, false), Some(in_root));
    assert_eq!(seen(&world, MANAGEMENT, &outer, false), Some(Vec::new()));
    assert_eq!(seen(&world, MANAGEMENT, &outer, true), Some(vec![ops.clone()]));
    assert_eq!(seen(&world, MANAGEMENT, "ou-none-00000000", true), None);
    assert_eq!(seen(&world, &security, &outer, true), None);
    world.delegate(&security);
    assert_eq!(seen(&world, &security, &outer, true), Some(vec![ops]));
    assert_eq!(seen(&world, "999999999999", &outer, true), None);
}
