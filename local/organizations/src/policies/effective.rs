//! The effective management policy of an account, and what is wrong with it.

use api::{AwsError, Reply};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::merge::Merged;
use super::named_kind;
use crate::Organizations;
use crate::call::Call;
use crate::errors::{access_denied, constraint, invalid_input, not_found, plain};
use crate::input::epoch;
use crate::paging::page;
use crate::state::Organization;

/// One thing that is wrong with an effective policy.
struct Flaw {
    code: &'static str,
    message: String,
    path: String,
}

fn no_effective_policy() -> AwsError {
    plain(
        "EffectivePolicyNotFoundException",
        "There is no effective policy of the specified type for the account.",
    )
}

impl Organization {
    /// The merged policy of one type for one account; `None` where nothing is attached above it.
    fn effective(&self, kind: &Kind, account: &str) -> Option<Value> {
        let mut merged = Merged::default();
        for node in self.lineage(account) {
            let policies: Vec<Value> = self
                .attached(node, kind.name)
                .into_iter()
                .filter_map(|id| serde_json::from_str(&self.policies.get(id)?.content).ok())
                .collect();
            merged.descend(policies.iter());
        }
        merged.effective()
    }

    /// The policies that contribute to an account's effective policy.
    fn contributing(&self, kind: &Kind, account: &str) -> Vec<&str> {
        self.lineage(account).into_iter().flat_map(|node| self.attached(node, kind.name)).collect()
    }
}

/// The defects that AWS would find: a tag policy's key without its `tag_key`, or more text than the type
/// may have.
fn flaws(kind: &Kind, policy: &Value) -> Vec<Flaw> {
    let mut found = Vec::new();
    if policy.to_string().chars().count() > kind.content_limit {
        found.push(Flaw {
            code: "CONTENT_TOO_LARGE",
            message: format!(
                "The effective policy exceeds the maximum of {} characters.",
                kind.content_limit
            ),
            path: String::new(),
        });
    }
    if kind.name == "TAG_POLICY" {
        let tags = policy.get("tags").and_then(Value::as_object).into_iter().flatten();
        for (key, _) in tags.filter(|(_, tag)| tag.get("tag_key").is_none()) {
            found.push(Flaw {
                code: "KEY_REQUIRED",
                message: "The required key \"tag_key\" is missing.".into(),
                path: format!("tags/{key}/tag_key"),
            });
        }
    }
    found
}

impl Organizations {
    pub(crate) fn describe_effective_policy(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let kind = named_kind(call.input.text("PolicyType"))?;
        let target = call.input.optional("TargetId").unwrap_or(call.account());
        if org.node_kind(target).is_none() {
            return Err(not_found("Target"));
        }
        if !org.members.contains_key(target) {
            return Err(invalid_input("TARGET_NOT_SUPPORTED"));
        }
        let sees_all = call.account() == org.management || org.is_delegate(call.account());
        if target != call.account() && !sees_all {
            return Err(access_denied());
        }
        if !org.all_features {
            return Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"));
        }
        let enabled = org.enabled_types.contains(kind.name);
        let policy = enabled.then(|| org.effective(kind, target)).flatten();
        let policy = policy.ok_or_else(no_effective_policy)?;
        Ok(json!({
            "EffectivePolicy": {
                "PolicyContent": policy.to_string(),
                "LastUpdatedTimestamp": epoch(org.policies_changed),
                "TargetId": target,
                "PolicyType": kind.name,
            },
        }))
    }

    pub(crate) fn list_accounts_with_invalid_effective_policy(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let kind = self.checked_kind(org, call)?;
        let accounts: Vec<_> = org
            .members
            .keys()
            .filter(|id| {
                org.effective(kind, id).is_some_and(|policy| !flaws(kind, &policy).is_empty())
            })
            .map(|id| {
                let mut shape = self.account_core(org, id);
                shape.insert("Paths".into(), json!([org.path(id)]));
                (id.clone(), shape.into())
            })
            .collect();
        let mut reply = page(call.request, "Accounts", accounts, self.empty_pages)?;
        reply["PolicyType"] = kind.name.into();
        Ok(reply)
    }

    pub(crate) fn list_effective_policy_validation_errors(&self, call: &Call) -> Reply {
        let org = self.organization(call)?;
        let kind = self.checked_kind(org, call)?;
        let account = call.input.text("AccountId");
        if !org.members.contains_key(account) {
            return Err(not_found("Account"));
        }
        let policy = org.effective(kind, account).ok_or_else(no_effective_policy)?;
        let contributing = org.contributing(kind, account);
        let errors = flaws(kind, &policy).into_iter().enumerate().map(|(n, flaw)| {
            (
                format!("{n:06}"),
                json!({
                    "ErrorCode": flaw.code,
                    "ErrorMessage": flaw.message,
                    "PathToError": flaw.path,
                    "ContributingPolicies": contributing,
                }),
            )
        });
        let mut reply =
            page(call.request, "EffectivePolicyValidationErrors", errors, self.empty_pages)?;
        reply["AccountId"] = account.into();
        reply["PolicyType"] = kind.name.into();
        reply["Path"] = org.path(account).into();
        reply["EvaluationTimestamp"] = epoch(org.policies_changed);
        Ok(reply)
    }

    /// The type asked for, if the organization has it enabled.
    fn checked_kind(&self, org: &Organization, call: &Call) -> Result<&'static Kind, AwsError> {
        let kind = named_kind(call.input.text("PolicyType"))?;
        if !org.all_features {
            return Err(constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"));
        }
        if !org.enabled_types.contains(kind.name) {
            return Err(no_effective_policy());
        }
        Ok(kind)
    }
}
