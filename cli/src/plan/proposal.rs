//! Rules as they would be: what a dry run takes of them, and what people are shown.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::output::Output;
use crate::rules::{Change, RuleAction as Action};
use crate::session::Session;

/// The state machine takes 100,000 characters of rules, as JSON.
const MOST: usize = 100_000;

/// The sharing rules that would change, by name: their new text, or null for one that would be deleted.
///
/// # Errors
/// When they are too large for one execution.
pub(super) fn overlay(session: &Session, changes: &[Change]) -> Result<Map<String, Value>> {
    let path = format!("{}sharing/", session.stack.rule_path());
    let rules: Map<String, Value> = changes
        .iter()
        .filter_map(|change| {
            let name = change.parameter.strip_prefix(&path)?;
            Some((name.to_owned(), change.text.clone().map_or(Value::Null, Value::String)))
        })
        .collect();
    let size = serde_json::to_string(&rules)?.chars().count();
    if size > MOST {
        let what = format!(
            "the changed sharing rules have {size} characters, of {MOST} that a plan takes"
        );
        return Err(Failure::new(what).help("Change them in several parts.").into());
    }
    Ok(rules)
}

/// Prints changes to rules, a line each.
pub(super) fn print(changes: &[Change], output: &Output) {
    for change in changes {
        let reset = crate::output::style::RESET;
        output.line(format_args!("{}{change}{reset}", change.action.style()));
    }
}

/// The changes for a pull request on GitHub, with the text of each.
pub(super) fn markdown(changes: &[Change]) -> String {
    let mut text = String::from("### Changes to rules\n\n");
    if changes.is_empty() {
        return text + "Nothing to change.\n";
    }
    text += "```diff\n";
    for change in changes {
        // A diff does not know `~`: GitHub shows `!` in a colour of its own.
        let line = match change.action {
            Action::Update => change.to_string().replacen('~', "!", 1),
            Action::Create | Action::Delete => change.to_string(),
        };
        text += &format!("{line}\n");
        for line in
            change.diff.iter().flat_map(|diff| diff.lines()).filter(|line| !line.starts_with("@@"))
        {
            text += &format!("{line}\n");
        }
    }
    text + "```\n"
}
