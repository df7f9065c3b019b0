//! Planning on an AWS in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this is test code")]

mod applying;
mod concluding;
mod gathering;
mod planning;
mod world;
