//! Walking the tree of a document: cursors that know their path, and the defects found so far.

use serde_json::{Map, Value};
use yaml_tree::{Node, Position};

use crate::defect::{Defect, DefectKind, Defects};
use crate::reference::{Reference, mentions};

/// A node and the path that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'n> {
    pub(crate) node: &'n Node,
    pub(crate) path: String,
}

/// Where a reference stands that is to be checked once everything is declared.
#[derive(Debug)]
pub(crate) struct Mentioned {
    /// The value it refers to, or a name that nothing has.
    pub(crate) to: Result<Reference, String>,
    pub(crate) at: Position,
    pub(crate) path: String,
    /// Whether Parameter Store may be asked here.
    pub(crate) stored: bool,
}

/// `{{ X }}` without quotes is a mapping whose key is a mapping.
const QUOTES: &str = "Found a mapping or list as a key: {{ … }} has to be in quotes";

/// The findings so far.
#[derive(Debug, Default)]
pub(crate) struct Reader<'t> {
    lines: Vec<&'t str>,
    defects: Vec<Defect>,
    pub(crate) mentioned: Vec<Mentioned>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { lines: text.lines().collect(), ..Self::default() }
    }

    /// Names a defect at a place.
    pub(crate) fn defect(&mut self, at: Position, path: &str, message: impl Into<String>) {
        self.push(at, path, message.into(), DefectKind::Content);
    }

    pub(crate) fn push(&mut self, at: Position, path: &str, message: String, kind: DefectKind) {
        self.defects.push(Defect { at: Some(at), path: path.to_owned(), message, kind });
    }

    /// Names a defect at a cursor.
    pub(crate) fn wrong(&mut self, cursor: &Cursor<'_>, message: impl Into<String>) {
        self.defect(cursor.node.at, &cursor.path, message);
    }

    /// A value of the wrong kind.
    pub(crate) fn mismatch(&mut self, cursor: &Cursor<'_>, expected: &str) {
        if let yaml_tree::Value::Map(entries) = &cursor.node.value
            && entries.iter().any(|(key, _)| written(key).is_none())
        {
            return self.wrong(cursor, QUOTES);
        }
        let found = describe(&cursor.node.value);
        self.wrong(cursor, format!("Found {found}, expected {expected}"));
    }

    /// The runbook, if nothing is wrong with it.
    pub(crate) fn finish<T>(mut self, runbook: Option<T>) -> Result<T, Defects> {
        self.defects.sort_by_key(|defect| defect.at);
        self.defects.dedup();
        match runbook {
            Some(runbook) if self.defects.is_empty() => Ok(runbook),
            _ => Err(Defects(self.defects)),
        }
    }

    /// The fields of a mapping. Null counts as absent; a name that is not `known` is a defect.
    pub(crate) fn fields<'n>(&mut self, cursor: &Cursor<'n>, known: Option<&[&str]>) -> Fields<'n> {
        let mut fields = Fields { list: Vec::new() };
        let yaml_tree::Value::Map(entries) = &cursor.node.value else {
            self.mismatch(cursor, "a mapping");
            return fields;
        };
        for (key, value) in entries {
            let Some(name) = self.key(key, &cursor.path) else {
                continue;
            };
            let field = Cursor { node: value, path: join(&cursor.path, &name) };
            if let Some(known) = known
                && !known.contains(&name.as_str())
            {
                let known = known.join(", ");
                let message = format!("Unknown property \"{name}\". Expected one of {known}");
                self.defect(key.at, &field.path, message);
                continue;
            }
            fields.list.push((name, key.at, field));
        }
        fields
    }

    /// A key of a mapping: numbers and Booleans as written.
    fn key(&mut self, key: &Node, path: &str) -> Option<String> {
        let name = written(key);
        if name.is_none() {
            self.defect(key.at, path, QUOTES);
        }
        name
    }

    /// The items of a list.
    pub(crate) fn items<'n>(&mut self, cursor: &Cursor<'n>, of: &str) -> Vec<Cursor<'n>> {
        let yaml_tree::Value::List(items) = &cursor.node.value else {
            self.mismatch(cursor, &format!("a list of {of}"));
            return Vec::new();
        };
        let items = items.iter().enumerate();
        items.map(|(nth, node)| Cursor { node, path: format!("{}[{nth}]", cursor.path) }).collect()
    }

    /// A text; numbers and Booleans as written.
    pub(crate) fn text(&mut self, cursor: &Cursor<'_>, expected: &str) -> Option<String> {
        let text = written(cursor.node);
        if text.is_none() {
            self.mismatch(cursor, expected);
        }
        text
    }

    /// A number that is not negative, or a text that spells one.
    pub(crate) fn count(&mut self, cursor: &Cursor<'_>, expected: &str) -> Option<u64> {
        let number = written(cursor.node).and_then(|text| text.trim().parse().ok());
        if number.is_none() {
            self.mismatch(cursor, expected);
        }
        number
    }

    /// A whole number, or a text that spells one.
    pub(crate) fn integer(&mut self, cursor: &Cursor<'_>, expected: &str) -> Option<i64> {
        let number = written(cursor.node).and_then(|text| text.trim().parse().ok());
        if number.is_none() {
            self.mismatch(cursor, expected);
        }
        number
    }

    /// Notes a reference for checking.
    pub(crate) fn refer(&mut self, cursor: &Cursor<'_>, to: Reference) {
        let (at, path) = (cursor.node.at, cursor.path.clone());
        self.mentioned.push(Mentioned { to: Ok(to), at, path, stored: false });
    }

    /// The value of a node as JSON.
    pub(crate) fn json(&mut self, cursor: &Cursor<'_>) -> Value {
        match &cursor.node.value {
            yaml_tree::Value::Null => Value::Null,
            yaml_tree::Value::Bool(value, _) => Value::Bool(*value),
            yaml_tree::Value::Number(value, _) => Value::Number(value.clone()),
            yaml_tree::Value::Text { text, .. } => Value::String(text.clone()),
            yaml_tree::Value::List(_) => {
                self.items(cursor, "").iter().map(|item| self.json(item)).collect()
            }
            yaml_tree::Value::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    if let Some(name) = self.key(key, &cursor.path) {
                        let field = Cursor { node: value, path: join(&cursor.path, &name) };
                        let value = self.json(&field);
                        map.insert(name, value);
                    }
                }
                Value::Object(map)
            }
        }
    }

    /// The value of a node as JSON, its references noted for checking.
    pub(crate) fn template(&mut self, cursor: &Cursor<'_>, stored: bool) -> Value {
        self.note(cursor, stored);
        self.json(cursor)
    }

    /// Notes the references within a node.
    pub(crate) fn note(&mut self, cursor: &Cursor<'_>, stored: bool) {
        match &cursor.node.value {
            yaml_tree::Value::Text { text, .. } => {
                for mention in mentions(text) {
                    let at = yaml_tree::place(&self.lines, cursor.node.at, text, &mention.range);
                    let path = cursor.path.clone();
                    self.mentioned.push(Mentioned { to: mention.to, at, path, stored });
                }
            }
            yaml_tree::Value::List(items) => items.iter().enumerate().for_each(|(nth, node)| {
                self.note(&Cursor { node, path: format!("{}[{nth}]", cursor.path) }, stored);
            }),
            yaml_tree::Value::Map(entries) => entries.iter().for_each(|(key, node)| {
                let name = written(key).unwrap_or_default();
                self.note(&Cursor { node, path: join(&cursor.path, &name) }, stored);
            }),
            yaml_tree::Value::Null | yaml_tree::Value::Bool(..) | yaml_tree::Value::Number(..) => {}
        }
    }
}

