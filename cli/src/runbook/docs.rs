//! `relay runbook docs`: a page about a runbook, in Markdown.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;
use workbench::policy::{self, Place};
use workbench::{Document, page};

use super::lint;
use crate::Exit;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook docs my-runbook.yaml > my-runbook.md

The page has what the runbook says of itself, its parameters, picture, steps, outputs, and the policy of its role.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON; its name is the document's
    file: PathBuf,
}

/// Prints the page.
///
/// # Errors
/// When the file cannot be read, or is not a runbook.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(defects) => {
            return lint::refuse(&path.display().to_string(), &text, defects, "described", output);
        }
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let needs =
        policy::needs(&document, &Place::default(), &|child| super::policy::beside(path, child));
    let page = page::page(&name, &document, &needs);
    if output.is_json() {
        output.json(&json!({ "name": name, "page": page }))?;
    } else {
        output.document(&page);
    }
    Ok(Exit::Done)
}
