//! The order of the guardrails, as data: who objects where, what it has to know for that, what it
//! takes. The decision follows it, and recovery after a crash reads from it what may be left over.
//!
//! First come the guardrails that need no call, then those that read, then those that write. In
//! front of the lock nothing has been taken; behind it, an objection releases what was taken before.

use run::Calendar;

use super::checks;
use super::deliberation::{AlarmNow, CalendarState, Case, Deliberation, Stop};
use super::{Guardrail, Suppression, Take, TakeAnswer};
use crate::{RemediationRule, Subject};

use Check::{Alarm, Breaker, Calendar as ChangeCalendar, History, Nothing, Takes};

/// One place in the order.
pub(super) struct Line {
    /// The guardrails that can object here.
    pub(super) guardrails: &'static [Guardrail],
    pub(super) check: Check,
}

/// How a guardrail finds out whether it objects, by what it has to know.
pub(super) enum Check {
    /// What is known from the beginning.
    Nothing(fn(&Case<'_>) -> Objection),
    /// Whether the alarm went into ALARM with its first evaluation.
    History(fn(&Case<'_>, bool) -> Objection),
    /// The alarm as it is now.
    Alarm(fn(&Case<'_>, AlarmNow) -> Objection),
    /// The rule's change calendar, where it has one.
    Calendar(fn(&Case<'_>, &Calendar, CalendarState) -> Objection),
    /// The resources, and until when the rule's storm breaker is open.
    Breaker(fn(&Case<'_>, Option<jiff::Timestamp>) -> Objection),
    /// The resources, and whether what it takes for them can be had.
    Takes {
        takes: fn(&RemediationRule, &Subject) -> Vec<Take>,
        refused: fn(&Deliberation<'_>, &Take, TakeAnswer) -> Result<Suppression, Stop>,
    },
}

/// `Err` where the deliberation ends here.
pub(super) type Objection = Result<(), Stop>;

pub(super) static ORDER: [Line; 11] = [
    Line { guardrails: &[Guardrail::KillSwitch], check: Nothing(checks::kill_switch) },
    Line { guardrails: &[Guardrail::Muted], check: Nothing(checks::muted) },
    Line { guardrails: &[Guardrail::InitialCreation], check: History(checks::initial_creation) },
    Line { guardrails: &[Guardrail::Muted], check: Alarm(checks::actions_disabled) },
    Line { guardrails: &[Guardrail::AlreadyOk], check: Alarm(checks::already_ok) },
    Line { guardrails: &[Guardrail::Calendar], check: ChangeCalendar(checks::calendar) },
    Line { guardrails: &[Guardrail::Storm], check: Breaker(checks::breaker_open) },
    Line {
        guardrails: &[Guardrail::Lock, Guardrail::CoolDown],
        check: Takes { takes: checks::locks, refused: checks::lock_refused },
    },
    Line {
        guardrails: &[Guardrail::RuleBudget],
        check: Takes { takes: checks::rule_budget, refused: checks::rule_budget_refused },
    },
    Line {
        guardrails: &[Guardrail::AccountBudget],
        check: Takes { takes: checks::account_budget, refused: checks::account_budget_refused },
    },
    STORM,
];

/// Counts the resources for the storm. Budgets that object ask it, too.
pub(super) const STORM: Line = Line {
    guardrails: &[Guardrail::Storm],
    check: Takes { takes: checks::storm, refused: checks::storm_refused },
};

impl Guardrail {
    /// The guardrails in the order in which they can object; some have more than one place in it.
    pub fn in_order() -> impl Iterator<Item = Self> {
        ORDER.iter().flat_map(|line| line.guardrails).copied()
    }
}

/// Everything that guardrails take before a run on these resources starts, in order.
pub(super) fn takes(rule: &RemediationRule, subject: &Subject) -> impl Iterator<Item = Take> {
    ORDER.iter().flat_map(move |line| match line.check {
        Takes { takes, .. } => takes(rule, subject),
        Nothing(_) | History(_) | Alarm(_) | ChangeCalendar(_) | Breaker(_) => Vec::new(),
    })
}
