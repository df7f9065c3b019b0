//! SSM's event that an automation's status changed: thin, best effort, and enough to wake the task that
//! waits for it. What really happened is asked of SSM.

use relay_core::event::{MAX_BYTES, lookup};
use relay_core::id::{AccountId, AutomationId, Region};
use serde_json::Value;

use crate::AutomationStatus;

const EXECUTION: &str = "EC2 Automation Execution Status-change Notification";

/// An automation's status changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationEvent {
    /// EventBridge's id, if it gave one.
    pub event_id: Option<String>,
    /// The execution whose status changed.
    pub execution: AutomationId,
    /// The account it runs in.
    pub account: AccountId,
    /// The Region it runs in.
    pub region: Region,
    /// Its status, as far as the event says.
    pub status: AutomationStatus,
}

/// An event after it has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutomationIntake {
    /// The status of an automation changed.
    Changed(AutomationEvent),
    /// Nothing that anybody waits for.
    Ignored {
        /// EventBridge's id, if it gave one.
        event_id: Option<String>,
        /// Why, for the log.
        reason: String,
    },
}

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AutomationEventError {
    /// Larger than any message of SQS.
    #[error("read an automation event of {bytes} bytes: at most {MAX_BYTES} were expected")]
    TooLarge {
        /// The size that was found.
        bytes: usize,
    },
    /// The text is not JSON.
    #[error("read the automation event as JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but not what it should be.
    #[error("read the automation event: expected {expected}")]
    Malformed {
        /// The missing field, or the one of the wrong type.
        expected: &'static str,
    },
}

impl AutomationIntake {
    /// Reads one envelope.
    ///
    /// # Errors
    /// When it is not such an event, or does not say which execution it is about.
    pub fn parse(text: &str) -> Result<Self, AutomationEventError> {
        if text.len() > MAX_BYTES {
            return Err(AutomationEventError::TooLarge { bytes: text.len() });
        }
        Self::from_value(&serde_json::from_str(text).map_err(AutomationEventError::NotJson)?)
    }

    /// Reads one envelope.
    ///
    /// # Errors
    /// As [`AutomationIntake::parse`].
    pub fn from_value(value: &Value) -> Result<Self, AutomationEventError> {
        let malformed = |expected| AutomationEventError::Malformed { expected };
        let envelope = value.as_object().ok_or(malformed("an EventBridge envelope"))?;
        let text = |path: &[&str]| lookup::text(envelope, path);
        let source = text(&["source"]).ok_or(malformed("the text `source`"))?;
        let kind = text(&["detail-type"]).ok_or(malformed("the text `detail-type`"))?;
        let event_id = text(&["id"]).map(str::to_owned);
        if source != "aws.ssm" || !kind.eq_ignore_ascii_case(EXECUTION) {
            let reason = format!("no change of an automation's status: source {source}, {kind}");
            return Ok(Self::Ignored { event_id, reason });
        }
        let resources = lookup::at(envelope, &["resources"]).and_then(Value::as_array);
        let named = resources
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .find_map(|arn| arn.split_once(":automation-execution/").map(|(_, id)| id));
        Ok(Self::Changed(AutomationEvent {
            event_id,
            execution: text(&["detail", "ExecutionId"])
                .or(named)
                .and_then(|id| id.parse().ok())
                .ok_or(malformed("an execution's id at `detail.ExecutionId`"))?,
            account: lookup::account(envelope, &["account"])
                .ok_or(malformed("an account id at `account`"))?,
            region: text(&["region"])
                .and_then(|region| region.parse().ok())
                .ok_or(malformed("a Region at `region`"))?,
            status: AutomationStatus::parse(text(&["detail", "Status"]).unwrap_or_default()),
        }))
    }
}
