//! The commands of `relay`, one module each. `main.rs` reads the command line.
//!
//! A command takes its settings and an SDK configuration; credentials and the environment are
//! `main.rs`'s business.
#![expect(clippy::print_stdout, reason = "a command line prints")]

pub mod event;
pub mod local_aws;
pub mod replay;
pub mod rules;
pub mod runbooks;
