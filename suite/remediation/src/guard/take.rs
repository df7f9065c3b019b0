//! What guardrails take and release, in the words of this crate. `store` performs it.
//!
//! Every take may be repeated, by the same trigger, without taking twice. Every release is a
//! condition, too: it releases what this trigger holds and nothing else. Rules that only observe
//! take from a memory of their own, so that they never suppress a rule that acts.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::period::Period;

/// The trigger on whose behalf something is taken or released, and the rule that decides about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taker<'a> {
    pub trigger: TriggerId,
    pub rule: &'a str,
    /// Whether the rule, or the suite, only observes.
    pub observing: bool,
    /// The moment of the decision: it selects the hour of a budget and the window of a storm.
    pub now: Timestamp,
}

/// Something to take before a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// The lock on one resource (`<account>#<region>#<resource>`), for as long as a run can last.
    Lock { key: String, lease: Period },
    /// One of the runs that a budget has in this hour of the clock. Each budget has a key of its own,
    /// like `rule#web`.
    Run { budget: String, most: u32 },
    /// One of the places for resources in this window of the rule.
    Storm { resources: String, most: u32, window: Period },
    /// The opening of the rule's storm breaker, for one window.
    Breaker { window: Period },
}

/// The answer to a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeAnswer {
    /// This trigger has it now, or had it already.
    Taken,
    /// The run of another trigger holds the lock.
    Held { owner: TriggerId, until: Timestamp },
    /// The lock is free; the rule's cool-down on the resource is not over.
    CoolingDown { until: Timestamp },
    /// The last run that held the lock was this trigger's own, and it has ended.
    Ended,
    /// The budget or the window has no place left.
    Full,
    /// Another trigger opened the breaker before.
    AlreadyOpen,
}

/// Something to release that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// The lock, as if it had never been taken: nothing was run.
    Lock { key: String },
    /// The lock, at the end of a run: the rule's cool-down on the resource begins.
    EndOfRun { key: String, cool_down: Period },
    /// The trigger's run of a budget.
    Run { budget: String },
}

impl Take {
    /// What to release when nothing is run. What was counted for a storm stays counted.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        match self {
            Self::Lock { key, .. } => Some(Release::Lock { key: key.clone() }),
            Self::Run { budget, .. } => Some(Release::Run { budget: budget.clone() }),
            Self::Storm { .. } | Self::Breaker { .. } => None,
        }
    }

    /// What to release at the end of a run: the lock. Budgets are used up.
    #[must_use]
    pub fn end_of_run(&self, cool_down: &Period) -> Option<Release> {
        match self {
            Self::Lock { key, .. } => {
                Some(Release::EndOfRun { key: key.clone(), cool_down: cool_down.clone() })
            }
            Self::Run { .. } | Self::Storm { .. } | Self::Breaker { .. } => None,
        }
    }

    /// What taking it is called in logs and errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Lock { key, .. } => format!("take the lock on {key}"),
            Self::Run { budget, .. } => format!("take a run from the budget {budget}"),
            Self::Storm { .. } => "count the resources for the storm".to_owned(),
            Self::Breaker { .. } => "open the storm breaker".to_owned(),
        }
    }
}

impl Release {
    /// What releasing it is called in logs and errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Lock { key } | Self::EndOfRun { key, .. } => format!("release the lock on {key}"),
            Self::Run { budget } => format!("return a run to the budget {budget}"),
        }
    }
}
