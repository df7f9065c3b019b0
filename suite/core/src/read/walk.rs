//! Compares a tree with a form: every value that does not fit leaves a problem, every value that fits
//! becomes JSON for serde.

use serde_json::{Map, Value as Json};
use yaml_tree::{Node, Value};

use crate::place::{field, item};
use crate::problem::ProblemCode;
use crate::read::Reading;
use crate::read::form::{Fields, Kind, Shape};
use crate::read::problems::Problems;
use crate::read::text;
use crate::read::words::{as_clause, found, quoted, range};
use crate::text::nearest;

pub(super) struct Walk<'a, 'p> {
    pub(super) problems: &'a mut Problems<'p>,
    pub(super) reading: Reading,
}

impl Walk<'_, '_> {
    /// The value as far as it could be read; null in the place of a field or item that does not fit.
    pub(super) fn value(&mut self, node: &Node, path: &str, shape: Shape<'_>) -> Option<Json> {
        match shape.kind() {
            Kind::Fields(fields) => self.fields(node, path, &fields),
            Kind::Map(values) => self.map(node, path, shape, values),
            Kind::List(items) => self.list(node, path, shape, items),
            Kind::OneOrMore(items) if node.value.as_written().is_some() => {
                Some(Json::Array(vec![self.value(node, path, items)?]))
            }
            Kind::OneOrMore(items) => self.list(node, path, shape, items),
            Kind::Words(words) => self.word(node, path, shape, &words),
            Kind::Text => {
                let warns = self.reading == Reading::Rule;
                text::read(self.problems, node, path, shape, warns).map(Json::from)
            }
            Kind::Number => self.number(node, path, shape),
            Kind::Flag => self.flag(node, path, shape),
            Kind::Any => Some(node.clone().into()),
        }
    }

    fn fields(&mut self, node: &Node, path: &str, fields: &Fields<'_>) -> Option<Json> {
        let Value::Map(entries) = &node.value else {
            let expected = format!("a mapping with {}", quoted(&fields.names()));
            self.problems.mismatch(node, path, &expected, None);
            return None;
        };
        let mut read = Map::new();
        for (key, value) in entries {
            let name = key.value.as_written().unwrap_or_default();
            match fields.known.iter().find(|(known, _)| *known == name) {
                // Null counts as absent.
                Some(_) if matches!(value.value, Value::Null) => {}
                Some((name, shape)) => {
                    let value = self.value(value, &field(path, name), *shape);
                    read.insert((*name).to_owned(), value.unwrap_or_default());
                }
                None if fields.closed && self.reading != Reading::Payload => {
                    self.unknown(key, path, fields);
                }
                None => {}
            }
        }
        let given = node.fields();
        for name in &fields.required {
            if !given.iter().any(|(given, _)| given == name) {
                let what = format!("missing field `{name}`");
                let known = fields.known.iter().find(|(known, _)| known == name);
                let purpose = known.and_then(|(_, shape)| shape.text("description"));
                let hint = purpose.map(|purpose| format!("Add it: {}.", as_clause(purpose)));
                self.problems.report(ProblemCode::MissingField, &field(path, name), what, hint);
            }
        }
        for (code, what, hint) in
            fields.choices.iter().filter_map(|choice| choice.objection(&given))
        {
            self.problems.report(code, path, what, hint);
        }
        Some(Json::Object(read))
    }

    fn unknown(&mut self, key: &Node, path: &str, fields: &Fields<'_>) {
        let names = fields.names();
        let Some(name) = key.value.as_written() else {
            let what = format!("expected one of {}, found {}", quoted(&names), found(&key.value));
            self.problems.report_key(ProblemCode::InvalidField, key.at, path, what, None);
            return;
        };
        let what = format!("unknown field `{name}`, expected one of {}", quoted(&names));
        let hint = nearest(name, names).map(|near| format!("Did you mean `{near}`?"));
        let path = field(path, name);
        self.problems.report_key(ProblemCode::UnknownField, key.at, &path, what, hint);
    }

