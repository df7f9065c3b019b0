//! The parts that the kinds of rules have in common: texts with a place, selectors, patterns, sets.

mod glob;
mod lists;
mod rule_set;
mod selector;
mod text;

pub use glob::Glob;
pub use lists::{OneOrMore, sorted};
pub use rule_set::{Rule, RuleSet};
pub use selector::AccountSelector;
pub use text::{ADVANCED_TIER, RuleText, STANDARD_TIER};
