//! Executions of the state machines: which one, what triggered it, and the error that ended it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A caught error, as Step Functions words it (`$states.errorOutput`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorOutput {
    /// The error's name, as a Catch matches it.
    #[serde(rename = "Error")]
    pub error: String,
    /// The error's message, which may be a JSON text or nothing.
    #[serde(rename = "Cause", default)]
    pub cause: Option<String>,
}

/// Which execution a call belongs to (Step Functions' context object).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRef {
    /// The ARN, which names the state machine, too.
    pub arn: String,
    /// Its name, the fact's key.
    pub name: String,
    /// When the execution started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub start_time: Timestamp,
}

/// The cause of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TriggerKind {
    /// An account joined the organization.
    Join,
    /// An account moved in the organization.
    Move,
    /// An account left the organization, or was closed.
    Departure,
    /// A second look at an account's place, some time after it joined.
    Recheck,
    /// All accounts of the organization.
    Backfill,
    /// The whole organization is compared with the rules.
    Reconcile,
    /// Documents, rules or OUs were changed.
    Change,
    /// Somebody started the machine.
    Manual,
    /// An alarm went into ALARM.
    Alarm,
    /// EventBridge Scheduler started the machine.
    Schedule,
    /// A State Manager association started the machine.
    Association,
    /// A new account is set up.
    Onboarding,
}

/// The cause of an execution, and the events it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The kind of cause.
    pub kind: TriggerKind,
    /// The ARN of the cause, if it has one: the alarm; for a recheck, the execution of the join.
    #[serde(default)]
    pub arn: Option<String>,
    /// EventBridge ids of the events that led here.
    #[serde(default)]
    pub event_ids: Vec<String>,
    /// Which execution for the same fact this is, counted from 1: the earlier ones failed. The suite
    /// sets it when it starts an execution; it is never read from the execution's name.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

impl Trigger {
    /// A cause that came as one event.
    #[must_use]
    pub fn event(kind: TriggerKind, event_id: impl Into<String>) -> Self {
        Self { event_ids: vec![event_id.into()], ..Self::without_event(kind) }
    }

    /// A cause without an event.
    #[must_use]
    pub fn without_event(kind: TriggerKind) -> Self {
        Self { kind, arn: None, event_ids: Vec::new(), attempt: 1 }
    }
}

impl ErrorOutput {
    /// Name and cause in one sentence. A Lambda's cause is a JSON text around the message.
    #[must_use]
    pub fn in_words(&self) -> String {
        let cause = self.cause.as_deref().unwrap_or_default();
        let parsed: Option<serde_json::Value> = serde_json::from_str(cause).ok();
        let message = parsed
            .as_ref()
            .and_then(|value| value.get("errorMessage")?.as_str())
            .unwrap_or(cause)
            .trim();
        let message: String = message.chars().take(1000).collect();
        match message.as_str() {
            "" => self.error.clone(),
            _ => format!("{}: {message}", self.error),
        }
    }
}
