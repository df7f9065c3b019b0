//! `cargo xtask runbooks push`: the runbooks of a folder, in the Regions where alarms ring.

use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region};
use xtask::remediation::{Pushed, push_runbooks};

/// What to do with the runbooks.
#[derive(clap::Subcommand)]
pub(crate) enum Action {
    /// Creates or updates them and tags them `runbook-relay: allowed`
    Push(Selection),
}

#[derive(clap::Args)]
pub(crate) struct Selection {
    /// The folder with *.yaml, each named as its runbook is to be
    #[arg(default_value = "runbooks")]
    folder: PathBuf,
    /// The Regions, separated by commas; default: that of the environment
    #[arg(long, value_delimiter = ',')]
    regions: Vec<String>,
}

/// Runs with the credentials of the environment, in the hub's account.
pub(crate) async fn run(action: Action) -> Result<()> {
    let Action::Push(Selection { folder, regions }) = action;
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let own = config.region().map(ToString::to_string);
    let regions = match regions.as_slice() {
        [] => vec![own.context("no Region: name --regions, or set AWS_REGION")?],
        regions => regions.to_vec(),
    };
    for region in regions {
        let there = config.to_builder().region(Region::new(region.clone())).build();
        for (name, pushed) in push_runbooks(&there, &folder).await? {
            let what = match pushed {
                Pushed::Created => "created",
                Pushed::Updated => "updated",
                Pushed::Unchanged => "unchanged",
            };
            println!("{region}  {what:<9}  {name}");
        }
    }
    Ok(())
}
