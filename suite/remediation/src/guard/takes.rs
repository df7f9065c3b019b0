//! What the brakes remember, item by item.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | lock and cool-downs | `resource#<account>#<region>#<resource>` | `brake` | `owner`, `rule`, `leaseUntil`, `lastOwner`, `cool#<rule>` |
//! | budget of a rule | `budget#rule#<rule>` | the hour's first second | `takers` |
//! | budget of an account | `budget#account#<account>` | the hour's first second | `takers` |
//! | storm | `storm#<rule>` | the window's first second | `resources` |
//! | open breaker | `storm#<rule>` | `open` | `until`, `by` |
//! | decision | `trigger#<trigger>` | `decision` | `decision`, … |
//! | input of the run | `trigger#<trigger>` | `input` | `input` |
//!
//! Times are epoch seconds. `expires` is for the table's TTL and nothing else: whether a lease or a
//! cool-down is over is always compared. Rules that only observe have items of their own, so that
//! they never hold back one that acts.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::id::AccountId;
use relay_core::item::{Attribute, Key, Write};
use relay_core::period::Period;

const HOUR: i64 = 3_600;

const DAY: i64 = 24 * HOUR;

/// Longer than any cool-down.
const KEPT: i64 = 40 * DAY;

/// Nobody's, or mine; else free and cooled down for this rule. `lastOwner` keeps a trigger that is
/// delivered again, long after its run, from running twice.
const FREE: &str = "attribute_not_exists(pk) OR #owner = :me OR (\
                    (attribute_not_exists(#owner) OR #lease < :now) \
                    AND (attribute_not_exists(#cool) OR #cool < :now) \
                    AND (attribute_not_exists(#last) OR #last <> :me))";

const MINE: &str = "#owner = :me";

/// In the set already, or the set is not full.
const ROOM: &str = "attribute_not_exists(#set) OR contains(#set, :one) OR size(#set) < :max";

/// Who is deciding about what: the part that all items of one trigger have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker<'a> {
    pub me: TriggerId,
    pub rule: &'a str,
    /// The rule only observes.
    pub observing: bool,
    pub now: Timestamp,
}

