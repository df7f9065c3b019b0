//! Triggers that come to nothing are told together: of one rule and one reason, the first at once,
//! the rest of the same five minutes as a digest with their count.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | the first of a bucket, and how many were told | `digest#<rule>#<code>#<bucket>` | `first` |
//! | one trigger | `digest#<rule>#<code>#<bucket>` | `t#<trigger>` |
//!
//! One item a trigger: counting them is exact however often one is written, and there is no item
//! that a storm would make hot.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::item::{Attribute, Item, Key, Write};
use relay_core::problem::ProblemCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a bucket is, in seconds.
pub const BUCKET: i64 = 300;

/// How long after a bucket's end its digest is told: whoever decided in its last moment has written
/// by then.
pub const SLACK: i64 = 10;

const KEPT: i64 = 40 * 86_400;

/// The triggers of one rule that came to nothing for one reason in one bucket of time. This is also
/// the order to tell the digest, sent to the intake's own queue with a delay.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// The rule.
    pub rule: String,
    /// The reason.
    pub code: ProblemCode,
    /// They were observed, not suppressed.
    #[serde(default)]
    pub observed: bool,
    /// When it began: epoch seconds, a multiple of [`BUCKET`].
    pub begin: i64,
}

/// What is kept of a trigger that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The trigger.
    pub trigger: TriggerId,
    /// The alarm's ARN.
    pub alarm: String,
    /// The account of the resource, or the alarm's.
    pub account: String,
    /// The Region of the resource, or the alarm's.
    pub region: String,
    /// The resources, as far as they were known.
    pub resources: Vec<String>,
    /// Why, in words.
    pub what: String,
}

/// What stands about a bucket as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The trigger that is told by itself.
    pub first: TriggerId,
    /// How many triggers were told: 0, the first, or with the digest all that there were.
    pub told: u32,
}

impl Bucket {
    /// The bucket that a decision of this moment belongs to.
    #[must_use]
    pub fn at(rule: &str, code: ProblemCode, observed: bool, now: Timestamp) -> Self {
        let begin = now.as_second().div_euclid(BUCKET) * BUCKET;
        Self { rule: rule.to_owned(), code, observed, begin }
    }

    /// How long from now until its digest is told, in seconds; at most what SQS delays (900).
    #[must_use]
    pub fn delay(&self, now: Timestamp) -> u32 {
        let delay = self.begin + BUCKET + SLACK - now.as_second();
        u32::try_from(delay.clamp(0, 900)).unwrap_or(0)
    }

    /// The partition of its items: query `sk` beginning with `t#`.
    #[must_use]
    pub fn pk(&self) -> String {
        let Self { rule, code, observed, begin } = self;
        let kind = if *observed { "observed" } else { "digest" };
        format!("{kind}#{rule}#{code}#{begin}")
    }

    /// Keeps a trigger in the bucket; a repeat writes the same.
    #[must_use]
    pub fn record(&self, record: &Record) -> Write {
        let Record { trigger, alarm, account, region, resources, what } = record;
        let key = Key::new(self.pk(), format!("t#{trigger}"));
        Write::new(
            key,
            "SET #alarm = :alarm, #account = :account, #region = :region, #resources = :resources, \
             #what = :what, #expires = :expires",
        )
        .name("#alarm", "alarm")
        .name("#account", "account")
        .name("#region", "region")
        .name("#resources", "resources")
        .name("#what", "what")
        .name("#expires", "expires")
        .text(":alarm", alarm)
        .text(":account", account)
        .text(":region", region)
        .text(":resources", resources.join(" "))
        .text(":what", what.chars().take(500).collect::<String>())
        .number(":expires", self.begin + KEPT)
    }

    /// Claims to be the first; whoever succeeds tells at once and orders the digest. The first may
    /// claim it again.
    #[must_use]
    pub fn first(&self, trigger: TriggerId) -> Write {
        Write::new(Key::new(self.pk(), "first"), "SET #first = :me, #expires = :expires")
            .when("attribute_not_exists(pk) OR #first = :me")
            .name("#first", "first")
            .name("#expires", "expires")
            .text(":me", trigger.to_string())
            .number(":expires", self.begin + KEPT)
    }

    /// Where the opening stands.
    #[must_use]
    pub fn opening_key(&self) -> Key {
        Key::new(self.pk(), "first")
    }

    /// Notes after the telling how many were told, so that a trigger that comes by a second way, or
    /// an order that comes twice, tells nothing again.
    #[must_use]
    pub fn told(&self, count: u32) -> Write {
        Write::new(self.opening_key(), "SET #told = :told")
            .when("attribute_not_exists(#told) OR #told < :told")
            .name("#told", "told")
            .number(":told", i64::from(count))
    }

    /// Whether the digest's time is over: what is recorded now comes too late for it.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.delay(now) == 0
    }
}

impl Opening {
    /// Reads it back.
    #[must_use]
    pub fn read(item: &Item) -> Option<Self> {
        let first = item.get("first").and_then(Attribute::as_text)?;
        let told = item.get("told").and_then(Attribute::as_number).unwrap_or(0);
        let told = u32::try_from(told).unwrap_or(u32::MAX);
        Some(Self { first: TriggerId(first.parse().ok()?), told })
    }
}

impl Record {
    /// Reads a record back; `None` for an item that is none.
    #[must_use]
    pub fn read(sk: &str, item: &Item) -> Option<Self> {
        let text = |name: &str| item.get(name).and_then(Attribute::as_text).map(str::to_owned);
        Some(Self {
            trigger: TriggerId(sk.strip_prefix("t#")?.parse().ok()?),
            alarm: text("alarm")?,
            account: text("account")?,
            region: text("region")?,
            resources: text("resources")?.split_whitespace().map(str::to_owned).collect(),
            what: text("what")?,
        })
    }
}
