//! An event bus of EventBridge: PutEvents, the only operation that the suite calls (docs/decisions/0014).

use aws_config::SdkConfig;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::signed::{Signed, refusal};
use crate::{AwsError, AwsErrorKind};

const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")];

/// The default bus of an account in one Region.
#[derive(Debug, Clone)]
pub struct EventBus(Signed);

/// An event to be put on a bus.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Where it comes from, by which rules find it.
    pub source: &'a str,
    /// Its kind, by which rules distinguish events of one source.
    pub detail_type: &'a str,
    /// The content, a JSON object as text.
    pub detail: &'a str,
    /// ARNs of what it is about.
    pub resources: Vec<&'a str>,
    /// When it happened; EventBridge keeps whole seconds.
    pub time: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    entries: [Entry<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    event_bus_name: &'a str,
    source: &'a str,
    detail_type: &'a str,
    detail: &'a str,
    resources: &'a [&'a str],
    time: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    failed_entry_count: u32,
    #[serde(default)]
    entries: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
}

impl EventBus {
    /// From the configuration of an account and Region. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Signed::new(config, "events"))
    }

    /// Puts one event on the bus. Nothing here retries, and a repeat is another event.
    ///
    /// # Errors
    /// When EventBridge refuses the call or the event, or does not answer.
    pub async fn put(&self, event: &Event<'_>) -> Result<(), AwsError> {
        // Texts always serialise.
        let body = serde_json::to_string(&request(event)).unwrap_or_default();
        let (status, text) = self.0.post("PutEvents", &HEADERS, body).await?;
        if status != 200 {
            return Err(refusal(&text, status));
        }
        let answer: Answer =
            serde_json::from_str(&text).map_err(|error| AwsError::unreadable_answer(&error))?;
        match answer.entries.into_iter().next() {
            // The call succeeds also where the event was not taken.
            Some(entry) if answer.failed_entry_count > 0 => {
                let code = entry.error_code.unwrap_or_else(|| "InternalFailure".to_owned());
                // Documented: ThrottlingException and InternalFailure are worth another try, the others are not.
                let kind = match code.as_str() {
                    "InternalFailure" | "InternalException" => AwsErrorKind::Unavailable,
                    code => AwsErrorKind::of(code, 400),
                };
                Err(AwsError { kind, code, message: entry.error_message.unwrap_or_default() })
            }
            _ => Ok(()),
        }
    }
}

fn request<'a>(event: &'a Event<'a>) -> Request<'a> {
    Request {
        entries: [Entry {
            event_bus_name: "default",
            source: event.source,
            detail_type: event.detail_type,
            detail: event.detail,
            resources: &event.resources,
            time: event.time.as_second(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_the_api_has_it() {
        let event = Event {
            source: "runbook-relay",
            detail_type: "Runbook Relay Outcome",
            detail: r#"{"id":"1"}"#,
            resources: vec!["arn:aws:sns:us-east-1:111122223333:t"],
            time: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        };
        assert_eq!(
            serde_json::to_string(&request(&event)).unwrap(),
            concat!(
                r#"{"Entries":[{"EventBusName":"default","Source":"runbook-relay","#,
                r#""DetailType":"Runbook Relay Outcome","Detail":"{\"id\":\"1\"}","#,
                r#""Resources":["arn:aws:sns:us-east-1:111122223333:t"],"Time":1767323045}]}"#
            )
        );
    }
}
