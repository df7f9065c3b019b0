//! The input shapes of AWS's model that more than one operation uses: lengths, patterns, enums.

use crate::policies::kinds;

/// A member of an input structure.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: &'static Shape,
}

/// What a value must look like.
pub(crate) enum Shape {
    /// A string: least and greatest length in characters, and its pattern.
    Text { min: usize, max: usize, fits: fn(&str) -> bool, reason: &'static str },
    /// One of these strings.
    Enum { values: fn() -> Vec<&'static str>, reason: &'static str },
    /// A whole number within bounds.
    Integer { min: i64, max: i64 },
    /// Epoch seconds.
    Timestamp,
    /// A list of one shape.
    List(&'static Shape),
    /// A structure.
    Structure(&'static [Member]),
}

/// A required member.
pub(crate) const fn required(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, required: true, shape }
}

/// A member that may be left out.
pub(crate) const fn optional(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, required: false, shape }
}

const fn text(min: usize, max: usize, fits: fn(&str) -> bool) -> Shape {
    Shape::Text { min, max, fits, reason: "INVALID_PATTERN" }
}

const UNBOUNDED: usize = usize::MAX;

fn anything(_: &str) -> bool {
    true
}

fn made_of(value: &str, least: usize, most: usize, allowed: fn(char) -> bool) -> bool {
    (least..=most).contains(&value.len()) && value.chars().all(allowed)
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn name_like(value: &str) -> bool {
    value.chars().all(|c| word(c) || "+=,.@-".contains(c))
}

fn prefixed(value: &str, prefix: &str, least: usize, most: usize, ok: fn(char) -> bool) -> bool {
    value.strip_prefix(prefix).is_some_and(|rest| made_of(rest, least, most, ok))
}

pub(crate) fn is_account(value: &str) -> bool {
    made_of(value, 12, 12, |c| c.is_ascii_digit())
}

pub(crate) fn is_root(value: &str) -> bool {
    prefixed(value, "r-", 4, 32, lower)
}

pub(crate) fn is_unit(value: &str) -> bool {
    value
        .strip_prefix("ou-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(root, own)| made_of(root, 4, 32, lower) && made_of(own, 8, 32, lower))
}

pub(crate) fn is_email(value: &str) -> bool {
    let Some((user, host)) = value.split_once('@') else { return false };
    let Some((name, domain)) = host.rsplit_once('.') else { return false };
    let clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    clean(user) && clean(name) && clean(domain)
}

pub(crate) fn is_policy(value: &str) -> bool {
    prefixed(value, "p-", 8, 128, word)
}

fn is_handshake(value: &str) -> bool {
    prefixed(value, "h-", 8, 32, lower)
}

fn is_creation(value: &str) -> bool {
    prefixed(value, "car-", 8, 32, lower)
}

fn is_transfer(value: &str) -> bool {
    prefixed(value, "rt-", 8, 32, lower)
}

fn is_parent(value: &str) -> bool {
    is_root(value) || is_unit(value)
}

fn is_child(value: &str) -> bool {
    is_account(value) || is_unit(value)
}

fn is_target(value: &str) -> bool {
    is_parent(value) || is_account(value)
}

fn is_taggable(value: &str) -> bool {
    is_target(value)
        || is_policy(value)
        || is_transfer(value)
        || prefixed(value, "rp-", 4, 128, word)
}

fn is_printable(value: &str) -> bool {
    value.chars().all(|c| (' '..='~').contains(&c))
}

fn is_tag_text(value: &str) -> bool {
    value.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
}

pub(crate) static ACCOUNT: Shape = text(0, 12, is_account);
pub(crate) static ROOT: Shape = text(0, 34, is_root);
pub(crate) static UNIT: Shape = text(0, 68, is_unit);
pub(crate) static PARENT: Shape = text(0, 100, is_parent);
pub(crate) static CHILD: Shape = text(0, 100, is_child);
pub(crate) static TARGET: Shape =
    Shape::Text { min: 0, max: 100, fits: is_target, reason: "INVALID_PATTERN_TARGET_ID" };
pub(crate) static TAGGABLE: Shape = text(0, 130, is_taggable);
pub(crate) static POLICY: Shape = text(0, 130, is_policy);
pub(crate) static HANDSHAKE: Shape = text(0, 34, is_handshake);
pub(crate) static CREATION: Shape = text(0, 36, is_creation);
pub(crate) static TRANSFER: Shape = text(0, UNBOUNDED, is_transfer);
pub(crate) static EMAIL: Shape = text(6, 64, is_email);
pub(crate) static ACCOUNT_NAME: Shape = text(1, 50, is_printable);
pub(crate) static ROLE_NAME: Shape = text(1, 64, name_like);
pub(crate) static UNIT_NAME: Shape = text(1, 128, anything);
pub(crate) static POLICY_NAME: Shape = text(1, 128, anything);
pub(crate) static DESCRIPTION: Shape = text(0, 512, anything);
pub(crate) static CONTENT: Shape = text(1, UNBOUNDED, anything);
pub(crate) static RESOURCE_POLICY_CONTENT: Shape = text(1, 40_000, anything);
pub(crate) static PRINCIPAL: Shape = text(1, 128, name_like);
pub(crate) static NOTES: Shape = text(0, 1024, anything);
pub(crate) static TRANSFER_NAME: Shape = text(1, 128, is_printable);
pub(crate) static NEXT_TOKEN: Shape = text(0, 100_000, anything);
pub(crate) static MAX_RESULTS: Shape = Shape::Integer { min: 1, max: 20 };
pub(crate) static TIMESTAMP: Shape = Shape::Timestamp;

static TAG_KEY: Shape = text(1, 128, is_tag_text);
static TAG_VALUE: Shape = text(0, 256, is_tag_text);
static TAG: Shape = Shape::Structure(&[required("Key", &TAG_KEY), required("Value", &TAG_VALUE)]);
pub(crate) static TAGS: Shape = Shape::List(&TAG);
pub(crate) static TAG_KEYS: Shape = Shape::List(&TAG_KEY);

static PARTY_ID: Shape = text(1, 64, anything);
static PARTY_TYPE: Shape =
    Shape::Enum { values: || vec!["ACCOUNT", "ORGANIZATION", "EMAIL"], reason: "INVALID_ENUM" };
pub(crate) static PARTY: Shape =
    Shape::Structure(&[required("Id", &PARTY_ID), required("Type", &PARTY_TYPE)]);

static ACTION: Shape = Shape::Enum {
    values: || {
        vec![
            "INVITE",
            "ENABLE_ALL_FEATURES",
            "APPROVE_ALL_FEATURES",
            "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE",
            "TRANSFER_RESPONSIBILITY",
        ]
    },
    reason: "INVALID_ENUM",
};
pub(crate) static HANDSHAKE_FILTER: Shape =
    Shape::Structure(&[optional("ActionType", &ACTION), optional("ParentHandshakeId", &HANDSHAKE)]);

pub(crate) static POLICY_TYPE: Shape = Shape::Enum {
    values: || kinds::ALL.iter().map(|kind| kind.name).collect(),
    reason: "INVALID_ENUM_POLICY_TYPE",
};
pub(crate) static EFFECTIVE_POLICY_TYPE: Shape = Shape::Enum {
    values: || kinds::ALL.iter().filter(|kind| !kind.authorizes).map(|kind| kind.name).collect(),
    reason: "INVALID_ENUM_POLICY_TYPE",
};
pub(crate) static BILLING_ACCESS: Shape =
    Shape::Enum { values: || vec!["ALLOW", "DENY"], reason: "INVALID_ENUM" };
pub(crate) static FEATURE_SET: Shape =
    Shape::Enum { values: || vec!["ALL", "CONSOLIDATED_BILLING"], reason: "INVALID_ENUM" };
pub(crate) static CHILD_TYPE: Shape =
    Shape::Enum { values: || vec!["ACCOUNT", "ORGANIZATIONAL_UNIT"], reason: "INVALID_ENUM" };
static CREATION_STATE: Shape =
    Shape::Enum { values: || vec!["IN_PROGRESS", "SUCCEEDED", "FAILED"], reason: "INVALID_ENUM" };
pub(crate) static CREATION_STATES: Shape = Shape::List(&CREATION_STATE);
pub(crate) static TRANSFER_TYPE: Shape =
    Shape::Enum { values: || vec!["BILLING"], reason: "INVALID_ENUM" };
