//! Messages about texts of certain types beyond "expected this, found that".

use yaml_tree::{Node, Value};

use crate::id::{AccountId, Region};
use crate::period::Period;
use crate::problem::ProblemCode;
use crate::read::form::Shape;
use crate::read::problems::Problems;
use crate::read::words::found;
use crate::text::nearest;

/// Characters that people put between the digits of an account id.
const SEPARATORS: [char; 3] = ['_', '-', ' '];

/// An objection to a text: code, what, hint.
type Objection = (ProblemCode, String, Option<String>);

/// A text of the right shape as it is written; numbers and booleans are texts, too.
pub(super) fn read<'a>(
    problems: &mut Problems<'_>,
    node: &'a Node,
    path: &str,
    shape: Shape<'_>,
    warns_of_unknown_regions: bool,
) -> Option<&'a str> {
    let Some(text) = node.value.as_written() else {
        problems.mismatch(node, path, &expected(shape), None);
        return None;
    };
    let objection = match shape.name {
        "AccountId" => account(&node.value, text),
        "AccountSelector" if looks_like_account(&node.value, text) => account(&node.value, text),
        "AccountSelector" => selector(node, text, shape),
        "Region" => region(problems, text, path, warns_of_unknown_regions),
        "Period" => period(node, text, shape),
        _ => any(node, text, shape),
    };
    match objection {
        None => Some(text),
        Some((code, what, hint)) => {
            problems.report(code, path, what, hint);
            None
        }
    }
}

pub(super) fn expected(shape: Shape<'_>) -> String {
    match (shape.name, shape.expected()) {
        ("Period", _) => period_expected(shape),
        (_, Some(expected)) => expected.to_owned(),
        _ if is_instant(shape) => "an instant, like 2026-01-02T03:04:05Z".to_owned(),
        _ => "a text".to_owned(),
    }
}

fn any(node: &Node, text: &str, shape: Shape<'_>) -> Option<Objection> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    let (least, most) = (shape.number("minLength"), shape.number("maxLength"));
    let fits = least.is_none_or(|least| length >= least)
        && most.is_none_or(|most| length <= most)
        && shape.matches(text)
        && (!is_instant(shape) || text.parse::<jiff::Timestamp>().is_ok());
    if fits {
        return None;
    }
    let mut expected = expected(shape);
    if let (true, Some(most)) = (most.is_some_and(|most| length > most), most) {
        expected = format!("{expected} of at most {most} characters");
    }
    let what = format!("expected {expected}, found {}", found(&node.value));
    Some((ProblemCode::InvalidField, what, shape.text("x-hint").map(str::to_owned)))
}

fn is_instant(shape: Shape<'_>) -> bool {
    shape.text("format") == Some("date-time")
}

fn looks_like_account(value: &Value, text: &str) -> bool {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || SEPARATORS.contains(&c));
    matches!(value, Value::Number(..)) || (!text.is_empty() && digits(text))
}

/// An account id, quoted: YAML reads a number otherwise, and readers differ in what becomes of its
/// leading zeros.
fn account(value: &Value, text: &str) -> Option<Objection> {
    let quoted = matches!(value, Value::Text { quoted: true, .. });
    match text.parse::<AccountId>() {
        Ok(_) if quoted => None,
        Ok(_) => {
            let what = format!("expected an account id in quotes, found the number {text}");
            let hint = format!("Quote it: \"{text}\".");
            Some((ProblemCode::AccountIdNotQuoted, what, Some(hint)))
        }
        Err(_) if matches!(value, Value::Number(..)) => {
            let what = format!("expected a 12-digit account id in quotes, found the number {text}");
            let hint = "Quote it, with its leading zeros.".to_owned();
            Some((ProblemCode::AccountIdNotQuoted, what, Some(hint)))
        }
        Err(_) => {
            let what = format!("expected a 12-digit account id, found {}", found(value));
            let hint = match text.replace(SEPARATORS, "").parse::<AccountId>() {
                Ok(id) => Some(format!("Write it without separators: \"{id}\".")),
                Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Some(format!("An account id has 12 digits; this has {}.", text.len()))
                }
                Err(_) => None,
            };
            Some((ProblemCode::InvalidAccountId, what, hint))
        }
    }
}

fn selector(node: &Node, text: &str, shape: Shape<'_>) -> Option<Objection> {
    let (code, what, _) = any(node, text, shape)?;
    let hint = if text.starts_with("o-") || nearest(text, ["organization"]).is_some() {
        Some("Write `organization` for every account.".to_owned())
    } else if text.contains('/') {
        Some(format!("Paths begin with a slash: `/{text}`."))
    } else {
        None
    };
    Some((code, what, hint))
}

/// A Region by its shape. One that is not in our list may be newer than the list: rules get a warning, since it may be a
/// slip of the pen just as well, and inputs get none.
fn region(
    problems: &mut Problems<'_>,
    text: &str,
    path: &str,
    warns_of_unknown: bool,
) -> Option<Objection> {
    let shaped: Result<Region, _> = text.parse();
    let hint = nearest(text, Region::known().iter().copied())
        .map(|near| format!("Did you mean `{near}`?"));
    let what = format!("unknown AWS Region `{text}`");
    match shaped {
        Ok(region) if region.is_known() || !warns_of_unknown => None,
        Ok(_) => {
            problems.warn(ProblemCode::UnknownRegion, path, what, hint);
            None
        }
        Err(_) => Some((ProblemCode::UnknownRegion, what, hint)),
    }
}

fn period(node: &Node, text: &str, shape: Shape<'_>) -> Option<Objection> {
    let bound = |keyword| shape.text(keyword).and_then(|text| text.parse::<Period>().ok());
    let (least, most) = (bound("x-least"), bound("x-most"));
    let fits = |period: Period| {
        least.as_ref().is_none_or(|least| period >= *least)
            && most.as_ref().is_none_or(|most| period <= *most)
    };
    if text.parse().is_ok_and(fits) {
        return None;
    }
    let hint = match &node.value {
        Value::Number(_, text) => Some(format!("Add the unit: {text}s, {text}m or {text}h.")),
        _ => None,
    };
    let what = format!("expected {}, found {}", period_expected(shape), found(&node.value));
    Some((ProblemCode::InvalidField, what, hint))
}

pub(super) fn period_expected(shape: Shape<'_>) -> String {
    match (shape.text("x-least"), shape.text("x-most")) {
        (Some(least), Some(most)) => {
            format!("a length of time from {least} to {most}, like 10m")
        }
        _ => "a length of time, like 10m".to_owned(),
    }
}
