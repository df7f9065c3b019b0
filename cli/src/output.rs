//! Output for a person or a program: results on standard output, everything else on standard
//! error. Colour follows the terminal, `NO_COLOR` and `--no-color`.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use anstream::{stderr, stdout};
use anyhow::Result;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Format, Global};
use crate::failure::Failure;

/// Red, green, yellow and bold, as `anstream` passes or strips them.
pub(crate) mod style {
    /// Ends whatever style is in force.
    pub(crate) const RESET: &str = "\x1b[0m";
    /// Removals from a diff or a plan.
    pub(crate) const RED: &str = "\x1b[31m";
    /// Additions to a diff or a plan.
    pub(crate) const GREEN: &str = "\x1b[32m";
    /// Updates in a plan.
    pub(crate) const YELLOW: &str = "\x1b[33m";
    /// Places in a diff.
    pub(crate) const CYAN: &str = "\x1b[36m";
    /// Titles of a page.
    pub(crate) const BOLD: &str = "\x1b[1m";
    /// The word before a message.
    pub(crate) const BOLD_RED: &str = "\x1b[1;31m";
    /// The word before a remedy.
    pub(crate) const BOLD_CYAN: &str = "\x1b[1;36m";
}

/// Where a command writes.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    yes: bool,
    columns: Option<usize>,
}

impl Output {
    /// As the flags say.
    pub(crate) fn new(global: &Global) -> Self {
        Self { format: global.output, quiet: global.quiet, yes: global.yes, columns: None }
    }

    /// The same with a width for results that go elsewhere than to a terminal.
    pub(crate) fn with_columns(self, columns: Option<usize>) -> Self {
        Self { columns, ..self }
    }

    /// Whether only results and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether the result is one JSON object.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The same, for a command that was asked for JSON by a flag of its own.
    pub(crate) fn as_json(&self) -> Self {
        Self { format: Format::Json, ..self.clone() }
    }

    /// The result in a form that is neither of the two, such as SARIF.
    pub(crate) fn document(&self, text: &str) {
        drop(write!(stdout(), "{text}"));
    }

    /// A line of the result; nothing under `--output json`. A reader that went away is not an error.
    pub(crate) fn line(&self, text: impl Display) {
        if !self.is_json() {
            drop(writeln!(stdout(), "{text}"));
        }
    }

    /// A line of a result that has no end, in whatever form it is; false where nobody reads any more.
    pub(crate) fn stream(&self, text: impl Display) -> bool {
        let mut to = stdout();
        writeln!(to, "{text}").and_then(|()| to.flush()).is_ok()
    }

    /// The whole result; nothing under `--output text`.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        if self.is_json() {
            let text = serde_json::to_string_pretty(value)?;
            drop(writeln!(stdout(), "{text}"));
        }
        Ok(())
    }

    /// A line for people beside the result; nothing under `--quiet`.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            drop(writeln!(stderr(), "{text}"));
        }
    }

    /// Prints an error: what failed, each cause, and what to do about it.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        use style::{BOLD_CYAN, BOLD_RED, RESET};
        let mut to = stderr();
        drop(writeln!(to, "{BOLD_RED}error{RESET}: {error}"));
        for cause in error.chain().skip(1) {
            drop(writeln!(to, "  caused by: {cause}"));
        }
        for line in error.downcast_ref::<Failure>().into_iter().flat_map(Failure::remedies) {
            drop(writeln!(to, "{BOLD_CYAN}help{RESET}: {line}"));
        }
    }

    /// Asks before something that cannot be undone, about `items` that text results show already.
    /// `--yes` answers; where nobody can be asked, the answer is an error.
    ///
    /// # Errors
    /// When the answer is not yes, or standard input is not a terminal and `--yes` is not given.
    pub(crate) fn confirm<'a>(
        &self,
        question: &str,
        items: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            let failure = Failure::new("not confirmed: standard input is not a terminal");
            let help = format!("{question} Repeat the command with --yes if that is meant.");
            return Err(failure.help(help).into());
        }
        let mut to = stderr();
        if self.is_json() {
            for item in items {
                writeln!(to, "  {item}")?;
            }
        }
        write!(to, "{question} [y/N] ")?;
        to.flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if agrees(&answer) {
            return Ok(());
        }
        Err(Failure::new("not confirmed; nothing was written").into())
    }

    /// How wide a line of the result may be: the terminal's width, else `COLUMNS`, else 100.
    pub(crate) fn width(&self) -> usize {
        let size = terminal_size::terminal_size_of(std::io::stdout());
        let terminal = size.map(|(width, _)| usize::from(width.0));
        terminal.or(self.columns).unwrap_or(100).max(40)
    }
}

/// Whether an answer means yes. Everything else means no, an empty one too.
fn agrees(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// A line of a unified diff in its colour.
pub(crate) fn colored(line: &str) -> String {
    let color = match line.as_bytes().first() {
        Some(b'+') => style::GREEN,
        Some(b'-') => style::RED,
        Some(b'@') => style::CYAN,
        _ => return line.to_owned(),
    };
    format!("{color}{line}{}", style::RESET)
}

/// Sends log lines to standard error: `-v` our own, `-vv` those of the SDK too.
pub(crate) fn trace(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "relay=debug",
        _ => "debug,hyper=info,hyper_util=info,h2=info,rustls=info",
    };
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).without_time();
    let log = log.with_env_filter(EnvFilter::new(filter)).with_target(verbose > 1);
    // Another subscriber is in force only when a test has set one.
    drop(log.with_ansi(false).try_init());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, meant) in [
            ("y\n", true),
            ("YES\r\n", true),
            ("", false),
            ("\n", false),
            ("n\n", false),
            ("yep", false),
        ] {
            assert_eq!(agrees(answer), meant, "{answer:?}");
        }
    }
}
