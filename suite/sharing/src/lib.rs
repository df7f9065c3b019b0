//! Which documents, of which owner, in which Regions, are shared with which accounts: organization
//! events, sharing rules, the share plan. Pure.

mod account_event;
mod contract;
mod parse;
pub mod plan;
mod rule;
mod rule_set;
mod written;

pub use account_event::{AccountEvent, Intake};
pub use contract::{
    AwaitMembershipInput, CheckMembershipInput, CheckMembershipOutput, Membership,
    MembershipRequest, PlanSharesInput, PlanSharesOutput, Scope, ShareCounts, ShareDetails,
    ShareDocumentsInput, ShareDocumentsOutput, ShareReport, ShareRunbooksInput, WorkItem,
};
pub use rule::{
    Document, DocumentSelector, OnboardingRunbook, Ownership, SharedVersion, SharingRule,
};
pub use rule_set::RuleSet;
pub use written::WrittenRule;

#[cfg(test)]
mod resolve_tests;
#[cfg(test)]
mod tests;
