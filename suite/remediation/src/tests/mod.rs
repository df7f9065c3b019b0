//! Tests of remediation rules: reading them, matching alarms, finding resources.

use std::path::Path;

use relay_core::rules::RuleText;

use super::*;
use crate::alarm::{AlarmIntake, AlarmTrigger};

mod matching;

mod parsing;

mod resources;

mod shipped;

/// The example of the contract, whole.
pub(crate) const CONTRACT: &str = include_str!("contract.yaml");

/// An active rule with next to nothing in it, and more.
pub(crate) fn least(more: &str) -> String {
    let mut text = String::new();
    for (key, line) in [
        ("alarm:", "alarm: {names: [web-*]}\n"),
        ("resource:", "resource: {dimension: InstanceId}\n"),
        (
            "ladder:",
            "ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: [\"{resource}\"]}}]\n",
        ),
    ] {
        if !more.lines().any(|line| line.starts_with(key)) {
            text.push_str(line);
        }
    }
    text.push_str(more);
    // Last, so that the lines of `more` keep their numbers.
    if !more.lines().any(|line| line.starts_with("mode:")) {
        text.push_str(if text.ends_with('\n') { "mode: active\n" } else { "\nmode: active\n" });
    }
    text
}

#[track_caller]
pub(crate) fn rule(text: &str) -> RemediationRule {
    let mut set = RemediationRules::parse([RuleText::file("web.yaml", text)]);
    assert_eq!(set.problems, []);
    set.rules.remove(0)
}

pub(crate) fn set(rules: &[(&str, &str)]) -> RemediationRules {
    let set = RemediationRules::parse(rules.iter().map(|(name, text)| {
        RuleText::parameter(format!("/runbook-relay/remediation/{name}"), *text)
    }));
    assert_eq!(set.problems, []);
    set
}

#[track_caller]
pub(crate) fn trigger(file: &str) -> AlarmTrigger {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file);
    match AlarmIntake::parse(&std::fs::read_to_string(path).unwrap()).unwrap() {
        AlarmIntake::Trigger(trigger) => *trigger,
        AlarmIntake::Ignored { reason, .. } => panic!("{file} was ignored: {reason}"),
    }
}
