//! The sentences of AWS's front end.

use serde_json::Value;

pub(super) fn sentence(value: &str, path: &str, constraint: &str) -> String {
    format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}")
}

pub(super) fn at_most_long(max: usize) -> String {
    format!("Member must have length less than or equal to {max}")
}

pub(super) fn at_least_long(min: usize) -> String {
    format!("Member must have length greater than or equal to {min}")
}

pub(super) fn at_most(max: usize) -> String {
    format!("Member must have value less than or equal to {max}")
}

pub(super) fn at_least(min: usize) -> String {
    format!("Member must have value greater than or equal to {min}")
}

pub(super) fn must_match(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

pub(super) fn one_of(values: &[String]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}

/// For the strings of a list.
pub(super) fn each(constraints: &[String]) -> String {
    format!("Member must satisfy constraint: [{}]", constraints.join(", "))
}

pub(super) fn map_keys(constraints: &[String]) -> String {
    format!("Map keys must satisfy constraint: [{}]", constraints.join(", "))
}

pub(super) fn map_values(constraints: &[String]) -> String {
    format!("Map value must satisfy constraint: [{}]", constraints.join(", "))
}

/// `AccountIdsToAdd` of the model is `accountIdsToAdd` in messages.
pub(super) fn join(path: &str, member: &str) -> String {
    let mut characters = member.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let member: String = first.into_iter().chain(characters).collect();
    if path.is_empty() { member } else { format!("{path}.{member}") }
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
