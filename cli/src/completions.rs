//! `relay completions SHELL`: completions for a shell, on standard output.

use std::io::Write;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::Exit;

const EXAMPLES: &str = "\
Examples:
  source <(relay completions bash)
  relay completions zsh > \"${fpath[1]}/_relay\"
  relay completions fish > ~/.config/fish/completions/relay.fish
  relay completions powershell >> $PROFILE";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell to complete for
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let mut command = crate::arguments::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "relay", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}
