//! Runbooks as files, each named after its document, all read and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_sdk_ssm::types::DocumentFormat;

use crate::failure::Failure;
use crate::output::Output;
use crate::snippet::{self, Finding, Weight};

/// A runbook as a file, not checked yet.
#[derive(Debug, Clone)]
pub(super) struct RunbookFile {
    /// The document's name: the file's, without its extension.
    pub name: String,
    pub path: PathBuf,
    pub format: DocumentFormat,
    pub text: String,
}

/// The runbooks of a folder, by name. Never empty.
///
/// # Errors
/// When the folder cannot be read, or there is no runbook in it.
pub(super) fn read(folder: &Path) -> Result<Vec<RunbookFile>> {
    let reading = || format!("read {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if crate::runbook::is_test(&path) {
            continue;
        }
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => DocumentFormat::Yaml,
            Some("json") => DocumentFormat::Json,
            _ => continue,
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        files.push(RunbookFile { name, path, format, text });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if files.is_empty() {
        let failure = Failure::new(format!("no runbooks in {}", folder.display()));
        return Err(failure.help("Expected *.yaml, *.yml or *.json in it.").into());
    }
    if let Some(twice) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        let (a, b) = (twice[0].path.display(), twice[1].path.display());
        return Err(Failure::new(format!("{a} and {b} are the same runbook")).into());
    }
    Ok(files)
}

/// Holds every runbook against the rules of the language, so that a push does not stop half-way at the
/// first one that SSM refuses.
///
/// # Errors
/// When one is invalid; everything that is wrong with any of them is printed before.
pub(super) fn demand_valid(files: &[RunbookFile], output: &Output) -> Result<()> {
    let findings: Vec<Finding> = files.iter().flat_map(defects).collect();
    if findings.is_empty() {
        return Ok(());
    }
    let texts: BTreeMap<String, &str> =
        files.iter().map(|file| (file.path.display().to_string(), file.text.as_str())).collect();
    output.json(&serde_json::json!({ "problems": findings }))?;
    snippet::draw(&findings, Weight::Error, &texts, output);
    Err(Failure::new("a runbook is invalid; nothing was written").into())
}

fn defects(file: &RunbookFile) -> Vec<Finding> {
    let Err(defects) = runbook::parse(&file.text) else { return Vec::new() };
    crate::runbook::problems(&file.path.display().to_string(), defects)
}
