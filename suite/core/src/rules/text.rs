//! The text of a rule, before it is read as one.

use std::collections::BTreeSet;
use std::fmt;

use yaml_tree::{Node, Position, Value};

use crate::name::sha256_hex;
use crate::problem::{Problem, ProblemCode};
use crate::rules::reader::Reader;

/// What fits into a parameter of the Standard tier.
pub const STANDARD_TIER: usize = 4 * 1024;

/// What fits into a parameter of the Advanced tier.
pub const ADVANCED_TIER: usize = 8 * 1024;

/// The text of a rule and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct RuleText {
    pub name: String,
    /// The parameter's or the file's name, for problems.
    pub origin: String,
    /// The text itself, YAML or JSON.
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

/// A set of texts, read.
pub struct Texts<R> {
    /// The valid rules, by name.
    pub rules: Vec<R>,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub version: String,
    /// How many there were.
    pub texts: usize,
}

/// Reads a set. It never fails as a whole, and an invalid rule takes no other with it.
pub fn read_all<R>(
    texts: impl IntoIterator<Item = RuleText>,
    read: impl Fn(&RuleText) -> Result<R, Vec<Problem>>,
) -> Texts<R> {
    let mut texts: Vec<RuleText> = texts.into_iter().collect();
    texts.sort_by(|a, b| (&a.name, &a.origin).cmp(&(&b.name, &b.origin)));
    let mut set = Texts {
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
        match read(text) {
            Ok(rule) => set.rules.push(rule),
            Err(problems) => set.problems.extend(problems),
        }
    }
    set
}

/// Opens a text as a tree; what keeps that from working is named.
pub fn open(reader: &mut Reader<'_>, source: &RuleText) -> Option<Node> {
    let start = Position { line: 1, column: 1 };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if source.name.is_empty() || !source.name.chars().all(named) {
        let what = format!("the rule's name {:?} is no parameter's name", source.name);
        let hint = "Use letters, digits, `_`, `-` and `.`.".to_owned();
        reader.report(ProblemCode::InvalidField, start, "", what, Some(hint));
    }
    if source.text.len() > ADVANCED_TIER {
        let what = format!("the rule has {} bytes, at most {ADVANCED_TIER} fit", source.text.len());
        let hint = "Split the rule in two.".to_owned();
        reader.report(ProblemCode::RuleTooLarge, start, "", what, Some(hint));
        return None;
    }
    if let Some(at) = braces(&source.text) {
        let what = "found `{{`, which no parameter may hold".to_owned();
        reader.report(ProblemCode::TemplateBraces, at, "", what, None);
        return None;
    }
    let root = match yaml_tree::parse(&source.text) {
        Ok(root) => root,
        Err(error) => {
            let at = error.at.unwrap_or(start);
            reader.report(ProblemCode::RuleSyntax, at, "", error.message, None);
            return None;
        }
    };
    if matches!(root.value, Value::Null) {
        let what = "the rule is empty".to_owned();
        reader.report(ProblemCode::EmptySelection, root.at, "", what, None);
        return None;
    }
    Some(root)
}

/// Where the text holds `{{`.
fn braces(text: &str) -> Option<Position> {
    text.lines().zip(1..).find_map(|(text, line)| {
        let before = text.find("{{")?;
        let column = u64::try_from(text[..before].chars().count()).ok()? + 1;
        Some(Position { line, column })
    })
}

/// Names and lengths go into the hash, so that no text can pass for two.
fn version(sorted: &[RuleText]) -> String {
    let mut bytes = Vec::new();
    for RuleText { name, text, .. } in sorted {
        bytes.extend_from_slice(format!("{}:{name}{}:{text}", name.len(), text.len()).as_bytes());
    }
    format!("sha256:{}", sha256_hex(&bytes))
}
