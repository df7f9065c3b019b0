//! What an execution of `run-automation` is started with.

use relay_core::execution::{Trigger, TriggerKind};
use remediation::{RemediationRule, Subject};
use run::{AlarmRef, LockRef, RuleRef, RunAutomationInput};

use crate::looks::Judged;
use crate::messages::Rang;

/// The input of the run of a rule on a subject.
pub(crate) fn input(
    rule: &RemediationRule,
    rang: &Rang,
    subject: &Subject,
    rules_version: &str,
    judged: Judged,
) -> RunAutomationInput {
    let trigger = &rang.trigger;
    let Judged { warnings, standby } = judged;
    RunAutomationInput {
        ladder: rule.ladder.clone(),
        account: Some(subject.account),
        region: Some(subject.region.clone()),
        resources: subject.resources.clone(),
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
            kind: TriggerKind::Alarm,
            arn: Some(trigger.alarm.to_string()),
            event_ids: rang.event_ids.clone(),
        },
    }
}
