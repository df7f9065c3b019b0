//! The runs that a rule or an account has in an hour of the clock: `budget#rule#<rule>` or
//! `budget#account#<account>` / the hour's first second.
//!
//! `takers` is the set of triggers that took one. Written by `route-alarms`.

use relay_core::id::AccountId;
use remediation::guard::Taker;

use crate::guards::{into_set, key};
use crate::item::{Attribute, DAY, Key, Update};

const HOUR: i64 = 3_600;
const TAKERS: &str = "takers";

pub(crate) fn of_rule(taker: &Taker<'_>) -> Key {
    key(taker, &format!("budget#rule#{}", taker.rule), hour(taker).to_string())
}

pub(crate) fn of_account(taker: &Taker<'_>, account: AccountId) -> Key {
    key(taker, &format!("budget#account#{account}"), hour(taker).to_string())
}

pub(crate) fn take(taker: &Taker<'_>, key: Key, most: u32) -> Update {
    into_set(key, TAKERS, &taker.trigger.to_string(), most, hour(taker) + DAY)
}

/// On the condition that it was taken: an item that is gone already is not made again.
pub(crate) fn release(taker: &Taker<'_>, key: Key) -> Update {
    Update::new(key, "DELETE #set :set")
        .when("contains(#set, :one)")
        .name("#set", TAKERS)
        .value(":set", Attribute::one(taker.trigger.to_string()))
        .text(":one", taker.trigger.to_string())
}

fn hour(taker: &Taker<'_>) -> i64 {
    taker.now.as_second().div_euclid(HOUR) * HOUR
}
