//! The runs that a budget has in an hour of the clock: `budget#<budget>` / the hour's first second. A
//! guardrail names its budgets: `rule#<rule>`, `account#<account>`.
//!
//! `takers` is the set of triggers that took one. Written by `route-alarms`.

use remediation::guard::{TakeAnswer, Taker};

use crate::guards::{into_set, key};
use crate::item::{Attribute, DAY, Item, Key, Update};

const HOUR: i64 = 3_600;
pub(crate) const TAKERS: &str = "takers";

pub(crate) fn take(taker: &Taker<'_>, budget: &str, most: u32) -> Update {
    into_set(key_of(taker, budget), TAKERS, &taker.trigger.to_string(), most, hour(taker) + DAY)
}

/// Whether a run would be refused.
pub(crate) fn look(taker: &Taker<'_>, item: &Item, most: u32) -> Option<TakeAnswer> {
    let takers = item.texts(TAKERS)?;
    let has = takers.contains(&taker.trigger.to_string());
    let is_full = takers.len() >= usize::try_from(most).unwrap_or(usize::MAX);
    (is_full && !has).then_some(TakeAnswer::Full)
}

/// On the condition that it was taken: an item that is gone already is not made again.
pub(crate) fn release(taker: &Taker<'_>, budget: &str) -> Update {
    Update::new(key_of(taker, budget), "DELETE #set :set")
        .when("contains(#set, :one)")
        .name("#set", TAKERS)
        .value(":set", Attribute::one(taker.trigger.to_string()))
        .text(":one", taker.trigger.to_string())
}

pub(crate) fn key_of(taker: &Taker<'_>, budget: &str) -> Key {
    key(taker, &format!("budget#{budget}"), hour(taker).to_string())
}

fn hour(taker: &Taker<'_>) -> i64 {
    taker.now.as_second().div_euclid(HOUR) * HOUR
}
