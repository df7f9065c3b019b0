//! What EventBridge's events have in common: the envelope, and where they keep what.

mod envelope;
pub mod lookup;

pub use envelope::{Envelope, EventError, MAX_BYTES};