    fn map(&mut self, node: &Node, path: &str, shape: Shape<'_>, of: Shape<'_>) -> Option<Json> {
        let Value::Map(entries) = &node.value else {
            let expected = shape.text("x-expected").unwrap_or("a mapping");
            self.problems.mismatch(node, path, expected, None);
            return None;
        };
        let mut read = Map::new();
        for (key, value) in entries {
            let Some(name) = key.value.as_written() else {
                let what = format!("expected a text as key, found {}", found(&key.value));
                self.problems.report_key(ProblemCode::InvalidField, key.at, path, what, None);
                continue;
            };
            // Null says something by itself where the key stands for it.
            let value = match value.value {
                Value::Null if of.takes_null() => None,
                _ => self.value(value, &field(path, name), of),
            };
            read.insert(name.to_owned(), value.unwrap_or_default());
        }
        self.size(path, entries.len(), shape, "Properties");
        Some(Json::Object(read))
    }

    fn list(&mut self, node: &Node, path: &str, shape: Shape<'_>, of: Shape<'_>) -> Option<Json> {
        let Value::List(items) = &node.value else {
            let hint = node.value.as_written();
            let hint = hint.map(|text| format!("Put it in brackets: [\"{text}\"]."));
            self.problems.mismatch(node, path, "a list", hint);
            return None;
        };
        self.size(path, items.len(), shape, "Items");
        let items = items
            .iter()
            .enumerate()
            .map(|(index, node)| self.value(node, &item(path, index), of).unwrap_or_default());
        Some(items.collect())
    }

    fn size(&mut self, path: &str, size: usize, shape: Shape<'_>, of: &str) {
        let bound = |end: &str| shape.number(&format!("{end}{of}"));
        let (least, most) = (bound("min"), bound("max"));
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if least.is_none_or(|least| size >= least) && most.is_none_or(|most| size <= most) {
            return;
        }
        let (code, found) = match size {
            0 => (ProblemCode::EmptySelection, "none".to_owned()),
            size => (ProblemCode::InvalidField, size.to_string()),
        };
        let what = format!("expected {} entries, found {found}", range(least, most));
        let hint = shape.text("x-hint").map(str::to_owned);
        self.problems.report(code, path, what, hint);
    }

    fn word(&mut self, node: &Node, path: &str, shape: Shape<'_>, words: &[&str]) -> Option<Json> {
        let text = node.value.as_written();
        if let Some(word) = text.filter(|text| words.contains(text)) {
            return Some(word.into());
        }
        let near = text.and_then(|text| nearest(text, words.iter().copied()));
        let hint = match near {
            Some(near) => Some(format!("Did you mean `{near}`?")),
            None => shape.text("x-hint").map(str::to_owned),
        };
        let expected = shape.text("x-expected").map(str::to_owned);
        let expected = expected.unwrap_or_else(|| format!("one of {}", quoted(words)));
        self.problems.mismatch(node, path, &expected, hint);
        None
    }

    fn number(&mut self, node: &Node, path: &str, shape: Shape<'_>) -> Option<Json> {
        let (least, most) = (shape.number("minimum"), shape.number("maximum"));
        let number = match &node.value {
            Value::Number(number, _) => number.as_u64(),
            _ => None,
        };
        let fits = |number: &u64| {
            least.is_none_or(|least| *number >= least) && most.is_none_or(|most| *number <= most)
        };
        if let Some(number) = number.filter(fits) {
            return Some(number.into());
        }
        let from = match (least, most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            _ => range(least, most),
        };
        self.problems.mismatch(node, path, &format!("a whole number {from}"), None);
        None
    }

    fn flag(&mut self, node: &Node, path: &str, shape: Shape<'_>) -> Option<Json> {
        let wanted = shape.get("const").and_then(Json::as_bool);
        match node.value {
            Value::Bool(flag, _) if wanted.is_none_or(|wanted| flag == wanted) => Some(flag.into()),
            _ => {
                let expected = wanted.map_or("true or false".to_owned(), |flag| flag.to_string());
                self.problems.mismatch(node, path, &expected, None);
                None
            }
        }
    }
}
