//! Suppressions: `# relay-lint: allow RULE, RULE: reason`.
//!
//! At the end of a line it is about that line. On a line of its own it is about the next line and
//! about everything that is indented below that, such as a whole step. `allow-file` is about the whole
//! file. JSON has no comments, and so no suppressions.

use std::borrow::Cow;

use yaml_tree::Position;

use super::{Finding, Rule, sort};

const MARK: &str = "relay-lint:";

/// The findings that remain after suppressions.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// Each with its reason.
    pub suppressed: Vec<(Finding, String)>,
}

/// A comment that suppresses something.
#[derive(Debug)]
struct Suppression {
    at: Position,
    codes: Vec<String>,
    reason: String,
    /// The lines that it is about, first and last.
    lines: (u64, u64),
    used: bool,
}

/// Takes the suppressions of a text into account. `ran` says whether a rule was looked at at all: a
/// suppression of ruff's rules is not unused where ruff is not there.
#[must_use]
pub fn apply(text: &str, found: Vec<Finding>, ran: impl Fn(&str) -> bool) -> Verdict {
    let mut suppressions = read(text);
    let mut verdict = Verdict::default();
    for finding in found {
        let line = finding.at.line;
        let suppression = suppressions.iter_mut().find(|each| {
            each.codes.iter().any(|code| *code == finding.code)
                && (each.lines.0..=each.lines.1).contains(&line)
        });
        match suppression {
            Some(suppression) => {
                suppression.used = true;
                // Without a reason it suppresses nothing.
                if suppression.reason.is_empty() {
                    verdict.findings.push(finding);
                } else {
                    verdict.suppressed.push((finding, suppression.reason.clone()));
                }
            }
            None => verdict.findings.push(finding),
        }
    }
    for suppression in &suppressions {
        verdict.findings.extend(about(suppression, &ran));
    }
    sort(&mut verdict.findings);
    verdict
}

/// The fault of a suppression.
fn about(suppression: &Suppression, ran: &impl Fn(&str) -> bool) -> Option<Finding> {
    let names = suppression.codes.join(", ");
    let unknown =
        suppression.codes.iter().find(|code| Rule::parse(code).is_none() && !is_ruffs(code));
    let form = "docs/lint.md lists the rules. Write: # relay-lint: allow RULE: reason";
    let (rule, message, hint) = if suppression.codes.is_empty() {
        (Rule::UnknownSuppression, "no rule is named".to_owned(), form.to_owned())
    } else if let Some(code) = unknown {
        let near = relay_core::text::nearest(code, Rule::ALL.iter().map(|rule| rule.id()));
        let hint = near.map_or_else(|| form.to_owned(), |near| format!("Did you mean {near}?"));
        (Rule::UnknownSuppression, format!("unknown rule {code:?}"), hint)
    } else if suppression.reason.is_empty() {
        let message = format!("no reason is given for allowing {names}");
        let hint = format!("Write it behind a colon: # relay-lint: allow {names}: reason");
        (Rule::SuppressionWithoutReason, message, hint)
    } else if !suppression.used && suppression.codes.iter().all(|code| ran(code)) {
        let message = format!("nothing here is found by {names}");
        (Rule::UnusedSuppression, message, "Remove the comment.".to_owned())
    } else {
        return None;
    };
    Some(Finding {
        code: Cow::Borrowed(rule.id()),
        severity: rule.severity(),
        at: suppression.at,
        path: String::new(),
        message,
        hint,
    })
}

/// Whether a name is one of ruff's security rules.
fn is_ruffs(code: &str) -> bool {
    code.strip_prefix('S')
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn read(text: &str) -> Vec<Suppression> {
    if text.trim_start().starts_with('{') {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len() as u64;
    let mut found = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        let Some(mark) = line.find(MARK) else { continue };
        let before = line.get(..mark).unwrap_or_default();
        let Some(hash) = before.trim_end().strip_suffix('#') else { continue };
        let said = line.get(mark + MARK.len()..).unwrap_or_default().trim();
        let number = nth as u64 + 1;
        let column = hash.chars().count() as u64 + 1;
        let (codes, reason, whole) = words(said);
        let lines = if whole {
            (1, last)
        } else if hash.trim().is_empty() {
            below(&lines, nth)
        } else {
            (number, number)
        };
        let at = Position { line: number, column };
        found.push(Suppression { at, codes, reason, lines, used: false });
    }
    found
}

/// The rules, the reason, and whether it is about the whole file.
fn words(said: &str) -> (Vec<String>, String, bool) {
    let (list, whole) = match said.strip_prefix("allow-file") {
        Some(list) => (list, true),
        None => match said.strip_prefix("allow") {
            Some(list) => (list, false),
            // Not a verb that there is: named as the rule that there is not.
            None => return (vec![said.to_owned()], String::new(), false),
        },
    };
    let (list, reason) = list.split_once(':').unwrap_or((list, ""));
    let codes = list.split(',').map(str::trim).filter(|code| !code.is_empty());
    (codes.map(str::to_owned).collect(), reason.trim().to_owned(), whole)
}

/// The next line that says something, and the lines that are indented below it.
fn below(lines: &[&str], comment: usize) -> (u64, u64) {
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(first) =
        (comment + 1..lines.len()).find(|nth| lines.get(*nth).is_some_and(|line| says(line)))
    else {
        return (0, 0);
    };
    let level = lines.get(first).map_or(0, |line| indent(line));
    let mut last = first;
    for (nth, line) in lines.iter().enumerate().skip(first + 1) {
        if line.trim().is_empty() {
            continue;
        }
        if indent(line) <= level {
            break;
        }
        last = nth;
    }
    (first as u64 + 1, last as u64 + 1)
}
