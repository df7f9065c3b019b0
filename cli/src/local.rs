//! `relay local`: the local AWS of `cargo xtask local`, in the place of this process. The program that starts it is beside this
//! one: in the `bin/` of a package that was made with `--with-local`, or in Cargo's target folder, where it renews itself and
//! whatever it starts.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  relay local                                     an organization with something to show
  relay local --empty --port 4577
  relay local --rules rules --parameter 'AllowedRunbookNames=Mine-*'
  relay local --time-scale 0.1                    runbooks sleep a tenth of their time

The options are those of `cargo xtask local --help` (docs/local.md). It needs the package of `cargo xtask package --with-local` that this
program is in, or the checkout in which it was built.";

/// The program that starts it, beside this one.
const PROGRAM: &str = "xtask";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Options of `cargo xtask local`, passed on as they stand
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Replaces this process. Returns only where that is not possible.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let program = program()?;
    let error = Command::new(&program).arg("local").args(&arguments.options).exec();
    Err(error).with_context(|| format!("start {}", program.display()))
}

/// The program that starts it.
///
/// # Errors
/// When it is not beside this one.
pub(crate) fn program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find this program")?;
    let beside = own.parent().map(|folder| folder.join(PROGRAM)).filter(|path| path.is_file());
    beside.with_context(|| {
        Failure::new(format!("the local AWS is not beside {}", own.display()))
            .help("In a checkout: cargo xtask local.")
            .help(
                "Without one: bin/relay of a package that `cargo xtask package --with-local` made.",
            )
    })
}
