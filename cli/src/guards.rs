//! The state of the guardrails in words with numbers: `relay show` about a moment that is over, `relay explain` about now.

use relay_core::period::Period;
use remediation::RemediationRule;
use remediation::guard::{Take, TakeAnswer};
use serde::Serialize;
use store::{GuardState, GuardStates};

/// A guardrail and its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GuardNumbers {
    /// `lock`, `budget`, `storm` or `breaker`.
    guard: &'static str,
    /// The numbers in words: `3 of 5 runs this hour`.
    what: String,
    /// Whether it suppresses the trigger.
    suppresses: bool,
}

impl GuardNumbers {
    /// Those of a rule.
    pub(crate) fn of(
        states: &GuardStates,
        rule: &RemediationRule,
        now: jiff::Timestamp,
    ) -> Vec<Self> {
        let mut numbers: Vec<Self> =
            states.states.iter().filter_map(|state| Self::one(state, rule)).collect();
        if let Some(until) = states.breaker.filter(|until| *until >= now) {
            let what = format!("the storm breaker of the rule is open until {until}");
            numbers.push(Self { guard: "breaker", what, suppresses: true });
        }
        numbers
    }

    fn one(state: &GuardState, rule: &RemediationRule) -> Option<Self> {
        let suppresses = state.refused.is_some();
        let (guard, what) = match &state.take {
            Take::Lock { key, .. } => ("lock", lock(state, key, &rule.guard.cool_down)),
            Take::Run { budget, most } => {
                let used = state.used;
                let whose = match budget.split_once('#') {
                    Some(("rule", _)) => "rule".to_owned(),
                    Some((_, account)) => format!("account {account}"),
                    None => budget.clone(),
                };
                ("budget", format!("{whose}: {used} of {most} runs this hour"))
            }
            Take::Storm { most, window, .. } => {
                let used = state.used;
                ("storm", format!("{used} of {most} resources in ALARM within {window}"))
            }
            Take::Breaker { .. } => return None,
        };
        Some(Self { guard, what, suppresses })
    }

    /// A line of a page.
    pub(crate) fn line(&self) -> String {
        let mark = if self.suppresses { "suppresses" } else { "ok" };
        format!("{mark}: {}", self.what)
    }
}

fn lock(state: &GuardState, key: &str, cool_down: &Period) -> String {
    let resource = key.rsplit('#').next().unwrap_or(key);
    match state.refused {
        Some(TakeAnswer::Held { until, .. }) => {
            let rule = state.holder.as_deref().unwrap_or("unknown");
            format!("{resource} is locked by a run of rule {rule}, until {until} at most")
        }
        Some(TakeAnswer::CoolingDown { until }) => {
            format!("{resource} cools down until {until} ({cool_down} after the last run)")
        }
        Some(TakeAnswer::Ended) => format!("{resource}: the run of this trigger has ended"),
        Some(_) => format!("{resource} is locked"),
        None => format!("{resource} is not locked and does not cool down"),
    }
}
