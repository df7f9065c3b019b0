//! Rules as files: `sharing/*.yaml` and `remediation/*.yaml`, each named after its rule.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use relay_core::rules::RuleText;

use crate::failure::Failure;

/// The two kinds of rules: the folders that hold them, and the last but one part of their parameters'
/// names.
pub(super) const KINDS: [&str; 2] = ["sharing", "remediation"];

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A rule as a file, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// `sharing` or `remediation`.
    pub kind: &'static str,
    /// The file's name without its extension.
    pub name: String,
    /// Relative if the folder was named so.
    pub path: PathBuf,
    /// Its YAML or JSON, as it stands.
    pub text: String,
}

impl RuleFile {
    /// `sharing/<name>` or `remediation/<name>`: the parameter's name below the stack's path.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// The file as problems name it.
    pub(super) fn origin(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn rule_text(&self) -> RuleText {
        RuleText::file(self.origin(), self.text.as_str())
    }
}

/// The rule files of a folder, by kind and name; or the one file that is named. Never empty.
///
/// # Errors
/// When the path cannot be read, or there is no rule in it.
pub fn rule_files(path: &Path) -> Result<Vec<RuleFile>> {
    let found = path.metadata().with_context(|| format!("read {}", path.display()))?;
    if found.is_file() {
        return Ok(vec![single(path)?]);
    }
    let mut files = Vec::new();
    for kind in KINDS {
        for file in listed(&path.join(kind))? {
            files.extend(rule_file(kind, file)?);
        }
    }
    if files.is_empty() {
        let failure = Failure::new(format!("no rules in {}", path.display()));
        return Err(failure.help("Expected sharing/*.yaml or remediation/*.yaml in it.").into());
    }
    Ok(files)
}

/// A file by itself: the folder around it says of which kind it is.
fn single(path: &Path) -> Result<RuleFile> {
    let absolute = std::path::absolute(path)?;
    let folder = absolute.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let kind = KINDS.into_iter().find(|kind| Some(*kind) == folder);
    let file = kind.map(|kind| rule_file(kind, path.to_owned())).transpose()?.flatten();
    file.ok_or_else(|| {
        Failure::new(format!("{} is not a rule file", path.display()))
            .help("Rule files are *.yaml, *.yml or *.json in a folder `sharing` or `remediation`.")
            .into()
    })
}

/// The entries of a folder, by name; none if it does not exist.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("read {}", folder.display())),
    };
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.with_context(|| format!("read {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// Reads a file; `None` if its extension is not one of a rule.
fn rule_file(kind: &'static str, path: PathBuf) -> Result<Option<RuleFile>> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let (true, Some(stem)) = (EXTENSIONS.contains(&extension), path.file_stem()) else {
        return Ok(None);
    };
    let name = stem.to_string_lossy().into_owned();
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    Ok(Some(RuleFile { kind, name, path, text }))
}
