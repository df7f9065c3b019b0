//! Triggers on which nothing was started are published together: of one rule and one reason, the
//! first at once, the rest of the same five minutes as a digest with their count.

use std::fmt;

use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, Contributor, TriggerId};
use relay_core::id::{AccountId, Region};
use relay_core::problem::ProblemCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a window is, in seconds.
pub const WINDOW: i64 = 300;

/// How long after a window's end its digest is published: whatever was decided in its last moment
/// is stored by then.
pub const SLACK: i64 = 10;

/// The longest that SQS delays a message, in seconds.
const LONGEST_DELAY: i64 = 900;

/// The triggers of one rule on which nothing was started for one reason in one window of time. This
/// is also the order to publish the digest, sent to the intake's own queue with a delay.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct DigestWindow {
    /// The rule that decided.
    pub rule: String,
    /// The reason of every trigger in it.
    pub code: ProblemCode,
    /// They were observed, not suppressed.
    #[serde(default)]
    pub observed: bool,
    /// Its first second: epoch seconds, a multiple of [`WINDOW`].
    pub begin: i64,
}

/// One trigger in the window of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestEntry {
    /// The trigger that was suppressed.
    pub trigger: TriggerId,
    /// The alarm of the trigger.
    pub alarm: AlarmArn,
    /// The time series that went into ALARM, where the alarm watches many.
    pub contributor: Option<Contributor>,
    /// The account of the resource, or the alarm's.
    pub account: AccountId,
    /// The Region of the resource, or the alarm's.
    pub region: Region,
    /// The resources, as far as they were known.
    pub resources: Vec<String>,
    /// The reason in words.
    pub what: String,
    /// When the alarm went into ALARM; none in entries of versions that did not store it.
    pub at: Option<Timestamp>,
    /// CloudWatch's reason for the state of the alarm.
    pub reason: Option<String>,
}

/// How far a window is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestState {
    /// The trigger that is published by itself.
    pub first: TriggerId,
    /// How many triggers are published: 0, the first, or with the digest all that there were.
    pub published: u32,
}

impl DigestWindow {
    /// The window of a decision made at this moment.
    #[must_use]
    pub fn at(rule: &str, code: ProblemCode, observed: bool, now: Timestamp) -> Self {
        let begin = now.as_second().div_euclid(WINDOW) * WINDOW;
        Self { rule: rule.to_owned(), code, observed, begin }
    }

    /// How long from now until its digest is published, in seconds; at most what SQS delays.
    #[must_use]
    pub fn delay(&self, now: Timestamp) -> u32 {
        let delay = self.begin + WINDOW + SLACK - now.as_second();
        u32::try_from(delay.clamp(0, LONGEST_DELAY)).unwrap_or(0)
    }

    /// Whether the time of its digest is over: what is stored now comes too late for it.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.delay(now) == 0
    }
}

/// A name for it: the ids of its outcomes are derived from it.
impl fmt::Display for DigestWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, code, observed, begin } = self;
        let kind = if *observed { "observed" } else { "suppressed" };
        write!(f, "{kind}/{rule}/{code}/{begin}")
    }
}
