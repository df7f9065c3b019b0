//! Errors that come with a remedy.

use std::fmt;

/// An error and what to do about it. `help` is printed below the causes, a line each.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    help: Vec<String>,
}

impl Failure {
    /// An error without a remedy yet.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), help: Vec::new() }
    }

    /// Adds a line about what to do.
    #[must_use]
    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// The lines of the remedy, in the order in which they were added.
    pub(crate) fn remedies(&self) -> &[String] {
        &self.help
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}
