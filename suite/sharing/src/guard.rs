//! The guard against mass removal: whether an execution for the whole organization does what its look has
//! found.

use std::fmt;

use relay_core::problem::{Problem, ProblemCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{EffectCounts, EffectPart, effect_id};

/// The decision about the effect of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything is as the rules say.
    Nothing,
    /// It is made so.
    Apply,
    /// Nothing is done: too many members would lose something, until somebody confirms it; or a plan is applied
    /// that is not current any more.
    Held,
    /// Somebody only wanted to see it.
    Shown,
}

/// When a plan is held. Both have to be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassRemovalGuard {
    /// More than this part of what members have from the suite would be taken back.
    pub percent: u64,
    /// More than so many pairs of document and member would be taken back.
    pub pairs: u64,
}

impl Default for MassRemovalGuard {
    fn default() -> Self {
        Self { percent: 20, pairs: 20 }
    }
}

impl fmt::Display for MassRemovalGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} % and more than {}", self.percent, self.pairs)
    }
}

impl MassRemovalGuard {
    /// Whether so many removals are held. Those from accounts that have left the organization do not count.
    #[must_use]
    pub fn holds(&self, counts: EffectCounts) -> bool {
        let EffectCounts { losing, holding, .. } = counts;
        losing > self.pairs
            && u128::from(losing) * 100 > u128::from(self.percent) * u128::from(holding)
    }

    /// The decision about the parts of an effect; `confirmed` is the id that somebody agreed to. `holding` is what
    /// members are known to have at least, where the parts are not everything.
    #[must_use]
    pub fn decide(
        &self,
        parts: &[EffectPart],
        holding: u64,
        dry_run: bool,
        confirmed: Option<&str>,
    ) -> Verdict {
        let mut totals = EffectCounts::default();
        parts.iter().for_each(|part| totals += part.counts);
        totals.holding = totals.holding.max(holding);
        let needs_work = parts.iter().any(|part| part.error.is_some() || part.counts.needs_work());
        if dry_run {
            Verdict::Shown
        } else if totals.moved > 0
            || self.holds(totals) && confirmed != Some(effect_id(parts).as_str())
        {
            Verdict::Held
        } else if needs_work {
            Verdict::Apply
        } else {
            Verdict::Nothing
        }
    }

    /// The problem of a plan that is applied and of which pairs have changed since it was made.
    #[must_use]
    pub fn outdated(plan: &str, moved: u64) -> Problem {
        let what = match moved {
            1 => "1 share is not as it was".to_owned(),
            n => format!("{n} shares are not as they were"),
        };
        let what = format!(
            "{what} when {plan} made its plan, or cannot be looked at: nothing of the plan was applied"
        );
        Problem::new(ProblemCode::PlanOutdated, "organization", what)
    }

    /// The problem of a plan that is held.
    #[must_use]
    pub fn problem(&self, id: &str, counts: EffectCounts) -> Problem {
        let EffectCounts { losing, holding, .. } = counts;
        let what = format!(
            "plan {id} would take back {losing} of the {holding} shares that members of the organization have: {self}"
        );
        let hint = format!(
            "Look at it with `relay plan`. If it is meant, run `relay apply --confirm {id}`; otherwise mend the rules."
        );
        Problem::new(ProblemCode::MassRemovalHeld, "organization", what).with_hint(hint)
    }
}
