//! Every error that an operation declares is produced, but for those that only AWS's own insides
//! cause: these are named here, and the gateway injects them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::model::{declared, operations, required};
use super::{MANAGEMENT, OUTSIDER, World, deny, transfers};
use crate::OrganizationLimits;
use crate::access::{Access, access};

/// Errors that no state and no input of ours can cause, whatever the operation.
const OF_AWS_ALONE: [&str; 7] = [
    "ServiceException",
    "TooManyRequestsException",
    "ConcurrentModificationException",
    "FinalizingOrganizationException",
    "PolicyChangesInProgressException",
    "AccessDeniedForDependencyException",
    "AccountOwnerNotVerifiedException",
];

/// The same for single operations: what IAM alone refuses, inputs that an operation without any
/// cannot have, and states that the local AWS does not have.
const OF_AWS_HERE: [(&str, &str); 10] = [
    ("CreateOrganization", "AccessDeniedException"),
    ("CreateOrganization", "ConstraintViolationException"),
    ("DeleteOrganization", "InvalidInputException"),
    ("DescribeOrganization", "AccessDeniedException"),
    ("EnableAllFeatures", "InvalidInputException"),
    ("LeaveOrganization", "AccessDeniedException"),
    ("LeaveOrganization", "AccountNotFoundException"),
    ("LeaveOrganization", "InvalidInputException"),
    ("ListHandshakesForAccount", "AccessDeniedException"),
    ("UntagResource", "ConstraintViolationException"),
];

/// Inputs that fit the model and name nothing that exists.
pub(super) fn absent(operation: &str) -> Value {
    let transfer = json!({ "Type": "ACCOUNT", "Id": OUTSIDER });
    let mut body = json!({
        "AccountId": OUTSIDER,
        "SourceParentId": "r-none",
        "DestinationParentId": "r-none",
        "ParentId": "r-none",
        "RootId": "r-none",
        "ChildId": OUTSIDER,
        "ChildType": "ACCOUNT",
        "OrganizationalUnitId": "ou-none-12345678",
        "PolicyId": "p-absent1234",
        "PolicyType": "TAG_POLICY",
        "TargetId": OUTSIDER,
        "ResourceId": OUTSIDER,
        "HandshakeId": "h-12345678",
        "CreateAccountRequestId": "car-12345678",
        "ServicePrincipal": "ssm.amazonaws.com",
        "Id": "rt-12345678",
        "Filter": "TAG_POLICY",
        "Email": "new@example.com",
        "AccountName": "new",
        "Name": "new",
        "Tags": [],
        "TagKeys": [],
        "Target": transfer,
        "StartTimestamp": 1_775_001_600.0,
        "SourceName": "bills",
    });
    body["Type"] = if operation.contains("Responsib") { "BILLING" } else { "TAG_POLICY" }.into();
    body["Content"] = json!({ "tags": {} }).to_string().into();
    body["Description"] = "".into();
    if operation.starts_with("ListHandshakes") {
        body["Filter"] = json!({});
    }
    body
}

/// Errors that have been seen: (operation, error).
#[derive(Default)]
struct Seen(BTreeMap<String, BTreeSet<String>>);

impl Seen {
    fn note(&mut self, world: &mut World, account: &str, operation: &str, body: Value) {
        let error = world.call(account, operation, body).expect_err(operation);
        self.0.entry(operation.to_owned()).or_default().insert(error.code);
    }

    /// A call of the management account that fails with just that error.
    fn of(&mut self, world: &mut World, operation: &str, body: Value, code: &str) {
        let error = world.call(MANAGEMENT, operation, body).expect_err(operation);
        assert_eq!(error.code, code, "{operation}");
        self.0.entry(operation.to_owned()).or_default().insert(error.code);
    }
}

