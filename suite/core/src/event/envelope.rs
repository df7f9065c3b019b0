//! The envelope, common to all events of EventBridge.

use serde_json::{Map, Value};

/// The most that SQS carries in one message; what is larger never came from the intake queue.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Why an event could not be read. Such a message is tried again and then goes to the dead-letter
/// queue, as it stands.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Larger than any message of SQS.
    #[error("read an event of {bytes} bytes: at most {MAX_BYTES} were expected")]
    TooLarge {
        /// The size that was found.
        bytes: usize,
    },
    /// No JSON, cut off, or nested beyond reason.
    #[error("read the event as JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but no envelope of EventBridge.
    #[error("read the event as an EventBridge envelope: expected {expected}")]
    NotAnEnvelope {
        /// The missing field, or the one of the wrong type.
        expected: &'static str,
    },
    /// One of ours, without what it should say.
    #[error("read {event} (event {event_id}): expected {expected}")]
    Malformed {
        /// The kind of event, in the service's words.
        event: String,
        /// EventBridge's id of the event.
        event_id: String,
        /// The missing field, or the one of the wrong type.
        expected: &'static str,
    },
}

impl EventError {
    /// The envelope's id, where there was an envelope.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        match self {
            Self::Malformed { event_id, .. } => Some(event_id),
            Self::TooLarge { .. } | Self::NotJson(_) | Self::NotAnEnvelope { .. } => None,
        }
    }
}

/// The parts of an envelope that the intake looks at.
pub struct Envelope<'a> {
    /// EventBridge's id of the event, the same at every delivery.
    pub id: &'a str,
    /// The sending service, like `aws.organizations`.
    pub source: &'a str,
    /// The kind of event, in the service's words.
    pub detail_type: &'a str,
    /// The event itself, as the service wrote it.
    pub detail: &'a Map<String, Value>,
}

impl<'a> Envelope<'a> {
    /// Reads what is common to all events.
    pub fn read(value: &'a Value) -> Result<Self, EventError> {
        let expected = |expected| EventError::NotAnEnvelope { expected };
        let text = |key, message| {
            let text = value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.ok_or(expected(message))
        };
        Ok(Self {
            source: text("source", "the text `source`")?,
            detail_type: text("detail-type", "the text `detail-type`")?,
            id: text("id", "the text `id`")?,
            detail: value
                .get("detail")
                .and_then(Value::as_object)
                .ok_or(expected("the object `detail`"))?,
        })
    }
}
