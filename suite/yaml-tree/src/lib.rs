//! YAML, and JSON by the same path, as a tree in which every node knows its line and column.
//!
//! Serde's derived types lose positions inside enums and stop at the first error. A reader of this
//! tree can name everything that is wrong with a text at once.

#![warn(missing_docs)]

use std::fmt;
use std::ops::Range;

use serde::de;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::Spanned;

/// Line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One value and where it begins.
#[derive(Debug, Clone)]
pub struct Node {
    /// The line and column where it begins.
    pub at: Position,
    /// The value, with the nodes in it.
    pub value: Value,
}

/// A value of YAML.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Its value, and as written.
    Bool(bool, String),
    /// Its value, and as written with the zeros and signs that a number loses.
    Number(Number, String),
    /// A text, in quotes or not.
    Text {
        /// The scalar without its quotes.
        text: String,
        /// Whether it stands in quotes, or begins with a sign no plain number or word begins with.
        quoted: bool,
    },
    /// A sequence of nodes.
    List(Vec<Node>),
    /// A mapping, in the order of the text; keys are unique.
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// A scalar as it is written, without its quotes.
    #[must_use]
    pub fn as_written(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } | Self::Number(_, text) | Self::Bool(_, text) => Some(text),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl Node {
    /// The fields of a mapping with their values. Null counts as absent.
    #[must_use]
    pub fn fields(&self) -> Vec<(&str, &Self)> {
        let Value::Map(entries) = &self.value else { return Vec::new() };
        let given = entries.iter().filter(|(_, value)| !matches!(value.value, Value::Null));
        given.filter_map(|(key, value)| Some((key.value.as_written()?, value))).collect()
    }
}

/// JSON that never was a text: no node has a position, line and column are 0. Texts are quoted.
impl From<serde_json::Value> for Node {
    fn from(json: serde_json::Value) -> Self {
        let text = |text| Value::Text { text, quoted: true };
        let node = |value| Self { at: Position { line: 0, column: 0 }, value };
        node(match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag, flag.to_string()),
            serde_json::Value::Number(number) => {
                let written = number.to_string();
                Value::Number(number, written)
            }
            serde_json::Value::String(json) => text(json),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(entries) => {
                let entry = |(key, value)| (node(text(key)), Self::from(value));
                Value::Map(entries.into_iter().map(entry).collect())
            }
        })
    }
}

impl From<Node> for serde_json::Value {
    fn from(node: Node) -> Self {
        match node.value {
            Value::Null => Self::Null,
            Value::Bool(flag, _) => Self::Bool(flag),
            Value::Number(number, _) => Self::Number(number),
            Value::Text { text, .. } => Self::String(text),
            Value::List(items) => items.into_iter().map(Self::from).collect(),
            Value::Map(entries) => {
                let entry = |(key, value): (Node, Node)| {
                    Some((key.value.as_written()?.to_owned(), Self::from(value)))
                };
                Self::Object(entries.into_iter().filter_map(entry).collect())
            }
        }
    }
}

/// Why a text is not YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it was found.
    pub at: Option<Position>,
    /// The fault, as a phrase.
    pub message: String,
}

/// Reads one document.
///
/// # Errors
/// When the text is neither YAML nor JSON, or holds more than one document.
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
    };
    let raw: Raw = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location().map(|at| Position { line: at.line(), column: at.column() });
        let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
        let message = match at {
            Some(Position { line, column }) => {
                message.replace(&format!(" at line {line}, column {column}"), "")
            }
            None => message,
        };
        let at = if message.contains("found a tab") { tab(text, at).or(at) } else { at };
        SyntaxError { at, message }
    })?;
    let lines: Vec<Line<'_>> = text.lines().map(Line::new).collect();
    Ok(raw.into_node(&lines))
}

