//! Sharing and copying on an AWS in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this is test code")]

mod applying;
mod claims;
mod copies;
mod faults;
mod foreign;
mod looking;
mod replicas;
mod resuming;
mod sharing;
mod world;