impl Taker<'_> {
    fn key(&self, pk: &str, sk: impl Into<String>) -> Key {
        let prefix = if self.observing { "observed-" } else { "" };
        Key::new(format!("{prefix}{pk}"), sk)
    }

    fn seconds(&self) -> i64 {
        self.now.as_second()
    }

    fn lock_key(&self, resource: &str) -> Key {
        self.key(&format!("resource#{resource}"), "brake")
    }

    fn cool(&self) -> String {
        format!("cool#{}", self.rule)
    }

    /// Takes the lock on a resource (`<account>#<region>#<resource>`) for the longest that the run
    /// can last. The trigger that holds it may take it again.
    #[must_use]
    pub fn lock(&self, resource: &str, lease: &Period) -> Write {
        let now = self.seconds();
        Write::new(
            self.lock_key(resource),
            "SET #owner = :me, #rule = :rule, #lease = :lease, #expires = :expires",
        )
        .when(FREE)
        .name("#owner", "owner")
        .name("#rule", "rule")
        .name("#lease", "leaseUntil")
        .name("#cool", self.cool())
        .name("#last", "lastOwner")
        .name("#expires", "expires")
        .text(":me", self.me.to_string())
        .text(":rule", self.rule)
        .number(":now", now)
        .number(":lease", now + i64::from(lease.as_secs()))
        .number(":expires", now + KEPT)
    }

    /// Gives the lock back as if it had never been taken: nothing was run.
    #[must_use]
    pub fn unlock(&self, resource: &str) -> Write {
        Write::new(self.lock_key(resource), "REMOVE #owner, #lease")
            .when(MINE)
            .name("#owner", "owner")
            .name("#lease", "leaseUntil")
            .text(":me", self.me.to_string())
    }

    /// Releases the lock at the end of a run, on whichever path it ended: the rule's cool-down for
    /// the resource begins. `now` is the end.
    #[must_use]
    pub fn release(&self, resource: &str, cool_down: &Period) -> Write {
        let now = self.seconds();
        Write::new(
            self.lock_key(resource),
            "SET #cool = :cool, #last = :me, #expires = :expires REMOVE #owner, #lease",
        )
        .when(MINE)
        .name("#owner", "owner")
        .name("#lease", "leaseUntil")
        .name("#cool", self.cool())
        .name("#last", "lastOwner")
        .name("#expires", "expires")
        .text(":me", self.me.to_string())
        .number(":cool", now + i64::from(cool_down.as_secs()))
        .number(":expires", now + KEPT)
    }

    fn hour(&self) -> i64 {
        self.seconds().div_euclid(HOUR) * HOUR
    }

    fn rule_budget_key(&self) -> Key {
        self.key(&format!("budget#rule#{}", self.rule), self.hour().to_string())
    }

    fn account_budget_key(&self, account: AccountId) -> Key {
        self.key(&format!("budget#account#{account}"), self.hour().to_string())
    }

    /// Takes one of the rule's runs of this hour of the clock. A set of triggers, not a counter: a
    /// take that is repeated after a lost reply takes nothing twice.
    #[must_use]
    pub fn rule_budget(&self, most: u32) -> Write {
        self.budget(self.rule_budget_key(), most)
    }

    #[must_use]
    pub fn return_rule_budget(&self) -> Write {
        self.return_budget(self.rule_budget_key())
    }

    /// Takes one of the account's runs of this hour of the clock, by all rules together.
    #[must_use]
    pub fn account_budget(&self, account: AccountId, most: u32) -> Write {
        self.budget(self.account_budget_key(account), most)
    }

    #[must_use]
    pub fn return_account_budget(&self, account: AccountId) -> Write {
        self.return_budget(self.account_budget_key(account))
    }

    fn budget(&self, key: Key, most: u32) -> Write {
        into_set(key, "takers", &self.me.to_string(), most, self.hour() + DAY)
    }

    fn return_budget(&self, key: Key) -> Write {
        Write::new(key, "DELETE #set :set")
            .name("#set", "takers")
            .value(":set", Attribute::one(self.me.to_string()))
    }

    /// Counts a resource among those that ring for the rule in this window; refused when the window
    /// is full without it.
    #[must_use]
    pub fn storm(&self, resource: &str, most: u32, window: &Period) -> Write {
        let length = i64::from(window.as_secs()).max(1);
        let begin = self.seconds().div_euclid(length) * length;
        let key = self.key(&format!("storm#{}", self.rule), begin.to_string());
        into_set(key, "resources", resource, most, begin + length + DAY)
    }

    /// Where the breaker's state stands.
    #[must_use]
    pub fn breaker_key(&self) -> Key {
        self.key(&format!("storm#{}", self.rule), "open")
    }

    /// Opens the breaker for a window. Who succeeds is the one that opened it, or its repeat.
    #[must_use]
    pub fn open_breaker(&self, window: &Period) -> Write {
        let now = self.seconds();
        Write::new(self.breaker_key(), "SET #until = :until, #by = :me, #expires = :expires")
            .when("attribute_not_exists(pk) OR #until < :now OR #by = :me")
            .name("#until", "until")
            .name("#by", "by")
            .name("#expires", "expires")
            .text(":me", self.me.to_string())
            .number(":now", now)
            .number(":until", now + i64::from(window.as_secs()))
            .number(":expires", now + i64::from(window.as_secs()) + DAY)
    }
}

fn into_set(key: Key, set: &str, element: &str, most: u32, expires: i64) -> Write {
    Write::new(key, "ADD #set :set SET #expires = :expires")
        .when(ROOM)
        .name("#set", set)
        .name("#expires", "expires")
        .value(":set", Attribute::one(element))
        .text(":one", element)
        .number(":max", i64::from(most))
        .number(":expires", expires)
}
