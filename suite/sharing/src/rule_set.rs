//! All the rules together.

use relay_core::problem::Problem;
use relay_core::rules::{RuleText, Texts, read_all};

use crate::{SharingRule, parse};

/// The whole policy of sharing, as far as it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// The valid rules, by name.
    pub rules: Vec<SharingRule>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
    /// What works and yet deserves a word when policy is checked or pushed.
    pub warnings: Vec<Problem>,
    /// `sha256:…` over names and texts of the whole set, in order of names.
    pub version: String,
    /// How many texts there were, valid or not.
    pub texts: usize,
}

impl RuleSet {
    /// Reads a set. It never fails as a whole, and an invalid rule takes no other with it.
    #[must_use]
    pub fn parse(texts: impl IntoIterator<Item = RuleText>) -> Self {
        let Texts { rules, problems, warnings, version, texts } = read_all(texts, parse::rule);
        Self { rules, problems, warnings, version, texts }
    }

    /// Whether every text is a valid rule and there is at least one: only then may shares be taken
    /// back.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.rules.is_empty() && self.rules.len() == self.texts
    }
}
