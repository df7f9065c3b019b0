//! Runs `ruff` over all scripts at once: its rules about security, and what is not Python.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use workbench::Document;
use workbench::lint::{Finding, Language, Rule, ruff_reports, scripts};

/// The releases whose output is known: first and last, as major and minor. The checks pin one of them
/// (`tools/requirements.in`).
const KNOWN: [(u64, u64); 2] = [(0, 5), (0, 99)];

/// An `assert` is as good as a `raise` in a script, and `random` chooses instances, not keys.
const IGNORED: &str = "S101,S311";

/// The findings of ruff, and why there may be none.
#[derive(Default)]
pub(super) struct Scripts {
    /// By the place of the document.
    pub by_document: HashMap<usize, Vec<Finding>>,
    /// Its rules were looked at, whether or not they found something.
    pub ran: bool,
    /// Why it did not run, at most one.
    pub notes: Vec<String>,
}

/// Checks the Python scripts of documents. Without ruff, or with another release than those that are
/// known, one note says so.
pub(super) fn findings(documents: &[Option<&Document>]) -> Scripts {
    let has_python = |document: &&Document| {
        scripts(document).iter().any(|script| script.language == Language::Python)
    };
    if !documents.iter().flatten().any(has_python) {
        return Scripts { ran: true, ..Scripts::default() };
    }
    match version() {
        None => {
            let note = "note: ruff is not on the PATH: the scripts were not checked by it (pip install ruff)";
            Scripts { notes: vec![note.to_owned()], ..Scripts::default() }
        }
        Some(Err(found)) => {
            let [(major, minor), _] = KNOWN;
            let note = format!(
                "note: expected ruff {major}.{minor} or newer, found {found}: the scripts were not checked by it"
            );
            Scripts { notes: vec![note], ..Scripts::default() }
        }
        Some(Ok(())) => run(documents).unwrap_or_else(|error| Scripts {
            notes: vec![format!("note: the scripts were not checked by ruff: {error:#}")],
            ..Scripts::default()
        }),
    }
}

/// `None` without ruff; what it says of itself if that release is not known.
fn version() -> Option<Result<(), String>> {
    let ran = Command::new("ruff").arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
    let mut numbers =
        said.trim_start_matches("ruff ").split('.').map(|part| part.parse::<u64>().ok());
    let found = numbers.next().flatten().zip(numbers.next().flatten());
    let [first, last] = KNOWN;
    Some(match found {
        Some(found) if (first..=last).contains(&found) => Ok(()),
        _ => Err(said),
    })
}

fn run(documents: &[Option<&Document>]) -> Result<Scripts> {
    let folder = tempfile::tempdir().context("make a folder for the scripts")?;
    let mut places = HashMap::new();
    for (nth, document) in documents.iter().enumerate() {
        let Some(document) = document else { continue };
        for (of, script) in scripts(document).iter().enumerate() {
            if script.language == Language::Python && !script.is_placeholder() {
                let name = format!("{nth}-{of}.py");
                std::fs::write(folder.path().join(&name), script.text)
                    .with_context(|| format!("write {name}"))?;
                places.insert(name, (nth, of));
            }
        }
    }
    let printed = check(folder.path())?;
    let reports =
        ruff_reports(&printed).map_err(|error| anyhow::anyhow!("ruff printed {}", error.0))?;
    let mut found = Scripts { ran: true, ..Scripts::default() };
    for (nth, document) in documents.iter().enumerate() {
        let Some(document) = document else { continue };
        let scripts = scripts(document);
        let lines: Vec<&str> = document.text().lines().collect();
        let about = reports.iter().filter_map(|report| {
            let (of_document, of) = places.get(report.file())?;
            let script = scripts.get(*of).filter(|_| *of_document == nth)?;
            Some(report.about(script, &lines))
        });
        let mut about: Vec<Finding> = about.collect();
        // One fault of syntax makes others behind it.
        let is_syntax = |finding: &Finding| finding.code == Rule::ScriptSyntax.id();
        about.dedup_by(|b, a| is_syntax(a) && is_syntax(b) && a.path == b.path);
        if !about.is_empty() {
            found.by_document.insert(nth, about);
        }
    }
    Ok(found)
}

/// Settings of the folder that somebody is in are not those of a runbook.
fn check(folder: &Path) -> Result<String> {
    let ran = Command::new("ruff")
        .args([
            "check",
            "--isolated",
            "--no-cache",
            "--quiet",
            "--exit-zero",
            "--target-version",
            "py311",
        ])
        .args(["--select", "S", "--ignore", IGNORED, "--output-format", "json"])
        .arg(folder)
        .output()
        .context("start ruff")?;
    if !ran.status.success() {
        bail!("{}", String::from_utf8_lossy(&ran.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}
