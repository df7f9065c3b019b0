//! Ids that every repeat derives alike.

use uuid::Uuid;

/// The namespace of outcome ids: 16 octets that a state machine can write down too.
const NAMESPACE: Uuid = Uuid::from_bytes(*b"runbook-relay-v1");

/// The id of an execution's outcome: the UUIDv5 of `<execution arn>/<kind>`, so that every repeat,
/// by whichever of the publishers, carries the same one.
#[must_use]
pub fn outcome_id(execution_arn: &str, kind: &str) -> Uuid {
    derived_id(&format!("{execution_arn}/{kind}"))
}

/// A UUID that every repeat derives alike. The first part of the text distinguishes the kinds of ids.
pub fn derived_id(text: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}
