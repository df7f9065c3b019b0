//! The guardrails by name, and their order, as data: who objects where, what it has to know for that, what
//! it takes. The decision follows it, and recovery after a crash reads from it what may be left over.
//!
//! First come the guardrails that need no call, then what the suite's own table knows, then those that ask
//! AWS, which allows few calls a second and charges for each, then those that write. In front of the lock
//! nothing has been taken; behind it, an objection releases what was taken before.

use relay_core::problem::ProblemCode;
use run::Calendar;
use serde::{Deserialize, Serialize};

use super::checks;
use super::deliberation::{AlarmNow, CalendarState, Case, Deliberation, Stop};
use super::{Suppression, Take, TakeAnswer};
use crate::{RemediationRule, Subject};

use Check::{Alarm, Budget, Calendar as ChangeCalendar, Fitness, History, Memory, Nothing, Takes};

/// Declares the guardrails: each with its code, and with what people read about when it objects.
macro_rules! guardrails {
    ($($(#[doc = $doc:literal])+ $guardrail:ident: $code:ident,)+) => {
        /// A reason to start nothing although a rule matches.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "camelCase")]
        pub enum Guardrail {
            $($(#[doc = $doc])+ $guardrail,)+
        }

        impl Guardrail {
            /// All of them, in the order in which they object first.
            pub const ALL: &[Self] = &[$(Self::$guardrail),+];

            /// The code in outcomes; each has a page in `docs/errors/`.
            #[must_use]
            pub fn code(self) -> ProblemCode {
                match self {
                    $(Self::$guardrail => ProblemCode::$code,)+
                }
            }

            /// When it objects, for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$guardrail => concat!($($doc),+).trim_start(),)+
                }
            }
        }
    };
}

guardrails! {
    /// The kill switch says `off`, or is invalid.
    KillSwitch: KillSwitch,
    /// CloudWatch muted or suppressed the alarm, or its actions are off.
    Muted: AlarmMuted,
    /// More than `guard.storm.resources` resources of the rule went into ALARM within
    /// `guard.storm.window`. That opens the storm breaker: it suppresses every trigger of the rule for
    /// the length of a window.
    Storm: StormBreaker,
    /// Another run is under way on the resource.
    Lock: Locked,
    /// The rule ran on the resource less than `guard.coolDown` ago.
    CoolDown: CoolingDown,
    /// The rule had `guard.perHour` runs in this hour of the clock.
    RuleBudget: RuleBudget,
    /// The account had `guard.perAccountHour` runs in this hour of the clock.
    AccountBudget: AccountBudget,
    /// The alarm went into ALARM with its first evaluation.
    InitialCreation: InitialCreation,
    /// The alarm has returned to OK. For system status checks, EC2's own recovery has
    /// `guard.deferToAutoRecovery` first.
    AlreadyOk: AlreadyOk,
    /// The change calendar `guard.calendar` is closed, or cannot be read.
    Calendar: CalendarClosed,
}

/// One place in the order.
pub(super) struct Line {
    /// The guardrails that can object here.
    pub(super) guardrails: &'static [Guardrail],
    pub(super) check: Check,
}

/// How a guardrail finds out whether it objects, by what it has to know.
pub(super) enum Check {
    /// Nothing but the case itself.
    Nothing(fn(&Case<'_>) -> Objection),
    /// Whether the alarm went into ALARM with its first evaluation.
    History(fn(&Case<'_>, bool) -> Objection),
    /// The alarm as it is now.
    Alarm(fn(&Case<'_>, AlarmNow) -> Objection),
    /// The rule's change calendar, where it has one.
    Calendar(fn(&Case<'_>, &Calendar, CalendarState) -> Objection),
    /// The resources, and what the table says about them and the rule: the open breaker here, then what
    /// the lines that take would be refused.
    Memory(fn(&Case<'_>, Option<jiff::Timestamp>) -> Objection),
    /// The resources, and whether the rule may be run on them.
    Fitness,
    /// The resources, and whether a budget has a run left.
    Budget(Guardrail, fn(&RemediationRule, &Subject) -> RunBudget),
    /// The resources, and whether what it takes for them can be had.
    Takes {
        takes: fn(&RemediationRule, &Subject) -> Vec<Take>,
        refused: fn(&Deliberation<'_>, &Take, TakeAnswer) -> Result<Suppression, Stop>,
    },
}

/// A number of runs in an hour of the clock.
pub(super) struct RunBudget {
    /// Names the budget in the memory, like `rule#web`.
    pub(super) key: String,
    pub(super) most: u32,
    /// Whose it is, for people.
    pub(super) owner: String,
}

impl RunBudget {
    pub(super) fn take(&self) -> Take {
        Take::Run { budget: self.key.clone(), most: self.most }
    }
}

/// `Err` where the deliberation ends here.
pub(super) type Objection = Result<(), Stop>;

pub(super) static ORDER: [Line; 12] = [
    Line { guardrails: &[Guardrail::KillSwitch], check: Nothing(checks::kill_switch) },
    Line { guardrails: &[Guardrail::Muted], check: Nothing(checks::muted) },
    Line {
        guardrails: &[
            Guardrail::Storm,
            Guardrail::Lock,
            Guardrail::CoolDown,
            Guardrail::RuleBudget,
            Guardrail::AccountBudget,
        ],
        check: Memory(checks::breaker_open),
    },
    Line { guardrails: &[Guardrail::InitialCreation], check: History(checks::initial_creation) },
    Line { guardrails: &[Guardrail::Muted], check: Alarm(checks::actions_disabled) },
    Line { guardrails: &[Guardrail::AlreadyOk], check: Alarm(checks::already_ok) },
    Line { guardrails: &[Guardrail::Calendar], check: ChangeCalendar(checks::calendar) },
    Line { guardrails: &[], check: Fitness },
    Line {
        guardrails: &[Guardrail::Lock, Guardrail::CoolDown],
        check: Takes { takes: checks::locks, refused: checks::lock_refused },
    },
    Line {
        guardrails: &[Guardrail::RuleBudget],
        check: Budget(Guardrail::RuleBudget, checks::rule_budget),
    },
    Line {
        guardrails: &[Guardrail::AccountBudget],
        check: Budget(Guardrail::AccountBudget, checks::account_budget),
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
pub fn takes(rule: &RemediationRule, subject: &Subject) -> impl Iterator<Item = Take> {
    ORDER.iter().flat_map(move |line| match line.check {
        Takes { takes, .. } => takes(rule, subject),
        Budget(_, budget) => vec![budget(rule, subject).take()],
        Nothing(_) | Memory(_) | History(_) | Alarm(_) | ChangeCalendar(_) | Fitness => Vec::new(),
    })
}
