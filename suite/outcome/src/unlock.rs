//! The result of a person's order to release what blocks a resource.

use std::collections::BTreeSet;

use relay_core::flow::{Flow, Severity};
use relay_core::id::outcome_id;
use relay_core::problem::Problem;
use remediation::guard::{Extent, Unlock, UnlockInput, Unlocked};

use crate::decide::{execution_link, execution_problem};
use crate::{Evidence, Outcome, OutcomeStatus, Published, Verdict};

/// The names of executions that release something begin so.
pub const UNLOCK_PREFIX: &str = "unlock-";
/// A reason of so many characters is repeated.
const REASON: usize = 500;

/// Decides the outcome of an execution that releases something. What another run has taken since the person looked stays,
/// and counts as no failure: the outcome is `cancelled` then.
pub(crate) fn unlock(evidence: Evidence<'_>, input: &UnlockInput) -> Verdict {
    let Evidence { request, at, stored, unlocked, .. } = evidence;
    let order = &input.unlock;
    let error = request.error.as_ref().map(|error| execution_problem(request, error));
    let (published, status) = match unlocked.filter(|_| error.is_none()).map(Unlocked::extent) {
        Some(Extent::All) => (Published::Succeeded, OutcomeStatus::Succeeded),
        Some(Extent::Some) => (Published::Partial, OutcomeStatus::Partial),
        Some(Extent::Nothing) => (Published::Cancelled, OutcomeStatus::Cancelled),
        None => (Published::Failed, OutcomeStatus::Failed),
    };
    let elapsed = at.duration_since(request.execution.start_time).as_millis().max(0);
    let rules: BTreeSet<&String> = order
        .lock
        .iter()
        .filter_map(|lock| lock.rule.as_ref())
        .chain(order.cool_downs.iter().map(|cool_down| &cool_down.rule))
        .collect();
    let id = outcome_id(&request.execution.arn, "final");
    let outcome = Outcome {
        severity: match status {
            OutcomeStatus::Succeeded if !order.forced => Severity::Info,
            OutcomeStatus::Failed => Severity::Medium,
            _ => Severity::Low,
        },
        summary: summary(order, unlocked, error.as_ref()),
        // Milliseconds of an execution that lasts at most a year: exact in a double.
        duration_seconds: elapsed as f64 / 1000.0,
        rules: rules.into_iter().cloned().collect(),
        execution: request.execution.arn.clone(),
        trigger: Some(input.trigger.clone()),
        accounts: vec![order.account],
        regions: vec![order.region.clone()],
        resources: vec![order.resource.clone()],
        links: execution_link(request).into_iter().collect(),
        details: stored.cloned(),
        ..Outcome::new(id, Flow::Run, status, at)
    };
    let outcome = outcome.with_problems(error.into_iter().collect());
    Verdict { id, published, outcome: Some(outcome) }
}

fn summary(order: &Unlock, unlocked: Option<&Unlocked>, error: Option<&Problem>) -> String {
    let Unlock { resource, by, forced, .. } = order;
    let reason: String = order.reason.trim().chars().take(REASON).collect();
    let reason = reason.trim_end_matches('.');
    let Some(unlocked) = unlocked.filter(|_| error.is_none()) else {
        let why = error.map_or("unknown", |error| error.what.trim_end_matches('.'));
        return format!("Nothing was unlocked on {resource} for {by} ({reason}): {why}.");
    };
    let (done, kept) = (named(order, unlocked, true), named(order, unlocked, false));
    let risk = if *forced { " Its run may still go on." } else { "" };
    let stays = format!("{kept} is not as it was: a run has taken it since, or it is gone");
    match unlocked.extent() {
        Extent::All => format!("{by} released {done} of {resource}: {reason}.{risk}"),
        Extent::Some => {
            format!("{by} released {done} of {resource}: {reason}. But {stays}.{risk}")
        }
        Extent::Nothing if kept.is_empty() => {
            format!("Nothing was unlocked on {resource} for {by} ({reason}): nothing was named.")
        }
        Extent::Nothing => {
            format!("Nothing was unlocked on {resource} for {by} ({reason}): {stays}.")
        }
    }
}

/// The blocks that were released or were not, in words.
fn named(order: &Unlock, unlocked: &Unlocked, released: bool) -> String {
    let rule = order.lock.as_ref().and_then(|lock| lock.rule.as_ref());
    let lock = match rule {
        Some(rule) => format!("the lock of rule {rule}"),
        None => "the lock".to_owned(),
    };
    let lock = unlocked.lock.filter(|done| *done == released).map(|_| lock);
    let cool_downs = unlocked.cool_downs.iter().filter(|(_, done)| *done == released);
    let cool_downs = cool_downs.map(|(rule, _)| format!("the cool-down of rule {rule}"));
    lock.into_iter().chain(cool_downs).collect::<Vec<_>>().join(" and ")
}
