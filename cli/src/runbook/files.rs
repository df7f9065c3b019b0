//! Runbooks as files: those that are named, and those of folders.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::Regex;
use walkdir::{DirEntry, WalkDir};

use crate::failure::Failure;

/// A file that holds a runbook, or is named as one.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub path: PathBuf,
    pub text: String,
}

impl File {
    /// The path as findings name it.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// How the file with the tests of a runbook ends.
pub(super) const TESTS: &str = ".test.yaml";

/// The files that are named, and the runbooks of the folders that are named, each once, by path.
///
/// In a folder a runbook is known by its content: YAML or JSON with schema 0.3 and steps at its top.
/// Other files are left alone there, and so are hidden folders and `node_modules`.
///
/// # Errors
/// When one cannot be read, or a folder has no runbook.
pub(super) fn runbooks(paths: &[PathBuf]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = in_folder(path)?;
            if found.is_empty() {
                let failure = Failure::new(format!("no runbooks in {}", path.display()));
                let help =
                    "Expected *.yaml, *.yml or *.json with schemaVersion '0.3' and mainSteps.";
                return Err(failure.help(help).into());
            }
            files.extend(found);
        } else {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("read {}", path.display()))?;
            files.push(File { path: path.clone(), text });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// The files of tests in a folder, by path.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn tests(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = walk(folder)?;
    found.retain(|path| is_test(path));
    Ok(found)
}

/// The files of a folder and of those in it, but hidden ones.
fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_kept = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || name == "node_modules")
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(is_kept) {
        let entry = entry.with_context(|| format!("read {}", folder.display()))?;
        if entry.file_type().is_file() {
            found.push(entry.into_path());
        }
    }
    found.sort();
    Ok(found)
}

fn in_folder(folder: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    for path in walk(folder)? {
        let is_document = matches!(
            path.extension().and_then(|extension| extension.to_str()),
            Some("yaml" | "yml" | "json")
        );
        if !is_document || is_test(&path) {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        // A runbook is text; another file of that name is not ours to judge.
        if let Ok(text) = String::from_utf8(bytes)
            && is_runbook(&text)
        {
            found.push(File { path, text });
        }
    }
    Ok(found)
}

/// Whether a file holds the tests of a runbook.
pub(crate) fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(TESTS))
}

/// Whether a text is meant as a runbook, broken or not: one with a fault in its syntax is not passed over.
fn is_runbook(text: &str) -> bool {
    static YAML: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?m)^["']?schemaVersion["']?[ \t]*:[ \t]*["']?0\.3"#).ok());
    static JSON: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^\s*\{\s*"(schemaVersion|description|assumeRole)""#).ok());
    let matches =
        |form: &LazyLock<Option<Regex>>| form.as_ref().is_some_and(|form| form.is_match(text));
    if !text.contains("mainSteps") || text.contains("AWSTemplateFormatVersion") {
        return false;
    }
    if !text.trim_start().starts_with('{') {
        return matches(&YAML);
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => json["schemaVersion"] == "0.3" && !json["mainSteps"].is_null(),
        Err(_) => matches(&JSON) && text.contains("\"0.3\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_known_by_its_schema_and_steps_at_the_top() {
        for text in [
            "schemaVersion: '0.3'\nmainSteps: [",
            "description: x\nschemaVersion: \"0.3\"\nmainSteps:\n",
            "{\"schemaVersion\": \"0.3\", \"mainSteps\": []}",
            "{\"schemaVersion\": \"0.3\", \"mainSteps\": [}",
        ] {
            assert!(is_runbook(text), "{text}");
        }
        for text in [
            "schemaVersion: '2.2'\nmainSteps: []",
            "Resources:\n  D:\n    Content:\n      schemaVersion: '0.3'\n      mainSteps: []",
            "schemaVersion: '0.3'\n",
            "{\"schemaVersion\": \"2.2\", \"mainSteps\": []}",
        ] {
            assert!(!is_runbook(text), "{text}");
        }
    }
}
