//! `relay rules lint|plan|apply`: the rules of a folder, alone and against the deployed ones.

mod apply;
pub(crate) mod comparing;
pub(crate) mod deployed;
mod folder;
mod lint;
mod plan;
mod prune;

use std::path::{Path, PathBuf};

use anyhow::Result;
pub use apply::put_rule;
pub(crate) use apply::{confirm_deletions, write_rules};
pub use folder::{RuleFile, rule_files};
pub(crate) use lint::count;
pub(crate) use plan::{Action as RuleAction, Change, Planned, deployed_texts};

use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;

const LINT: &str = "\
Examples:
  relay rules lint
  relay rules lint rules/remediation/ec2-disk-full.yaml
  relay rules lint --output json | jq '.problems[] | \"\\(.file):\\(.line): \\(.message)\"'

Exit code 2 when a rule is invalid; warnings alone are 0.";

const PLAN: &str = "\
Examples:
  relay rules plan --profile hub
  relay rules plan --prune --output json

Exit code 2 when something would change, when the deployed stack would refuse a rule's runbook, or when a rule names
an OU that the organization does not have.";

const APPLY: &str = "\
Examples:
  relay rules apply --profile hub
  relay rules apply --prune --yes             delete what has no file, without a question";

/// The subcommands of `relay rules`.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Action {
    /// Check the rules of a folder or one file; needs no AWS account
    #[command(after_help = LINT)]
    Lint {
        /// A folder with sharing/*.yaml and remediation/*.yaml, or one such file
        #[arg(default_value = "rules")]
        path: PathBuf,
    },
    /// Show what `apply` would change, and what the deployed stack would refuse
    #[command(after_help = PLAN)]
    Plan(Selection),
    /// Write what changed, if every rule is valid
    #[command(after_help = APPLY)]
    Apply(Selection),
}

/// The rules of a folder, against the deployed ones.
#[derive(clap::Args, Debug)]
pub(crate) struct Selection {
    /// The folder with sharing/*.yaml and remediation/*.yaml
    #[arg(default_value = "rules")]
    path: PathBuf,
    /// Delete deployed rules that have no file; asks before it does
    #[arg(long)]
    prune: bool,
}

impl Selection {
    /// The rules of a folder; with `prune` also those that have no file in it.
    pub(crate) fn new(path: PathBuf, prune: bool) -> Self {
        Self { path, prune }
    }
}

/// Ends with all that is wrong with the rules of a folder, each problem at its line; nothing is written.
///
/// # Errors
/// When there are no rules, or one is invalid.
pub fn demand_valid(folder: &Path) -> Result<()> {
    lint::demand_valid(folder, &Output::new(&Global::default())).map(drop)
}

/// The remediation rules of a folder or a file, as far as they are valid.
///
/// # Errors
/// When there are no rules.
pub(crate) fn remediation_rules(path: &Path) -> Result<remediation::RemediationRules> {
    let files = rule_files(path)?;
    let remediation = files.iter().filter(|file| file.kind == "remediation");
    Ok(remediation::RemediationRules::parse(remediation.map(RuleFile::rule_text)))
}

/// Runs one of the commands.
pub(crate) async fn run(action: Action, global: &Global, output: &Output) -> Result<Exit> {
    match action {
        Action::Lint { path } => lint::run(&path, output),
        Action::Plan(selection) => plan::run(&selection, global, output).await,
        Action::Apply(selection) => apply::run(&selection, global, output).await,
    }
}
