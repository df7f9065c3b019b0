//! Pages of a list: at most 20, with an opaque token that fits only the call it came from.

use api::{AwsError, Reply, Request};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::errors::invalid_input;

/// The size of a page where the caller names none, and the largest one may name.
const PAGE: usize = 20;

/// A list in the order of its keys, cut into the page that the request asks for.
///
/// With `empty_first` the first page is empty with a token, which AWS reserves the right to do.
pub(crate) fn page(
    request: &Request,
    member: &str,
    items: impl IntoIterator<Item = (String, Value)>,
    empty_first: bool,
) -> Reply {
    let body = &request.body;
    let after = match body.get("NextToken").and_then(Value::as_str) {
        Some(token) => Some(read_token(request, token)?),
        None => None,
    };
    let limit = body.get("MaxResults").and_then(Value::as_u64).map_or(PAGE, |n| n as usize);

    let mut rest: Vec<(String, Value)> = items.into_iter().collect();
    rest.sort_by(|a, b| a.0.cmp(&b.0));
    rest.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));

    if empty_first && after.is_none() && !rest.is_empty() {
        return Ok(json!({ member: [], "NextToken": write_token(request, "") }));
    }
    let more = rest.len() > limit;
    rest.truncate(limit);
    let mut reply = Map::new();
    if let (true, Some((last, _))) = (more, rest.last()) {
        reply.insert("NextToken".into(), write_token(request, last).into());
    }
    let values: Vec<Value> = rest.into_iter().map(|(_, value)| value).collect();
    reply.insert(member.into(), values.into());
    Ok(reply.into())
}

/// The content that a token is bound to: the caller, the operation and all its other parameters.
fn scope(request: &Request) -> String {
    let mut body = request.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("NextToken");
        members.remove("MaxResults");
        members.sort_keys();
    }
    let name = format!("{}/{}/{body}", request.account, request.operation);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string()
}

fn write_token(request: &Request, key: &str) -> String {
    scope(request) + &hex::encode(key)
}

fn read_token(request: &Request, token: &str) -> Result<String, AwsError> {
    let invalid = || invalid_input("INVALID_NEXT_TOKEN");
    let key = token.strip_prefix(&scope(request)).ok_or_else(invalid)?;
    String::from_utf8(hex::decode(key).map_err(|_| invalid())?).map_err(|_| invalid())
}
