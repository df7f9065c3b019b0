//! What the kinds of policy have in common: texts with a place, selectors, patterns, and a reader
//! that names everything wrong with a text at once.

pub mod accounts;
pub mod fields;
mod glob;
pub mod reader;
mod selector;
mod text;

pub use glob::Glob;
pub use selector::AccountSelector;
pub use text::{ADVANCED_TIER, RuleText, STANDARD_TIER};
pub use text::{Texts, open, read_all};
