//! Runs runbooks from anywhere to their end, many times, and judges what the engine made of them.
//!
//! AWS is stubbed from botocore's service models: every call gets a random answer of the operation's own type,
//! or now and then an error. So nothing is known about *which* way a runbook goes. What holds whichever way it
//! goes is checked ([`judge`]): every step follows from the one before by the document's own rules, statuses
//! agree with each other, outputs have the types that are declared, and an engine that is opened again on the
//! same log sees the same.
//!
//! Time is virtual: a runbook that waits for a day takes milliseconds. A run is a function of the runbook and
//! its seed.

mod answers;
mod given;
mod judge;
mod models;
mod play;
mod report;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;

pub use judge::Objection;
pub use models::Models;
pub use report::{Refused, Report};

/// A document of a corpus.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it was found.
    pub path: PathBuf,
    /// The text, YAML or JSON.
    pub text: String,
}

/// The Automation documents of a folder and of those below it: `.yaml`, `.yml` and `.json` files that say
/// `schemaVersion` 0.3 and have `mainSteps` at their top.
///
/// # Errors
/// When the folder cannot be read.
pub fn documents(folder: &Path) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.with_context(|| format!("read {}", folder.display()))?;
        let path = entry.path();
        let named =
            path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|e| end == *e));
        if !named || !entry.file_type().is_file() {
            continue;
        }
        // Bytes that are not text are not a document.
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        if is_automation(&text) {
            found.push(Document { path: path.to_owned(), text });
        }
    }
    Ok(found)
}

/// Whether a text looks like an Automation document, sound or not.
fn is_automation(text: &str) -> bool {
    if let Ok(Value::Object(top)) = serde_json::from_str(text) {
        return top.contains_key("mainSteps") && top.get("schemaVersion") == Some(&"0.3".into());
    }
    let version = |line: &str| line.starts_with("schemaVersion") && line.contains("0.3");
    text.lines().any(|line| line.starts_with("mainSteps")) && text.lines().any(version)
}

/// Runs every document once for each seed.
///
/// # Errors
/// When no runtime can be made.
pub fn run(documents: &[Document], models: &Arc<Models>, seeds: u64) -> Result<Report> {
    let mut report = Report::default();
    for document in documents {
        let runbook = match runbook::parse(&document.text) {
            Ok(runbook) => runbook,
            Err(defects) => {
                report.refused.push(Refused::new(document, &defects));
                continue;
            }
        };
        report.accepted += 1;
        for seed in 0..seeds {
            report.add(document, seed, play::play(&document.text, &runbook, models, seed)?);
        }
    }
    Ok(report)
}
