//! The storm of a rule and its breaker: `storm#<rule>` / the window's first second, or `open`.
//!
//! `resources` is the set of resources whose alarms arrived in the window; `until` the end of the
//! open breaker, `by` the trigger that opened it. Written by `route-alarms`.

use jiff::Timestamp;
use relay_core::period::Period;
use remediation::guard::Taker;

use crate::guards::{into_set, key};
use crate::item::{DAY, Key, Update};
use crate::{StoreError, Table};

/// The set of the resources that were counted.
pub(crate) const RESOURCES: &str = "resources";

/// Refused when the window is full without these resources.
pub(crate) fn count(taker: &Taker<'_>, resources: &str, most: u32, window: &Period) -> Update {
    let (begin, length) = window_of(taker, window);
    into_set(key_of(taker, window), RESOURCES, resources, most, begin + length + DAY)
}

pub(crate) fn key_of(taker: &Taker<'_>, window: &Period) -> Key {
    key(taker, &pk(taker), window_of(taker, window).0.to_string())
}

/// The first second of the taker's window, and how many seconds it has.
fn window_of(taker: &Taker<'_>, window: &Period) -> (i64, i64) {
    let length = i64::from(window.as_secs()).max(1);
    (taker.now.as_second().div_euclid(length) * length, length)
}

/// Succeeds for the trigger that opens the breaker, and again for the same trigger.
pub(crate) fn open(taker: &Taker<'_>, window: &Period) -> Update {
    let now = taker.now.as_second();
    let until = now + i64::from(window.as_secs());
    Update::new(open_key(taker), "SET #until = :until, #by = :me, #expires = :expires")
        .when("attribute_not_exists(pk) OR #until < :now OR #by = :me")
        .name("#until", "until")
        .name("#by", "by")
        .name("#expires", "expires")
        .text(":me", taker.trigger.to_string())
        .number(":now", now)
        .number(":until", until)
        .number(":expires", until + DAY)
}

impl Table {
    /// Until when the storm breaker of the taker's rule is or was open.
    pub(crate) async fn breaker(&self, taker: &Taker<'_>) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get("read the storm breaker", open_key(taker)).await?;
        let until = item.and_then(|item| item.number("until"));
        Ok(until.and_then(|until| Timestamp::from_second(until).ok()))
    }
}

fn open_key(taker: &Taker<'_>) -> Key {
    key(taker, &pk(taker), "open")
}

fn pk(taker: &Taker<'_>) -> String {
    format!("storm#{}", taker.rule)
}
