//! A reviewer's findings about a valid runbook, each at its place.
//!
//! A false finding costs more than a missed one: people who have learnt to ignore a linter read none of
//! its findings. So each rule looks for what is certain, and `docs/lint.md` says what it leaves out.

mod allow;
mod destructive;
mod environment;
mod injection;
mod role;
mod ruff;
mod rule;
mod script;
mod secret;
mod steps;
#[cfg(test)]
mod tests;
mod waits;

use std::borrow::Cow;

use yaml_tree::{Node, Position};

pub use allow::{Verdict, apply};
pub use ruff::{RuffError, RuffReport, ruff_reports};
pub use rule::{Rule, Severity};
pub use script::{Language, Script, scripts};

use crate::document::{Document, StepAt};
use crate::flow::Flow;

/// Something that a reviewer would ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of a [`Rule`], or of a rule of ruff, e.g. `S605`.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    pub at: Position,
    /// E.g. `mainSteps[2].inputs.Region`; may be empty.
    pub path: String,
    pub message: String,
    /// The remedy, as a sentence.
    pub hint: String,
}

/// All that the rules look at, and what they have found.
struct Review<'d> {
    document: &'d Document,
    steps: Vec<StepAt<'d>>,
    flow: Flow,
    lines: Vec<&'d str>,
    scripts: Vec<Script<'d>>,
    findings: Vec<Finding>,
}

impl Review<'_> {
    fn find(
        &mut self,
        rule: Rule,
        at: Position,
        path: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.find_as(rule, rule.severity(), at, path, message, hint);
    }

    fn find_as(
        &mut self,
        rule: Rule,
        severity: Severity,
        at: Position,
        path: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.findings.push(Finding {
            code: Cow::Borrowed(rule.id()),
            severity,
            at,
            path: path.to_owned(),
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// Where a part of a scalar stands.
    fn place(&self, node: &Node, text: &str, part: &std::ops::Range<usize>) -> Position {
        yaml_tree::place(&self.lines, node.at, text, part)
    }
}

/// Everything that the rules find, in the order of the text. [`apply`] takes suppressions into account.
#[must_use]
pub fn lint(document: &Document) -> Vec<Finding> {
    let steps = document.steps();
    let flow = Flow::of(&steps);
    let mut review = Review {
        document,
        scripts: scripts(document),
        flow,
        lines: document.text().lines().collect(),
        steps,
        findings: Vec::new(),
    };
    environment::check(&mut review);
    secret::check(&mut review);
    role::check(&mut review);
    script::check(&mut review);
    injection::check(&mut review);
    steps::check(&mut review);
    waits::check(&mut review);
    destructive::check(&mut review);
    let mut findings = review.findings;
    sort(&mut findings);
    findings
}

fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| (a.at, &a.code, &a.message).cmp(&(b.at, &b.code, &b.message)));
    findings.dedup();
}

impl Review<'_> {
    /// Where a key stands whose value is a node: in the value's line, or in one above.
    fn key(&self, name: &str, value: &Node) -> Position {
        let mut line = value.at.line;
        while let Some(text) =
            usize::try_from(line).ok().and_then(|line| self.lines.get(line.checked_sub(1)?))
        {
            let word = text.trim_start().trim_start_matches(['"', '\'', '{', '-']).trim_start();
            if let Some(rest) = word.strip_prefix(name)
                && rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
                && let Some(column) = text.find(name)
            {
                let column = text.get(..column).unwrap_or_default().chars().count() as u64 + 1;
                return Position { line, column };
            }
            line -= 1;
        }
        value.at
    }
}
