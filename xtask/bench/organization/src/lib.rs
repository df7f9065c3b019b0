//! The functions that share, on an organization as large as AWS allows: `cargo xtask bench --only organization`.
//!
//! The AWS in memory has AWS's page sizes, and throttles. The state machine is walked by hand (`machine.rs`), each state
//! checked against its definition. Two programs share that:
//!
//! - [`simulation`]: everything in one process and in virtual time; counts calls, states and seconds.
//! - [`memory`]: each invocation in a process of its own, as Lambda has it, whose memory the kernel knows.

// The AWS SDK's futures nest deeper than the compiler's default bound.
#![recursion_limit = "256"]

mod bound;
mod functions;
mod machine;
pub mod memory;
mod organization;
mod server;
pub mod simulation;

pub use functions::{Function, Functions};
pub use organization::Size;
