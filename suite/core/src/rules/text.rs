//! The text of a rule, before it is read as one.

use std::fmt;

use yaml_tree::{Node, Position, Value};

use crate::place::Places;
use crate::problem::{Problem, ProblemCode};

/// The size of a parameter of the Standard tier, in bytes.
pub const STANDARD_TIER: usize = 4 * 1024;

/// The size of a parameter of the Advanced tier, in bytes.
pub const ADVANCED_TIER: usize = 8 * 1024;

/// The text of a rule and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct RuleText {
    /// The rule's name, from its parameter or file.
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

impl RuleText {
    /// The text as a tree, or `None` if it cannot be read as one. Problems are added to `problems`.
    pub fn open(&self, problems: &mut Vec<Problem>) -> Option<Node> {
        let start = Position { line: 1, column: 1 };
        let mut report = |code, at, what: String, hint: &str| {
            let problem =
                Problem::new(code, Places::new(&self.origin).place_at(Some(at), ""), what);
            problems.push(if hint.is_empty() { problem } else { problem.with_hint(hint) });
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if self.name.is_empty() || !self.name.chars().all(named) {
            let what = format!("{:?} is not a valid name of a parameter", self.name);
            let hint = "Use letters, digits, `_`, `-` and `.` in the rule's name.";
            report(ProblemCode::InvalidField, start, what, hint);
        }
        if self.text.len() > ADVANCED_TIER {
            let size = self.text.len();
            let what = format!("expected a rule of at most {ADVANCED_TIER} bytes, found {size}");
            report(ProblemCode::RuleTooLarge, start, what, "Split the rule in two.");
            return None;
        }
        if let Some(at) = braces(&self.text) {
            let what = "found `{{`, which is not allowed in a parameter".to_owned();
            report(ProblemCode::TemplateBraces, at, what, "");
            return None;
        }
        match yaml_tree::parse(&self.text) {
            Ok(root) if matches!(root.value, Value::Null) => {
                let what = "the text is empty".to_owned();
                report(ProblemCode::EmptySelection, root.at, what, "");
                None
            }
            Ok(root) => Some(root),
            Err(error) => {
                report(ProblemCode::RuleSyntax, error.at.unwrap_or(start), error.message, "");
                None
            }
        }
    }
}

/// Where the text holds `{{`.
fn braces(text: &str) -> Option<Position> {
    text.lines().zip(1..).find_map(|(text, line)| {
        let before = text.find("{{")?;
        let column = u64::try_from(text[..before].chars().count()).ok()? + 1;
        Some(Position { line, column })
    })
}
