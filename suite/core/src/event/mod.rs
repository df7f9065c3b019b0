//! The parts that EventBridge's events have in common: the envelope, and look-ups of account ids.

mod envelope;
pub mod lookup;

pub use envelope::{Envelope, EventError, MAX_BYTES};
