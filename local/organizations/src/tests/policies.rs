//! Policies: their lives, attachments, types, and what they add up to.

use serde_json::{Value, json};

use super::{MANAGEMENT, World, deny, each, text};

fn attach(policy: &str, target: &str) -> Value {
    json!({ "PolicyId": policy, "TargetId": target })
}

fn kind(world: &World, name: &str) -> Value {
    json!({ "RootId": world.root(), "PolicyType": name })
}

#[test]
fn everything_new_has_full_access_attached() {
    let mut world = World::seeded();
    let (root, account) = (world.root(), world.account("prod"));
    let unit = world.unit(&root, "Unit");
    for target in [&root, &unit, &account] {
        let body = json!({ "TargetId": target, "Filter": "SERVICE_CONTROL_POLICY" });
        let policies = world.manage("ListPoliciesForTarget", body)["Policies"].clone();
        assert_eq!(each(&policies, "Id"), ["p-FullAWSAccess"]);
        assert_eq!(
            policies[0]["Arn"],
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
        );
        assert_eq!(policies[0]["AwsManaged"], true);
    }
    let targets = world.manage("ListTargetsForPolicy", json!({ "PolicyId": "p-FullAWSAccess" }));
    let mut kinds = each(&targets["Targets"], "Type");
    kinds.sort();
    assert_eq!(kinds, ["ACCOUNT", "ACCOUNT", "ORGANIZATIONAL_UNIT", "ROOT"]);
}

#[test]
fn a_policy_is_made_changed_attached_detached_and_deleted() {
    let mut world = World::seeded();
    let root = world.root();
    let policy = world.policy("SERVICE_CONTROL_POLICY", "deny", &deny("s3:*"));
    let update = json!({ "PolicyId": policy, "Name": "renamed", "Description": "why" });
    world.manage("UpdatePolicy", update);
    let described = world.manage("DescribePolicy", json!({ "PolicyId": policy }))["Policy"].clone();
    assert_eq!(described["PolicySummary"]["Name"], "renamed");
    assert_eq!(described["Content"], deny("s3:*").to_string());
    let listed = world.manage("ListPolicies", json!({ "Filter": "SERVICE_CONTROL_POLICY" }));
    assert_eq!(each(&listed["Policies"], "Name").len(), 2);

    world.manage("AttachPolicy", attach(&policy, &root));
    let id = json!({ "PolicyId": policy });
    assert_eq!(world.fails(MANAGEMENT, "DeletePolicy", id.clone()), "PolicyInUseException");
    world.manage("DetachPolicy", attach(&policy, &root));
    assert_eq!(
        world.fails(MANAGEMENT, "DetachPolicy", attach("p-FullAWSAccess", &root)),
        "ConstraintViolationException MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    );
    world.manage("DeletePolicy", id.clone());
    assert_eq!(world.fails(MANAGEMENT, "DescribePolicy", id), "PolicyNotFoundException");
}

#[test]
fn what_aws_owns_is_not_changed_or_deleted_and_the_resource_default_stays_attached() {
    let mut world = World::seeded();
    for operation in ["UpdatePolicy", "DeletePolicy"] {
        assert_eq!(
            world.fails(MANAGEMENT, operation, json!({ "PolicyId": "p-FullAWSAccess" })),
            "InvalidInputException IMMUTABLE_POLICY"
        );
    }
    let rcp = kind(&world, "RESOURCE_CONTROL_POLICY");
    world.manage("EnablePolicyType", rcp);
    let root = world.root();
    assert_eq!(
        world.fails(MANAGEMENT, "DetachPolicy", attach("p-RCPFullAWSAccess", &root)),
        "InvalidInputException NON_DETACHABLE_POLICY"
    );
}

#[test]
fn disabling_a_type_detaches_all_of_it() {
    let mut world = World::seeded();
    let root = world.root();
    let scp = kind(&world, "SERVICE_CONTROL_POLICY");
    let policy = world.policy("SERVICE_CONTROL_POLICY", "deny", &deny("s3:*"));
    world.manage("AttachPolicy", attach(&policy, &root));
    let disabled = world.manage("DisablePolicyType", scp.clone());
    assert_eq!(disabled["Root"]["PolicyTypes"], json!([]));
    world.manage("EnablePolicyType", scp);
    let body = json!({ "TargetId": root, "Filter": "SERVICE_CONTROL_POLICY" });
    let attached = world.manage("ListPoliciesForTarget", body);
    assert_eq!(each(&attached["Policies"], "Id"), ["p-FullAWSAccess"]);
}

#[test]
fn content_is_held_against_the_language_of_its_type() {
    let mut world = World::seeded();
    let allow_all = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" },
    });
    let rcp = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        }],
    });
    let malformed = "MalformedPolicyDocumentException";
    let cases = [
        ("SERVICE_CONTROL_POLICY", allow_all.clone(), None),
        ("SERVICE_CONTROL_POLICY", rcp.clone(), Some(malformed)),
        ("SERVICE_CONTROL_POLICY", json!({ "Version": "2012-10-17" }), Some(malformed)),
        ("RESOURCE_CONTROL_POLICY", rcp, None),
        ("RESOURCE_CONTROL_POLICY", allow_all, Some(malformed)),
        ("TAG_POLICY", json!({ "tags": {} }), None),
        ("TAG_POLICY", json!({ "labels": {} }), Some(malformed)),
        ("TAG_POLICY", json!([]), Some(malformed)),
        ("S3_POLICY", json!({ "s3_attributes": {} }), None),
    ];
    for (n, (kind, content, expected)) in cases.into_iter().enumerate() {
        let body = json!({
            "Type": kind, "Name": format!("policy {n}"), "Description": "",
            "Content": content.to_string(),
        });
        let code = world.call(MANAGEMENT, "CreatePolicy", body).err().map(|error| error.code);
        assert_eq!(code.as_deref(), expected, "{kind} {content}");
    }
}

