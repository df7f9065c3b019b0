//! Tests of remediation rules: reading them, matching alarms, finding resources.

mod matching;
mod parsing;
mod resources;
mod shipped;

use std::path::Path;

use super::*;
use crate::alarm::{AlarmIntake, AlarmTrigger};
use crate::policy::RuleText;

/// The example of the contract, whole.
pub(crate) const CONTRACT: &str = r#"
priority: 100
mode: active
alarm: {names: ["ec2-status-*"], namespace: AWS/EC2, metric: StatusCheckFailed_Instance, accounts: [organization], regions: [us-east-1, eu-west-1], tags: {}, contributors: false}
resource: {dimension: InstanceId, autoScaling: refuse}
ladder:
  - runbook: Relay-RebootInstance
    parameters: {InstanceId: ["{resource}"]}
    recoverWithin: 10m
  - runbook: Org-ReplaceInstance
    parameters: {InstanceId: ["{resource}"]}
    destructive: true
    approval: {approvers: ["arn:aws:iam::111122223333:role/OnCall"], minimum: 1, within: 1h}
run:
  serviceRole: "arn:aws:iam::111122223333:role/runbook-relay/Automation"
  executionRole: AWS-SystemsManager-AutomationExecutionRole
  mode: Auto
  targets: {parameter: InstanceId, key: "tag:App", values: [web]}
  locations: {accounts: [/Workloads/Prod], includeChildUnits: true, exclude: [], regions: [us-east-1], maxConcurrency: "1", maxErrors: "0"}
  maxConcurrency: "10%"
  maxErrors: "1"
  stopOnAlarm: payments-down
  tags: {}
guard: {coolDown: 30m, perHour: 5, perAccountHour: 20, storm: {resources: 20, window: 5m}, calendar: "arn:aws:ssm:us-east-1:111122223333:document/Freeze", deferToAutoRecovery: 5m}
severity: high
"#;

/// A rule with next to nothing in it, and more.
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
    text + more
}

#[track_caller]
pub(crate) fn rule(text: &str) -> RemediationRule {
    let mut set = RuleSet::parse([RuleText::file("web.yaml", text)]);
    assert_eq!(set.problems, []);
    set.rules.remove(0)
}

pub(crate) fn set(rules: &[(&str, &str)]) -> RuleSet {
    let set = RuleSet::parse(rules.iter().map(|(name, text)| {
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
