//! All the rules together.

use std::collections::BTreeSet;
use std::fmt;

use super::{STANDARD_TIER, SharingRule, parse};
use crate::name::sha256_hex;
use crate::problem::{Problem, ProblemCode};

/// The text of a rule and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct RuleText {
    /// The rule's name.
    pub name: String,
    /// The parameter's or the file's name, for problems.
    pub origin: String,
    /// YAML or JSON.
    pub text: String,
}

impl RuleText {
    /// From a parameter: its name's last part is the rule's name.
    pub fn parameter(path: impl Into<String>, text: impl Into<String>) -> Self {
        let origin = path.into();
        let name = origin.rsplit('/').next().unwrap_or_default().to_owned();
        Self { name, origin, text: text.into() }
    }

    /// From a file: its name without folders and extension is the rule's name.
    pub fn file(path: impl Into<String>, text: impl Into<String>) -> Self {
        let origin = path.into();
        let file = origin.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = ["yaml", "yml", "json"]
            .iter()
            .find_map(|extension| file.strip_suffix(extension)?.strip_suffix('.'))
            .unwrap_or(file)
            .to_owned();
        Self { name, origin, text: text.into() }
    }
}

impl fmt::Debug for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RuleText({} from {}, {} bytes)", self.name, self.origin, self.text.len())
    }
}

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
            if text.text.len() > STANDARD_TIER {
                let what = format!(
                    "the rule has {} bytes, {STANDARD_TIER} fit into the Standard tier",
                    text.text.len()
                );
                set.warnings.push(Problem::new(ProblemCode::RuleTooLarge, &text.origin, what));
            }
            if !names.insert(text.name.as_str()) {
                let what = format!("there is another rule `{}`", text.name);
                set.problems.push(Problem::new(ProblemCode::DuplicateRule, &text.origin, what));
                continue;
            }
            match parse::rule(text) {
                Ok(rule) => set.rules.push(rule),
                Err(problems) => set.problems.extend(problems),
            }
        }
        set
    }

    /// Whether every text is a valid rule and there is at least one: only then may shares be taken
    /// back.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.rules.is_empty() && self.rules.len() == self.texts
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
