//! JSONPath, as runbooks and rules of AWS write it: the one implementation behind the selectors of
//! outputs, `PropertySelector`, and the paths into events.
//!
//! RFC 9535 is evaluated by `serde_json_path`. What AWS's documents write beside it is translated:
//! names that are not words (`$.dash-ed.aws:tag`), names in quotes after a dot (`$.'step.Output'`),
//! paths that begin with a name (`Stack.Status`), and the operators (`=~`, `in`, `nin`, `contains`,
//! `size`, `empty`) and functions (`.length()`, `.max()`, …) of the Java library of JSONPath:
//! <https://github.com/json-path/JsonPath>. AWS's documentation does not name its library.

mod filter;
mod function;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use function::Function;
use serde_json::{Map, Value};

/// A path into a JSON value.
#[derive(Clone)]
pub struct Path {
    /// As written, without blanks around it.
    text: String,
    query: serde_json_path::JsonPath,
    /// Whether it may lead to several values: a wildcard, a deep scan, a filter, a slice, a union.
    is_plural: bool,
    end: End,
}

/// The form of the values that the query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Values,
    /// A map of these members of each: `['a','b']` at the end of a path.
    Members(Vec<String>),
    /// The result of a function: `.length()` at the end of a path.
    Function(Function),
}

/// A text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It begins with neither the root nor a name.
    #[error("a selector begins with $ or a name")]
    NoRoot,
    /// A name is missing after a dot.
    #[error("a name is expected at character {0}")]
    NoName(usize),
    /// Brackets hold something else, or do not close.
    #[error("[number], ['name'], [*], [from:to] or [?(filter)] is expected at character {0}")]
    NoBracket(usize),
    /// A path does not go on like this.
    #[error(".name, ..name, [number] or [?(filter)] is expected at character {0}")]
    NoPart(usize),
    /// Nothing of that name ends a path with parentheses.
    #[error("the function {name}() at character {at} is unknown. Expected one of {}", Function::NAMES.join(", "))]
    NoFunction {
        /// The name before the parentheses.
        name: String,
        /// Where the name is written.
        at: usize,
    },
    /// A filter or a range cannot be read.
    #[error("the path cannot be read: {0}")]
    Unreadable(String),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// When the text is not a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.trim_end();
        let read::Outline { query, is_plural, end } = read::path(text)?;
        let query = serde_json_path::JsonPath::parse(&query)
            .map_err(|error| PathError::Unreadable(error.to_string()))?;
        Ok(Self { text: text.to_owned(), query, is_plural, end })
    }

    /// Whether it may lead to several values: then [`Self::select`] always finds a list.
    pub fn is_plural(&self) -> bool {
        self.is_plural && !matches!(self.end, End::Function(_))
    }

    /// The value that the path leads to; `None` if it leads nowhere.
    ///
    /// If it may lead to several values, the answer is a list of all that is found, in order.
    pub fn select(&self, value: &Value) -> Option<Value> {
        let found = self.query.query(value).all();
        match &self.end {
            End::Values if self.is_plural => Some(found.into_iter().cloned().collect()),
            End::Values => found.first().map(|value| (*value).clone()),
            End::Members(names) => {
                let mut maps = found.into_iter().filter_map(|value| members(value, names));
                if self.is_plural { Some(maps.collect()) } else { maps.next() }
            }
            End::Function(function) if self.is_plural => {
                function.of(&found.into_iter().cloned().collect())
            }
            End::Function(function) => function.of(found.first()?),
        }
    }
}

/// Those of a map's members that are named; `None` if it has none of them.
fn members(value: &Value, names: &[String]) -> Option<Value> {
    let map = value.as_object()?;
    let member = |name: &String| Some((name.clone(), map.get(name)?.clone()));
    let kept: Map<_, _> = names.iter().filter_map(member).collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.text).finish()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Path {}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
