//! `relay runbooks diff|push`: the runbooks of a folder against those in the hub's account, in the
//! Regions where alarms go into ALARM.

mod compare;
mod diff;
mod folder;
mod push;

use std::path::PathBuf;

use anyhow::Result;
pub use push::push_runbooks;
use relay_core::id::{InvalidId, Region};
use relay_core::text::nearest;

use crate::Exit;
use crate::arguments::Global;
use crate::output::Output;
use crate::session::Session;

const DIFF: &str = "\
Examples:
  relay runbooks diff --profile hub
  relay runbooks diff runbooks --regions us-east-1,eu-west-1

Exit code 2 when a runbook is new or differs in one of the Regions.";

const PUSH: &str = "\
Examples:
  relay runbooks push --profile hub --regions us-east-1,eu-west-1

Every runbook is checked and every Region is compared before the first write. A new version becomes
the default; older versions are kept.";

/// The subcommands of `relay runbooks`.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Action {
    /// Show how each runbook differs from its default version in each Region
    #[command(after_help = DIFF)]
    Diff(Selection),
    /// Create or update them and tag them `runbook-relay: allowed`
    #[command(after_help = PUSH)]
    Push(Selection),
}

/// The runbooks of a folder, and where they go.
#[derive(clap::Args, Debug)]
pub(crate) struct Selection {
    /// The folder with *.yaml or *.json, each named after its runbook
    #[arg(default_value = "runbooks")]
    path: PathBuf,
    /// The Regions, separated by commas; default: that of the stack
    #[arg(long, value_delimiter = ',', value_name = "REGION,…", value_parser = region)]
    regions: Vec<Region>,
}

/// Runs one of the commands.
pub(crate) async fn run(action: Action, global: &Global, output: &Output) -> Result<Exit> {
    match action {
        Action::Diff(selection) => diff::run(&selection, global, output).await,
        Action::Push(selection) => push::run(&selection, global, output).await,
    }
}

/// A Region of the list, with the space that people write after a comma.
pub(crate) fn region(text: &str) -> Result<Region, InvalidId> {
    text.trim().parse()
}

/// Says which Regions are not known: they may be new, or misspelled.
pub(crate) fn warn_of_unknown(regions: &[Region], output: &Output) {
    for region in regions.iter().filter(|region| !region.is_known()) {
        let near = nearest(region.as_str(), Region::known().iter().copied());
        let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
        output.note(format_args!("warning: unknown AWS Region {region}.{hint}"));
    }
}

impl Selection {
    fn warn(&self, output: &Output) {
        warn_of_unknown(&self.regions, output);
    }

    /// The Regions that are named, each once; without any, the stack's.
    fn regions(&self, session: &Session) -> Vec<Region> {
        let mut regions = self.regions.clone();
        if regions.is_empty() {
            regions.push(session.region.clone());
        }
        regions.sort();
        regions.dedup();
        regions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_regions_may_have_spaces_after_its_commas() {
        assert_eq!(region(" eu-west-1").unwrap().as_str(), "eu-west-1");
        assert!(region("eu west-1").is_err());
        assert!(region("").is_err());
    }
}
