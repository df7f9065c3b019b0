//! Outcomes: what the suite tells the world, version 1. The JSON is a contract with subscribers;
//! fields are added, never taken away or given another meaning.

mod decide;
mod email;
mod held;
mod message;
mod remediation;
mod types;

pub use decide::{Evidence, Verdict, decide, sharing};
pub use held::{Told, held};
pub use message::{Attribute, MAX_REQUEST_BYTES, Message};
pub use remediation::run;
pub(crate) use types::derived_id;
pub use types::{
    Flow, INLINE_LIMIT, Outcome, OutcomeStatus, OutcomeVersion, Run, Severity, Shares, outcome_id,
};

#[cfg(test)]
mod held_tests;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod remediation_tests;
#[cfg(test)]
mod tests;
