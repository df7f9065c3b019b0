//! Reading the ladder of a rule.

use relay_core::id::RunbookName;
use relay_core::problem::ProblemCode;
use relay_core::rules::fields::{empty, flag, number, parameters, period, shaped, texts};
use relay_core::rules::reader::{Fields, Reader, join};
use relay_core::text::nearest;
use yaml_tree::{Node, Value};

use crate::rung::{approval_within, recover_within, timeout};
use crate::{Approval, Rung, template};

pub const RUNG: &[&str] = &[
    "runbook",
    "documentVersion",
    "parameters",
    "recoverWithin",
    "timeout",
    "destructive",
    "approval",
];

pub const APPROVAL: &[&str] = &["approvers", "minimum", "within", "topic"];

/// More rungs than this no alarm waits for.
const MOST_RUNGS: usize = 10;

pub fn ladder(reader: &mut Reader<'_>, fields: &Fields<'_>, resource: bool) -> Vec<Rung> {
    let Some((node, path)) = fields.get("ladder") else {
        empty(reader, fields, "ladder", "the rule names no runbook: `ladder`");
        return Vec::new();
    };
    let items = reader.items(node, &path, "rungs");
    if matches!(node.value, Value::List(_)) && !(1..=MOST_RUNGS).contains(&items.len()) {
        let what = format!("the ladder has {} rungs, expected 1 to {MOST_RUNGS}", items.len());
        reader.report(ProblemCode::InvalidField, node.at, &path, what, None);
    }
    let mut rungs = Vec::new();
    for (index, item) in items.iter().enumerate() {
        rungs.extend(rung(reader, item, &format!("{path}[{index}]"), resource));
    }
    rungs
}

fn rung(reader: &mut Reader<'_>, node: &Node, path: &str, resource: bool) -> Option<Rung> {
    let own = reader.fields(node, path, RUNG);
    let runbook = shaped::<RunbookName>(reader, &own, "runbook", "a runbook's name or ARN");
    if own.get("runbook").is_none() && matches!(node.value, Value::Map(_)) {
        let what = "no `runbook` is named".to_owned();
        reader.report(ProblemCode::InvalidField, node.at, path, what, None);
    }
    let parameters = match own.get("parameters") {
        Some((node, path)) => {
            open_words(reader, node, &path, resource);
            parameters(reader, node, &path)
        }
        None => Default::default(),
    };
    Some(Rung {
        parameters,
        document_version: version(reader, &own),
        recover_within: period(reader, &own, "recoverWithin", "0s", "1d")
            .unwrap_or_else(recover_within),
        timeout: period(reader, &own, "timeout", "1m", "1d").unwrap_or_else(timeout),
        destructive: flag(reader, &own, "destructive"),
        approval: approval(reader, &own),
        runbook: runbook?,
    })
}

fn version(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<String> {
    let (node, path) = fields.get("documentVersion")?;
    let text = reader.text(node, &path, "a version's number, `$LATEST` or `$DEFAULT`")?;
    let number = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    if number || matches!(text.as_str(), "$LATEST" | "$DEFAULT") {
        return Some(text);
    }
    reader.mismatch(node, &path, "a version's number, `$LATEST` or `$DEFAULT`");
    None
}

fn approval(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Approval> {
    let (node, path) = fields.get("approval")?;
    let own = reader.fields(node, &path, APPROVAL);
    let approvers = match own.get("approvers") {
        Some((node, path)) => texts(reader, node, &path, "approvers"),
        None => Vec::new(),
    };
    let (at, place) = own.place("approvers");
    if !(1..=10).contains(&approvers.len()) {
        let what = format!("found {} approvers, expected 1 to 10", approvers.len());
        reader.report(ProblemCode::InvalidField, at, &place, what, None);
    }
    let minimum = number(reader, &own, "minimum", 1..=10).unwrap_or(1);
    if usize::try_from(minimum).is_ok_and(|minimum| minimum > approvers.len().max(1)) {
        let (at, place) = own.place("minimum");
        let what = format!("{minimum} of {} approvers can never agree", approvers.len());
        reader.report(ProblemCode::InvalidField, at, &place, what, None);
    }
    let topic = own.get("topic").and_then(|(node, path)| {
        let topic = reader.text(node, &path, "a topic's ARN")?;
        let named = topic.split(':').nth(5).is_some_and(|name| name.starts_with("Automation"));
        if !(topic.starts_with("arn:") && topic.contains(":sns:") && named) {
            let expected = "the ARN of a topic whose name begins with `Automation`";
            reader.mismatch(node, &path, expected);
        }
        Some(topic)
    });
    let within = period(reader, &own, "within", "1m", "7d").unwrap_or_else(approval_within);
    Some(Approval { approvers, minimum, within, topic })
}

/// Words in braces that nothing can be put in the place of.
fn open_words(reader: &mut Reader<'_>, node: &Node, path: &str, resource: bool) {
    let Value::Map(entries) = &node.value else { return };
    let mut todo: Vec<(String, &Node)> = entries
        .iter()
        .filter_map(|(key, value)| {
            Some((join(path, &relay_core::rules::reader::scalar(&key.value)?), value))
        })
        .collect();
    while let Some((path, node)) = todo.pop() {
        match &node.value {
            Value::List(items) => {
                let item = |(index, item)| (format!("{path}[{index}]"), item);
                todo.extend(items.iter().enumerate().map(item));
            }
            Value::Text { text, .. } => {
                for word in template::words(text) {
                    let what = match word {
                        "resource" if !resource => {
                            "`{resource}` is used, and the rule names no resource".to_owned()
                        }
                        word if template::is_known(word) => continue,
                        word => format!("nothing is known to put in the place of `{{{word}}}`"),
                    };
                    let hint = nearest(word, template::WORDS.iter().copied())
                        .filter(|near| *near != word)
                        .map(|near| format!("Did you mean `{{{near}}}`?"));
                    reader.report(ProblemCode::InvalidField, node.at, &path, what, hint);
                }
            }
            _ => {}
        }
    }
}
