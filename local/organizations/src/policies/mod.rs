//! Policies: made, described, listed, changed, deleted.

mod attachments;
pub(crate) mod content;
pub(crate) mod delegates;
mod effective;
pub(crate) mod kinds;
mod merge;

use api::{AwsError, Reply};
use serde_json::{Value, json};

use crate::Organizations;
use crate::call::Call;
use crate::errors::{constraint, invalid_input, not_found, plain};
use crate::ids;
use crate::paging::page;
use crate::state::Organization;
use kinds::{AwsManaged, Kind};

/// AWS: an organization has at most this many policies of one type.
const MOST: usize = 1_000;

/// A policy that the organization made.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) content: String,
    /// The name of its type.
    pub(crate) kind: &'static str,
}

fn managed(id: &str) -> Option<(&'static AwsManaged, &'static Kind)> {
    kinds::aws_managed().find(|(policy, _)| policy.id == id)
}

/// The type that validation has found to exist.
fn named_kind(name: &str) -> Result<&'static Kind, AwsError> {
    kinds::find(name).ok_or_else(|| invalid_input("INVALID_ENUM_POLICY_TYPE"))
}

impl Organization {
    /// The type of a policy, AWS's own included.
    pub(crate) fn policy_kind(&self, id: &str) -> Option<&'static Kind> {
        let own = self.policies.get(id).and_then(|policy| kinds::find(policy.kind));
        own.or_else(|| managed(id).map(|(_, kind)| kind))
    }

    /// The ARN of a policy, AWS's own included.
    pub(crate) fn policy_arn(&self, id: &str) -> Option<String> {
        let kind = self.policy_kind(id)?.name.to_lowercase();
        Some(if self.policies.contains_key(id) {
            self.arn("policy", &format!("{kind}/{id}"))
        } else {
            ids::arn("aws", &format!("policy/{kind}/{id}"))
        })
    }

    /// The model's `PolicySummary`.
    pub(crate) fn policy_summary(&self, id: &str) -> Option<Value> {
        let kind = self.policy_kind(id)?.name;
        let (name, description, aws) = match self.policies.get(id) {
            Some(policy) => (policy.name.as_str(), policy.description.as_str(), false),
            None => managed(id).map(|(policy, _)| (policy.name, policy.description, true))?,
        };
        Some(json!({
            "Id": id,
            "Arn": self.policy_arn(id)?,
            "Name": name,
            "Description": description,
            "Type": kind,
            "AwsManaged": aws,
        }))
    }

    /// The model's `Policy`.
    fn policy_reply(&self, id: &str) -> Reply {
        let summary = self.policy_summary(id).ok_or_else(|| not_found("Policy"))?;
        let own = self.policies.get(id).map(|policy| policy.content.as_str());
        let content = own.or_else(|| managed(id).map(|(policy, _)| policy.content));
        Ok(json!({ "Policy": { "PolicySummary": summary, "Content": content } }))
    }

    /// Names are unique among the policies of one type.
    fn check_policy_name(&self, name: &str, kind: &str, except: &str) -> Result<(), AwsError> {
        let own = self
            .policies
            .iter()
            .any(|(id, policy)| id != except && policy.kind == kind && policy.name == name);
        let aws = kinds::aws_managed().any(|(policy, of)| of.name == kind && policy.name == name);
        if own || aws {
            return Err(plain(
                "DuplicatePolicyException",
                "A policy with the same name already exists.",
            ));
        }
        Ok(())
    }

    /// A policy that can be changed or deleted: AWS's own cannot.
    fn own_policy(&self, id: &str) -> Result<&Policy, AwsError> {
        if managed(id).is_some() {
            return Err(invalid_input("IMMUTABLE_POLICY"));
        }
        self.policies.get(id).ok_or_else(|| not_found("Policy"))
    }
}

impl Organizations {
    pub(crate) fn create_policy(&mut self, call: &Call) -> Reply {
        let input = call.input;
        let kind = named_kind(input.text("Type"))?;
        let org = self.organization_mut(call)?;
        if !org.all_features {
            return Err(plain(
                "PolicyTypeNotAvailableForOrganizationException",
                "This operation is not available for the feature set of this organization.",
            ));
        }
        let tags = input.tags();
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        content::check(kind, input.text("Content"))?;
        org.check_policy_name(input.text("Name"), kind.name, "")?;
        if org.policies.values().filter(|policy| policy.kind == kind.name).count() >= MOST {
            return Err(constraint("POLICY_NUMBER_LIMIT_EXCEEDED"));
        }
        let id = ids::policy(call.origin());
        let policy = Policy {
            name: input.text("Name").to_owned(),
            description: input.text("Description").to_owned(),
            content: input.text("Content").to_owned(),
            kind: kind.name,
        };
        org.policies.insert(id.clone(), policy);
        if !tags.is_empty() {
            org.tags.insert(id.clone(), tags);
        }
        org.policy_reply(&id)
    }

    pub(crate) fn describe_policy(&self, call: &Call) -> Reply {
        self.organization(call)?.policy_reply(call.input.text("PolicyId"))
    }

    pub(crate) fn update_policy(&mut self, call: &Call) -> Reply {
        let input = call.input;
        let id = input.text("PolicyId");
        let org = self.organization_mut(call)?;
        let kind = named_kind(org.own_policy(id)?.kind)?;
        if let Some(content) = input.optional("Content") {
            content::check(kind, content)?;
        }
        if let Some(name) = input.optional("Name") {
            org.check_policy_name(name, kind.name, id)?;
        }
        org.policies_changed = call.now();
        if let Some(policy) = org.policies.get_mut(id) {
            let change = |member: &str, field: &mut String| {
                if let Some(value) = input.optional(member) {
                    *field = value.to_owned();
                }
            };
            change("Name", &mut policy.name);
            change("Description", &mut policy.description);
            change("Content", &mut policy.content);
        }
        org.policy_reply(id)
    }

    pub(crate) fn delete_policy(&mut self, call: &Call) -> Reply {
        let id = call.input.text("PolicyId");
        let org = self.organization_mut(call)?;
        org.own_policy(id)?;
        if org.attachments.values().any(|attached| attached.contains(id)) {
            return Err(plain(
                "PolicyInUseException",
                "The policy is attached to one or more entities. Detach it from all of them first.",
            ));
        }
        org.policies.remove(id);
        org.tags.remove(id);
        Ok(Value::Null)
    }

    pub(crate) fn list_policies(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let kind = call.input.text("Filter");
        let aws = kinds::aws_managed().map(|(policy, of)| (policy.id, of.name));
        let own = org.policies.iter().map(|(id, policy)| (id.as_str(), policy.kind));
        let policies = aws
            .filter(|_| org.all_features)
            .chain(own)
            .filter(|(_, of)| *of == kind)
            .filter_map(|(id, _)| Some((id.to_owned(), org.policy_summary(id)?)));
        page(call.request, "Policies", policies, self.empty_pages)
    }
}
