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

pub(crate) use document::Names;
pub(crate) use outline::{Link, LinkKind, Outline};
pub(crate) use reader::Reader;

use crate::check;
use crate::defect::{Defect, DefectKind, Defects};
use crate::model::Runbook;

/// Reads a document, YAML or JSON, and holds it against every rule of the language.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn parse(text: &str) -> Result<Runbook, Defects> {
    let root = yaml_tree::parse(text).map_err(|error| {
        // JSON is tried first: the words are what AWS says of everything that is neither.
        let message = if text.trim_start().starts_with('{') {
            format!("JSON not well-formed. {}", error.message)
        } else {
            format!("YAML not well-formed. {}", error.message)
        };
        Defects(vec![Defect {
            at: error.at,
            path: String::new(),
            message,
            kind: DefectKind::Content,
        }])
    })?;
    let mut reader = Reader::new(text);
    let (runbook, names) = document::read(&mut reader, &root);
    check::names(&mut reader, &names);
    check::flow(&mut reader, &names.steps);
    reader.finish(runbook)
}
