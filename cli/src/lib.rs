//! The commands of `relay`, one module each. `local/harness` uses the parts that write rules and
//! runbooks, so that demo and tests deploy them as an operator does.
//!
//! A command takes its settings from [`arguments`], its AWS clients from [`session`] and writes
//! through [`output`].

mod approvals;
mod archive;
mod arguments;
mod completions;
mod doctor;
mod event;
mod explain;
mod failure;
mod guards;
mod import;
mod local;
pub mod local_aws;
mod man;
mod numbers;
mod outcomes;
mod output;
mod page;
mod pause;
mod plan;
mod replay;
pub mod rules;
mod run;
mod runbook;
pub mod runbooks;
mod session;
mod show;
mod snippet;
mod status;
mod unlock;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::output::Output;

/// The exit codes that the help documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Something failed; standard error says what.
    Failed = 1,
    /// `lint` found problems, or `plan` and `diff` found something that would change.
    Findings = 2,
    /// The command line is wrong. `EX_USAGE` of sysexits.h, so that it differs from [`Self::Findings`].
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The environment variables that the program reads. The SDK reads its own variables itself.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `AWS_ENDPOINT_URL`, for the commands that call a local AWS outside the SDK.
    pub endpoint: Option<String>,
    /// `COLUMNS`: how wide the result may be where standard output is not a terminal.
    pub columns: Option<usize>,
}

/// Runs a command line, its program name first.
pub async fn run(line: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let line: Vec<OsString> = line.into_iter().collect();
    // Clap prints its help while it parses, so the flag has to be known before.
    if line.iter().any(|argument| argument == "--no-color") {
        anstream::ColorChoice::Never.write_global();
    }
    let Arguments { global, command } = match Arguments::try_parse_from(line) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing is left to be done about a terminal that is gone.
            drop(error.print());
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let output = Output::new(&global).with_columns(environment.columns);
    output::trace(global.verbose);
    let done = dispatch(command, &global, &output, environment.endpoint).await;
    done.unwrap_or_else(|error| {
        output.error(&error);
        Exit::Failed
    })
}

async fn dispatch(
    command: Command,
    global: &arguments::Global,
    output: &Output,
    endpoint: Option<String>,
) -> Result<Exit> {
    let now = clock();
    match command {
        Command::Rules { action } => rules::run(action, global, output).await,
        Command::Runbooks { action } => runbooks::run(action, global, output).await,
        Command::Runbook { action } => runbook::run(action, global, output).await,
        Command::Plan(arguments) => plan::plan(&arguments, global, output).await,
        Command::Apply(arguments) => plan::apply(&arguments, global, output).await,
        Command::Import(arguments) => import::run(&arguments, global, output).await,
        Command::Doctor(arguments) => doctor::run(&arguments, global, output).await,
        Command::Status(arguments) => status::run(&arguments, global, now, output).await,
        Command::Outcomes(arguments) => outcomes::run(&arguments, global, now, output).await,
        Command::Show(arguments) => show::run(&arguments, global, now, output).await,
        Command::Explain(arguments) => explain::run(&arguments, global, now, output).await,
        Command::Approvals(arguments) => approvals::list(&arguments, global, now, output).await,
        Command::Approve(arguments) => {
            approvals::answer(&arguments, approvals::Answer::Approve, global, now, output).await
        }
        Command::Reject(arguments) => {
            approvals::answer(&arguments, approvals::Answer::Reject, global, now, output).await
        }
        Command::Run(arguments) => run::run(&arguments, global, output).await,
        Command::Step(arguments) => run::step(&arguments, global, output).await,
        Command::Retry(arguments) => run::retry(&arguments, global, output).await,
        Command::Cancel(arguments) => run::cancel(&arguments, global, output).await,
        Command::Pause(arguments) => pause::pause(&arguments, global, now, output).await,
        Command::Resume(arguments) => pause::resume(&arguments, global, output).await,
        Command::Unlock(arguments) => unlock::run(&arguments, global, now, output).await,
        Command::Replay(arguments) => replay::run(&arguments, global, output).await,
        Command::Local(arguments) => local::run(&arguments),
        Command::Event(arguments) => {
            let endpoint = global.endpoint_url.clone().or(endpoint);
            event::run(&arguments, endpoint.as_deref(), output).await
        }
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments, output),
    }
}

/// The one moment that a command takes for now.
#[expect(
    clippy::disallowed_methods,
    reason = "the program begins here, and has no clock but the host's"
)]
fn clock() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
