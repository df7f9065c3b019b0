//! Delivery from the outside: a double of the emulator, tokio's paused time, and the records.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod buses;
mod retries;
mod support;
mod targets;
