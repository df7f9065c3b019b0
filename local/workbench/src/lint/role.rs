//! The role that a runbook runs under, and parameters that nothing uses.

use std::collections::HashSet;

use runbook::{ActionKind, Reference, mentions};

use super::{Review, Rule, Script, Severity};
use crate::document::{StepAt, field, scalars};

const ROLE: &str = "AutomationAssumeRole";

pub(super) fn check(review: &mut Review<'_>) {
    missing(review);
    unused(review);
}

fn missing(review: &mut Review<'_>) {
    let runbook = review.document.runbook();
    let is_script =
        |step: usize| review.scripts.iter().any(|script| script.step == step && script.calls_aws());
    let calling = review.steps.iter().enumerate().find(|(place, at)| match at.step.action {
        ActionKind::ExecuteScript => is_script(*place),
        action => calls_aws(action),
    });
    let script = review.scripts.iter().find(|script| script.calls_aws());
    let root = review.document.root();
    match (&runbook.assume_role, script, calling) {
        (None, Some(script), _) => {
            let (at, path) = (script.node.at, script.path.clone());
            let name = review.steps.get(script.step).map_or("", |at| at.step.name.as_str());
            let message = format!(
                "the script of {name} calls AWS, and without assumeRole it has no credentials"
            );
            let hint = "Add the parameter AutomationAssumeRole and, at the top of the document, \
                        assumeRole: '{{ AutomationAssumeRole }}'.";
            review.find(Rule::MissingAssumeRole, at, &path, message, hint);
        }
        (None, None, Some(_)) => {
            let at = field(root, "mainSteps").map_or(root.at, |node| node.at);
            let message = "the runbook has no assumeRole: it acts with the rights of the caller that starts it";
            let hint = "Add assumeRole, so that people may start it without having its rights.";
            review.find_as(Rule::MissingAssumeRole, Severity::Note, at, "", message, hint);
        }
        (Some(_), _, None) => {
            // An attachment is not looked into, and a placeholder cannot be.
            let has_attachment = |at: &StepAt<'_>| {
                at.step.action == ActionKind::ExecuteScript
                    && at.step.inputs.contains_key("Attachment")
            };
            let is_open = review.steps.iter().any(has_attachment)
                || review.scripts.iter().any(Script::is_placeholder);
            if let Some(node) = field(root, "assumeRole").filter(|_| !is_open) {
                let message = "no step calls AWS under the role";
                let hint = "Remove assumeRole and its parameter.";
                review.find_as(
                    Rule::UnusedAssumeRole,
                    Severity::Note,
                    node.at,
                    "assumeRole",
                    message,
                    hint,
                );
            }
        }
        _ => {}
    }
}

/// Whether an action calls AWS under the runbook's role.
fn calls_aws(action: ActionKind) -> bool {
    !matches!(
        action,
        ActionKind::Branch
            | ActionKind::ExecuteScript
            | ActionKind::Loop
            | ActionKind::Pause
            | ActionKind::Sleep
            | ActionKind::UpdateVariable
    )
}

fn unused(review: &mut Review<'_>) {
    let root = review.document.root();
    let mut used = HashSet::new();
    scalars(root, "", &["description"], &mut |scalar| {
        for mention in mentions(scalar.text) {
            if let Ok(Reference::Parameter(name)) = mention.to {
                used.insert(name);
            }
        }
    });
    let declared = field(root, "parameters").map(yaml_tree::Node::fields).unwrap_or_default();
    let is_role = |name: &str| name == ROLE;
    let mut found = Vec::new();
    for (name, node) in declared.into_iter().filter(|(name, _)| !used.contains(*name)) {
        // The name stands before its value: one line above a block, in the same line otherwise.
        let at = review.key(name, node);
        let path = format!("parameters.{name}");
        found.push(if is_role(name) {
            let message = format!("nothing uses {name}: the role that is given is not assumed");
            let hint = "Add assumeRole: '{{ AutomationAssumeRole }}' at the top of the document.";
            (Rule::UnusedAssumeRole, at, path, message, hint)
        } else {
            let message = format!("nothing refers to the parameter {name}");
            (Rule::UnusedParameter, at, path, message, "Use it or remove it.")
        });
    }
    for (rule, at, path, message, hint) in found {
        review.find(rule, at, &path, message, hint);
    }
}
