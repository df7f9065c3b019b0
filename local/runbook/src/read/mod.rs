//! From text to runbook: every access that does not find what it expects leaves a defect, and
//! reading goes on.

mod condition;
mod document;
mod inputs;
mod literal;
mod outline;
mod parameter;
mod reader;
mod step;

pub(crate) use document::{KEYS as DOCUMENT_KEYS, Names};
pub(crate) use outline::{Link, LinkKind, Outline};
pub(crate) use parameter::KEYS as PARAMETER_KEYS;
pub(crate) use reader::Reader;
pub(crate) use step::KEYS as STEP_KEYS;

use yaml_tree::{Node, Position};

use crate::check;
use crate::defect::{Defect, DefectKind, Defects};
use crate::model::Runbook;

/// Reads a document, YAML or JSON, and holds it against every rule of the language.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn parse(text: &str) -> Result<Runbook, Defects> {
    parse_tree(text, &tree(text)?)
}

/// The nodes of a document, for [`parse_tree`] and for readers that look for places in it.
///
/// # Errors
/// When the text is neither YAML nor JSON.
pub fn tree(text: &str) -> Result<Node, Defects> {
    yaml_tree::parse(text).map_err(|error| {
        // JSON is tried first: the words are what AWS says of everything that is neither.
        let (at, message) = if text.trim_start().starts_with('{') {
            let (at, why) = json(text).unwrap_or((error.at, error.message));
            (at, format!("JSON not well-formed. {why}"))
        } else {
            (error.at, format!("YAML not well-formed. {}", error.message))
        };
        Defects(vec![Defect { at, path: String::new(), message, kind: DefectKind::Content }])
    })
}

/// As [`parse`], of a text whose nodes are there already.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn parse_tree(text: &str, root: &Node) -> Result<Runbook, Defects> {
    let mut reader = Reader::new(text);
    let (runbook, names) = document::read(&mut reader, root);
    check::names(&mut reader, &names);
    check::flow(&mut reader, &names.steps);
    reader.finish(runbook)
}

/// Why a text is not JSON, and where: a reader of JSON names the wrong sign, one of YAML the bracket
/// that it should have closed.
fn json(text: &str) -> Option<(Option<Position>, String)> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    let (line, bytes) = (error.line(), error.column());
    let before = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().as_bytes();
    let column = String::from_utf8_lossy(before.get(..bytes).unwrap_or(before)).chars().count();
    let at = Position { line: line as u64, column: column.max(1) as u64 };
    let message = error.to_string();
    let why = message.split(" at line ").next().unwrap_or_default().to_owned();
    Some((Some(at), why))
}
