//! The words of both flows: ids, execution names, problems, periods, rules as texts, the
//! organization. Pure: no I/O, no async, no SDK, no clock.
//!
//! Input from outside enters through a parser that says what it expected; inside there are no
//! bare strings for ids.

#![warn(missing_docs)]

pub mod alarm;
pub mod event;
pub mod execution;
pub mod flow;
pub mod id;
pub mod name;
pub mod organization;
pub mod period;
pub mod place;
pub mod portal;
pub mod problem;
pub mod read;
pub mod rules;
pub mod storage;
pub mod text;
