//! The `accounts` of a rule, and account ids wherever they are.

use yaml_tree::{Node, Value};

use super::parse::empty;
use super::reader::{Fields, Reader, describe};
use super::rule::AccountSelector;
use crate::id::AccountId;
use crate::problem::ProblemCode;
use crate::text::nearest;

pub(super) const ACCOUNTS: &[&str] = &["in", "includeChildUnits", "exclude"];
/// What people put between the digits of an account id.
const SEPARATORS: [char; 3] = ['_', '-', ' '];

/// Who is meant, whether OUs stand for those below them, and who is left out.
pub(super) fn accounts(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
) -> (Vec<AccountSelector>, bool, Vec<AccountSelector>) {
    let Some((node, path)) = fields.get("accounts") else {
        empty(reader, fields, "accounts", "the rule selects no accounts: `in`");
        return (Vec::new(), false, Vec::new());
    };
    let own = reader.fields(node, &path, ACCOUNTS);
    let wanted = match own.get("in") {
        Some((node, path)) => selectors(reader, node, &path),
        None => Vec::new(),
    };
    let nobody = match own.get("in") {
        Some((node, _)) => matches!(&node.value, Value::List(items) if items.is_empty()),
        None => matches!(node.value, Value::Map(_)),
    };
    if nobody {
        empty(reader, &own, "in", "the rule selects no accounts");
    }
    let children = own
        .get("includeChildUnits")
        .and_then(|(node, path)| reader.boolean(node, &path))
        .unwrap_or(false);
    let exclude = match own.get("exclude") {
        Some((node, path)) => selectors(reader, node, &path),
        None => Vec::new(),
    };
    if exclude.contains(&AccountSelector::Organization) {
        empty(reader, &own, "exclude", "the rule excludes the whole organization");
    }
    (wanted, children, exclude)
}

fn selectors(reader: &mut Reader<'_>, node: &Node, path: &str) -> Vec<AccountSelector> {
    let items = reader.items(node, path, "accounts, OUs or `organization`");
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| selector(reader, item, &format!("{path}[{index}]")))
        .collect()
}

fn selector(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<AccountSelector> {
    const EXPECTED: &str = "`organization`, an OU path (/Workloads/Prod), a root, OU or account id";
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c));
    let text = reader.text(node, path, EXPECTED)?;
    if matches!(node.value, Value::Number(..)) || digits(&text) {
        return account(reader, node, path).map(AccountSelector::Account);
    }
    let selector = match text.as_str() {
        "organization" => Some(AccountSelector::Organization),
        path if path.starts_with('/') => {
            Some(AccountSelector::Path(path.trim_end_matches('/').to_owned()))
        }
        id if id.starts_with("r-") => id.parse().ok().map(AccountSelector::Root),
        id if id.starts_with("ou-") => id.parse().ok().map(AccountSelector::Unit),
        _ => None,
    };
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
pub(super) fn account(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<AccountId> {
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
