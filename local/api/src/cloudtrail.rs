//! CloudTrail's events of API calls, as EventBridge envelopes.
//!
//! Member names are in lower camel case, and a failed call has no response elements.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Emission, Reply, Request};

/// A call that a trail has recorded.
#[derive(Debug)]
pub struct RecordedCall<'a> {
    /// The call, as the service got it.
    pub request: &'a Request,
    /// The answer, which says whether the call was refused.
    pub reply: &'a Reply,
    /// The service, as in `eventSource` before `.amazonaws.com`.
    pub service: &'a str,
    /// The account whose trail has recorded it.
    pub account: &'a str,
    /// The Region in whose log it is.
    pub region: &'a str,
    /// The input, as it is recorded.
    pub parameters: Value,
    /// The output, as it is recorded; null for a failed call and for one without an output.
    pub elements: Value,
}

impl RecordedCall<'_> {
    /// The event, for the bus of the account that has recorded the call.
    #[must_use]
    pub fn emission(self) -> Emission {
        let Self { request, reply, service, account, region, parameters, elements } = self;
        let event_id = Uuid::new_v5(&request.derived_id(100), account.as_bytes());
        let mut detail = json!({
            "eventVersion": "1.11",
            "userIdentity": user_identity(request),
            "eventTime": iso(request.now),
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": request.operation,
            "awsRegion": region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": request.user_agent,
        });
        if let Some(members) = detail.as_object_mut() {
            if let Err(error) = reply {
                members.insert("errorCode".into(), error.code.clone().into());
                members.insert("errorMessage".into(), error.message.clone().into());
            }
            members.insert("requestParameters".into(), parameters);
            members.insert("responseElements".into(), elements);
            members.insert("requestID".into(), request.id.to_string().into());
            members.insert("eventID".into(), event_id.to_string().into());
            members.insert("readOnly".into(), false.into());
            members.insert("eventType".into(), "AwsApiCall".into());
            members.insert("managementEvent".into(), true.into());
            members.insert("recipientAccountId".into(), account.into());
            members.insert("eventCategory".into(), "Management".into());
        }
        Emission {
            account: account.to_owned(),
            region: region.to_owned(),
            envelope: json!({
                "version": "0",
                "id": Uuid::new_v5(&event_id, b"envelope").to_string(),
                "detail-type": "AWS API Call via CloudTrail",
                "source": format!("aws.{service}"),
                "account": account,
                "time": iso(request.now),
                "region": region,
                "resources": [],
                "detail": detail,
            }),
        }
    }
}

/// A time of an event: it has no fraction.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Jul 17, 2025, 2:53:40 PM`, as CloudTrail prints times inside of parameters and elements.
#[must_use]
pub fn java_text(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
}

/// A member's name as CloudTrail records it.
#[must_use]
pub fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn user_identity(request: &Request) -> Value {
    let arn = &request.principal_arn;
    let resource = arn.rsplit_once(':').map_or(arn.as_str(), |(_, resource)| resource);
    let mut parts = resource.split('/');
    let kind = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or_default();
    match kind {
        "assumed-role" => {
            let session = parts.next().unwrap_or_default();
            let role = format!("arn:aws:iam::{}:role/{name}", request.account);
            json!({
                "type": "AssumedRole",
                "principalId": format!("AROALOCAL:{session}"),
                "arn": arn,
                "accountId": request.account,
                "accessKeyId": request.access_key_id,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROALOCAL",
                        "arn": role,
                        "accountId": request.account,
                        "userName": name,
                    },
                    "attributes": { "mfaAuthenticated": "false" },
                },
            })
        }
        "user" => json!({
            "type": "IAMUser",
            "principalId": "AIDALOCAL",
            "arn": arn,
            "accountId": request.account,
            "accessKeyId": request.access_key_id,
            "userName": resource.rsplit('/').next().unwrap_or_default(),
        }),
        _ => json!({
            "type": "Root",
            "principalId": request.account,
            "arn": arn,
            "accountId": request.account,
            "accessKeyId": request.access_key_id,
        }),
    }
}
