//! The guardrails by name, and the trigger that one of them suppressed.

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};

/// A reason to start nothing although a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Guardrail {
    /// The whole suite is switched off.
    KillSwitch,
    /// CloudWatch keeps the alarm's actions from being taken.
    Muted,
    /// The alarm went into ALARM with its first evaluation.
    InitialCreation,
    /// The alarm is not in ALARM any more.
    AlreadyOk,
    /// The change calendar is closed.
    Calendar,
    /// Another run holds the resource.
    Lock,
    /// The rule was run on the resource a short while ago.
    CoolDown,
    /// The rule's runs of this hour are used up.
    RuleBudget,
    /// The account's runs of this hour are used up.
    AccountBudget,
    /// Too many resources of one rule are in ALARM at once.
    Storm,
}

impl Guardrail {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::KillSwitch,
        Self::Muted,
        Self::InitialCreation,
        Self::AlreadyOk,
        Self::Calendar,
        Self::Lock,
        Self::CoolDown,
        Self::RuleBudget,
        Self::AccountBudget,
        Self::Storm,
    ];

    /// The code in outcomes; each has a page in `docs/errors/`.
    #[must_use]
    pub fn code(self) -> ProblemCode {
        match self {
            Self::KillSwitch => ProblemCode::KillSwitch,
            Self::Muted => ProblemCode::AlarmMuted,
            Self::InitialCreation => ProblemCode::InitialCreation,
            Self::AlreadyOk => ProblemCode::AlreadyOk,
            Self::Calendar => ProblemCode::CalendarClosed,
            Self::Lock => ProblemCode::Locked,
            Self::CoolDown => ProblemCode::CoolingDown,
            Self::RuleBudget => ProblemCode::RuleBudget,
            Self::AccountBudget => ProblemCode::AccountBudget,
            Self::Storm => ProblemCode::StormBreaker,
        }
    }
}

/// Why nothing is started on a trigger: a guardrail objects, or the rule does not fit the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// `None` where the rule itself cannot be run on the resource behind the alarm.
    pub guardrail: Option<Guardrail>,
    /// The problem as the outcome shows it.
    pub problem: Problem,
    /// The end of the reason, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Suppression {
    /// The rule cannot be run on the resource.
    #[must_use]
    pub fn unfit(problem: Problem) -> Self {
        Self { guardrail: None, problem, until: None }
    }

    pub(super) fn until(self, until: impl Into<Option<Timestamp>>) -> Self {
        Self { until: until.into(), ..self }
    }
}
