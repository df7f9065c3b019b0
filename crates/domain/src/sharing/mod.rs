//! Sharing policy: which documents, of which owner, in which Regions, go to which accounts.

mod accounts;
mod parse;
mod reader;
mod rule;
mod rule_set;
mod written;

pub use rule::{
    AccountSelector, Document, DocumentSelector, Glob, OnboardingRunbook, Ownership, SharedVersion,
    SharingRule,
};
pub use rule_set::{RuleSet, RuleText};
pub use written::WrittenRule;

/// What fits into a parameter of the Standard tier.
pub const STANDARD_TIER: usize = 4 * 1024;
/// What fits into a parameter of the Advanced tier.
pub const ADVANCED_TIER: usize = 8 * 1024;

#[cfg(test)]
mod tests;
