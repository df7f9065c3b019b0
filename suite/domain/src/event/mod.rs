//! What the intake receives: an EventBridge envelope becomes a fact about an account, is ignored
//! with a reason, or is an error. Nothing is lost in silence.
//!
//! The events come from CloudTrail, in shapes that AWS documents in part only. So the reading is
//! tolerant: either detail-type, keys in any case, fields nobody mentioned. What must be there is
//! little: the event's name, its state, and an account or a request id.

mod account_event;
mod envelope;
pub(crate) mod lookup;

pub use account_event::{AccountEvent, Intake};
pub use envelope::{EventError, MAX_BYTES};

#[cfg(test)]
mod tests;
