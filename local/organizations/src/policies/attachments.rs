//! The attachments, and which types are enabled in the root.

use api::{AwsError, Reply};
use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::{managed, named_kind};
use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, invalid_input, not_found, plain};
use crate::paging::page;
use crate::state::Organization;

fn type_not_enabled() -> AwsError {
    plain(
        "PolicyTypeNotEnabledException",
        "This operation can be performed only for enabled policy types.",
    )
}

impl Organization {
    /// Enables a type; AWS attaches the type's own policy, if it has one, to everything.
    pub(crate) fn enable_type(&mut self, kind: &'static Kind) {
        self.enabled_types.insert(kind.name);
        for node in self.nodes() {
            self.attach_defaults(&node);
        }
    }

    /// The policies that a new root, OU or account has attached from the start.
    pub(crate) fn attach_defaults(&mut self, node: &str) {
        for (policy, kind) in kinds::aws_managed() {
            if self.enabled_types.contains(kind.name) {
                let attached = self.attachments.entry(node.to_owned()).or_default();
                attached.insert(policy.id.to_owned());
            }
        }
    }

    /// The ids of the policies of one type on one target.
    pub(crate) fn attached(&self, target: &str, kind: &str) -> Vec<&str> {
        let ids = self.attachments.get(target).into_iter().flatten();
        ids.map(String::as_str)
            .filter(|id| self.policy_kind(id).is_some_and(|of| of.name == kind))
            .collect()
    }

    /// The model's `PolicyTargetSummary`.
    fn target_summary(&self, target: &str, name: &str) -> Option<Value> {
        let kind = self.node_kind(target)?;
        let (kind_name, name) = match kind {
            "root" => ("ROOT", "Root"),
            "ou" => ("ORGANIZATIONAL_UNIT", self.units.get(target)?.name.as_str()),
            _ => ("ACCOUNT", name),
        };
        Some(json!({
            "TargetId": target,
            "Arn": self.arn(kind, target),
            "Name": name,
            "Type": kind_name,
        }))
    }
}

impl Organizations {
    pub(crate) fn attach_policy(&mut self, call: &Call) -> Reply {
        let (id, target) = (call.input.text("PolicyId"), call.input.text("TargetId"));
        let org = self.full_organization_mut(call)?;
        let kind = org.policy_kind(id).ok_or_else(|| not_found("Policy"))?;
        if org.node_kind(target).is_none() {
            return Err(not_found("Target"));
        }
        if !org.enabled_types.contains(kind.name) {
            return Err(type_not_enabled());
        }
        let attached = org.attached(target, kind.name);
        if attached.contains(&id) {
            return Err(plain(
                "DuplicatePolicyAttachmentException",
                "A policy with the specified name and type already exists on the target.",
            ));
        }
        if attached.len() >= kind.attachment_limit {
            return Err(constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"));
        }
        org.attachments.entry(target.to_owned()).or_default().insert(id.to_owned());
        org.policies_changed = call.now();
        Ok(Value::Null)
    }

    pub(crate) fn detach_policy(&mut self, call: &Call) -> Reply {
        let (id, target) = (call.input.text("PolicyId"), call.input.text("TargetId"));
        let org = self.full_organization_mut(call)?;
        let kind = org.policy_kind(id).ok_or_else(|| not_found("Policy"))?;
        if org.node_kind(target).is_none() {
            return Err(not_found("Target"));
        }
        if managed(id).is_some_and(|(policy, _)| !policy.detachable) {
            return Err(invalid_input("NON_DETACHABLE_POLICY"));
        }
        let attached = org.attached(target, kind.name);
        if !attached.contains(&id) {
            return Err(plain(
                "PolicyNotAttachedException",
                "The policy isn't attached to the specified target.",
            ));
        }
        if kind.default_policy.is_some() && attached.len() == 1 {
            return Err(constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"));
        }
        if let Some(attached) = org.attachments.get_mut(target) {
            attached.remove(id);
        }
        org.policies_changed = call.now();
        Ok(Value::Null)
    }

    pub(crate) fn enable_policy_type(&mut self, call: &Call) -> Reply {
        let kind = named_kind(call.input.text("PolicyType"))?;
        let org = self.with_root(call)?;
        if !org.all_features {
            return Err(plain(
                "PolicyTypeNotAvailableForOrganizationException",
                "This operation is not available for the feature set of this organization.",
            ));
        }
        if org.enabled_types.contains(kind.name) {
            return Err(plain(
                "PolicyTypeAlreadyEnabledException",
                "The specified policy type is already enabled.",
            ));
        }
        if kind.service.is_some_and(|service| !org.services.contains_key(service)) {
            return Err(constraint("SERVICE_ACCESS_NOT_ENABLED"));
        }
        org.enable_type(kind);
        org.policies_changed = call.now();
        Ok(json!({ "Root": org.root_shape() }))
    }

    pub(crate) fn disable_policy_type(&mut self, call: &Call) -> Reply {
        let kind = named_kind(call.input.text("PolicyType"))?;
        let org = self.with_root(call)?;
        if !org.all_features {
            return Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"));
        }
        if !org.enabled_types.remove(kind.name) {
            return Err(type_not_enabled());
        }
        // AWS detaches every policy of the type; enabling it again brings none of them back.
        for node in org.nodes() {
            let gone: Vec<String> =
                org.attached(&node, kind.name).into_iter().map(str::to_owned).collect();
            if let Some(attached) = org.attachments.get_mut(&node) {
                attached.retain(|id| !gone.contains(id));
            }
        }
        org.policies_changed = call.now();
        Ok(json!({ "Root": org.root_shape() }))
    }

    pub(crate) fn list_policies_for_target(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let target = call.input.text("TargetId");
        if org.node_kind(target).is_none() {
            return Err(not_found("Target"));
        }
        let policies = org
            .attached(target, call.input.text("Filter"))
            .into_iter()
            .filter_map(|id| Some((id.to_owned(), org.policy_summary(id)?)));
        page(call.request, "Policies", policies, self.empty_pages)
    }

    pub(crate) fn list_targets_for_policy(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let id = call.input.text("PolicyId");
        if org.policy_kind(id).is_none() {
            return Err(not_found("Policy"));
        }
        let targets = org
            .attachments
            .iter()
            .filter(|(_, attached)| attached.contains(id))
            .filter_map(|(target, _)| {
                let name = self.profiles.get(target).map_or("", |profile| profile.name.as_str());
                Some((target.clone(), org.target_summary(target, name)?))
            });
        page(call.request, "Targets", targets, self.empty_pages)
    }
}
