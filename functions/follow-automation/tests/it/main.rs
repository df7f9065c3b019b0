//! Following automations on an AWS in memory.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod children;
mod following;
mod world;
