//! The operating systems that a document is said to run on, from its content.

use serde_json::Value;

use crate::document::DocumentType;

const ALL: [&str; 3] = ["Windows", "Linux", "MacOS"];

/// The platforms in AWS's order.
pub(crate) fn of(kind: DocumentType, value: &Value) -> Vec<&'static str> {
    match kind {
        DocumentType::Automation | DocumentType::ChangeTemplate | DocumentType::Session => {
            ALL.into()
        }
        DocumentType::Command => of_steps(value),
        DocumentType::Package | DocumentType::Policy => vec!["Windows", "Linux"],
        _ => Vec::new(),
    }
}

/// The union of what the steps run on: a step's own precondition, else what its plugin runs on.
fn of_steps(value: &Value) -> Vec<&'static str> {
    let new = value.get("mainSteps").and_then(Value::as_array);
    let new = new.into_iter().flatten().flat_map(|step| {
        let plugin = step.get("action").and_then(Value::as_str).unwrap_or_default();
        preconditions(step).unwrap_or_else(|| of_plugin(plugin))
    });
    let old = value.get("runtimeConfig").and_then(Value::as_object);
    let old = old.into_iter().flatten().flat_map(|(plugin, _)| of_plugin(plugin));
    let named: Vec<_> = new.chain(old).collect();
    ALL.into_iter().filter(|platform| named.contains(platform)).collect()
}

/// `precondition: {StringEquals: [platformType, Linux]}`.
fn preconditions(step: &Value) -> Option<Vec<&'static str>> {
    let operands = step.get("precondition")?.get("StringEquals")?.as_array()?;
    let names = |operand: &Value, platform: &str| {
        operand.as_str().is_some_and(|operand| operand.eq_ignore_ascii_case(platform))
    };
    let of_platform = operands
        .iter()
        .any(|operand| operand.as_str().is_some_and(|text| text.contains("platformType")));
    let named = ALL
        .into_iter()
        .filter(|platform| operands.iter().any(|operand| names(operand, platform)))
        .collect::<Vec<_>>();
    (of_platform && !named.is_empty()).then_some(named)
}

fn of_plugin(plugin: &str) -> Vec<&'static str> {
    match plugin {
        "aws:runShellScript" => vec!["Linux", "MacOS"],
        "aws:applications" | "aws:cloudWatch" | "aws:domainJoin" | "aws:psModule"
        | "aws:updateAgent" => vec!["Windows"],
        _ => ALL.into(),
    }
}
