//! Runbook documents (schema 0.3): model, parser, validation with positions, substitution, selectors.
//!
//! Pure: no I/O, no clock. What an execution does with a runbook is the `automation` crate's.

pub mod action;

pub use action::ActionKind;
