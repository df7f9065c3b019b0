//! Why nothing is started on a trigger.

use jiff::Timestamp;
use relay_core::problem::Problem;
use serde::{Deserialize, Serialize};

use super::Guardrail;

/// A guardrail objects, or the rule does not fit the resource.
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
    /// CloudWatch itself suppresses the alarm's actions, and performs them when the reason is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
}

impl Suppression {
    /// The rule cannot be run on the resource.
    #[must_use]
    pub fn unfit(problem: Problem) -> Self {
        Self { guardrail: None, problem, until: None, held_back: false }
    }

    pub(super) fn until(self, until: impl Into<Option<Timestamp>>) -> Self {
        Self { until: until.into(), ..self }
    }
}
