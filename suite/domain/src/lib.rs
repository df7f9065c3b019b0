//! The suite's vocabulary: ids, account events, alarms, execution names, policy of both kinds, brakes,
//! plans, runs, outcomes.
//!
//! Everything here is pure: no I/O, no async, no SDK, no clock. What comes from outside enters
//! through a parser that says what it expected; inside there are no bare strings for ids.

pub mod alarm;
pub mod brake;
pub mod contract;
pub mod event;
pub mod id;
pub mod name;
pub mod organization;
pub mod outcome;
pub mod period;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod remediation;
pub mod run;
pub mod schema;
pub mod sharing;
mod text;
