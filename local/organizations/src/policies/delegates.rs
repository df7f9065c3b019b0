//! The resource policy's language: who may do what with the organization's policies.

use api::{AwsError, Request};
use serde_json::Value;
use wildmatch::WildMatch;

use crate::access::{Access, access};
use crate::errors::invalid_input;
use crate::validation::{is_account, model};

/// A member that is one value or a list of them.
fn several(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    several(value).into_iter().filter_map(Value::as_str).collect()
}

/// The accounts, ARNs and `*` that a statement's principal names.
fn principals(statement: &Value) -> Vec<&str> {
    match statement.get("Principal") {
        Some(Value::String(all)) => vec![all],
        Some(principal) => texts(principal.get("AWS")),
        None => Vec::new(),
    }
}

/// Whether AWS would take this as a resource policy.
pub(crate) fn check(content: &str) -> Result<(), AwsError> {
    let json = || invalid_input("INVALID_RESOURCE_POLICY_JSON");
    let policy: Value = serde_json::from_str(content).map_err(|_| json())?;
    let statements = several(policy.get("Statement"));
    if statements.is_empty() || policy.get("Version").is_none() {
        return Err(json());
    }
    for statement in statements {
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) {
            return Err(json());
        }
        let principals = principals(statement);
        if principals.is_empty() || !principals.iter().all(|name| is_principal(name)) {
            return Err(invalid_input("INVALID_PRINCIPAL"));
        }
        let actions = texts(statement.get("Action"));
        if actions.is_empty() || !actions.iter().all(|action| is_delegable(action)) {
            return Err(invalid_input("UNSUPPORTED_ACTION_IN_RESOURCE_POLICY"));
        }
    }
    Ok(())
}

fn is_principal(name: &str) -> bool {
    name == "*" || is_account(name) || name.starts_with("arn:aws:iam::")
}

/// Only what the management account can share at all may be delegated.
fn is_delegable(action: &str) -> bool {
    let Some(pattern) = action.strip_prefix("organizations:") else { return false };
    let matcher = WildMatch::new(pattern);
    model().operations().any(|operation| {
        matches!(access(operation), Access::Reader | Access::Delegable)
            && matcher.matches(operation)
    })
}

/// Whether the resource policy lets this account make this call. Of the conditions,
/// `organizations:PolicyType` is held against the type the call is about.
pub(crate) fn allows(content: &str, request: &Request, policy_type: Option<&str>) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(content) else { return false };
    let action = format!("organizations:{}", request.operation);
    let applies = |statement: &Value| {
        texts(statement.get("Action")).iter().any(|glob| WildMatch::new(glob).matches(&action))
            && principals(statement).iter().any(|name| is_caller(name, request))
            && fits_type(statement, policy_type)
    };
    let mut allowed = false;
    for statement in several(policy.get("Statement")).into_iter().filter(|one| applies(one)) {
        if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
            return false;
        }
        allowed = true;
    }
    allowed
}

fn is_caller(name: &str, request: &Request) -> bool {
    name == "*"
        || name == request.account
        || name == format!("arn:aws:iam::{}:root", request.account)
        || name == request.principal_arn
}

fn fits_type(statement: &Value, policy_type: Option<&str>) -> bool {
    let Some(conditions) = statement.get("Condition").and_then(Value::as_object) else {
        return true;
    };
    let wanted: Vec<&str> = conditions
        .values()
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(key, _)| key.eq_ignore_ascii_case("organizations:PolicyType"))
        .flat_map(|(_, value)| texts(Some(value)))
        .collect();
    wanted.is_empty()
        || policy_type
            .is_none_or(|name| wanted.iter().any(|glob| WildMatch::new(glob).matches(name)))
}
