//! Finding fields in CloudTrail's JSON without caring about the case of keys, and account ids
//! wherever they may be.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::id::AccountId;

/// The value at a path of keys, each in any case. Null is nothing.
pub fn at<'a>(object: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = object.get(*first).or_else(|| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(first)).map(|(_, value)| value)
    })?;
    match rest {
        [] => Some(value).filter(|value| !value.is_null()),
        _ => at(value.as_object()?, rest),
    }
}

/// The text at a path; empty text is nothing.
pub fn text<'a>(object: &'a Map<String, Value>, path: &[&str]) -> Option<&'a str> {
    at(object, path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The account id at a path.
pub fn account(object: &Map<String, Value>, path: &[&str]) -> Option<AccountId> {
    account_of(at(object, path)?)
}

/// A value as an account id. A masked one (`****`) is not an id; a number is one with its leading zeros
/// restored.
fn account_of(value: &Value) -> Option<AccountId> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => format!("{:012}", number.as_u64()?).parse().ok(),
        _ => None,
    }
}

/// The account that an event is about, wherever it says so. Where AccountJoinedOrganization and
/// AccountDepartedOrganization carry it is not documented, so: the fields made for an event's own
/// data, in this order, each searched level by level. The caller and the receiver of the event do not count.
pub fn subject(detail: &Map<String, Value>) -> Option<AccountId> {
    const PLACES: [&str; 4] =
        ["serviceEventDetails", "responseElements", "requestParameters", "additionalEventData"];
    let places: Vec<&Value> = PLACES.iter().filter_map(|place| at(detail, &[place])).collect();
    let exact = |key: &str| key.eq_ignore_ascii_case("accountId");
    let related = |key: &str| {
        let key = key.to_ascii_lowercase();
        (key.ends_with("accountid") || key == "account" || key == "account_id")
            && !["management", "master", "parent", "payer", "govcloud", "owner", "invoking"]
                .iter()
                .any(|other| key.contains(other))
    };
    let search = |wanted: &dyn Fn(&str) -> bool| {
        places.iter().find_map(|place| breadth_first(place, wanted))
    };
    search(&exact)
        .or_else(|| search(&related))
        .or_else(|| exact_outside_identity(detail))
        .or_else(|| places.iter().find_map(|place| account_object(place)))
}

/// `accountId` directly in the detail, as flat events have it.
fn exact_outside_identity(detail: &Map<String, Value>) -> Option<AccountId> {
    account(detail, &["accountId"])
}

/// `{"account": {"id": "…"}}`.
fn account_object(place: &Value) -> Option<AccountId> {
    account(place.as_object()?, &["account", "id"])
}

fn breadth_first(root: &Value, wanted: &dyn Fn(&str) -> bool) -> Option<AccountId> {
    let mut queue = VecDeque::from([root]);
    while let Some(value) = queue.pop_front() {
        match value {
            Value::Object(object) => {
                let found = object
                    .iter()
                    .filter(|(key, _)| wanted(key))
                    .find_map(|(_, value)| account_of(value));
                if found.is_some() {
                    return found;
                }
                queue.extend(object.values());
            }
            Value::Array(items) => queue.extend(items),
            _ => {}
        }
    }
    None
}
