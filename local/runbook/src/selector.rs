//! The JSONPath that runbooks speak: `$`, `.name`, `[n]`, `..name` and `[*]`, and nothing else. A
//! name may stand in quotes: `.'step.Output'`; a path may begin with a name: `Stack.Status`.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-jsonpath.html> has no
//! wildcards, but public runbooks write `$.Reservations[*].Instances[*].InstanceId`. None uses
//! filters, slices or functions; they are refused by name.

use std::fmt;

use serde_json::Value;

/// A path into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
    /// Every item of a list, every value of a map.
    Every,
    /// Every value of that name, however deep.
    Deep(String),
}

/// A text is not a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// It begins with neither the root nor a name.
    #[error("a selector begins with $ or a name")]
    NoRoot,
    /// A name is missing after a dot.
    #[error("a name is expected at character {0}")]
    NoName(usize),
    /// Brackets hold something other than a number or a quoted name, or do not close.
    #[error("[number] or [*] is expected at character {0}; filters and slices are not supported")]
    NoIndex(usize),
    /// A path does not go on like this.
    #[error(".name, ..name or [number] is expected at character {0}")]
    NoPart(usize),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// When the text is not a selector.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = text.trim_end();
        let mut parts = Vec::new();
        let mut rest = match text.strip_prefix('$') {
            Some(rest) => rest,
            None => {
                let (first, rest) = name(text).ok_or(SelectorError::NoRoot)?;
                parts.push(Part::Name(first.to_owned()));
                rest
            }
        };
        while !rest.is_empty() {
            let place = text.chars().count() - rest.chars().count() + 1;
            let (part, after) = if let Some(after) = rest.strip_prefix("..") {
                let (name, after) = name(after).ok_or(SelectorError::NoName(place + 2))?;
                (Part::Deep(name.to_owned()), after)
            } else if let Some(after) = rest.strip_prefix(".*").or(rest.strip_prefix("[*]")) {
                (Part::Every, after)
            } else if let Some(after) = rest.strip_prefix('.') {
                let (name, after) = name(after).ok_or(SelectorError::NoName(place + 1))?;
                (Part::Name(name.to_owned()), after)
            } else if let Some(after) = rest.strip_prefix('[') {
                bracket(after).ok_or(SelectorError::NoIndex(place))?
            } else {
                return Err(SelectorError::NoPart(place));
            };
            parts.push(part);
            rest = after;
        }
        Ok(Self(parts))
    }

    /// What the path leads to; `None` if it leads nowhere.
    ///
    /// After a deep scan or a wildcard the answer is always a list, of everything that is found, in
    /// order.
    pub fn select(&self, value: &Value) -> Option<Value> {
        let mut found = vec![value];
        let mut many = false;
        for part in &self.0 {
            found = match part {
                Part::Name(name) => found.into_iter().filter_map(|value| value.get(name)).collect(),
                Part::Index(index) => {
                    found.into_iter().filter_map(|value| value.get(index)).collect()
                }
                Part::Every => {
                    many = true;
                    found.into_iter().flat_map(every).collect()
                }
                Part::Deep(name) => {
                    many = true;
                    let mut deep = Vec::new();
                    found.into_iter().for_each(|value| scan(value, name, &mut deep));
                    deep
                }
            };
        }
        if many {
            return Some(found.into_iter().cloned().collect());
        }
        found.first().map(|value| (*value).clone())
    }
}

fn every(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(map) => map.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// Adds every value of a name: of each map its own before those within.
fn scan<'v>(value: &'v Value, name: &str, into: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get(name));
            map.values().for_each(|value| scan(value, name, into));
        }
        Value::Array(items) => items.iter().for_each(|item| scan(item, name, into)),
        _ => {}
    }
}

/// A name, in quotes perhaps, and what follows it.
fn name(text: &str) -> Option<(&str, &str)> {
    for quote in ['\'', '"'] {
        if let Some(text) = text.strip_prefix(quote) {
            return text.split_once(quote);
        }
    }
    let ends = |c: char| c.is_whitespace() || ".[]()*?@,'\"$".contains(c);
    let (name, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
    (!name.is_empty()).then_some((name, rest))
}

/// What stands in brackets, and what follows them.
fn bracket(text: &str) -> Option<(Part, &str)> {
    if text.starts_with(['\'', '"']) {
        let (name, rest) = name(text)?;
        return Some((Part::Name(name.to_owned()), rest.strip_prefix(']')?));
    }
    let (number, rest) = text.split_once(']')?;
    let is_number = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().map(|index| (Part::Index(index), rest))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|part| match part {
            Part::Name(name) => write!(f, ".{}", quoted(name)),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Every => f.write_str("[*]"),
            Part::Deep(name) => write!(f, "..{}", quoted(name)),
        })
    }
}

/// A name as it can be read again.
fn quoted(text: &str) -> String {
    match name(text) {
        Some((name, "")) if name == text => text.to_owned(),
        _ if text.contains('\'') => format!("\"{text}\""),
        _ => format!("'{text}'"),
    }
}
