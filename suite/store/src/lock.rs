//! The lock on a resource and the cool-downs of the rules on it: `resource#<account>#<region>#<resource>`
//! / `lock`.
//!
//! `owner` is the trigger whose run holds it until `leaseUntil`, `rule` that run's rule; `cool#<rule>`
//! is the end of a rule's cool-down, `lastOwner` the trigger whose run ended last. Taken by
//! `route-alarms`; released by it, or by the publisher at the end of the run, or for a person (`unlock`).

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use relay_core::period::Period;
use remediation::guard::{TakeAnswer, Taker};

use crate::guards::key;
use crate::item::{DAYS_40, Item, Key, Update};

/// Unlocked, already ours, or expired; and past this rule's cool-down. `lastOwner` keeps a trigger
/// that is delivered again, long after its run, from running twice.
const FREE: &str = "attribute_not_exists(pk) OR #owner = :me OR (\
                    (attribute_not_exists(#owner) OR #lease < :now) \
                    AND (attribute_not_exists(#cool) OR #cool < :now) \
                    AND (attribute_not_exists(#last) OR #last <> :me))";

const OURS: &str = "#owner = :me";

/// The begin of the attribute with the end of a rule's cool-down.
pub(crate) const COOL_DOWN: &str = "cool#";

pub(crate) fn take(taker: &Taker<'_>, resource: &str, lease: &Period) -> Update {
    let now = taker.now.as_second();
    Update::new(
        key_of(taker, resource),
        "SET #owner = :me, #rule = :rule, #lease = :lease, #expires = :expires",
    )
    .when(FREE)
    .name("#owner", "owner")
    .name("#rule", "rule")
    .name("#lease", "leaseUntil")
    .name("#cool", cool_down_of(taker))
    .name("#last", "lastOwner")
    .name("#expires", "expires")
    .text(":me", taker.trigger.to_string())
    .text(":rule", taker.rule)
    .number(":now", now)
    .number(":lease", now + i64::from(lease.as_secs()))
    .number(":expires", now + DAYS_40)
}

/// Why the lock would be refused; `None` where it is free, or the taker's own.
pub(crate) fn look(taker: &Taker<'_>, item: &Item) -> Option<TakeAnswer> {
    let now = taker.now.as_second();
    if item.text("owner") == Some(&taker.trigger.to_string()) {
        return None;
    }
    match refusal(taker, item)? {
        TakeAnswer::CoolingDown { until } if until.as_second() < now => None,
        answer => Some(answer),
    }
}

/// Why the lock was refused: our own run has ended, another run holds it, or the cool-down. `None`
/// for an item that this version does not write.
pub(crate) fn refusal(taker: &Taker<'_>, item: &Item) -> Option<TakeAnswer> {
    let instant = |name: &str| Timestamp::from_second(item.number(name)?).ok();
    if item.text("lastOwner") == Some(&taker.trigger.to_string()) {
        return Some(TakeAnswer::Ended);
    }
    let held_until =
        instant("leaseUntil").filter(|until| until.as_second() >= taker.now.as_second());
    if let Some((owner, until)) = item.text("owner").zip(held_until) {
        return Some(TakeAnswer::Held { owner: TriggerId(owner.parse().ok()?), until });
    }
    Some(TakeAnswer::CoolingDown { until: instant(&cool_down_of(taker))? })
}

pub(crate) fn release(taker: &Taker<'_>, resource: &str) -> Update {
    Update::new(key_of(taker, resource), "REMOVE #owner, #lease")
        .when(OURS)
        .name("#owner", "owner")
        .name("#lease", "leaseUntil")
        .text(":me", taker.trigger.to_string())
}

/// The taker's `now` is the end of the run.
pub(crate) fn end_of_run(taker: &Taker<'_>, resource: &str, cool_down: &Period) -> Update {
    let now = taker.now.as_second();
    Update::new(
        key_of(taker, resource),
        "SET #cool = :cool, #last = :me, #expires = :expires REMOVE #owner, #lease",
    )
    .when(OURS)
    .name("#owner", "owner")
    .name("#lease", "leaseUntil")
    .name("#cool", cool_down_of(taker))
    .name("#last", "lastOwner")
    .name("#expires", "expires")
    .text(":me", taker.trigger.to_string())
    .number(":cool", now + i64::from(cool_down.as_secs()))
    .number(":expires", now + DAYS_40)
}

pub(crate) fn key_of(taker: &Taker<'_>, resource: &str) -> Key {
    key(taker, &format!("resource#{resource}"), "lock")
}

/// The key of the lock that rules take which act.
pub(crate) fn key_of_resource(resource: &str) -> Key {
    Key::new(format!("resource#{resource}"), "lock")
}

pub(crate) fn cool_down_of_rule(rule: &str) -> String {
    format!("{COOL_DOWN}{rule}")
}

fn cool_down_of(taker: &Taker<'_>) -> String {
    cool_down_of_rule(taker.rule)
}
