//! CloudTrail's events of Organizations, as EventBridge envelopes.
//!
//! Member names are in lower camel case, times inside are Java text with the newer comma, names
//! and addresses are masked, and a failed call has no response elements.

use api::cloudtrail::{RecordedCall, iso, java_text, lower_camel};
use api::{Emission, Reply, Request};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::accounts::JoinedMethod;

/// Organizations and its events live in one Region of the partition.
pub(crate) const REGION: &str = "us-east-1";

const MASK: &str = "****";

/// How an account left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    Left,
    Removed,
    /// 90 days after it was closed.
    Cleaned,
}

/// A change of membership.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Joined(JoinedMethod),
    Departed(Departure),
}

impl From<JoinedMethod> for Change {
    fn from(method: JoinedMethod) -> Self {
        Change::Joined(method)
    }
}

impl From<Departure> for Change {
    fn from(departure: Departure) -> Self {
        Change::Departed(departure)
    }
}

/// The event of a call, for the bus of `account`.
pub(crate) fn api_call(request: &Request, reply: &Reply, account: &str) -> Emission {
    let elements =
        reply.as_ref().ok().filter(|value| value.as_object().is_some_and(|v| !v.is_empty()));
    let call = RecordedCall {
        request,
        reply,
        service: "organizations",
        account,
        region: REGION,
        parameters: parameters(&request.body),
        elements: elements.map_or(Value::Null, recorded),
    };
    call.emission()
}

/// `CreateAccountResult`: the account's id is only here.
pub(crate) fn creation_result(
    management: &str,
    status: &Value,
    at: Timestamp,
    id: Uuid,
) -> Emission {
    let details = json!({ "createAccountStatus": recorded(status) });
    service_event("CreateAccountResult", management, &details, at, id)
}

/// `CloseAccountResult`.
pub(crate) fn close_result(
    management: &str,
    account: &str,
    asked: Timestamp,
    at: Timestamp,
    id: Uuid,
) -> Emission {
    let details = json!({
        "closeAccountStatus": {
            "accountId": account,
            "state": "SUCCEEDED",
            "requestedTimestamp": java_text(asked),
            "completedTimestamp": java_text(at),
        },
    });
    service_event("CloseAccountResult", management, &details, at, id)
}

/// `AccountJoinedOrganization` or `AccountDepartedOrganization`. AWS publishes the names of two
/// fields and no sample: where the account's id sits is unverified, so consumers must be tolerant.
pub(crate) fn membership(
    management: &str,
    account: &str,
    organization: &str,
    change: Change,
    at: Timestamp,
    id: Uuid,
) -> Emission {
    let (name, how, when, method) = match change {
        // The spellings are those of the documentation, which prints them unalike.
        Change::Joined(JoinedMethod::Created) => {
            ("AccountJoinedOrganization", "joinedMethod", "joinedTime", "Created")
        }
        Change::Joined(JoinedMethod::Invited) => {
            ("AccountJoinedOrganization", "joinedMethod", "joinedTime", "INVITED")
        }
        Change::Departed(departure) => (
            "AccountDepartedOrganization",
            "departureMethod",
            "departureTime",
            match departure {
                Departure::Left => "LEFT",
                Departure::Removed => "REMOVED",
                Departure::Cleaned => "CLEANED",
            },
        ),
    };
    let details = json!({
        "accountId": account,
        "managementAccountId": management,
        "organizationId": organization,
        how: method,
        when: java_text(at),
    });
    service_event(name, management, &details, at, id)
}

/// An event that AWS itself causes: no caller, no parameters, no request id.
pub(crate) fn service_event(
    name: &str,
    account: &str,
    details: &Value,
    at: Timestamp,
    id: Uuid,
) -> Emission {
    let event_id = Uuid::new_v5(&id, format!("{name}/{account}").as_bytes());
    let detail = json!({
        "eventVersion": "1.11",
        "userIdentity": { "accountId": account, "invokedBy": "organizations.amazonaws.com" },
        "eventTime": iso(at),
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "organizations.amazonaws.com",
        "userAgent": "organizations.amazonaws.com",
        "requestParameters": null,
        "responseElements": null,
        "eventID": event_id.to_string(),
        "readOnly": false,
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": account,
        "serviceEventDetails": details,
        "eventCategory": "Management",
    });
    envelope("AWS Service Event via CloudTrail", account, at, event_id, &detail)
}

fn envelope(kind: &str, account: &str, at: Timestamp, event_id: Uuid, detail: &Value) -> Emission {
    let id = Uuid::new_v5(&event_id, b"envelope");
    Emission {
        account: account.to_owned(),
        region: REGION.to_owned(),
        envelope: json!({
            "version": "0",
            "id": id.to_string(),
            "detail-type": kind,
            "source": "aws.organizations",
            "account": account,
            "time": iso(at),
            "region": REGION,
            "resources": [],
            "detail": detail,
        }),
    }
}

/// The input as CloudTrail records it; a call without one has none.
fn parameters(body: &Value) -> Value {
    if body.as_object().is_none_or(Map::is_empty) { Value::Null } else { recorded(body) }
}

/// A shape as CloudTrail records it: lower camel case, times as text, personal data masked.
pub(crate) fn recorded(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            // A party or resource that is or holds an address or a note.
            let personal = members.get("Type").and_then(Value::as_str).is_some_and(|kind| {
                kind.contains("EMAIL") || kind.contains("NAME") || kind == "NOTES"
            });
            let record = |(name, value): (&String, &Value)| {
                let masked = matches!(name.as_str(), "AccountName" | "Notes" | "SourceName")
                    || name.ends_with("Email")
                    || (personal && matches!(name.as_str(), "Id" | "Value"));
                let value = match value {
                    Value::String(_) if masked => MASK.into(),
                    // The documentation's samples print the action of a handshake in lower case.
                    Value::String(action) if name == "Action" => action.to_lowercase().into(),
                    Value::Number(seconds) if name.ends_with("Timestamp") => seconds
                        .as_f64()
                        .and_then(|at| Timestamp::from_millisecond((at * 1000.0) as i64).ok())
                        .map_or(Value::Null, |at| java_text(at).into()),
                    other => recorded(other),
                };
                (lower_camel(name), value)
            };
            Value::Object(members.iter().map(record).collect())
        }
        Value::Array(items) => items.iter().map(recorded).collect(),
        other => other.clone(),
    }
}