/// Where a part of a scalar stands, if the scalar is written as it is read: in one line, or line by
/// line in a block. Elsewhere the scalar's beginning. `lines` are those of the whole text.
#[must_use]
pub fn place(lines: &[&str], at: Position, scalar: &str, part: &Range<usize>) -> Position {
    let before = scalar.get(..part.start).unwrap_or_default();
    let down = before.matches('\n').count() as u64;
    let skip = if down == 0 { at.column.saturating_sub(1) } else { 0 };
    let found = || {
        let line = lines.get(usize::try_from(at.line + down).ok()?.checked_sub(1)?)?;
        let (from, _) = line.char_indices().nth(usize::try_from(skip).ok()?)?;
        let column = line.get(from..)?.find(scalar.get(part.clone())?)?;
        Some(line.get(..from + column)?.chars().count() as u64 + 1)
    };
    found().map_or(at, |column| Position { line: at.line + down, column })
}

/// The first tab that indents a line, from a place on: the scanner names the scalar before it.
fn tab(text: &str, from: Option<Position>) -> Option<Position> {
    let from = from.map_or(1, |at| at.line);
    text.lines().zip(1..).skip_while(|(_, line)| *line < from).find_map(|(text, line)| {
        let mut indent = text.chars().take_while(|c| matches!(c, ' ' | '\t')).zip(1..);
        let (_, column) = indent.find(|(c, _)| *c == '\t')?;
        Some(Position { line, column })
    })
}

struct Raw(Spanned<RawValue>);

enum RawValue {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl Raw {
    fn into_node(self, lines: &[Line<'_>]) -> Node {
        let location = self.0.referenced;
        let at = Position { line: location.line(), column: location.column() };
        let value = match self.0.value {
            RawValue::Null => Value::Null,
            RawValue::Bool(value) => Value::Bool(value, value.to_string()),
            RawValue::Number(value) => {
                let written = written(lines, at).unwrap_or_else(|| value.to_string());
                Value::Number(value, written)
            }
            RawValue::Text(text) => {
                // An alias or a tag stands before the quote: both mean a text.
                let quoted = !matches!(first(lines, at), Some(c) if c.is_alphanumeric());
                Value::Text { text, quoted }
            }
            RawValue::List(items) => {
                Value::List(items.into_iter().map(|item| item.into_node(lines)).collect())
            }
            RawValue::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into_node(lines), value.into_node(lines)))
                    .collect(),
            ),
        };
        Node { at, value }
    }
}

/// A line in which any column is found at once: a document of JSON may be one long line.
struct Line<'a> {
    text: &'a str,
    /// The byte of every [`STRIDE`]th character; none if every character is one byte.
    marks: Vec<usize>,
}

/// How many characters are counted for a column, at most.
const STRIDE: usize = 128;

impl<'a> Line<'a> {
    fn new(text: &'a str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect()
        };
        Self { text, marks }
    }

    /// The text after this many characters.
    fn after(&self, characters: usize) -> Option<&'a str> {
        if self.marks.is_empty() {
            return self.text.get(characters..);
        }
        let from = self.text.get(*self.marks.get(characters / STRIDE)?..)?;
        let mut left = from.char_indices().map(|(byte, _)| byte).chain([from.len()]);
        from.get(left.nth(characters % STRIDE)?..)
    }
}

fn rest<'a>(lines: &[Line<'a>], at: Position) -> Option<impl Iterator<Item = char> + 'a> {
    let line = lines.get(usize::try_from(at.line).ok()?.checked_sub(1)?)?;
    Some(line.after(usize::try_from(at.column).ok()?.checked_sub(1)?)?.chars())
}