/// Who may call, from where, with what: the same for all operations.
fn general(seen: &mut Seen) {
    for name in operations() {
        let access = access(name);
        if access != Access::Anyone {
            seen.note(&mut World::seeded(), OUTSIDER, name, absent(name));
        }
        if !matches!(access, Access::Anyone | Access::Member) {
            let mut world = World::seeded();
            let member = world.account("member");
            seen.note(&mut world, &member, name, absent(name));
        }
        if let Some(required) = required(name) {
            let mut body = absent(name);
            for (member, wrong) in [
                ("AccountId", json!("1")),
                ("NextToken", json!("not mine")),
                ("FeatureSet", json!("SOME")),
            ] {
                body[member] = wrong;
            }
            if let Some(member) = required.first() {
                body[member] = Value::Null;
            }
            seen.note(&mut World::seeded(), MANAGEMENT, name, body);
        }
        if declared(name).contains("UnsupportedAPIEndpointException") {
            let mut world = World::seeded();
            world.region = "cn-northwest-1";
            let code = "UnsupportedAPIEndpointException";
            seen.of(&mut world, name, absent(name), code);
        }
    }
    // Things that are not there, and requests that an organization for consolidated billing refuses.
    for mut world in [World::seeded(), World::billing()] {
        for operation in operations() {
            if let Err(error) = world.call(MANAGEMENT, operation, absent(operation)) {
                seen.0.entry(operation.to_owned()).or_default().insert(error.code);
            }
        }
    }
}

fn of_accounts(seen: &mut Seen) {
    let mut world = World::seeded();
    let (root, account) = (world.root(), world.account("prod"));
    let id = json!({ "AccountId": account });
    let to = |source: &str, destination: &str| {
        json!({
            "AccountId": account, "SourceParentId": source, "DestinationParentId": destination,
        })
    };
    seen.of(&mut world, "MoveAccount", to(&root, &root), "DuplicateAccountException");
    seen.of(&mut world, "MoveAccount", to("r-none", &root), "SourceParentNotFoundException");
    seen.of(&mut world, "MoveAccount", to(&root, "r-none"), "DestinationParentNotFoundException");
    let own = json!({ "AccountId": MANAGEMENT });
    let master = "MasterCannotLeaveOrganizationException";
    seen.of(&mut world, "RemoveAccountFromOrganization", own, master);
    seen.of(&mut world, "LeaveOrganization", json!({}), master);
    seen.note(&mut world, &account, "LeaveOrganization", json!({}));
    seen.of(&mut world, "CreateOrganization", json!({}), "AlreadyInOrganizationException");
    seen.of(&mut world, "DeleteOrganization", json!({}), "OrganizationNotEmptyException");
    world.delegate(&account);
    let constraint = "ConstraintViolationException";
    seen.of(&mut world, "RemoveAccountFromOrganization", id.clone(), constraint);
    world.manage("CloseAccount", id.clone());
    seen.of(&mut world, "CloseAccount", id.clone(), "ConflictException");
    world.pass(1);
    seen.of(&mut world, "CloseAccount", id, "AccountAlreadyClosedException");
    world.service.set_limits(OrganizationLimits { accounts: 1, ..OrganizationLimits::default() });
    seen.of(&mut world, "CreateAccount", absent("CreateAccount"), constraint);
    world
        .service
        .set_limits(OrganizationLimits { govcloud: false, ..OrganizationLimits::default() });
    seen.of(&mut world, "CreateGovCloudAccount", absent("CreateGovCloudAccount"), constraint);
}

