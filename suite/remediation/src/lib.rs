//! Alarms, remediation rules and guardrails: which runbook answers which alarm, and what may keep it
//! from running. Pure.

pub mod alarm;
pub mod guard;
mod instance;
mod lint;
mod matching;
mod parse;
mod resource;
mod rule;
mod rule_set;

pub use instance::{InstanceFacts, InstanceVerdict, is_instance};
pub use matching::{Found, Known, Lookup};
pub use resource::{Resolution, Subject};
pub use rule::{
    AlarmSelector, AutoScaling, Guard, InstanceStore, Mode, Places, RemediationRule,
    ResourceSelector, Storm,
};
pub use rule_set::RuleSet;

#[cfg(test)]
pub(crate) mod tests;
