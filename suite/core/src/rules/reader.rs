//! Walking the tree of a rule: every access that does not find what it expects leaves a problem
//! with the place, the field's path, what was found, and what to do.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use yaml_tree::{Node, Position, Value};

use crate::problem::{Problem, ProblemCode};
use crate::text::nearest;

/// Collects the problems of one text.
pub struct Reader<'a> {
    origin: &'a str,
    found: Vec<(Position, Problem)>,
}

impl<'a> Reader<'a> {
    pub fn new(origin: &'a str) -> Self {
        Self { origin, found: Vec::new() }
    }

    /// Names a problem at a place; the path is empty for the whole text.
    pub fn report(
        &mut self,
        code: ProblemCode,
        at: Position,
        path: &str,
        what: String,
        hint: Option<String>,
    ) {
        let Position { line, column } = at;
        let place = match path {
            "" => format!("{}:{line}:{column}", self.origin),
            _ => format!("{}:{line}:{column} ({path})", self.origin),
        };
        let problem = Problem::new(code, place, what);
        let problem = match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        };
        self.found.push((at, problem));
    }

    /// The problems, in the order of the text.
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|(at, _)| (at.line, at.column));
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }

    /// A value of the wrong kind.
    pub fn mismatch(&mut self, node: &Node, path: &str, expected: &str) {
        let what = format!("found {}, expected {expected}", describe(&node.value));
        self.report(ProblemCode::InvalidField, node.at, path, what, None);
    }

    /// The fields of a mapping; those that are unknown are named with the nearest known one.
    pub fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        known: &'static [&'static str],
    ) -> Fields<'n> {
        let mut fields = Fields { at: node.at, path: path.to_owned(), found: Vec::new() };
        let Value::Map(entries) = &node.value else {
            self.mismatch(node, path, &format!("a mapping with {}", list(known)));
            return fields;
        };
        for (key, value) in entries {
            let Some(name) = scalar(&key.value) else {
                self.mismatch(key, path, &format!("one of {}", list(known)));
                continue;
            };
            if let Some(known) = known.iter().find(|known| **known == name) {
                fields.found.push((known, value));
                continue;
            }
            let what = format!("unknown field `{name}`, expected one of {}", list(known));
            let hint =
                nearest(&name, known.iter().copied()).map(|near| format!("Did you mean `{near}`?"));
            self.report(ProblemCode::UnknownField, key.at, &join(path, &name), what, hint);
        }
        fields
    }

    /// The items of a list. A single value without brackets is named, not guessed at.
    pub fn items<'n>(&mut self, node: &'n Node, path: &str, of: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            value => {
                let what = format!("found {}, expected a list of {of}", describe(value));
                let hint = scalar(value).map(|text| format!("Put it in brackets: [\"{text}\"]."));
                self.report(ProblemCode::InvalidField, node.at, path, what, hint);
                &[]
            }
        }
    }

    /// A text; numbers and booleans are taken as they are written.
    pub fn text(&mut self, node: &Node, path: &str, expected: &str) -> Option<String> {
        match scalar(&node.value) {
            Some(text) if !text.is_empty() => Some(text),
            Some(_) => {
                let what = format!("found an empty text, expected {expected}");
                self.report(ProblemCode::InvalidField, node.at, path, what, None);
                None
            }
            None => {
                self.mismatch(node, path, expected);
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        if let Value::Bool(value, _) = node.value {
            return Some(value);
        }
        self.mismatch(node, path, "true or false");
        None
    }

    /// A whole number within bounds.
    pub fn number(&mut self, node: &Node, path: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let (least, most) = (bounds.start(), bounds.end());
        let expected = format!("a whole number from {least} to {most}");
        let number = match &node.value {
            Value::Number(number, _) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            _ => None,
        };
        match number {
            Some(number) if bounds.contains(&number) => Some(number),
            _ => {
                self.mismatch(node, path, &expected);
                None
            }
        }
    }
}

/// The known fields of a mapping.
pub struct Fields<'n> {
    at: Position,
    path: String,
    found: Vec<(&'static str, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// A field and its path. Null counts as absent.
    pub fn get(&self, name: &str) -> Option<(&'n Node, String)> {
        let (_, node) = self.found.iter().find(|(known, _)| *known == name)?;
        (!matches!(node.value, Value::Null)).then(|| (*node, join(&self.path, name)))
    }

    /// Where to name a problem about a field: at the field, or at the mapping it is missing from.
    pub fn place(&self, name: &str) -> (Position, String) {
        let at = self.found.iter().find(|(known, _)| *known == name).map(|(_, node)| node.at);
        (at.unwrap_or(self.at), join(&self.path, name))
    }
}

/// A scalar as it is written.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Text { text, .. } | Value::Number(_, text) | Value::Bool(_, text) => {
            Some(text.clone())
        }
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_, text) => text.clone(),
        Value::Number(_, text) => format!("the number {text}"),
        Value::Text { text, .. } => format!("\"{}\"", text.chars().take(60).collect::<String>()),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

pub fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// `a`, `b` and `c`, in backticks.
pub fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Where everything in a tree stands, by path.
pub fn positions(root: &Node) -> BTreeMap<String, (u64, u64)> {
    let mut positions = BTreeMap::new();
    let mut todo = vec![(String::new(), root)];
    while let Some((path, node)) = todo.pop() {
        match &node.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    if let Some(name) = scalar(&key.value) {
                        todo.push((join(&path, &name), value));
                    }
                }
            }
            Value::List(items) => {
                let item = |(index, item)| (format!("{path}[{index}]"), item);
                todo.extend(items.iter().enumerate().map(item));
            }
            Value::Null | Value::Bool(..) | Value::Number(..) | Value::Text { .. } => {}
        }
        positions.insert(path, (node.at.line, node.at.column));
    }
    positions
}
