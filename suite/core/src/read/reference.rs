//! The fields of a form as rows of a reference page. The rows come from the schema that the reader goes
//! by, so the page says what the reader takes.

use serde_json::Value;

use crate::read::choice::Choice;
use crate::read::form::{Fields, Form, Kind, Shape};
use crate::read::text::{expected, period_expected};
use crate::read::words::{as_clause, quoted, range};

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldReference {
    /// From the root, with `[]` for any item of a list: `ladder[].approval.within`.
    pub path: String,
    /// Type, allowed values and bounds.
    pub value: String,
    /// Whether a text without the field is refused.
    pub required: bool,
    /// The value of a field that is left out, if a text can say it. A mapping has none: its fields have theirs.
    pub default: Option<String>,
    /// The field's description, and which of its own fields go together.
    pub meaning: String,
    /// The allowed words that have a description, each with it.
    pub words: Vec<(String, String)>,
}

impl Form {
    /// All fields, each before the fields below it.
    #[must_use]
    pub fn reference(&self) -> Vec<FieldReference> {
        let mut rows = Vec::new();
        below(self.root(), "", &mut rows);
        rows
    }

    /// The description of the whole.
    #[must_use]
    pub fn description(&self) -> &str {
        self.root().text("description").unwrap_or_default()
    }

    /// Which fields of the root go together, as sentences.
    #[must_use]
    pub fn choices(&self) -> String {
        sentences(self.root())
    }
}

fn below(shape: Shape<'_>, path: &str, rows: &mut Vec<FieldReference>) {
    match shape.kind() {
        Kind::Fields(fields) => {
            for (name, shape) in &fields.known {
                let path =
                    if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
                rows.push(row(*shape, &path, fields.required.contains(name)));
                below(*shape, &path, rows);
            }
        }
        Kind::List(items) => below(items, &format!("{path}[]"), rows),
        _ => {}
    }
}

fn row(shape: Shape<'_>, path: &str, required: bool) -> FieldReference {
    let meaning = shape.text("description").unwrap_or_default().replace('\n', " ");
    let meaning = [meaning, sentences(shape)].join(" ").trim().to_owned();
    let default = match shape.get("default") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Some(value.to_string()),
        _ => None,
    };
    let words = shape.described_words();
    FieldReference { path: path.to_owned(), value: value(shape), required, default, meaning, words }
}

fn sentences(shape: Shape<'_>) -> String {
    match shape.kind() {
        Kind::Fields(Fields { choices, .. }) => {
            choices.iter().map(Choice::sentence).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// Type, allowed values and bounds.
fn value(shape: Shape<'_>) -> String {
    match shape.kind() {
        Kind::Fields(_) => "a mapping".to_owned(),
        Kind::Map(_) => {
            let expected = shape.text("x-expected").unwrap_or("a mapping");
            bounded(expected, shape, "Properties", "entries")
        }
        Kind::List(items) => {
            let list = bounded("a list", shape, "Items", "entries");
            match value(items).as_str() {
                "a mapping" => format!("{list}, each a mapping"),
                item => format!("{list}; each {item}"),
            }
        }
        Kind::OneOrMore(items) => format!("a list, each {0}; or {0}", value(items)),
        Kind::Words(words) => format!("one of {}", quoted(&words)),
        Kind::Text if shape.name == "Period" => period_expected(shape),
        Kind::Text => bounded(&text_expected(shape), shape, "Length", "characters"),
        Kind::Number => match (shape.number("minimum"), shape.number("maximum")) {
            (None, None) => "a whole number".to_owned(),
            (least, most) => format!("a whole number, {}", range(least, most)),
        },
        Kind::Flag => "true or false".to_owned(),
        Kind::Any => "any value".to_owned(),
    }
}

fn text_expected(shape: Shape<'_>) -> String {
    let described = shape.of_type("description").filter(|_| !shape.name.is_empty());
    match (shape.expected(), described) {
        (Some(expected), _) => expected.to_owned(),
        (None, Some(description)) => as_clause(description),
        (None, None) => expected(shape),
    }
}

/// A value with the bounds of its size. That a text is not empty goes without saying.
fn bounded(expected: &str, shape: Shape<'_>, of: &str, unit: &str) -> String {
    let bound = |end: &str| shape.number(&format!("{end}{of}"));
    match (bound("min"), bound("max")) {
        (None, None) => expected.to_owned(),
        (Some(1), None) if of == "Length" => expected.to_owned(),
        (Some(1), None) => format!("{expected} that is not empty"),
        (least, most) => format!("{expected}, {} {unit}", range(least, most)),
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use super::*;
    use crate::period::Period;

    /// A thing, as an example.
    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase")]
    #[schemars(extend("oneOf" = [{ "required": ["size"] }, { "required": ["parts"] }]))]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Thing {
        /// How large
        /// it is.
        #[serde(default = "seven")]
        #[schemars(range(min = 1, max = 9))]
        size: u32,
        /// The parts it has.
        #[schemars(length(min = 1, max = 3))]
        parts: Vec<Part>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Part {
        /// How long it lasts.
        #[schemars(extend("x-least" = "1s", "x-most" = "1d"))]
        lasts: Period,
        /// The colour it has.
        #[serde(default)]
        colour: Colour,
        /// The names it has.
        names: Option<Vec<String>>,
    }

    #[derive(Default, JsonSchema, serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Colour {
        /// The colour of blood.
        #[default]
        Red,
        /// The colour of grass.
        Green,
    }

    fn seven() -> u32 {
        7
    }

    #[test]
    fn every_field_has_its_type_bounds_default_and_meaning() {
        let form = Form::of::<Thing>();
        assert_eq!(form.choices(), "Exactly one of `size`, `parts` is given.");
        let rows = form.reference();
        let lines: Vec<String> = rows
            .iter()
            .map(|row| {
                let FieldReference { path, value, required, default, meaning, .. } = row;
                format!("{path} | {value} | {required} | {default:?} | {meaning}")
            })
            .collect();
        assert_eq!(
            lines,
            [
                "size | a whole number, 1 to 9 | false | Some(\"7\") | How large it is.",
                "parts | a list, 1 to 3 entries, each a mapping | true | None | The parts it has.",
                "parts[].lasts | a length of time from 1s to 1d, like 10m | true | None | How long it lasts.",
                "parts[].colour | one of `red`, `green` | false | Some(\"red\") | The colour it has.",
                "parts[].names | a list; each a text | false | None | The names it has.",
            ]
        );
        let words = [("red", "The colour of blood."), ("green", "The colour of grass.")];
        assert_eq!(rows[3].words, words.map(|(word, says)| (word.to_owned(), says.to_owned())));
    }
}
