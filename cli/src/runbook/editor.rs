//! `relay runbook schema`, and the files by which an editor finds it: completion, words and snippets.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;
use workbench::schema::schema;

use crate::Exit;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook schema > runbooks/runbook.schema.json
  relay runbook new Org-EnforceImdsv2 --editor vscode      writes it, and the settings that find it";

/// The editors whose settings are known.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Editor {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    Vscode,
    Jetbrains,
}

/// The schema beside the runbooks.
const SCHEMA: &str = "runbook.schema.json";
const SNIPPETS: &str = include_str!("editor/snippets.json");
const JETBRAINS: &str = include_str!("editor/jsonSchemas.xml");

/// Prints the JSON Schema of runbooks.
///
/// # Errors
/// When it cannot be written.
pub(super) fn print(output: &Output) -> Result<Exit> {
    output.document(&(serde_json::to_string_pretty(&schema())? + "\n"));
    Ok(Exit::Done)
}

/// Writes the schema into the folder of the runbooks, and below the present folder what the editor reads.
/// Files that are there stay as they are. Returns those that were written, and those that were there.
///
/// # Errors
/// When one cannot be written.
pub(super) fn set_up(editor: Editor, runbooks: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let folder = runbooks.display().to_string().replace('\\', "/");
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    let mut files = vec![(runbooks.join(SCHEMA), serde_json::to_string_pretty(&schema())? + "\n")];
    match editor {
        Editor::Vscode => {
            let settings = json!({
                "yaml.schemas": {
                    format!("./{folder}/{SCHEMA}"): [
                        format!("{folder}/*.yaml"),
                        format!("!{folder}/*.test.yaml"),
                    ],
                },
            });
            files.push((
                ".vscode/settings.json".into(),
                serde_json::to_string_pretty(&settings)? + "\n",
            ));
            let extensions = "{\n  \"recommendations\": [\"redhat.vscode-yaml\"]\n}\n";
            files.push((".vscode/extensions.json".into(), extensions.to_owned()));
            files.push((".vscode/runbook.code-snippets".into(), SNIPPETS.to_owned()));
        }
        Editor::Jetbrains => {
            files.push((".idea/jsonSchemas.xml".into(), JETBRAINS.replace("FOLDER", folder)));
        }
    }
    let (mut written, mut kept) = (Vec::new(), Vec::new());
    for (path, text) in files {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("make {}", parent.display()))?;
        }
        match std::fs::File::options().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())
                    .with_context(|| format!("write {}", path.display()))?;
                written.push(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => kept.push(path),
            Err(error) => return Err(error).with_context(|| format!("write {}", path.display())),
        }
    }
    Ok((written, kept))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A body as it stands where every place is left as it is proposed.
    fn filled(body: &Value) -> String {
        let lines: Vec<&str> =
            body.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let mut text = lines.join("\n");
        while let Some(at) = text.find("${") {
            let end = text[at..].find('}').unwrap() + at;
            let inner = &text[at + 2..end];
            let (_, proposed) = inner.split_once([':', '|']).unwrap();
            let proposed = proposed.split(',').next().unwrap().trim_end_matches('|').to_owned();
            text.replace_range(at..=end, &proposed);
        }
        text.replace("\\$", "$")
    }

    #[test]
    fn every_snippet_is_a_valid_step_or_runbook() {
        let snippets: Value = serde_json::from_str(SNIPPETS).unwrap();
        let snippets = snippets.as_object().unwrap();
        assert!(snippets.len() >= 8);
        for (name, snippet) in snippets {
            assert_eq!(snippet["scope"], "yaml", "{name}");
            let body = filled(&snippet["body"]);
            let text = if body.starts_with("schemaVersion") {
                body
            } else {
                let step = body.replace('\n', "\n  ");
                format!(
                    "schemaVersion: '0.3'\nparameters:\n  InstanceId: {{type: String}}\n  Topic: {{type: String, default: ''}}\nmainSteps:\n  {step}\n  - name: next\n    action: aws:sleep\n    inputs: {{Duration: PT1S}}\n"
                )
            };
            if let Err(defects) = workbench::Document::parse(&text) {
                panic!("{name}: {defects:?}\n{text}");
            }
        }
    }
}
