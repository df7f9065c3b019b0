//! The engine that runs SSM Automation: executions, steps, one file per `aws:` action, rate
//! control.
//!
//! An append-only event log is the truth; the state of an execution is a fold of its events, and
//! resuming is replaying a prefix. What touches the world are the few traits in [`ports`].

pub mod actions;
pub mod ports;
