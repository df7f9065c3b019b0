//! Alarms of CloudWatch, whichever way one arrives: by EventBridge, by an SNS action, by a direct
//! Lambda action. All three become one [`AlarmTrigger`], are ignored with a reason, or are an error
//! that says what was expected. Nothing is lost in silence.
//!
//! The types of `aws_lambda_events` are not used: they refuse metric math, Metrics Insights and
//! composites without a suppressor. Reading is by hand and tolerant: keys in any case, fields nobody
//! mentioned, parts left out. What must be there is little: the alarm's ARN, its new state, and when.

mod children;
mod configuration;
mod events;
mod expression;
mod instant;
mod intake;
mod sns;
mod trigger;

pub use children::{ChildDescription, ChildSearch};
pub use expression::{AlarmReference, InsightsQuery, rule_references};
pub use intake::{AlarmError, AlarmIntake};
pub use trigger::{
    AlarmKind, AlarmMetric, AlarmTrigger, ChildAlarm, Creation, Implied, Quiet, Via,
};

#[cfg(test)]
mod tests;
