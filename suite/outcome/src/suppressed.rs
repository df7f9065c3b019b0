//! Triggers on which nothing was started: one at once, the others of the same minutes as a digest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_core::alarm::AlarmArn;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::flow::{Flow, Severity};
use relay_core::id::arn::alarm_console_link;
use relay_core::id::{AccountId, Region, outcome_id};
use relay_core::problem::{Problem, ProblemCode};
use remediation::guard::digest::{DigestEntry, DigestWindow};

use crate::{AlarmDetails, Link, LinkKind, Outcome, OutcomeStatus};

/// Triggers of one window, suppressed or observed.
#[derive(Debug, Clone, Copy)]
pub struct SuppressedTriggers<'a> {
    /// The window of their digest.
    pub window: &'a DigestWindow,
    /// The first, alone; or all the rest.
    pub entries: &'a [DigestEntry],
    /// Whether this is the first.
    pub first: bool,
    /// The severity that the rule names.
    pub severity: Severity,
    /// The version of the rules: `sha256:…`.
    pub rules_version: Option<&'a str>,
    /// When the outcome is decided.
    pub at: Timestamp,
}

/// The outcome of triggers on which nothing was started; `None` without a trigger. Repeats have one id.
#[must_use]
pub fn suppressed(triggers: SuppressedTriggers<'_>) -> Option<Outcome> {
    let SuppressedTriggers { window, entries, first, rules_version, at, .. } = triggers;
    let head = entries.first()?;
    let status = status(window);
    let kind = if first { "first" } else { "digest" };
    let alarms: BTreeSet<&AlarmArn> = entries.iter().map(|entry| &entry.alarm).collect();
    let accounts: BTreeSet<AccountId> = entries.iter().map(|entry| entry.account).collect();
    let regions: BTreeSet<&Region> = entries.iter().map(|entry| &entry.region).collect();
    let resources: BTreeSet<&String> = entries.iter().flat_map(|entry| &entry.resources).collect();
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let problem = Problem::new(window.code, &window.rule, &head.what);
    let problem = match window.code {
        // Here it is not an owner's role, but that of an account whose alarms arrive.
        ProblemCode::RoleNotAssumable => problem.with_hint(
            "Deploy stacks/target-account.yaml in the account with this hub's account and organization id.",
        ),
        // The same two accounts: the hub's, with the function's role, or another with its read role.
        ProblemCode::AccessDenied => problem.with_hint(
            "Let the role in the message make this call: deploy the stack with that role again, and look for service control policies that deny it.",
        ),
        _ => problem,
    };
    let alarm = (alarms.len() == 1).then(|| head.alarm.clone());
    let alarms = alarms.into_iter().cloned().collect();
    let contributor = entries.iter().all(|entry| entry.contributor == head.contributor);
    let contributor = head.contributor.clone().filter(|_| contributor);
    let link = alarm
        .as_ref()
        .and_then(|alarm| Link::of(LinkKind::Alarm, alarm.account(), alarm_console_link(alarm)));
    // Of several transitions none is meant.
    let transition = (entries.len() == 1).then_some(head);
    let outcome = Outcome {
        severity: severity(triggers, status),
        summary: summary(window, entries, &resources, first, status),
        rules: vec![window.rule.clone()],
        rules_version: rules_version.map(str::to_owned),
        trigger: Some(Trigger {
            arn: alarm.as_ref().map(ToString::to_string),
            ..Trigger::without_event(TriggerKind::Alarm)
        }),
        alarm: alarm.map(|alarm| AlarmDetails {
            at: transition.and_then(|entry| entry.at),
            reason: transition.and_then(|entry| entry.reason.clone()),
            ..AlarmDetails::new(alarm).with_contributor(contributor)
        }),
        alarms,
        accounts: accounts.into_iter().collect(),
        regions: regions.into_iter().cloned().collect(),
        resources: resources.into_iter().cloned().collect(),
        count,
        links: link.into_iter().collect(),
        ..Outcome::new(outcome_id(&window.to_string(), kind), Flow::Remediation, status, at)
    };
    Some(outcome.with_problems(vec![problem]))
}

fn status(window: &DigestWindow) -> OutcomeStatus {
    match window.code {
        _ if window.observed => OutcomeStatus::Observed,
        // The rule cannot be run on the resource behind the alarm: it has to be corrected.
        ProblemCode::ResourceUnknown
        | ProblemCode::SeveralResources
        | ProblemCode::ParameterUnfilled
        | ProblemCode::RoleNotAssumable
        | ProblemCode::AccessDenied
        | ProblemCode::UnknownOrganizationalUnit
        | ProblemCode::LookUpFailed => OutcomeStatus::Failed,
        _ => OutcomeStatus::Suppressed,
    }
}

fn severity(triggers: SuppressedTriggers<'_>, status: OutcomeStatus) -> Severity {
    match (status, triggers.window.code) {
        (OutcomeStatus::Failed, _) | (OutcomeStatus::Suppressed, ProblemCode::StormBreaker) => {
            triggers.severity
        }
        (OutcomeStatus::Suppressed, ProblemCode::RuleBudget | ProblemCode::AccountBudget) => {
            triggers.severity.min(Severity::Medium)
        }
        (OutcomeStatus::Suppressed, ProblemCode::CoolingDown) => {
            triggers.severity.min(Severity::Low)
        }
        _ => Severity::Info,
    }
}

fn summary(
    window: &DigestWindow,
    entries: &[DigestEntry],
    resources: &BTreeSet<&String>,
    first: bool,
    status: OutcomeStatus,
) -> String {
    let rule = &window.rule;
    let what = entries.first().map(|entry| entry.what.as_str()).unwrap_or_default();
    let what = what.trim_end_matches('.');
    let on = match resources.len() {
        0 => String::new(),
        1 => resources.first().map(|one| format!(" on {one}")).unwrap_or_default(),
        n => format!(" on {n} resources"),
    };
    let verb = match status {
        OutcomeStatus::Observed => "observed",
        OutcomeStatus::Failed => "not run",
        _ => "suppressed",
    };
    if first {
        return format!("Rule {rule}{on} {verb}: {what}.");
    }
    let triggers = match entries.len() {
        1 => "1 more trigger".to_owned(),
        n => format!("{n} more triggers"),
    };
    format!("Rule {rule}: {triggers}{on} {verb} within five minutes, the first because {what}.")
}
