//! The one room that knows the suite's table and bucket, and the topic of outcomes. Everyone else
//! speaks of locks, decisions, runs and plans; keys, attributes and expressions are here alone.
//!
//! # The table
//!
//! Its key is `pk` and `sk`, both texts; the index `by-account` has the key `account` and `sk2`.
//!
//! | item | file | pk | sk | attributes | kept |
//! |---|---|---|---|---|---|
//! | lock and cool-downs | `lock`, `unlock` | `resource#<account>#<region>#<resource>` | `lock` | `owner`, `rule`, `leaseUntil`, `lastOwner`, `cool#<rule>`, `unlocked` | 40 days |
//! | budget of runs | `budget` | `budget#<budget>`: `rule#<rule>`, `account#<account>` | first second of the hour | `takers` | a day more |
//! | storm | `storm` | `storm#<rule>` | first second of the window | `resources` | a day more |
//! | open breaker | `storm` | `storm#<rule>` | `open` | `until`, `by` | a day more |
//! | decision about a trigger | `decision` | `trigger#<trigger>` | `decision` | `decision` | 100 days |
//! | input of the run it starts | `decision` | `trigger#<trigger>` | `input` | `input` | 100 days |
//! | run that was started | `run` | `run#<execution arn>` | the rung, two digits, from 00 | `run` | 100 days |
//! | task that waits for a run | `waiting` | `wait#<automation id>` | `task` | `request` | 100 days |
//! | window of a digest | `digest` | `digest#<rule>#<code>#<begin>`; `observed#…` | `first` | `first`, `published` | 40 days |
//! | trigger in a digest | `digest` | the same | `t#<trigger>` | `alarm`, `account`, `region`, `resources`, `what`, `at`, `reason` | 40 days |
//! | outcome | `history` | `history#outcome#<outcome id>` | `outcome` | `outcome`, `count`, `at` | 400 days |
//! | outcome in a list | `history` | `history#<list>` | `<epoch milliseconds>#<outcome id>` | `entry` | 400 days |
//! | alarms without a rule | `unanswered` | `history#unanswered` | `count`; `slot#<00..99>` | `total`, `since`; `alarm` | |
//! | published once | `once` | `published#<outcome id>` | `once` | | 40 days |
//! | published marker | `marker` | `outcome#<execution arn>` | `final`; `pending-<rung>`; `reminder-<rung>` | `id`, `outcome`, `at` | 100 days |
//! | share ledger | `ledger` | `share#<owner>#<region>#<document>` | `<account>` | `account`, `sk2`, `version`, `holder`, `execution`, `seenAt`, `at` | |
//! | replica | `ledger` | the same | `replica` | `account`, `sk2`, `home`, `source`, `hash`, `holder`, `execution`, `seenAt`, `at` | |
//! | last planned place | `place` | `place#<account>` | `place` | `path`, `active`, `rulesVersion`, `execution`, `first`, `at` | |
//! | the organization's last plan | `place` | `place#organization` | `place` | `at` | |
//! | who reconciles | `reconcile` | `place#reconcile` | `holder` | `execution` | |
//! | who waits for whom | `gathering` | `place#gathering` | `<execution>` | `input`, `execution`, `at`, `by`, `settlesUntil` | 2 days |
//! | what rules named | `rule_pairs` | `place#rules` | `<rule>` | `pairs` | |
//! | what members have | `rule_pairs` | `place#holding` | `pairs` | `holding` | |
//! | work lock | `work_lock` | `lock#<owner>#<region>` | `lock` | `owner`, `leaseUntil` | |
//!
//! - Rules that only observe have locks, budgets and storms of their own: `observed-resource#…` and so on.
//! - Times are epoch seconds, where nothing else is said.
//! - `expires` is for the table's TTL and nothing else. Whether a lease or a cool-down is over is compared.
//! - There are no transactions. Every write stands alone, and may be repeated without a second effect.
//!
//! # The bucket
//!
//! | object | key |
//! |---|---|
//! | plan of an execution of `share-runbooks` | `plans/<execution>.json` |
//! | what its look at the organization found | `plans/<execution>.effect.json` |
//! | what that would change at one owner account in one Region | `details/<execution>/effect/<owner>/<region>.json` |
//! | what failed at one owner account in one Region | `details/<execution>/<owner>/<region>.json` |
//! | whole outcome | `outcomes/<execution>/<outcome id>.json` |
#![warn(missing_docs)]

#[cfg(feature = "bucket")]
mod bucket;
mod budget;
mod decision;
mod digest;
mod error;
mod gathering;
mod guard_state;
mod guards;
mod history;
mod item;
mod ledger;
mod lock;
mod marker;
mod once;
#[cfg(feature = "outlet")]
mod outlet;
mod place;
#[cfg(feature = "publisher")]
mod publisher;
mod reconcile;
mod rule_pairs;
mod run;
#[cfg(feature = "publisher")]
mod standing;
mod storm;
mod table;
#[cfg(feature = "outlet")]
mod topic;
mod unanswered;
mod unlock;
mod waiting;
mod work_lock;

#[cfg(feature = "bucket")]
pub use bucket::Bucket;
pub use error::StoreError;
pub use guard_state::{GuardState, GuardStates};
pub use history::{HistoryPage, HistoryPosition};
pub use ledger::{
    CopyEntry, ITEMS_PER_WRITE, Ledger, LedgerChange, LedgerEntries, LedgerEntry, ReplicaEntry,
};
pub use marker::MarkerKind;
#[cfg(feature = "outlet")]
pub use outlet::{Outlet, OutletError};
pub use place::{PlannedAt, PlannedPlace};
#[cfg(feature = "publisher")]
pub use publisher::{PublishError, Publisher};
pub use standing::StandingOf;
pub use table::Table;
#[cfg(feature = "outlet")]
pub(crate) use topic::Topic;
pub use unanswered::UnansweredAlarms;
pub use unlock::LockState;
pub use work_lock::WorkLock;
