//! Remediation policy: which alarm, on which resource, which ladder of runbooks, with which brakes.

mod instance;
mod ladder;
mod lint;
mod matching;
mod options;
mod parse;
mod resource;
mod rule;
mod rule_set;
mod run_options;
pub mod template;

pub use instance::{InstanceFacts, InstanceVerdict, is_instance};
pub use matching::{Found, Known, Lookup};
pub use options::{
    Calendar, Locations, MaxConcurrency, MaxErrors, RoleArn, RunMode, RunOptions, Targets,
};
pub(crate) use options::{all_at_a_time, any_errors, one_error, tenth};
pub use resource::{Resolution, Subject};
pub use rule::{
    AlarmSelector, Approval, AutoScaling, Guard, InstanceStore, Mode, Places, RemediationRule,
    ResourceSelector, Rung, Storm,
};
pub use rule_set::RuleSet;

#[cfg(test)]
pub(crate) mod tests;
