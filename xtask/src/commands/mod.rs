//! One module per command.

pub(crate) mod alarms;
pub(crate) mod bench;
pub(crate) mod demo;
pub(crate) mod local;
pub(crate) mod mutants;
pub(crate) mod package;
pub(crate) mod screen;
pub(crate) mod test;

/// A variable of the user's own environment; empty if it is not set.
#[expect(clippy::disallowed_methods, reason = "a command line's edge")]
fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
