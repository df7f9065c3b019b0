//! `relay runbooks diff`: how the runbooks of a folder differ from those in the hub's account.

use anyhow::Result;
use serde::Serialize;

use super::compare::{Compared, Difference, compare};
use super::{Selection, folder};
use crate::Exit;
use crate::arguments::Global;
use crate::output::{Output, colored};
use crate::session::{Session, Where};

/// The object that `--output json` prints; `push` leaves out the diffs.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    #[serde(flatten)]
    pub place: Where<'a>,
    pub runbooks: Vec<Entry<'a>>,
}

#[derive(Serialize)]
pub(super) struct Entry<'a> {
    region: &'a str,
    name: &'a str,
    difference: Difference,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

impl<'a> Entry<'a> {
    pub(super) fn new(compared: &'a Compared, diff: String) -> Self {
        let (region, name) = (compared.region.as_str(), compared.file.name.as_str());
        Self { region, name, difference: compared.difference(), diff }
    }
}

/// Compares in every Region and prints the differences; exits with 2 when there are any.
pub(super) async fn run(selection: &Selection, global: &Global, output: &Output) -> Result<Exit> {
    let files = folder::read(&selection.path)?;
    folder::demand_valid(&files, output)?;
    selection.warn(output);
    let session = Session::open(global).await?;
    let compared = compare(
        &session.config,
        &session.stack.installation()?,
        &files,
        &selection.regions(&session),
    )
    .await?;
    let entries = compared.iter().map(|one| Entry::new(one, one.text_diff()));
    output.json(&Report { place: session.place(), runbooks: entries.collect() })?;
    let mut differing = 0;
    for one in &compared {
        match one.difference() {
            Difference::Same => continue,
            Difference::Untagged => output.line(format_args!(
                "{} in {} lacks the tag runbook-relay",
                one.file.name, one.region
            )),
            Difference::New | Difference::Changed => {
                for line in one.text_diff().lines() {
                    output.line(colored(line));
                }
            }
        }
        differing += 1;
    }
    let all = compared.len();
    if differing == 0 {
        output.line(format_args!("nothing to change: {all} of {all} are the same"));
        return Ok(Exit::Done);
    }
    output.line(format_args!("{differing} of {all} differ: relay runbooks push"));
    Ok(Exit::Findings)
}
