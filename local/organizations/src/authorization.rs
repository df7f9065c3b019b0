//! The questions to IAM for each operation: action, resource ARN and condition keys, as the Service
//! Authorization Reference has them.

use api::{Authorization, Request};
use serde_json::{Map, Value};

use crate::Organizations;
use crate::access::policy_type;
use crate::ids::arn;
use crate::input::Input;
use crate::state::Organization;
use crate::validation::model;

/// The members that name a resource, by operation; all others are about `*`.
fn resource_members(operation: &str) -> &'static [&'static str] {
    match operation {
        "AcceptHandshake" | "CancelHandshake" | "DeclineHandshake" | "DescribeHandshake" => {
            &["HandshakeId"]
        }
        "AttachPolicy" | "DetachPolicy" => &["PolicyId", "TargetId"],
        "CloseAccount"
        | "DeregisterDelegatedAdministrator"
        | "DescribeAccount"
        | "ListDelegatedServicesForAccount"
        | "ListEffectivePolicyValidationErrors"
        | "RegisterDelegatedAdministrator"
        | "RemoveAccountFromOrganization" => &["AccountId"],
        "CreateOrganizationalUnit"
        | "ListAccountsForParent"
        | "ListChildren"
        | "ListOrganizationalUnitsForParent" => &["ParentId"],
        "DeleteOrganizationalUnit" | "DescribeOrganizationalUnit" | "UpdateOrganizationalUnit" => {
            &["OrganizationalUnitId"]
        }
        "DeletePolicy" | "DescribePolicy" | "ListTargetsForPolicy" | "UpdatePolicy" => {
            &["PolicyId"]
        }
        "DescribeEffectivePolicy" | "ListPoliciesForTarget" => &["TargetId"],
        "DescribeResponsibilityTransfer"
        | "TerminateResponsibilityTransfer"
        | "UpdateResponsibilityTransfer" => &["Id"],
        "DisablePolicyType" | "EnablePolicyType" => &["RootId"],
        "ListParents" => &["ChildId"],
        "ListTagsForResource" | "TagResource" | "UntagResource" => &["ResourceId"],
        "MoveAccount" => &["AccountId", "SourceParentId", "DestinationParentId"],
        _ => &[],
    }
}

impl Organizations {
    pub(crate) fn required(&self, request: &Request) -> Vec<Authorization> {
        if !model().knows(&request.operation) {
            return Vec::new();
        }
        let input = Input(&request.body);
        let org = self.organization_named(&request.account);
        let context = context(org, request);
        let authorize = |action: &str, resource: String| Authorization {
            action: format!("organizations:{action}"),
            resource,
            context: context.clone(),
        };
        let mut resources: Vec<String> = resource_members(&request.operation)
            .iter()
            .filter_map(|member| input.optional(member))
            .map(|id| self.resource_arn(org, id))
            .collect();
        if request.operation == "InviteAccountToOrganization"
            && let Some(target) = input.structure("Target")
            && target.text("Type") == "ACCOUNT"
        {
            resources.push(self.resource_arn(org, target.text("Id")));
        }
        if request.operation == "DeleteResourcePolicy"
            && let Some(policy) = org.and_then(|org| org.resource_policy.as_ref())
        {
            resources.push(self.resource_arn(org, &policy.id));
        }
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let mut all: Vec<Authorization> =
            resources.into_iter().map(|resource| authorize(&request.operation, resource)).collect();
        // AWS: who makes a thing with tags must be allowed to tag it.
        if request.operation != "TagResource" && !input.tags().is_empty() {
            all.push(authorize("TagResource", "*".to_owned()));
        }
        all
    }

    /// The ARN of what an id names. What does not exist has one too: IAM is asked before that is
    /// known, and the id's prefix says what it would be.
    fn resource_arn(&self, org: Option<&Organization>, id: &str) -> String {
        if let Some(handshake) = self.handshakes.get(id) {
            return handshake.arn();
        }
        let Some(org) = org else { return "*".to_owned() };
        let kind = match id.split_once('-').map(|(prefix, _)| prefix) {
            Some("r") => "root",
            Some("ou") => "ou",
            Some("h") => "handshake",
            Some("rp") => "resourcepolicy",
            Some("p") => {
                let unknown = || org.arn("policy", id);
                return org.policy_arn(id).unwrap_or_else(unknown);
            }
            Some("rt") => {
                let unknown =
                    || arn(&org.management, &format!("transfer/{}/billing/*/{id}", org.id));
                return self.transfer_arn(org, id).unwrap_or_else(unknown);
            }
            _ => "account",
        };
        org.arn(kind, id)
    }
}

/// The condition keys of a request.
fn context(org: Option<&Organization>, request: &Request) -> Map<String, Value> {
    let input = Input(&request.body);
    let mut context = Map::new();
    if let Some(kind) = org.and_then(|org| policy_type(org, request)) {
        context.insert("organizations:PolicyType".into(), kind.into());
    }
    if let Some(principal) = input.optional("ServicePrincipal") {
        context.insert("organizations:ServicePrincipal".into(), principal.into());
    }
    let tags = input.tags();
    for (key, value) in &tags {
        context.insert(format!("aws:RequestTag/{key}"), value.clone().into());
    }
    let keys: Vec<Value> = tags
        .into_keys()
        .chain(input.texts("TagKeys").into_iter().map(str::to_owned))
        .map(Value::from)
        .collect();
    if !keys.is_empty() {
        context.insert("aws:TagKeys".into(), keys.into());
    }
    context
}
