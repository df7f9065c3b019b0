//! Publishing on an AWS in memory.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod history;
mod publishing;
