//! `relay import`: rules for what exists already, so that nobody has to write them from nothing. It reads with the
//! caller's own credentials, which need no stack of the suite, and writes files only.

mod alarm_rule;
mod draft;
mod input;
mod pattern;
mod read;
mod sample;
mod shares;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use relay_core::id::Region;
use serde::Serialize;

use self::draft::{Draft, Found, LeftOut};
use crate::Exit;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::{Output, style};
use crate::plan;
use crate::rules::count;
use crate::runbooks::{region, warn_of_unknown};
use crate::session::{SignedIn, Stack};

const EXAMPLES: &str = "\
Examples:
  relay import --profile owner                              show rules for what the account shares
  relay import --out rules --regions us-east-1,eu-west-1    write them into files; none is replaced
  relay import --adopt --profile hub                        make shares of others that the rules want the suite's

It reads the account's own documents and with whom they are shared, the stacks of AWS's sample
AWS-Org-SSM-Permissions, and EventBridge rules that start runbooks. Run it once in each account that has some of these.

Exit code 2 when something was found that no rule can say, or that could not be read.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Write each rule to a file of this folder, as `relay rules` takes it; without it they are printed
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long, requires = "out")]
    force: bool,
    /// The Regions to look at, separated by commas; default: the configured one
    #[arg(long, value_delimiter = ',', value_name = "REGION,…", value_parser = region)]
    regions: Vec<Region>,
    /// The EventBridge buses to look at, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAME,…", default_value = "default")]
    buses: Vec<String>,
    /// Make shares that others made and that the deployed rules want the suite's; asks before it does
    #[arg(long, conflicts_with_all = ["out", "force", "regions", "buses"])]
    adopt: bool,
}

/// The object that `--output json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    caller: &'a str,
    account: &'a str,
    regions: &'a [Region],
    /// Each with `kind`, `name`, `notes` and `text`.
    rules: &'a [Draft],
    /// The files that were written.
    written: &'a [PathBuf],
    /// Each with `what`, `why` and `help`.
    left_out: &'a [LeftOut],
}

/// Reads, and writes or prints rules.
pub(crate) async fn run(arguments: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    if arguments.adopt {
        return plan::adopt(global, output).await;
    }
    warn_of_unknown(&arguments.regions, output);
    let signed_in = SignedIn::new(global).await?;
    let mut regions = arguments.regions.clone();
    if regions.is_empty() {
        regions.push(signed_in.region.clone());
    }
    regions.sort();
    regions.dedup();
    let SignedIn { config, caller, .. } = &signed_in;
    let is_hub = Stack::find(config, &global.stack, &caller.account).await.is_ok();
    let place =
        read::Place { signed_in: &signed_in, regions: &regions, buses: &arguments.buses, is_hub };
    let found = place.read(output).await?;
    let written = match &arguments.out {
        Some(folder) => write(folder, &found.drafts, arguments.force)?,
        None => Vec::new(),
    };
    output.json(&Report {
        caller: &caller.arn,
        account: &caller.account,
        regions: &regions,
        rules: &found.drafts,
        written: &written,
        left_out: &found.left_out,
    })?;
    print(&found, &written, arguments.out.as_deref(), output);
    Ok(if found.left_out.is_empty() { Exit::Done } else { Exit::Findings })
}

fn print(found: &Found, written: &[PathBuf], folder: Option<&Path>, output: &Output) {
    match folder {
        Some(_) => {
            written.iter().for_each(|file| output.line(format_args!("written {}", file.display())));
        }
        None => {
            for draft in &found.drafts {
                output.line(format_args!("{}# {}{}", style::BOLD, draft.file(), style::RESET));
                output.line(&draft.text);
            }
        }
    }
    for LeftOut { what, why, help } in &found.left_out {
        output.line(format_args!("{}! {what}: {why}{}", style::YELLOW, style::RESET));
        output.line(format_args!("  {help}"));
    }
    let left_out = match found.left_out.len() {
        0 => String::new(),
        n => format!(", {} left out", count(n, "thing")),
    };
    let rules = count(found.drafts.len(), "rule");
    output.line(match folder {
        _ if found.drafts.is_empty() => format!(
            "nothing to write{left_out}: looked for shares, AWS's sample and EventBridge rules that start runbooks"
        ),
        Some(folder) => {
            let folder = folder.display();
            format!("{rules}{left_out}: relay rules lint {folder}, then relay plan {folder}")
        }
        None => format!("{rules}{left_out}: write them with --out FOLDER"),
    });
}

/// Writes the rules, each to its file. Where one would be replaced, none is written.
///
/// # Errors
/// When a file exists, unless it may be replaced; or when it cannot be written.
fn write(folder: &Path, drafts: &[Draft], force: bool) -> Result<Vec<PathBuf>> {
    let files: Vec<PathBuf> = drafts.iter().map(|draft| folder.join(draft.file())).collect();
    let existing: Vec<String> =
        files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if !existing.is_empty() && !force {
        let what = format!("{} exist; nothing was written", existing.join(", "));
        return Err(Failure::new(what)
            .help("Name another folder with --out, or replace them with --force.")
            .into());
    }
    for (draft, file) in drafts.iter().zip(&files) {
        let write = || {
            std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
            std::fs::write(file, &draft.text)
        };
        write().with_context(|| format!("write {}", file.display()))?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_file_is_replaced_unless_that_is_asked_for_and_then_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let draft = |name: &str| {
            Draft::new("sharing", name, Vec::new(), &json!({"regions": ["us-east-1"]}))
        };
        let drafts = [draft("one"), draft("two")];
        std::fs::create_dir(folder.path().join("sharing")).unwrap();
        std::fs::write(folder.path().join("sharing/two.yaml"), "mine").unwrap();
        let error = write(folder.path(), &drafts, false).unwrap_err().to_string();
        assert!(error.contains("two.yaml exist; nothing was written"), "{error}");
        assert!(!folder.path().join("sharing/one.yaml").exists());
        let files = write(folder.path(), &drafts, true).unwrap();
        assert_eq!(files.len(), 2);
        for file in files {
            assert_eq!(std::fs::read_to_string(file).unwrap(), "regions: [us-east-1]\n");
        }
    }
}