fn of_handshakes(seen: &mut Seen) {
    for (operation, account) in [
        ("AcceptHandshake", OUTSIDER),
        ("DeclineHandshake", OUTSIDER),
        ("CancelHandshake", MANAGEMENT),
        ("DescribeHandshake", OUTSIDER),
    ] {
        let mut world = World::seeded();
        let body = json!({ "Target": { "Type": "ACCOUNT", "Id": OUTSIDER } });
        let sent = world.manage("InviteAccountToOrganization", body.clone());
        let duplicate = "DuplicateHandshakeException";
        seen.of(&mut world, "InviteAccountToOrganization", body.clone(), duplicate);
        let id = json!({ "HandshakeId": sent["Handshake"]["Id"] });
        seen.note(&mut world, "444455556666", operation, id.clone());
        if operation == "DescribeHandshake" {
            continue;
        }
        world.ok(account, operation, id.clone());
        seen.note(&mut world, account, operation, id.clone());
        // Another end than the one it has come to.
        for other in ["AcceptHandshake", "DeclineHandshake", "CancelHandshake"] {
            let by = if other == "CancelHandshake" { MANAGEMENT } else { OUTSIDER };
            seen.note(&mut world, by, other, id.clone());
        }
        if operation == "AcceptHandshake" {
            let constraint = "HandshakeConstraintViolationException";
            seen.of(&mut world, "InviteAccountToOrganization", body, constraint);
        }
    }
    let mut world = World::seeded();
    let delegate = world.account("delegate");
    world.delegate(&delegate);
    world.ok(OUTSIDER, "CreateOrganization", json!({}));
    for account in [delegate.as_str(), MANAGEMENT] {
        let body = json!({ "Target": { "Type": "ACCOUNT", "Id": account } });
        let sent = world.ok(OUTSIDER, "InviteAccountToOrganization", body);
        let id = json!({ "HandshakeId": sent["Handshake"]["Id"] });
        seen.note(&mut world, account, "AcceptHandshake", id);
    }
    let features = "HandshakeConstraintViolationException";
    seen.of(&mut world, "EnableAllFeatures", json!({}), features);
    let mut world = World::billing();
    world
        .service
        .set_limits(OrganizationLimits { migrating_accounts: 0, ..OrganizationLimits::default() });
    seen.of(&mut world, "EnableAllFeatures", json!({}), "ConstraintViolationException");
    let tags: Vec<Value> =
        (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    let body = json!({ "Target": { "Type": "ACCOUNT", "Id": OUTSIDER }, "Tags": tags });
    let constraint = "ConstraintViolationException";
    seen.of(&mut world, "InviteAccountToOrganization", body, constraint);
    let body = json!({ "ResourceId": MANAGEMENT, "Tags": tags });
    seen.of(&mut world, "TagResource", body, constraint);
    // The offers of an organization that is gone, and of one that is full.
    let mut world = World::seeded();
    let invite = |to: &str| json!({ "Target": { "Type": "ACCOUNT", "Id": to } });
    let sent = world.manage("InviteAccountToOrganization", invite(OUTSIDER));
    world.service.set_limits(OrganizationLimits { accounts: 1, ..OrganizationLimits::default() });
    let id = json!({ "HandshakeId": sent["Handshake"]["Id"] });
    seen.note(&mut world, OUTSIDER, "AcceptHandshake", id);
}

fn of_transfers(seen: &mut Seen) {
    let (mut world, handshake, transfer) = transfers::offered();
    let source = transfers::SOURCE;
    let terminate = "TerminateResponsibilityTransfer";
    let transition = "InvalidResponsibilityTransferTransitionException";
    seen.of(&mut world, terminate, transfer.clone(), transition);
    let offer = "InviteOrganizationToTransferResponsibility";
    seen.of(
        &mut world,
        offer,
        transfers::offer(source, transfers::APRIL),
        "DuplicateHandshakeException",
    );
    let own = transfers::offer(MANAGEMENT, transfers::APRIL);
    seen.of(&mut world, offer, own, "HandshakeConstraintViolationException");
    seen.of(&mut world, "DeleteOrganization", json!({}), "ConstraintViolationException");
    world.ok(source, "AcceptHandshake", handshake);
    world.manage(terminate, transfer.clone());
    let already = "ResponsibilityTransferAlreadyInStatusException";
    seen.of(&mut world, terminate, transfer, already);
    let to_nobody = world.manage(offer, transfers::offer(OUTSIDER, transfers::APRIL));
    let id = json!({ "HandshakeId": to_nobody["Handshake"]["Id"] });
    seen.note(&mut world, OUTSIDER, "AcceptHandshake", id);
    let inbound = json!({ "Type": "BILLING", "Id": "rt-12345678" });
    let not_found = "ResponsibilityTransferNotFoundException";
    seen.of(&mut world, "ListInboundResponsibilityTransfers", inbound, not_found);
}

fn of_units_and_delegation(seen: &mut Seen) {
    let mut world = World::seeded();
    let root = world.root();
    let (one, two) = (world.unit(&root, "One"), world.unit(&root, "Two"));
    let duplicate = "DuplicateOrganizationalUnitException";
    let again = json!({ "ParentId": root, "Name": "One" });
    seen.of(&mut world, "CreateOrganizationalUnit", again, duplicate);
    let rename = json!({ "OrganizationalUnitId": two, "Name": "One" });
    seen.of(&mut world, "UpdateOrganizationalUnit", rename, duplicate);
    world.unit(&one, "Inner");
    let id = json!({ "OrganizationalUnitId": one });
    let not_empty = "OrganizationalUnitNotEmptyException";
    seen.of(&mut world, "DeleteOrganizationalUnit", id, not_empty);
    world.service.set_limits(OrganizationLimits { units: 3, ..OrganizationLimits::default() });
    let more = json!({ "ParentId": root, "Name": "More" });
    let constraint = "ConstraintViolationException";
    seen.of(&mut world, "CreateOrganizationalUnit", more, constraint);

    let account = world.account("prod");
    let body = json!({ "AccountId": account, "ServicePrincipal": "ssm.amazonaws.com" });
    let not_registered = "AccountNotRegisteredException";
    seen.of(&mut world, "DeregisterDelegatedAdministrator", body.clone(), not_registered);
    seen.of(&mut world, "ListDelegatedServicesForAccount", body.clone(), not_registered);
    seen.of(&mut world, "RegisterDelegatedAdministrator", body.clone(), constraint);
    world.delegate(&account);
    let registered = "AccountAlreadyRegisteredException";
    seen.of(&mut world, "RegisterDelegatedAdministrator", body, registered);
    let own = json!({ "TargetId": MANAGEMENT, "PolicyType": "TAG_POLICY" });
    seen.note(&mut world, &account, "DescribeEffectivePolicy", own.clone());
    world.manage(
        "DeregisterDelegatedAdministrator",
        json!({
            "AccountId": account, "ServicePrincipal": "ssm.amazonaws.com",
        }),
    );
    seen.note(&mut world, &account, "DescribeEffectivePolicy", own.clone());
    seen.of(&mut world, "DescribeEffectivePolicy", own, "EffectivePolicyNotFoundException");
}

fn of_policies(seen: &mut Seen) {
    let mut world = World::seeded();
    let root = world.root();
    let kind = |name: &str| json!({ "RootId": root, "PolicyType": name });
    let constraint = "ConstraintViolationException";
    seen.of(&mut world, "DisablePolicyType", kind("TAG_POLICY"), "PolicyTypeNotEnabledException");
    let enabled = "PolicyTypeAlreadyEnabledException";
    seen.of(&mut world, "EnablePolicyType", kind("SERVICE_CONTROL_POLICY"), enabled);
    seen.of(&mut world, "EnablePolicyType", kind("BEDROCK_POLICY"), constraint);
    let attach = |id: &str, to: &str| json!({ "PolicyId": id, "TargetId": to });
    let tag_policy = world.policy("TAG_POLICY", "tags", &json!({ "tags": {} }));
    let not_enabled = "PolicyTypeNotEnabledException";
    seen.of(&mut world, "AttachPolicy", attach(&tag_policy, &root), not_enabled);
    seen.of(&mut world, "DetachPolicy", attach(&tag_policy, &root), "PolicyNotAttachedException");
    let default = attach("p-FullAWSAccess", &root);
    let attached = "DuplicatePolicyAttachmentException";
    seen.of(&mut world, "AttachPolicy", default.clone(), attached);
    seen.of(&mut world, "DetachPolicy", default, constraint);
    for operation in ["AttachPolicy", "DetachPolicy"] {
        let nowhere = attach("p-FullAWSAccess", OUTSIDER);
        seen.of(&mut world, operation, nowhere, "TargetNotFoundException");
    }
    let scps: Vec<String> = (0..5)
        .map(|n| world.policy("SERVICE_CONTROL_POLICY", &format!("deny {n}"), &deny("s3:*")))
        .collect();
    let (last, others) = scps.split_last().expect("policies");
    for policy in others {
        world.manage("AttachPolicy", attach(policy, &root));
    }
    seen.of(&mut world, "AttachPolicy", attach(last, &root), constraint);
    let in_use = json!({ "PolicyId": others[0] });
    seen.of(&mut world, "DeletePolicy", in_use, "PolicyInUseException");

    for (content, code) in
        [("{}".to_owned(), "MalformedPolicyDocumentException"), ("x".repeat(5_121), constraint)]
    {
        let update = json!({ "PolicyId": last, "Content": content });
        seen.of(&mut world, "UpdatePolicy", update, code);
        let create = json!({
            "Type": "SERVICE_CONTROL_POLICY", "Name": "n", "Description": "", "Content": content,
        });
        seen.of(&mut world, "CreatePolicy", create, code);
    }
    let duplicate = "DuplicatePolicyException";
    let rename = json!({ "PolicyId": last, "Name": "FullAWSAccess" });
    seen.of(&mut world, "UpdatePolicy", rename, duplicate);
    let again = json!({
        "Type": "SERVICE_CONTROL_POLICY", "Name": "deny 0", "Description": "",
        "Content": deny("s3:*").to_string(),
    });
    seen.of(&mut world, "CreatePolicy", again, duplicate);
    let account = json!({ "AccountId": MANAGEMENT, "PolicyType": "TAG_POLICY" });
    for operation in
        ["ListEffectivePolicyValidationErrors", "ListAccountsWithInvalidEffectivePolicy"]
    {
        seen.of(&mut world, operation, account.clone(), "EffectivePolicyNotFoundException");
    }
    world.manage("EnablePolicyType", kind("TAG_POLICY"));
    let nobody = json!({ "AccountId": OUTSIDER, "PolicyType": "TAG_POLICY" });
    let not_found = "AccountNotFoundException";
    seen.of(&mut world, "ListEffectivePolicyValidationErrors", nobody, not_found);
}

fn of_consolidated_billing(seen: &mut Seen) {
    let mut world = World::billing();
    let kind = json!({ "RootId": world.root(), "PolicyType": "TAG_POLICY" });
    let not_available = "PolicyTypeNotAvailableForOrganizationException";
    seen.of(&mut world, "EnablePolicyType", kind.clone(), not_available);
    let constraint = "ConstraintViolationException";
    seen.of(&mut world, "DisablePolicyType", kind.clone(), constraint);
    seen.of(&mut world, "DescribeEffectivePolicy", kind, constraint);
    let content = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": OUTSIDER },
            "Action": "organizations:ListAccounts",
            "Resource": "*",
        }],
    });
    let content = json!({ "Content": content.to_string() });
    seen.of(&mut world, "PutResourcePolicy", content, constraint);
}

#[test]
fn every_declared_error_that_aws_alone_does_not_cause_is_produced() {
    let mut seen = Seen::default();
    general(&mut seen);
    of_accounts(&mut seen);
    of_handshakes(&mut seen);
    of_transfers(&mut seen);
    of_units_and_delegation(&mut seen);
    of_policies(&mut seen);
    of_consolidated_billing(&mut seen);

    let mut missing = Vec::new();
    for operation in operations() {
        let produced = seen.0.remove(operation).unwrap_or_default();
        for error in declared(operation).difference(&produced) {
            if !OF_AWS_ALONE.contains(&error.as_str()) {
                missing.push((operation, error.clone()));
            }
        }
    }
    let missing: Vec<(&str, &str)> =
        missing.iter().map(|(operation, error)| (*operation, error.as_str())).collect();
    assert_eq!(missing, OF_AWS_HERE);
}
