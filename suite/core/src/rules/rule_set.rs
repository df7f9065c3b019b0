//! All the rules of one kind together.

use std::collections::BTreeSet;

use crate::name::sha256_hex;
use crate::place::Places;
use crate::problem::{Problem, ProblemCode};
use crate::read::{self, Written};
use crate::rules::{RuleText, STANDARD_TIER};

/// A kind of rule.
pub trait Rule: Written {
    /// Takes the name of the rule and the places of its fields, which are not in its text.
    #[must_use]
    fn named(self, name: &str, places: Places) -> Self;

    /// The last part of the parameter's name, or the file's name without its extension.
    fn name(&self) -> &str;

    /// Problems that make a rule invalid although each of its fields is valid.
    fn faults(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Puts rules, which come by name, in the order in which they are tried.
    fn sort(_rules: &mut [Self]) {}

    /// Valid, and yet perhaps not meant so.
    fn warnings(_rules: &[Self]) -> Vec<Problem> {
        Vec::new()
    }
}

/// All the rules of one kind, as far as they are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet<R> {
    /// The valid rules, in the order in which they are tried.
    pub rules: Vec<R>,
    /// The problems of the others.
    pub problems: Vec<Problem>,
    /// Valid, and yet perhaps not meant so.
    pub warnings: Vec<Problem>,
    /// `sha256:…` over names and texts of the whole set, in order of names.
    pub version: String,
    /// The number of texts, valid or not.
    pub texts: usize,
}

impl<R: Rule> RuleSet<R> {
    /// Reads a set. It never fails as a whole: an invalid rule does not disable a valid one.
    #[must_use]
    pub fn parse(texts: impl IntoIterator<Item = RuleText>) -> Self {
        let mut texts: Vec<RuleText> = texts.into_iter().collect();
        texts.sort_by(|a, b| (&a.name, &a.origin).cmp(&(&b.name, &b.origin)));
        let mut set = Self {
            rules: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            version: version(&texts),
            texts: texts.len(),
        };
        let mut names = BTreeSet::new();
        for text in &texts {
            let size = text.text.len();
            if size > STANDARD_TIER {
                let what = format!(
                    "the rule has {size} bytes, and the Standard tier takes {STANDARD_TIER}"
                );
                set.warnings.push(Problem::new(ProblemCode::RuleTooLarge, &text.origin, what));
            }
            if !names.insert(text.name.as_str()) {
                let what = format!("there is another rule `{}`", text.name);
                set.problems.push(Problem::new(ProblemCode::DuplicateRule, &text.origin, what));
                continue;
            }
            match rule(text) {
                Ok((rule, warnings)) => {
                    set.rules.push(rule);
                    set.warnings.extend(warnings);
                }
                Err(problems) => set.problems.extend(problems),
            }
        }
        R::sort(&mut set.rules);
        set.warnings.extend(R::warnings(&set.rules));
        set
    }

    /// A valid rule by its name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&R> {
        self.rules.iter().find(|rule| rule.name() == name)
    }

    /// Whether every text is a valid rule and there is at least one: only then may shares be removed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.rules.is_empty() && self.rules.len() == self.texts
    }
}

fn rule<R: Rule>(text: &RuleText) -> Result<(R, Vec<Problem>), Vec<Problem>> {
    let mut problems = Vec::new();
    let rule = text.open(&mut problems).and_then(|root| {
        let places = Places::of(&text.origin, &root);
        match read::rule::<R>(&root, &places) {
            Ok((rule, warnings)) => Some((rule.named(&text.name, places), warnings)),
            Err(found) => {
                problems.extend(found);
                None
            }
        }
    });
    match rule {
        Some((rule, warnings)) if problems.is_empty() => match rule.faults() {
            faults if faults.is_empty() => Ok((rule, warnings)),
            faults => Err(faults),
        },
        _ => Err(problems),
    }
}

/// Names and lengths go into the hash, so that no text can pass for two.
fn version(sorted: &[RuleText]) -> String {
    let mut bytes = Vec::new();
    for RuleText { name, text, .. } in sorted {
        bytes.extend_from_slice(format!("{}:{name}{}:{text}", name.len(), text.len()).as_bytes());
    }
    format!("sha256:{}", sha256_hex(&bytes))
}
