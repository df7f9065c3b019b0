//! `relay runbook export`: the document as a resource of CloudFormation or Terraform.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};
use workbench::Document;

use super::lint;
use crate::Exit;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook export my-runbook.yaml > my-runbook.template.json
  relay runbook export my-runbook.yaml --format terraform > my-runbook.tf

The tag runbook-relay: allowed lets the suite start the runbook. Attachments are not exported.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON; its name is the document's
    file: PathBuf,
    /// Form of the resource
    #[arg(long, value_enum, default_value_t)]
    format: Infrastructure,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum Infrastructure {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    #[default]
    Cloudformation,
    Terraform,
}

/// Prints the resource.
///
/// # Errors
/// When the file cannot be read, or is not a runbook.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(defects) => {
            return lint::refuse(&path.display().to_string(), &text, defects, "exported", output);
        }
    };
    if !document.runbook().files.is_empty() {
        output.note("warning: the document has attachments: add them to the resource");
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (format, resource) = match arguments.format {
        Infrastructure::Cloudformation => {
            let template = template(&name, &document);
            ("cloudformation", serde_json::to_string_pretty(&template)? + "\n")
        }
        Infrastructure::Terraform => ("terraform", terraform(&name, path)),
    };
    if output.is_json() {
        output.json(&json!({ "name": name, "format": format, "resource": resource }))?;
    } else {
        output.document(&resource);
    }
    Ok(Exit::Done)
}

/// `NewVersion` keeps a document that is shared: a replacement would be another document, shared with
/// nobody. <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html>
fn template(name: &str, document: &Document) -> Value {
    let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": { id: {
            "Type": "AWS::SSM::Document",
            "Properties": {
                "Name": name,
                "DocumentType": "Automation",
                "UpdateMethod": "NewVersion",
                "Content": Value::from(document.root().clone()),
                "Tags": [{ "Key": "runbook-relay", "Value": "allowed" }],
            },
        }},
    })
}

/// The content stays in its file, beside the module: a difference is shown line by line.
fn terraform(name: &str, path: &Path) -> String {
    let id: String =
        name.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' }).collect();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let format = if path.extension().is_some_and(|end| end == "json") { "JSON" } else { "YAML" };
    format!(
        "resource \"aws_ssm_document\" \"{}\" {{\n  name            = \"{name}\"\n  document_type   = \
         \"Automation\"\n  document_format = \"{format}\"\n  content         = \
         file(\"${{path.module}}/{file}\")\n\n  tags = {{\n    \"runbook-relay\" = \"allowed\"\n  }}\n}}\n",
        id.to_lowercase()
    )
}
