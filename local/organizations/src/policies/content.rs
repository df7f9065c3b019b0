//! Whether AWS would take a text as a policy of its type.

use api::AwsError;
use serde_json::Value;

use super::kinds::Kind;
use crate::errors::{constraint, plain};

/// Size first, then syntax, as AWS does.
pub(crate) fn check(kind: &Kind, content: &str) -> Result<(), AwsError> {
    if content.chars().count() > kind.content_limit {
        return Err(constraint("POLICY_CONTENT_LIMIT_EXCEEDED"));
    }
    let policy: Value = serde_json::from_str(content).map_err(|_| malformed())?;
    let members = policy.as_object().ok_or_else(malformed)?;
    let known = |key: &String| kind.top_keys.is_empty() || kind.top_keys.contains(&key.as_str());
    if members.is_empty() || !members.keys().all(known) {
        return Err(malformed());
    }
    match kind.name {
        "SERVICE_CONTROL_POLICY" => statements(&policy, service_control),
        "RESOURCE_CONTROL_POLICY" => statements(&policy, resource_control),
        _ if members.values().all(Value::is_object) => Ok(()),
        _ => Err(malformed()),
    }
}

fn malformed() -> AwsError {
    plain(
        "MalformedPolicyDocumentException",
        "The provided policy document does not meet the requirements of the specified policy type.",
    )
}

fn statements(policy: &Value, fits: fn(&Value) -> bool) -> Result<(), AwsError> {
    let version = policy.get("Version").and_then(Value::as_str);
    let fine = match policy.get("Statement") {
        Some(Value::Array(list)) => !list.is_empty() && list.iter().all(fits),
        Some(one) => one.is_object() && fits(one),
        None => false,
    };
    if fine && version == Some("2012-10-17") { Ok(()) } else { Err(malformed()) }
}

fn effect(statement: &Value) -> Option<&str> {
    statement.get("Effect").and_then(Value::as_str)
}

fn one_of(statement: &Value, a: &str, b: &str) -> bool {
    let filled = |key| match statement.get(key) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty() && list.iter().all(Value::is_string),
        _ => false,
    };
    let (has_a, has_b) = (statement.get(a).is_some(), statement.get(b).is_some());
    has_a != has_b && filled(if has_a { a } else { b })
}

/// An SCP names no principal.
fn service_control(statement: &Value) -> bool {
    matches!(effect(statement), Some("Allow" | "Deny"))
        && one_of(statement, "Action", "NotAction")
        && one_of(statement, "Resource", "NotResource")
        && statement.get("Principal").is_none()
}

/// An RCP denies, to everyone.
fn resource_control(statement: &Value) -> bool {
    effect(statement) == Some("Deny")
        && statement.get("Principal").and_then(Value::as_str) == Some("*")
        && one_of(statement, "Action", "Action-")
        && one_of(statement, "Resource", "NotResource")
}
