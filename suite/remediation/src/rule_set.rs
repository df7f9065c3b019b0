//! All the rules together.

use crate::{lint, parse};
use relay_core::problem::Problem;
use relay_core::rules::{RuleText, Texts, read_all};

use crate::RemediationRule;

/// The whole policy of remediation, as far as it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// The valid rules, in the order in which they are tried.
    pub rules: Vec<RemediationRule>,
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
        let read = |text: &RuleText| {
            let rule = parse::rule(text)?;
            match lint::faults(&rule) {
                faults if faults.is_empty() => Ok(rule),
                faults => Err(faults),
            }
        };
        let Texts { mut rules, problems, mut warnings, version, texts } = read_all(texts, read);
        rules.sort_by(|a, b| a.order().cmp(&b.order()));
        warnings.extend(lint::warnings(&rules));
        Self { rules, problems, warnings, version, texts }
    }

    /// A rule by its name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&RemediationRule> {
        self.rules.iter().find(|rule| rule.name == name)
    }
}
