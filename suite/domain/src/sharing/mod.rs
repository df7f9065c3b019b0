//! Sharing policy: which documents, of which owner, in which Regions, go to which accounts.

mod parse;
mod rule;
mod rule_set;
mod written;

pub use crate::policy::{ADVANCED_TIER, AccountSelector, Glob, RuleText, STANDARD_TIER};
pub use rule::{
    Document, DocumentSelector, OnboardingRunbook, Ownership, SharedVersion, SharingRule,
};
pub use rule_set::RuleSet;
pub use written::WrittenRule;

#[cfg(test)]
mod tests;
