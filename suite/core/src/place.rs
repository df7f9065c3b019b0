//! Where a problem is.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use yaml_tree::{Node, Position, Value};

/// A place in a text, or something else that has a name: `owner/region/document`, an execution.
///
/// Written as `origin:line:column (field)`; position and field may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's or the parameter's name, or the name of whatever else the problem is about.
    pub origin: String,
    /// Line and column in the text.
    pub at: Option<Position>,
    /// The path of the field: `ladder[0].runbook`.
    pub field: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(at) = self.at {
            write!(f, ":{at}")?;
        }
        match &self.field {
            Some(field) if self.origin.is_empty() => f.write_str(field),
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
    }
}

/// Parentheses without a position belong to the name: a document's name may have them.
impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (position, field) = match text.strip_suffix(')').and_then(|rest| rest.split_once(" ("))
        {
            Some((position, field)) => (position, Some(field)),
            None => (text, None),
        };
        let mut parts = position.rsplitn(3, ':');
        let (column, line, origin) = (parts.next(), parts.next(), parts.next());
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<u64>().ok());
        Ok(match (origin, number(line), number(column)) {
            (Some(origin), Some(line), Some(column)) => Self {
                origin: origin.to_owned(),
                at: Some(Position { line, column }),
                field: field.map(str::to_owned),
            },
            _ => Self { origin: text.to_owned(), at: None, field: None },
        })
    }
}

impl<T: AsRef<str>> From<T> for Place {
    fn from(text: T) -> Self {
        match text.as_ref().parse() {
            Ok(place) => place,
            Err(never) => match never {},
        }
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}

impl JsonSchema for Place {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// Where the fields of a text are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The file's or the parameter's name; empty for an input.
    pub origin: String,
    /// By path: `ladder[0].runbook`.
    positions: BTreeMap<String, Position>,
}

impl Places {
    /// Of a text without fields.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), positions: BTreeMap::new() }
    }

    /// Of everything in a tree.
    pub fn of(origin: impl Into<String>, root: &Node) -> Self {
        let mut positions = BTreeMap::new();
        let mut todo = vec![(String::new(), root)];
        while let Some((path, node)) = todo.pop() {
            match &node.value {
                Value::Map(entries) => {
                    for (key, value) in entries {
                        if let Some(name) = key.value.as_written() {
                            todo.push((field(&path, name), value));
                        }
                    }
                }
                Value::List(items) => {
                    let item = |(index, node)| (item(&path, index), node);
                    todo.extend(items.iter().enumerate().map(item));
                }
                Value::Null | Value::Bool(..) | Value::Number(..) | Value::Text { .. } => {}
            }
            positions.insert(path, node.at);
        }
        Self { origin: origin.into(), positions }
    }

    /// The place of a field, or of the nearest part of the text around it. The path is empty for the
    /// whole text.
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        let mut around = path;
        let at = loop {
            if let Some(at) = self.positions.get(around) {
                break Some(*at);
            }
            around = match around.rfind(['.', '[']) {
                Some(end) => &around[..end],
                None if around.is_empty() => break None,
                None => "",
            };
        };
        self.place_at(at, path)
    }

    /// The place of a field whose position is known.
    #[must_use]
    pub fn place_at(&self, at: Option<Position>, path: &str) -> Place {
        let field = (!path.is_empty()).then(|| path.to_owned());
        Place { origin: self.origin.clone(), at, field }
    }
}

/// The path of a field in a mapping.
pub fn field(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path of an item of a list.
pub fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for (text, origin, at, field) in [
            (
                "rules/a.yaml:3:1 (accounts.in[0])",
                "rules/a.yaml",
                Some((3, 1)),
                Some("accounts.in[0]"),
            ),
            ("rules/a.yaml:3:1 (tags.a (b))", "rules/a.yaml", Some((3, 1)), Some("tags.a (b)")),
            ("rules/a.yaml:3:1", "rules/a.yaml", Some((3, 1)), None),
            ("c:/rules/a.yaml:12:34", "c:/rules/a.yaml", Some((12, 34)), None),
            ("/runbook-relay/sharing/a", "/runbook-relay/sharing/a", None, None),
            ("111122223333/eu-west-1/a (b)", "111122223333/eu-west-1/a (b)", None, None),
            ("", "", None, None),
        ] {
            let place = Place::from(text);
            assert_eq!(place.to_string(), text);
            let at = at.map(|(line, column)| Position { line, column });
            let field = field.map(str::to_owned);
            assert_eq!(place, Place { origin: origin.to_owned(), at, field });
        }
    }

    #[test]
    fn what_has_no_place_of_its_own_is_where_the_part_around_it_is() {
        let places = Places::of("a.yaml", &yaml_tree::parse("a:\n  b: [x]\n").unwrap());
        for (path, place) in [
            ("a.b[0]", "a.yaml:2:7 (a.b[0])"),
            ("a.b[1].c", "a.yaml:2:6 (a.b[1].c)"),
            ("d", "a.yaml:1:1 (d)"),
            ("", "a.yaml:1:1"),
        ] {
            assert_eq!(places.place(path).to_string(), place);
        }
        assert_eq!(Places::default().place("a.b").to_string(), "a.b");
        assert_eq!(Places::new("a.yaml").place("a").to_string(), "a.yaml (a)");
    }
}
