//! Outcomes of both flows, and their contract: one outcome, composed the same by every function that
//! publishes it. Pure.
#![warn(missing_docs)]

mod chat;
mod contract;
mod decide;
mod drift;
mod email;
mod history;
mod measured;
mod message;
mod rules;
mod runs;
pub mod schema;
mod secrets;
mod standing;
mod suppressed;
mod types;
mod unlock;

pub use chat::chat;
pub use contract::{
    ExecutionStatusChange, MachineInput, PublishOutcomeInput, PublishOutcomeOutput, Published,
    RecoverOutcomesInput, StatusChangeDetail,
};
pub use decide::{Evidence, Verdict, decide, sharing};
pub use drift::{Drift, LeftPairs};
pub use history::{HistoryEntry, HistoryIndex, HistoryQuery, Selection, UnansweredAlarm};
pub use measured::measurements;
pub use message::{Attribute, MAX_REQUEST_BYTES, Message};
pub use rules::{RuleProblems, rules_problems_changed, rules_unreadable};
pub use runs::run;
pub use standing::{Seen, Standing, remembered};
pub use suppressed::{SuppressedTriggers, suppressed};
pub use types::{
    AlarmDetails, ApprovalDetails, ApprovalStatus, INLINE_LIMIT, Link, LinkKind, Outcome,
    OutcomeStatus, OutcomeVersion, Run, Shares,
};
pub use unlock::UNLOCK_PREFIX;

#[cfg(test)]
mod chat_tests;
#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod runs_tests;
#[cfg(test)]
mod secrets_tests;
#[cfg(test)]
mod standing_tests;
#[cfg(test)]
mod suppressed_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unlock_tests;
