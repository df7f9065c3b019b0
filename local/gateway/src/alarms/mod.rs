//! Alarm actions: one transition of an alarm, as the emulator hands it over, becomes an EventBridge
//! event, SNS messages, Lambda invocations and EC2 calls, all under one instant.
//!
//! The shapes are made by pure modules ([`event`], [`notification`]); [`act`] alone calls anyone.
//! Not here: evaluation, which the emulator's shim does, and mute rules, contributors of
//! Metrics Insights alarms and the suppressor's wait and extension periods, which nobody plays.

pub mod act;
pub mod event;
pub mod notification;
pub mod plan;
pub mod record;
mod region;

pub use act::AlarmActions;
pub use record::AlarmChange;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

/// An instant as CloudWatch writes it in all its messages: `2019-10-02T17:04:40.989+0000`.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}
