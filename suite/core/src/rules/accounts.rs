//! Accounts in a rule: selectors, and ids.

use yaml_tree::{Node, Value};

use crate::id::AccountId;
use crate::problem::ProblemCode;
use crate::rules::AccountSelector;
use crate::rules::reader::{Reader, describe};
use crate::text::nearest;

/// What people put between the digits of an account id.
const SEPARATORS: [char; 3] = ['_', '-', ' '];

/// A list of selectors.
pub fn selectors(reader: &mut Reader<'_>, node: &Node, path: &str) -> Vec<AccountSelector> {
    let items = reader.items(node, path, "accounts, OUs or `organization`");
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| selector(reader, item, &format!("{path}[{index}]")))
        .collect()
}

fn selector(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<AccountSelector> {
    const EXPECTED: &str = crate::rules::selector::EXPECTED;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c));
    let text = reader.text(node, path, EXPECTED)?;
    if matches!(node.value, Value::Number(..)) || digits(&text) {
        return account(reader, node, path).map(AccountSelector::Account);
    }
    let selector: Option<AccountSelector> = text.parse().ok();
    if selector.is_none() {
        let what = format!("found \"{text}\", expected {EXPECTED}");
        let hint = if text.starts_with("o-") || nearest(&text, ["organization"]).is_some() {
            Some("Write `organization` for every account.".to_owned())
        } else if text.contains('/') {
            Some(format!("Paths begin with a slash: `/{text}`."))
        } else {
            None
        };
        reader.report(ProblemCode::InvalidField, node.at, path, what, hint);
    }
    selector
}

/// An account id, quoted: YAML reads a number otherwise, and readers differ in what becomes of its
/// leading zeros.
pub fn account(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<AccountId> {
    let (text, quoted) = match &node.value {
        Value::Text { text, quoted } => (text.as_str(), *quoted),
        Value::Number(_, text) => (text.as_str(), false),
        _ => {
            reader.mismatch(node, path, "an account id, quoted");
            return None;
        }
    };
    match text.parse::<AccountId>() {
        Ok(id) if quoted => Some(id),
        Ok(_) => {
            let what = format!("found the number {text}, expected a quoted account id");
            let hint = format!("Quote it: \"{text}\".");
            reader.report(ProblemCode::AccountIdNotQuoted, node.at, path, what, Some(hint));
            None
        }
        Err(_) if matches!(node.value, Value::Number(..)) => {
            let what =
                format!("found the number {text}, expected a quoted account id of 12 digits");
            let hint = "Quote it, with its leading zeros.".to_owned();
            reader.report(ProblemCode::AccountIdNotQuoted, node.at, path, what, Some(hint));
            None
        }
        Err(_) => {
            let what = format!("found {}, expected an account id", describe(&node.value));
            let digits = text.replace(SEPARATORS, "");
            let hint = match digits.parse::<AccountId>() {
                Ok(id) => Some(format!("Write it without separators: \"{id}\".")),
                Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Some(format!("An account id has 12 digits; this has {}.", text.len()))
                }
                Err(_) => None,
            };
            reader.report(ProblemCode::InvalidAccountId, node.at, path, what, hint);
            None
        }
    }
}