/// The fields of a mapping, in order.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    /// Name, place of the name, value.
    pub(crate) list: Vec<(String, Position, Cursor<'n>)>,
}

impl<'n> Fields<'n> {
    /// A field that is there and not null.
    pub(crate) fn get(&self, name: &str) -> Option<&Cursor<'n>> {
        let (_, _, cursor) = self.list.iter().find(|(known, ..)| known == name)?;
        (!matches!(cursor.node.value, yaml_tree::Value::Null)).then_some(cursor)
    }
}

/// A scalar as it is written.
pub(crate) fn written(node: &Node) -> Option<String> {
    match &node.value {
        yaml_tree::Value::Text { text, .. }
        | yaml_tree::Value::Number(_, text)
        | yaml_tree::Value::Bool(_, text) => Some(text.clone()),
        yaml_tree::Value::Null | yaml_tree::Value::List(_) | yaml_tree::Value::Map(_) => None,
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn describe(value: &yaml_tree::Value) -> String {
    match value {
        yaml_tree::Value::Null => "nothing".to_owned(),
        yaml_tree::Value::Bool(_, text) | yaml_tree::Value::Number(_, text) => text.clone(),
        yaml_tree::Value::Text { text, .. } => {
            let short: String = text.chars().take(60).collect();
            format!("\"{short}\"")
        }
        yaml_tree::Value::List(_) => "a list".to_owned(),
        yaml_tree::Value::Map(_) => "a mapping".to_owned(),
    }
}
