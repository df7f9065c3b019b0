//! `relay runbook new`: a runbook and its tests to begin with.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::editor::{self, Editor};
use crate::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook new Org-EnforceImdsv2                       writes runbooks/Org-EnforceImdsv2.yaml and its tests
  relay runbook new Org-EndInstance --template approval --into my-runbooks
  relay runbook new Org-FindOwner --template script --editor vscode

Templates:
  remediation  look, change, verify, put back
  approval     ask people, then do what cannot be undone
  script       look with a Python script

A file that is there is never replaced.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Name of the runbook, as SSM has it
    #[arg(value_parser = name)]
    name: String,
    /// The kind of runbook to begin with
    #[arg(long, value_enum, default_value_t)]
    template: Template,
    /// The folder that it goes to
    #[arg(long, value_name = "FOLDER", default_value = "runbooks")]
    into: PathBuf,
    /// Also write the settings and the schema that this editor needs for completion
    #[arg(long, value_enum)]
    editor: Option<Editor>,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum Template {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    #[default]
    Remediation,
    Approval,
    Script,
}

impl Template {
    /// The runbook and its tests.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Remediation => (
                include_str!("templates/remediation.yaml"),
                include_str!("templates/remediation.test.yaml"),
            ),
            Self::Approval => (
                include_str!("templates/approval.yaml"),
                include_str!("templates/approval.test.yaml"),
            ),
            Self::Script => {
                (include_str!("templates/script.yaml"), include_str!("templates/script.test.yaml"))
            }
        }
    }
}

/// A name that CreateDocument takes:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html>.
fn name(text: &str) -> Result<String, String> {
    let fits = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.');
    if !(3..=128).contains(&text.len()) || !text.chars().all(fits) {
        return Err("expected 3 to 128 letters, digits and any of _ - .".to_owned());
    }
    let lower = text.to_ascii_lowercase();
    match ["aws", "amazon", "amzn"].iter().find(|prefix| lower.starts_with(**prefix)) {
        Some(prefix) => Err(format!("names that begin with {prefix} are AWS's own")),
        None => Ok(text.to_owned()),
    }
}

/// Writes both files, or none.
///
/// # Errors
/// When one of them is there already, or cannot be written.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let (runbook, tests) = arguments.template.texts();
    let path = |ending: &str| arguments.into.join(format!("{}{ending}", arguments.name));
    let files = [(path(".yaml"), runbook), (path(super::files::TESTS), tests)];
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let failure = Failure::new(format!("{} exists; nothing was written", path.display()));
        return Err(failure.help("Choose another name, or --into another folder.").into());
    }
    std::fs::create_dir_all(&arguments.into)
        .with_context(|| format!("make {}", arguments.into.display()))?;
    for (path, text) in &files {
        write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    let [(runbook, _), (tests, _)] = &files;
    let (settings, kept) = match arguments.editor {
        Some(editor) => editor::set_up(editor, &arguments.into)?,
        None => (Vec::new(), Vec::new()),
    };
    let mut made = serde_json::json!({ "runbook": runbook, "tests": tests });
    if arguments.editor.is_some() {
        made["settings"] = serde_json::json!(settings);
    }
    output.json(&made)?;
    output.line(format_args!("{}", runbook.display()));
    output.line(format_args!("{}", tests.display()));
    for path in &settings {
        output.line(format_args!("{}", path.display()));
    }
    for path in &kept {
        output.note(format_args!("{} exists and was left as it is", path.display()));
    }
    output.note(format_args!(
        "Edit them, then: relay runbook lint {0}; relay runbook test {0}",
        runbook.display()
    ));
    Ok(Exit::Done)
}

/// Never replaces a file, even one that appears meanwhile.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::options().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
