//! Compares the policy of a role with the needs of a runbook.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::table::Section;
use super::{Needs, arn};

/// How a role's policy differs from the needs of a runbook.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// `PERMISSION on ARN`: needed, and not allowed.
    pub missing: Vec<String>,
    /// Permissions that are allowed, and that no step needs.
    pub unneeded: Vec<String>,
    /// Statements whose effect depends on more than actions and resources.
    pub unjudged: Vec<String>,
}

impl Comparison {
    /// Whether the role has all that is needed, and nothing more.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.missing.is_empty() && self.unneeded.is_empty()
    }
}

/// A text that is not a policy.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "expected an IAM policy with Statement, its PolicyDocument as AWS returns it, or a list of them"
)]
pub struct InvalidPolicy;

struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    is_conditional: bool,
}

/// Compares a policy: a document, `PolicyDocument` of `aws iam get-role-policy`, or a list of either.
///
/// A statement with a condition counts as one without: what it allows is allowed at least at times.
/// A conditional `Deny` is not judged.
///
/// # Errors
/// When it is not a policy.
pub fn compare(needs: &Needs, policy: &Value) -> Result<Comparison, InvalidPolicy> {
    let mut comparison = Comparison::default();
    let mut statements = Vec::new();
    collect(policy, &mut statements, &mut comparison.unjudged)?;
    for need in &needs.needs {
        for resource in &need.resources {
            let covers = |statement: &&Statement| {
                statement.actions.iter().any(|action| fits(action, &need.permission))
                    && statement.resources.iter().any(|known| arn::matches(known, resource))
            };
            let mut covering = statements.iter().filter(covers);
            let is_allowed = covering.clone().any(|statement| statement.allows);
            let is_denied =
                covering.any(|statement| !statement.allows && !statement.is_conditional);
            if !is_allowed || is_denied {
                let why = if is_denied { " (denied)" } else { "" };
                comparison.missing.push(format!("{} on {resource}{why}", need.permission));
            }
        }
    }
    let needed = |permission: &str| {
        needs.needs.iter().any(|need| need.permission.eq_ignore_ascii_case(permission))
    };
    let mut unneeded = BTreeSet::new();
    for statement in statements.iter().filter(|statement| statement.allows) {
        for action in &statement.actions {
            unneeded.extend(expanded(action).into_iter().filter(|name| !needed(name)));
        }
    }
    comparison.unneeded = shortened(unneeded, &statements);
    Ok(comparison)
}

fn collect(
    policy: &Value,
    into: &mut Vec<Statement>,
    unjudged: &mut Vec<String>,
) -> Result<(), InvalidPolicy> {
    if let Value::Array(policies) = policy {
        return policies.iter().try_for_each(|policy| collect(policy, into, unjudged));
    }
    if let Some(inner) = policy.get("PolicyDocument") {
        return collect(inner, into, unjudged);
    }
    let statements = policy.get("Statement").ok_or(InvalidPolicy)?;
    for statement in listed(statements) {
        let allows = statement.get("Effect").ok_or(InvalidPolicy)? == "Allow";
        let texts = |name: &str| -> Vec<String> {
            let values = statement.get(name).into_iter().flat_map(listed);
            values.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let name = statement.get("Sid").and_then(Value::as_str).unwrap_or("without a Sid");
        let negated = ["NotAction", "NotResource", "NotPrincipal"];
        if let Some(key) = negated.iter().find(|key| statement.get(**key).is_some()) {
            unjudged.push(format!("the statement {name}: it has {key}"));
            continue;
        }
        let is_conditional = statement.get("Condition").is_some();
        if is_conditional && !allows {
            unjudged.push(format!("the statement {name}: a Deny with a condition"));
        }
        into.push(Statement {
            allows,
            actions: texts("Action"),
            resources: texts("Resource"),
            is_conditional,
        });
    }
    Ok(())
}

fn listed(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(values) => values.iter(),
        value => std::slice::from_ref(value).iter(),
    }
}

/// Whether the action of a statement includes a permission; names of actions have no case.
fn fits(action: &str, permission: &str) -> bool {
    arn::matches(&action.to_ascii_lowercase(), &permission.to_ascii_lowercase())
}

/// The permissions that an action with `*` stands for.
fn expanded(action: &str) -> Vec<String> {
    let (prefix, name) = action.split_once(':').unwrap_or((action, ""));
    if !action.contains(['*', '?']) || prefix.contains(['*', '?']) {
        return vec![action.to_owned()];
    }
    let Some(section) = Section::of(prefix) else { return vec![action.to_owned()] };
    let pattern = name.to_ascii_lowercase();
    let fitting = section.names().filter(|name| arn::matches(&pattern, &name.to_ascii_lowercase()));
    fitting.map(|name| format!("{prefix}:{name}")).collect()
}

/// How many permissions of one pattern are listed by name.
const LISTED: usize = 10;

/// The permissions by name, or where a pattern stands for many of them the pattern and their number.
fn shortened(unneeded: BTreeSet<String>, statements: &[Statement]) -> Vec<String> {
    let mut left = unneeded;
    let mut lines = Vec::new();
    for action in statements.iter().filter(|each| each.allows).flat_map(|each| &each.actions) {
        let fitting: Vec<_> = left.iter().filter(|name| fits(action, name)).cloned().collect();
        if fitting.len() > LISTED {
            lines.push(format!("{action}: {} permissions that no step needs", fitting.len()));
            left.retain(|name| !fitting.contains(name));
        }
    }
    lines.extend(left);
    lines
}
