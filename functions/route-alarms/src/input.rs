//! Composes the input of an execution of `run-automation`.

use relay_core::execution::{Trigger, TriggerKind};
use remediation::{RemediationRule, Subject};
use run::{AlarmRef, LockRef, RuleRef, RunAutomationInput};

use crate::instance::InstanceAssessment;
use crate::messages::IncomingAlarm;

/// The input of the run of a rule on a subject.
pub(crate) fn input(
    rule: &RemediationRule,
    alarm: &IncomingAlarm,
    subject: &Subject,
    rules_version: &str,
    assessment: InstanceAssessment,
) -> RunAutomationInput {
    let trigger = &alarm.trigger;
    let InstanceAssessment { warnings, standby, names } = assessment;
    RunAutomationInput {
        ladder: rule.ladder.clone(),
        account: Some(subject.account),
        region: Some(subject.region.clone()),
        resources: subject.resources.clone(),
        resource_names: names,
        // The rest follows from the other fields.
        values: rule.values(trigger, subject).dimensions(),
        run: rule.run.clone(),
        alarm: Some(AlarmRef {
            arn: trigger.alarm.clone(),
            contributor: trigger.contributor.clone(),
            at: Some(trigger.at),
            reason: trigger.reason.clone(),
        }),
        rule: Some(RuleRef { name: rule.name.clone(), rules_version: rules_version.to_owned() }),
        lock: Some(LockRef {
            trigger: trigger.id(),
            rule: rule.name.clone(),
            keys: subject.keys(rule),
            cool_down: rule.guard.cool_down.clone(),
        }),
        standby,
        warnings,
        severity: rule.severity,
        trigger: Trigger {
            arn: Some(trigger.alarm.to_string()),
            event_ids: alarm.event_ids.clone(),
            ..Trigger::without_event(TriggerKind::Alarm)
        },
    }
}