fn first(lines: &[Line<'_>], at: Position) -> Option<char> {
    rest(lines, at)?.next()
}

/// A number as it stands in the source.
fn written(lines: &[Line<'_>], at: Position) -> Option<String> {
    let token: String = rest(lines, at)?
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'))
        .collect();
    token.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')).then_some(token)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<RawValue, E> {
        // No JSON number holds more than 64 bits exactly; as text it keeps its digits.
        Ok(Number::from_i128(value)
            .map_or_else(|| RawValue::Text(value.to_string()), RawValue::Number))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<RawValue, E> {
        // No JSON number holds more than 64 bits exactly; as text it keeps its digits.
        Ok(Number::from_u128(value)
            .map_or_else(|| RawValue::Text(value.to_string()), RawValue::Number))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<RawValue, E> {
        Ok(Number::from_f64(value)
            .map_or_else(|| RawValue::Text(value.to_string()), RawValue::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawValue::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[test]
    fn a_column_of_a_line_is_found_whatever_its_characters() {
        let texts = ["", "abc", "äöü", &"a".repeat(300), &"aé😀".repeat(200)];
        for text in texts {
            let line = Line::new(text);
            for column in 0..text.chars().count() + 3 {
                let counted: String = text.chars().skip(column).collect();
                let expected = (column <= text.chars().count()).then_some(counted.as_str());
                assert_eq!(line.after(column).unwrap_or_default(), expected.unwrap_or_default());
            }
        }
    }

    #[test]
    fn numbers_of_one_long_line_keep_their_digits() {
        for sign in ["a", "ü"] {
            let items: Vec<String> =
                (0..2_000).map(|nth| format!("\"{sign}\", 1.{nth:04}0")).collect();
            let node = parse(&format!("[{}]", items.join(", "))).unwrap();
            let Value::List(items) = node.value else { panic!("not a list") };
            assert_eq!(items[3].value.as_written(), Some("1.00010"));
            assert_eq!(items[3_999].value.as_written(), Some("1.19990"));
        }
    }

    fn show(node: &Node, into: &mut String) {
        let at = node.at;
        match &node.value {
            Value::Null => into.push_str(&format!("{at} nothing\n")),
            Value::Bool(value, written) => into.push_str(&format!("{at} {value} from {written}\n")),
            Value::Number(value, written) => {
                into.push_str(&format!("{at} {value} from {written}\n"));
            }
            Value::Text { text, quoted } => {
                into.push_str(&format!("{at} {text:?}{}\n", if *quoted { " quoted" } else { "" }));
            }
            Value::List(items) => items.iter().for_each(|item| show(item, into)),
            Value::Map(entries) => entries.iter().for_each(|(key, value)| {
                show(key, into);
                show(value, into);
            }),
        }
    }

    fn check(text: &str, expected: &Expect) {
        let mut shown = String::new();
        match parse(text) {
            Ok(node) => show(&node, &mut shown),
            Err(SyntaxError { at, message }) => {
                let at = at.map(|at| at.to_string()).unwrap_or_default();
                shown = format!("{at} {message}\n");
            }
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn every_node_knows_where_it_begins_and_every_number_how_it_was_written() {
        check(
            "a: [1, +5, 1.10, 0x1F]\nb:\n  - \"x\"\n  - 012\n  - yes\n  - ~\nc: |\n  text\n",
            &expect![[r#"
                1:1 "a"
                1:5 1 from 1
                1:8 5 from +5
                1:12 1.1 from 1.10
                1:18 31 from 0x1F
                2:1 "b"
                3:5 "x" quoted
                4:5 "012"
                5:5 "yes"
                6:5 nothing
                7:1 "c"
                8:3 "text\n"
            "#]],
        );
    }

    #[test]
    fn json_with_tabs_and_surrogate_pairs_is_read_by_the_same_path() {
        check(
            "{\n\t\"a\":\n\t\t[true, \"\\ud83d\\ude00 \\/\"]\n}",
            &expect![[r#"
                2:2 "a" quoted
                3:4 true from true
                3:10 "😀 /" quoted
            "#]],
        );
    }

    #[test]
    fn what_an_alias_repeats_stands_where_the_alias_is() {
        check(
            "a: &x 1\nb: *x\n",
            &expect![[r#"
                1:1 "a"
                1:7 1 from 1
                2:1 "b"
                2:4 1 from 1
            "#]],
        );
    }

    #[test]
    fn what_is_no_single_document_is_named_with_its_place() {
        check(
            "a: 1\na: 2\n",
            &expect![[r#"
            2:1 duplicate mapping key `a` is not allowed here
        "#]],
        );
        check(
            "a:\n  b: x\n\n \tc: 2\n",
            &expect![[r#"
                4:2 while scanning a plain scalar, found a tab
            "#]],
        );
        check(
            "a: \"x\\q\"\n",
            &expect![[r#"
            1:4 while parsing a quoted scalar, found unknown escape character
        "#]],
        );
        check(
            "{\"a\": 1}\n{\"b\": 2}\n",
            &expect![[r#"
            2:1 did not find expected <document start>
        "#]],
        );
        check(
            "a: *x\n",
            &expect![[r#"
            1:4 reference to unknown value
        "#]],
        );
    }
}
