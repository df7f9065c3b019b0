//! SNS, SQS and EventBridge: the one topic, the one queue and the default bus.

use serde_json::{Value, json};

use crate::{Call, QUEUE, Refusal, Reply, Served, State, TOPIC};

/// A message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub body: Value,
    /// Seconds until it may be received.
    pub delay: i64,
}

/// SQS delays a message by 15 minutes at most.
const LONGEST_DELAY: i64 = 900;

pub(crate) fn serve(state: &mut State, call: &Call) -> Served {
    match (call.service.as_str(), call.operation.as_str()) {
        ("sns", "Publish") if call.text("TopicArn") != TOPIC => {
            Err(Refusal::new("NotFound", "Topic does not exist"))
        }
        ("sns", "Publish") => {
            state.published.push(call.body.clone());
            let id = "6e6b0aa2-0000-5000-8000-000000000000";
            Ok(Reply::Xml(format!("<MessageId>{id}</MessageId>")))
        }
        ("sqs", "SendMessage") if call.text("QueueUrl") != QUEUE => {
            Err(Refusal::new("QueueDoesNotExist", "The specified queue does not exist."))
        }
        ("sqs", "SendMessage") => {
            let delay = call.body["DelaySeconds"].as_i64().unwrap_or(0);
            assert!((0..=LONGEST_DELAY).contains(&delay), "SQS takes no delay of {delay} s");
            let body = serde_json::from_str(call.text("MessageBody")).unwrap();
            state.queue.push(Message { body, delay });
            Ok(Reply::Data(json!({ "MessageId": "m", "MD5OfMessageBody": "" })))
        }
        ("events", "PutEvents") => {
            let entries = call.body["Entries"].as_array().cloned().unwrap_or_default();
            assert!(
                (1..=10).contains(&entries.len()),
                "PutEvents takes no {} entries",
                entries.len()
            );
            let size: usize =
                entries.iter().map(|entry| entry["Detail"].as_str().unwrap().len()).sum();
            assert!(size < 256 * 1024, "PutEvents takes no {size} bytes");
            let taken = vec![json!({ "EventId": "e" }); entries.len()];
            state.events.extend(entries);
            Ok(Reply::Data(json!({ "FailedEntryCount": 0, "Entries": taken })))
        }
        _ => call.unknown(),
    }
}
