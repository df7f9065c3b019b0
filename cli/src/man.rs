//! `relay man DIR`: one man page for the program and one for each command.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::Exit;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  relay man ~/.local/share/man/man1 && man relay-rules-plan";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The folder; it is created if it does not exist
    folder: PathBuf,
}

/// Writes `relay.1`, `relay-rules.1`, `relay-rules-lint.1` and so on.
///
/// # Errors
/// When the folder or a page cannot be written.
pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let command = crate::arguments::Arguments::command();
    clap_mangen::generate_to(command, folder)
        .with_context(|| format!("write man pages to {}", folder.display()))?;
    output.note(format_args!("man pages written to {}", folder.display()));
    Ok(Exit::Done)
}
