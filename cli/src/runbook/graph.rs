//! `relay runbook graph`: a picture of the flow.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use workbench::{Document, graph};

use super::lint;
use crate::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook graph my-runbook.yaml                 Mermaid, as GitHub draws it in ```mermaid
  relay runbook graph my-runbook.yaml --format svg > my-runbook.svg
  relay runbook graph my-runbook.yaml --format dot | dot -Tpng > my-runbook.png

Dashed red ways lead on from a failure or a cancel. A step without one ends the run when it fails.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON
    file: PathBuf,
    /// Form of the picture
    #[arg(long, value_enum, default_value_t)]
    format: Picture,
}

/// The forms of a picture.
#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum Picture {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    #[default]
    Mermaid,
    Dot,
    Svg,
}

/// Prints the picture.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let name = path.display().to_string();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(defects) => return lint::refuse(&name, &text, defects, "drawn", output),
    };
    let (format, picture) = match arguments.format {
        Picture::Mermaid => ("mermaid", graph::mermaid(&document)),
        Picture::Dot => ("dot", graph::dot(&document)),
        Picture::Svg => {
            let too_large = || {
                let failure = Failure::new(format!("{name} has too many branches to lay out"));
                failure.help("Use --format dot and Graphviz, or --format mermaid.")
            };
            ("svg", graph::svg(&document).ok_or_else(too_large)?)
        }
    };
    if output.is_json() {
        output.json(&serde_json::json!({ "file": name, "format": format, "picture": picture }))?;
    } else {
        output.document(&picture);
    }
    Ok(Exit::Done)
}
