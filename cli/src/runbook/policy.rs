//! `relay runbook policy`: the least IAM policy for the role that a runbook runs under.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use workbench::Document;
use workbench::policy::{self, Comparison, Needs, Place};

use super::lint;
use crate::Exit;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook policy my-runbook.yaml > policy.json
  relay runbook policy my-runbook.yaml --account 111122223333 --region eu-west-1
  relay runbook policy my-runbook.yaml --check role-policy.json
  aws iam get-role-policy --role-name my-role --policy-name my-policy > role-policy.json

What could not be seen is named. Runbooks that the runbook starts are read from files beside it.
With --check the exit code is 2 when the role lacks a permission or has one too many.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// The runbook, YAML or JSON
    file: PathBuf,
    /// Compare with this policy: a policy document, what `aws iam get-role-policy` prints, or a list of them
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// The account in the ARNs
    #[arg(long, value_name = "ID", default_value = "*")]
    account: String,
    /// The partition in the ARNs
    #[arg(long, default_value = "aws")]
    partition: String,
}

/// Prints the policy, or how a role's policy differs from it.
///
/// # Errors
/// When a file cannot be read, or is not what it should be.
pub(super) fn run(arguments: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let name = path.display().to_string();
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(defects) => return lint::refuse(&name, &text, defects, "read for its policy", output),
    };
    let place = Place {
        partition: arguments.partition.clone(),
        region: global.region.clone().unwrap_or_else(|| "*".to_owned()),
        account: arguments.account.clone(),
    };
    let needs = policy::needs(&document, &place, &|child| beside(path, child));
    match &arguments.check {
        None => print(&needs, output),
        Some(file) => check(&needs, file, output),
    }
}

/// The runbook of this name in the same folder.
pub(super) fn beside(path: &Path, name: &str) -> Option<Document> {
    if name.contains(['/', '\\', '*']) {
        return None;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let found = ["yaml", "yml", "json"]
        .iter()
        .find_map(|end| std::fs::read_to_string(folder.join(format!("{name}.{end}"))).ok());
    Document::parse(&found?).ok()
}

fn print(needs: &Needs, output: &Output) -> Result<Exit> {
    let policy = needs.policy();
    if output.is_json() {
        let all = json!({ "policy": policy, "needs": needs.needs, "unseen": needs.unseen });
        output.json(&all)?;
    } else {
        output.document(&(serde_json::to_string_pretty(&policy)? + "\n"));
    }
    note_unseen(needs, output);
    Ok(Exit::Done)
}

fn note_unseen(needs: &Needs, output: &Output) {
    for unseen in &needs.unseen {
        output.note(format_args!("not in the policy: {} (step {})", unseen.what, unseen.step));
    }
}

fn check(needs: &Needs, file: &Path, output: &Output) -> Result<Exit> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let policy: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    let comparison = policy::compare(needs, &policy)
        .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let exit = if comparison.is_equal() { Exit::Done } else { Exit::Findings };
    if output.is_json() {
        let Comparison { missing, unneeded, unjudged } = &comparison;
        let all = json!({ "missing": missing, "unneeded": unneeded, "unjudged": unjudged, "unseen": needs.unseen });
        output.json(&all)?;
        return Ok(exit);
    }
    for (what, permissions) in
        [("missing", &comparison.missing), ("not needed", &comparison.unneeded)]
    {
        for permission in permissions {
            output.line(format_args!("{what}: {permission}"));
        }
    }
    for unjudged in &comparison.unjudged {
        output.note(format_args!("not compared: {unjudged}"));
    }
    note_unseen(needs, output);
    if comparison.is_equal() {
        output.line("The role has the permissions that the runbook needs, and no others.");
    }
    Ok(exit)
}
