//! Takes and releases of guardrails, in the words of this crate. `store` performs them.
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
    /// The trigger that takes.
    pub trigger: TriggerId,
    /// The name of the rule that decides.
    pub rule: &'a str,
    /// Whether the rule, or the suite, only observes.
    pub observing: bool,
    /// The moment of the decision: it selects the hour of a budget and the window of a storm.
    pub now: Timestamp,
}

/// Something to take before a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// The lock on one resource.
    Lock {
        /// The resource: `<account>#<region>#<resource>`.
        key: String,
        /// For as long as a run can last.
        lease: Period,
    },
    /// One of the runs that a budget has in this hour of the clock.
    Run {
        /// The key of the budget, like `rule#web`.
        budget: String,
        /// How many runs it has.
        most: u32,
    },
    /// One of the places for resources in this window of the rule.
    Storm {
        /// The keys of the resources, separated by commas.
        resources: String,
        /// How many places there are.
        most: u32,
        /// The length of the window.
        window: Period,
    },
    /// The opening of the rule's storm breaker, for one window.
    Breaker {
        /// How long it stays open.
        window: Period,
    },
}

/// The answer to a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeAnswer {
    /// This trigger has it now, or had it already.
    Taken,
    /// The run of another trigger holds the lock.
    Held {
        /// The trigger that holds it.
        owner: TriggerId,
        /// The end of its lease.
        until: Timestamp,
    },
    /// The lock is free; the rule's cool-down on the resource is not over.
    CoolingDown {
        /// The end of the cool-down.
        until: Timestamp,
    },
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
    Lock {
        /// The resource: `<account>#<region>#<resource>`.
        key: String,
    },
    /// The lock, at the end of a run: the rule's cool-down on the resource begins.
    EndOfRun {
        /// The resource: `<account>#<region>#<resource>`.
        key: String,
        /// How long the rule's cool-down on it lasts.
        cool_down: Period,
    },
    /// The trigger's run of a budget.
    Run {
        /// The key of the budget, like `rule#web`.
        budget: String,
    },
}

impl Take {
    /// The release when nothing is run. A resource that was counted for a storm stays counted.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        match self {
            Self::Lock { key, .. } => Some(Release::Lock { key: key.clone() }),
            Self::Run { budget, .. } => Some(Release::Run { budget: budget.clone() }),
            Self::Storm { .. } | Self::Breaker { .. } => None,
        }
    }

    /// The release at the end of a run: the lock. Budgets are used up.
    #[must_use]
    pub fn end_of_run(&self, cool_down: &Period) -> Option<Release> {
        match self {
            Self::Lock { key, .. } => {
                Some(Release::EndOfRun { key: key.clone(), cool_down: cool_down.clone() })
            }
            Self::Run { .. } | Self::Storm { .. } | Self::Breaker { .. } => None,
        }
    }

    /// The name of the take in logs and errors.
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
    /// The name of the release in logs and errors.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Lock { key } | Self::EndOfRun { key, .. } => format!("release the lock on {key}"),
            Self::Run { budget } => format!("return a run to the budget {budget}"),
        }
    }
}
