//! Alarms, remediation rules and guardrails: which runbook answers which alarm, and what may keep it
//! from running. Pure.

#![warn(missing_docs)]

pub mod alarm;
mod check;
pub mod guard;
mod instance;
mod lint;
mod matching;
mod resource;
mod rule;

pub use instance::{InstanceFacts, InstanceVerdict, is_instance};
pub use matching::{
    Criterion, Found, Known, Lookup, RuleComparison, RuleVerdict, compare_rules, find_rule,
};
pub use resource::{Resolution, Subject};
pub use rule::{
    AlarmSelector, AutoScaling, Guard, InstanceStore, Mode, RemediationRule, RemediationRules,
    ResourceSelector, Storm,
};

#[cfg(test)]
pub(crate) mod tests;
