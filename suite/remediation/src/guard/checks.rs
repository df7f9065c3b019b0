//! The guardrails one by one: when each objects, and in which words.

use jiff::Timestamp;
use relay_core::alarm::AlarmState;
use run::Calendar;

use super::deliberation::{AlarmNow, CalendarState, Case, Decision, Deliberation, Stop};
use super::order::{Objection, RunBudget};
use super::{Guardrail, Suppression, Take, TakeAnswer};
use crate::alarm::{Quiet, Via};
use crate::{Mode, RemediationRule, Subject};

pub(super) fn kill_switch(case: &Case<'_>) -> Objection {
    let control = case.control;
    if control.mode_at(case.now) != Mode::Off {
        return Ok(());
    }
    let what = match control.reason.trim() {
        "" => "the suite is switched off".to_owned(),
        reason => format!("the suite is switched off: {reason}"),
    };
    Err(case.suppress(Guardrail::KillSwitch, what).until(control.until).into())
}

pub(super) fn muted(case: &Case<'_>) -> Objection {
    let (what, until) = match &case.trigger.quiet {
        None => return Ok(()),
        Some(Quiet::Muted { by, until }) => (format!("the alarm is muted by {by}"), *until),
        Some(Quiet::Suppressed { by }) => {
            (format!("the alarm's actions are suppressed by its suppressor ({by})"), None)
        }
    };
    Err(case.suppress(Guardrail::Muted, what).until(until).into())
}

pub(super) fn initial_creation(case: &Case<'_>, initial: bool) -> Objection {
    if !initial {
        return Ok(());
    }
    let what = "the alarm went into ALARM with its first evaluation after it was created";
    Err(case.suppress(Guardrail::InitialCreation, what).into())
}

/// Actions that are disabled send no SNS message and call no function: only events come through.
pub(super) fn actions_disabled(case: &Case<'_>, alarm: AlarmNow) -> Objection {
    if alarm.actions_enabled || case.trigger.via != Via::EventBridge {
        return Ok(());
    }
    Err(case.suppress(Guardrail::Muted, "the alarm's actions are disabled").into())
}

/// Before "returned to OK" can be said for good, EC2's own recovery has its time.
pub(super) fn already_ok(case: &Case<'_>, alarm: AlarmNow) -> Objection {
    let what = match alarm.state {
        Some(AlarmState::Alarm | AlarmState::InsufficientData) => {
            return match case.rule.deferred_until(case.trigger) {
                Some(until) if case.now < until => Err(Stop::Decide(Decision::Later(until))),
                _ => Ok(()),
            };
        }
        Some(AlarmState::Ok) => "the alarm returned to OK by itself",
        None => "the alarm, or its time series that was in ALARM, no longer exists",
    };
    Err(case.suppress(Guardrail::AlreadyOk, what).into())
}

pub(super) fn calendar(case: &Case<'_>, calendar: &Calendar, state: CalendarState) -> Objection {
    let name = calendar.as_str();
    let (what, until) = match state {
        CalendarState::Open => return Ok(()),
        CalendarState::Closed { until } => (format!("the change calendar {name} is closed"), until),
        CalendarState::Unreadable { reason } => {
            (format!("the change calendar {name} cannot be read: {reason}"), None)
        }
    };
    Err(case.suppress(Guardrail::Calendar, what).until(until).into())
}

pub(super) fn breaker_open(case: &Case<'_>, open_until: Option<Timestamp>) -> Objection {
    match open_until.filter(|until| case.now <= *until) {
        None => Ok(()),
        Some(until) => {
            let what = "the storm breaker of the rule is open";
            Err(case.suppress(Guardrail::Storm, what).until(until).into())
        }
    }
}

pub(super) fn locks(rule: &RemediationRule, subject: &Subject) -> Vec<Take> {
    let lease = rule.longest_run();
    let keys = subject.keys(rule).into_iter();
    keys.map(|key| Take::Lock { key, lease: lease.clone() }).collect()
}

pub(super) fn lock_refused(
    deliberation: &Deliberation<'_>,
    take: &Take,
    answer: TakeAnswer,
) -> Result<Suppression, Stop> {
    let case = deliberation.case;
    let resource = match take {
        Take::Lock { key, .. } => key.rsplit('#').next().unwrap_or(key),
        _ => "the resource",
    };
    Ok(match answer {
        TakeAnswer::Ended => return Err(Stop::Decide(Decision::Over)),
        TakeAnswer::CoolingDown { until } => {
            let period = &case.rule.guard.cool_down;
            let what = format!("{resource} cools down for {period} after the rule's last run");
            case.suppress(Guardrail::CoolDown, what).until(until)
        }
        TakeAnswer::Held { owner, until } => {
            let what = format!("{resource} is locked by the run of trigger {owner}");
            case.suppress(Guardrail::Lock, what).until(until)
        }
        TakeAnswer::Taken | TakeAnswer::Full | TakeAnswer::AlreadyOpen => {
            case.suppress(Guardrail::Lock, format!("{resource} is locked"))
        }
    })
}

pub(super) fn rule_budget(rule: &RemediationRule, _: &Subject) -> RunBudget {
    let (key, owner) = (format!("rule#{}", rule.name), "the rule".to_owned());
    RunBudget { key, most: rule.guard.per_hour, owner }
}

pub(super) fn account_budget(rule: &RemediationRule, subject: &Subject) -> RunBudget {
    let account = subject.account;
    let (key, owner) = (format!("account#{account}"), format!("account {account}"));
    RunBudget { key, most: rule.guard.per_account_hour, owner }
}

/// Every alarm counts, whether or not there is a run left for it: with the usual budgets a storm
/// would never be seen otherwise.
pub(super) fn storm(rule: &RemediationRule, subject: &Subject) -> Vec<Take> {
    let storm = &rule.guard.storm;
    vec![Take::Storm {
        resources: subject.keys(rule).join(","),
        most: storm.resources,
        window: storm.window.clone(),
    }]
}

pub(super) fn storm_refused(
    deliberation: &Deliberation<'_>,
    _: &Take,
    _: TakeAnswer,
) -> Result<Suppression, Stop> {
    let case = deliberation.case;
    let storm = &case.rule.guard.storm;
    let answer = deliberation.take(&Take::Breaker { window: storm.window.clone() })?;
    let what = match answer {
        TakeAnswer::Taken => format!(
            "more than {} resources went into ALARM within {}: the storm breaker opened",
            storm.resources, storm.window
        ),
        _ => "the storm breaker of the rule is open".to_owned(),
    };
    Ok(case.suppress(Guardrail::Storm, what))
}
