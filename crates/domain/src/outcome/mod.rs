//! Outcomes: what the suite tells the world, version 1. The JSON is a contract with subscribers;
//! fields are added, never taken away or given another meaning.

mod decide;
mod email;
mod message;
mod types;

pub use decide::{Evidence, Verdict, sharing};
pub use message::{Attribute, MAX_REQUEST_BYTES, Message};
pub(crate) use types::derived_id;
pub use types::{
    Flow, INLINE_LIMIT, Outcome, OutcomeStatus, OutcomeVersion, Run, Severity, Shares, outcome_id,
};

#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod tests;
