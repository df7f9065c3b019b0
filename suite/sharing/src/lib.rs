//! Which documents, of which owner, in which Regions, are shared with which accounts: organization
//! events, sharing rules, the share plan. Pure.
#![warn(missing_docs)]

mod account_event;
mod change_event;
mod claims;
mod contract;
mod documents;
mod gather;
mod guard;
mod input;
pub mod plan;
mod rule;
mod survey;
mod touched;

pub use account_event::{AccountEvent, Intake};
pub use claims::{Claim, ClaimFindings, Claims};
pub use contract::{
    AwaitMembershipInput, CheckMembershipInput, CheckMembershipOutput, Membership,
    MembershipRequest, PlanSharesInput, PlanSharesOutput, ShareCounts, ShareDetails,
    ShareDocumentsInput, ShareDocumentsOutput, ShareReport, WorkItem,
};
pub use documents::{Document, DocumentSelector, Documents, ListedDocument};
pub use gather::{
    Gather, GatherInput, Gathered, Turn, Waiting, is_gathered, look_again, moves, together, turn,
};
pub use guard::{MassRemovalGuard, Verdict};
pub use input::{Scope, ShareRunbooksInput};
pub use rule::{
    Accounts, Distribution, OnboardingRunbook, Ownership, SharedVersion, SharingRule, SharingRules,
};
pub use survey::{
    Conclude, ConcludeInput, Conclusion, DocumentsAnswer, DocumentsRequest, PlanAnswer,
    PlanRequest, SurveyInput, SurveyOutput, SurveyReport,
};
pub use touched::{RulePairs, Touched, TouchedDocument, TouchedPairs, rule_pairs};

#[cfg(test)]
mod account_event_tests;
#[cfg(test)]
mod claims_tests;
#[cfg(test)]
mod contract_tests;
#[cfg(test)]
mod gather_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod tests;
