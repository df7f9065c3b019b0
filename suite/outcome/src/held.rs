//! Triggers that came to nothing: one at once, the others of the same minutes as a digest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_core::alarm::AlarmArn;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::flow::{Flow, Severity};
use relay_core::id::arn::alarm_console_link;
use relay_core::id::outcome_id;
use relay_core::problem::{Problem, ProblemCode};
use remediation::guard::digest::{Bucket, Record};

use crate::{AlarmDetails, Link, LinkKind, Outcome, OutcomeStatus};

/// Triggers of one bucket.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The rule and code that suppressed them, and the five minutes.
    pub bucket: &'a Bucket,
    /// The first, alone; or all the rest.
    pub records: &'a [Record],
    /// Whether this is the first.
    pub first: bool,
    /// The severity that the rule names.
    pub severity: Severity,
    /// The policy's version: `sha256:…`.
    pub rules_version: Option<&'a str>,
    /// When the outcome is decided.
    pub at: Timestamp,
}

/// The outcome of triggers that came to nothing; `None` for a digest of none. Repeats carry one id.
#[must_use]
pub fn held(told: Told<'_>) -> Option<Outcome> {
    let Told { bucket, records, first, rules_version, at, .. } = told;
    let head = records.first()?;
    let status = status(bucket);
    let kind = if first { "first" } else { "digest" };
    let distinct = |of: fn(&Record) -> &str| -> BTreeSet<&str> { records.iter().map(of).collect() };
    let alarms = distinct(|record| &record.alarm);
    let resources: BTreeSet<&String> = records.iter().flat_map(|r| &r.resources).collect();
    let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
    let problem = Problem::new(bucket.code, &bucket.rule, &head.what);
    let problem = match bucket.code {
        // Here it is not an owner's role, but that of an account whose alarms arrive.
        ProblemCode::RoleNotAssumable => problem.with_hint(
            "Deploy stacks/target-account.yaml in the account with this hub's account and organization id.",
        ),
        _ => problem,
    };
    let alarm: Option<AlarmArn> = match alarms.len() {
        1 => head.alarm.parse().ok(),
        _ => None,
    };
    let link = alarm.as_ref().and_then(alarm_console_link);
    let outcome = Outcome {
        severity: severity(told, status),
        summary: summary(bucket, records, &resources, first, status),
        rules: vec![bucket.rule.clone()],
        rules_version: rules_version.map(str::to_owned),
        trigger: Some(Trigger {
            kind: TriggerKind::Alarm,
            arn: match alarms.len() {
                1 => Some(head.alarm.clone()),
                _ => None,
            },
            event_ids: Vec::new(),
        }),
        alarm: alarm.map(AlarmDetails::new),
        accounts: distinct(|record| &record.account)
            .iter()
            .filter_map(|a| a.parse().ok())
            .collect(),
        regions: distinct(|record| &record.region).iter().filter_map(|r| r.parse().ok()).collect(),
        resources: resources.into_iter().cloned().collect(),
        count,
        links: Link::of(LinkKind::Alarm, link).into_iter().collect(),
        ..Outcome::new(outcome_id(&bucket.pk(), kind), Flow::Remediation, status, at)
    };
    Some(outcome.with_problems(vec![problem]))
}

/// The outcome about rules, or a kill switch, that cannot be used; `None` where `problems` is empty.
/// Repeats about the same rules carry one id.
#[must_use]
pub fn rules_invalid(
    rules_version: &str,
    problems: &[Problem],
    switch_unreadable: bool,
    at: Timestamp,
) -> Option<Outcome> {
    let first = problems.first()?;
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let id = outcome_id(&format!("{rules_version}/{}", texts.join("\n")), "rules");
    let (severity, left) = match switch_unreadable {
        false => (Severity::Medium, "invalid rules are left out"),
        true => {
            (Severity::High, "the kill switch cannot be read, so nothing is run until it can be")
        }
    };
    let summary = match problems.len() {
        1 => format!("A problem in the remediation rules; {left}: {}.", first.what),
        n => format!("{n} problems in the remediation rules; {left}."),
    };
    let outcome = Outcome {
        severity,
        summary,
        rules_version: Some(rules_version.to_owned()),
        ..Outcome::new(id, Flow::Remediation, OutcomeStatus::Failed, at)
    };
    Some(outcome.with_problems(problems.to_vec()))
}

fn status(bucket: &Bucket) -> OutcomeStatus {
    match bucket.code {
        _ if bucket.observed => OutcomeStatus::Observed,
        // The rule cannot be run on what rang, and nobody wants it so: it has to be corrected.
        ProblemCode::ResourceUnknown
        | ProblemCode::SeveralResources
        | ProblemCode::ParameterUnfilled
        | ProblemCode::RoleNotAssumable => OutcomeStatus::Failed,
        _ => OutcomeStatus::Suppressed,
    }
}

fn severity(told: Told<'_>, status: OutcomeStatus) -> Severity {
    match (status, told.bucket.code) {
        (OutcomeStatus::Failed, _) | (OutcomeStatus::Suppressed, ProblemCode::StormBreaker) => {
            told.severity
        }
        (OutcomeStatus::Suppressed, ProblemCode::RuleBudget | ProblemCode::AccountBudget) => {
            told.severity.min(Severity::Medium)
        }
        (OutcomeStatus::Suppressed, ProblemCode::CoolingDown) => told.severity.min(Severity::Low),
        _ => Severity::Info,
    }
}

fn summary(
    bucket: &Bucket,
    records: &[Record],
    resources: &BTreeSet<&String>,
    first: bool,
    status: OutcomeStatus,
) -> String {
    let rule = &bucket.rule;
    let what = records.first().map(|record| record.what.as_str()).unwrap_or_default();
    let what = what.trim_end_matches('.');
    let on = match resources.len() {
        0 => String::new(),
        1 => resources.first().map(|one| format!(" on {one}")).unwrap_or_default(),
        n => format!(" on {n} resources"),
    };
    let verb = match status {
        OutcomeStatus::Observed => "observed",
        OutcomeStatus::Failed => "not run",
        _ => "held back",
    };
    if first {
        return format!("Rule {rule}{on} {verb}: {what}.");
    }
    let triggers = match records.len() {
        1 => "1 more trigger".to_owned(),
        n => format!("{n} more triggers"),
    };
    format!("Rule {rule}: {triggers}{on} {verb} within five minutes, the first because {what}.")
}
