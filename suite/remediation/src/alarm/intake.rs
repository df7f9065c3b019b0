//! Which of the ways a message came, and what becomes of it.

use relay_core::event::{MAX_BYTES, lookup};
use serde_json::{Map, Value};

use super::configuration::object;
use crate::alarm::{AlarmTrigger, events, sns};

/// Why a message could not be read. It is tried again and then goes to the dead-letter queue, as it
/// stands.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// Larger than any message of SQS.
    #[error("read an alarm of {bytes} bytes: at most {MAX_BYTES} were expected")]
    TooLarge {
        /// The size that was found.
        bytes: usize,
    },
    /// No JSON, cut off, or nested beyond reason.
    #[error("read the alarm as JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but none of the ways an alarm comes.
    #[error("read the message as an alarm: expected {expected}")]
    NotAnAlarm {
        /// The ways in which an alarm arrives.
        expected: &'static str,
    },
    /// An alarm without what it should say.
    #[error("read the alarm {alarm} from {from}: expected {expected}")]
    Malformed {
        /// Which alarm, as far as it says.
        alarm: String,
        /// Which way it came.
        from: &'static str,
        /// The missing field, or the one of the wrong type.
        expected: &'static str,
    },
}

/// A message after the intake has read it.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmIntake {
    /// An alarm that went into ALARM.
    Trigger(Box<AlarmTrigger>),
    /// Nothing to act on.
    Ignored {
        /// The event's or the message's id, if it has one.
        event_id: Option<String>,
        /// Why, for the log.
        reason: String,
    },
}

impl AlarmIntake {
    /// Reads one message.
    ///
    /// # Errors
    /// When it is not an alarm, or lacks a field that every alarm has.
    pub fn parse(text: &str) -> Result<Self, AlarmError> {
        if text.len() > MAX_BYTES {
            return Err(AlarmError::TooLarge { bytes: text.len() });
        }
        Self::from_value(&serde_json::from_str(text).map_err(AlarmError::NotJson)?)
    }

    /// Reads one message.
    ///
    /// # Errors
    /// As [`AlarmIntake::parse`].
    pub fn from_value(value: &Value) -> Result<Self, AlarmError> {
        const EXPECTED: &str =
            "an EventBridge envelope, an SNS notification or a Lambda alarm action";
        let message = value.as_object().ok_or(AlarmError::NotAnAlarm { expected: EXPECTED })?;
        let has = |key: &str| lookup::at(message, &[key]).is_some();
        if has("detail-type") {
            events::event(message)
        } else if has("alarmData") {
            events::action(message)
        } else if has("Records") {
            Self::record(message)
        } else if has("Type") && (has("Message") || has("SubscribeURL")) {
            sns::notification(message)
        } else if has("NewStateValue") || has("AlarmArn") {
            // SNS with raw message delivery.
            sns::alarm(message, None)
        } else {
            Err(AlarmError::NotAnAlarm { expected: EXPECTED })
        }
    }

    /// The event that SNS sends to a Lambda function: always one record.
    fn record(message: &Map<String, Value>) -> Result<Self, AlarmError> {
        let records = lookup::at(message, &["Records"]).and_then(Value::as_array);
        let [record] = records.map(Vec::as_slice).unwrap_or_default() else {
            return Err(AlarmError::NotAnAlarm { expected: "exactly one record in `Records`" });
        };
        let notification = record.as_object().and_then(|record| object(record, &["Sns"]));
        sns::notification(
            notification
                .ok_or(AlarmError::NotAnAlarm { expected: "the object `Records[0].Sns`" })?,
        )
    }
}
