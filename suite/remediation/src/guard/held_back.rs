//! Why a trigger was held back.

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Brake {
    /// The whole suite is off.
    KillSwitch,
    /// CloudWatch held the alarm's actions back.
    Muted,
    /// The alarm rang with its first evaluation.
    InitialCreation,
    /// The alarm has cleared.
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
    /// Too many resources ring at once.
    Storm,
}

impl Brake {
    /// Its word in outcomes, with a page in `docs/errors/`.
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

/// A trigger that is not run: by which brake, or because the rule does not fit the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBack {
    /// The brake; none where the rule itself cannot be run on what rang.
    pub brake: Option<Brake>,
    pub problem: Problem,
    /// When it is over, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl HeldBack {
    pub(super) fn by(brake: Brake, place: impl Into<String>, what: impl Into<String>) -> Self {
        let problem = Problem::new(brake.code(), place, what);
        Self { brake: Some(brake), problem, until: None }
    }

    pub(super) fn until(mut self, until: Option<Timestamp>) -> Self {
        self.until = until;
        self
    }
}
