//! `relay runbook export`: the document as a resource of CloudFormation, Terraform or the CDK.

mod resource;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;
use workbench::Document;

use resource::Resource;

use super::lint;
use crate::Exit;
use crate::failure::Failure;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook export my-runbook.yaml > my-runbook.template.json
  relay runbook export my-runbook.yaml --format terraform > my-runbook.tf
  relay runbook export my-runbook.yaml --format cdk > lib/my-runbook.ts
  relay runbook export my-runbook.yaml --attachments s3://my-bucket/runbooks --tag team=web

The tag runbook-relay: allowed lets the suite start the runbook; --tag adds others, by which sharing rules may select it.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON; its name is the document's
    file: PathBuf,
    /// Form of the resource
    #[arg(long, value_enum, default_value_t)]
    format: Infrastructure,
    /// Where the attachments are: s3://BUCKET/PREFIX, each by its name below it
    #[arg(long, value_name = "S3-FOLDER", value_parser = folder)]
    attachments: Option<String>,
    /// One more tag; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
}

#[derive(ValueEnum, Debug, Clone, Copy, Default)]
enum Infrastructure {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    #[default]
    Cloudformation,
    Terraform,
    Cdk,
}

/// A folder in a bucket, without the slash at its end.
fn folder(text: &str) -> Result<String, String> {
    match text.strip_prefix("s3://") {
        Some(rest) if !rest.trim_matches('/').is_empty() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("expected s3://BUCKET or s3://BUCKET/PREFIX".to_owned()),
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
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
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let files = document.runbook().files.keys();
    if files.len() > 0 && arguments.attachments.is_none() {
        let names: Vec<&str> = files.map(String::as_str).collect();
        let failure = Failure::new(format!("{name} has attachments: {}", names.join(", ")));
        let help = "Say where they are: --attachments s3://BUCKET/PREFIX";
        return Err(failure.help(help).into());
    }
    let mut tags = vec![("runbook-relay".to_owned(), "allowed".to_owned())];
    tags.extend(arguments.tag.iter().cloned());
    let resource = Resource {
        name: &name,
        document: &document,
        file: path,
        folder: arguments.attachments.as_deref(),
        tags,
    };
    let (format, resource) = match arguments.format {
        Infrastructure::Cloudformation => ("cloudformation", resource.cloudformation()?),
        Infrastructure::Terraform => ("terraform", resource.terraform()),
        Infrastructure::Cdk => ("cdk", resource.cdk()?),
    };
    if output.is_json() {
        output.json(&json!({ "name": name, "format": format, "resource": resource }))?;
    } else {
        output.document(&resource);
    }
    Ok(Exit::Done)
}