#[test]
fn the_effective_policy_is_what_the_levels_add_up_to() {
    let mut world = World::seeded();
    let (root, account) = (world.root(), world.account("prod"));
    let tag_policy = kind(&world, "TAG_POLICY");
    world.manage("EnablePolicyType", tag_policy);
    let none = json!({ "PolicyType": "TAG_POLICY" });
    assert_eq!(
        world.fails(&account, "DescribeEffectivePolicy", none.clone()),
        "EffectivePolicyNotFoundException"
    );
    let above = world.policy(
        "TAG_POLICY",
        "above",
        &json!({ "tags": { "cost": {
            "tag_key": { "@@assign": "Cost", "@@operators_allowed_for_child_policies": ["@@none"] },
            "tag_value": { "@@assign": ["100", "200"] },
        } } }),
    );
    let below = world.policy(
        "TAG_POLICY",
        "below",
        &json!({ "tags": { "cost": {
            "tag_key": { "@@assign": "COST" },
            "tag_value": { "@@append": ["300"], "@@remove": ["100"] },
        } } }),
    );
    world.manage("AttachPolicy", attach(&above, &root));
    world.manage("AttachPolicy", attach(&below, &account));
    let policy = world.ok(&account, "DescribeEffectivePolicy", none)["EffectivePolicy"].clone();
    assert_eq!(policy["TargetId"], account.as_str());
    let content: Value = serde_json::from_str(&text(&policy["PolicyContent"])).expect("JSON");
    assert_eq!(
        content,
        json!({ "tags": { "cost": { "tag_key": "Cost", "tag_value": ["200", "300"] } } })
    );
    let other = json!({ "PolicyType": "TAG_POLICY", "TargetId": MANAGEMENT });
    assert_eq!(world.fails(&account, "DescribeEffectivePolicy", other), "AccessDeniedException");
}

#[test]
fn an_effective_policy_that_lacks_a_required_key_is_named() {
    let mut world = World::seeded();
    let account = world.account("prod");
    let tag_policy = kind(&world, "TAG_POLICY");
    world.manage("EnablePolicyType", tag_policy);
    let flawed = json!({ "tags": { "cost": { "tag_value": { "@@assign": ["1"] } } } });
    let policy = world.policy("TAG_POLICY", "flawed", &flawed);
    world.manage("AttachPolicy", attach(&policy, &account));
    let of_type = json!({ "PolicyType": "TAG_POLICY" });
    let invalid = world.manage("ListAccountsWithInvalidEffectivePolicy", of_type);
    assert_eq!(each(&invalid["Accounts"], "Id"), [account.as_str()]);
    let body = json!({ "AccountId": account, "PolicyType": "TAG_POLICY" });
    let errors = world.manage("ListEffectivePolicyValidationErrors", body);
    let error = &errors["EffectivePolicyValidationErrors"][0];
    assert_eq!(error["PathToError"], "tags/cost/tag_key");
    assert_eq!(error["ContributingPolicies"], json!([policy]));
}

#[test]
fn a_type_that_belongs_to_a_service_needs_and_keeps_its_access() {
    let mut world = World::seeded();
    let body = kind(&world, "SECURITYHUB_POLICY");
    assert_eq!(
        world.fails(MANAGEMENT, "EnablePolicyType", body.clone()),
        "ConstraintViolationException SERVICE_ACCESS_NOT_ENABLED"
    );
    let service = json!({ "ServicePrincipal": "securityhub.amazonaws.com" });
    world.manage("EnableAWSServiceAccess", service.clone());
    world.manage("EnablePolicyType", body);
    assert_eq!(
        world.fails(MANAGEMENT, "DisableAWSServiceAccess", service),
        "ConstraintViolationException POLICY_TYPE_ENABLED_FOR_THIS_SERVICE"
    );
}
