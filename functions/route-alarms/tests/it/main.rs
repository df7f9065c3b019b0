//! The intake of alarms on an AWS in memory.

#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod asking;
mod crashing;
mod deciding;
mod own_alarms;
mod remembering;
mod rules;
mod world;
