//! The command line of the project's own commands: `cargo xtask --help`.
#![expect(clippy::print_stdout, reason = "a command line prints")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod commands;

/// runbook-relay's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the whole thing: an account joins and gets its runbooks, on a local AWS
    Demo,
    /// Runs the local AWS with the stack deployed, until Ctrl-C
    Local(commands::local::Arguments),
    /// Runs every check and test
    Test,
    /// Measures speed and size and writes docs/benchmarks.md's table
    Bench(commands::bench::Arguments),
    /// Builds the functions for deployment, optimised, into target/lambda
    Package(commands::package::Arguments),
    /// Compares policies/ with the deployed parameters, or writes what changed
    Policies {
        #[command(subcommand)]
        action: commands::policies::Action,
    },
    /// Creates or updates runbooks/ in the hub, tagged so that they may be started
    Runbooks {
        #[command(subcommand)]
        action: commands::runbooks::Action,
    },
    /// Sends dead letters (a queue's URL) or recorded events (a file) through the intake again
    Replay(commands::replay::Arguments),
    /// Delivers one EventBridge envelope to the local AWS as it stands
    Event {
        /// The file with the envelope
        file: PathBuf,
        /// Where the local AWS answers
        #[arg(long, default_value = "http://127.0.0.1:4566", env = "AWS_ENDPOINT_URL")]
        endpoint: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo => commands::demo::run().await,
        Command::Local(arguments) => commands::local::run(arguments).await,
        Command::Test => commands::test::run().await,
        Command::Bench(arguments) => commands::bench::run(arguments).await,
        Command::Package(arguments) => commands::package::run(&arguments),
        Command::Policies { action } => commands::policies::run(action).await,
        Command::Runbooks { action } => commands::runbooks::run(action).await,
        Command::Replay(arguments) => commands::replay::run(&arguments).await,
        Command::Event { file, endpoint } => commands::event::run(&file, &endpoint).await,
    }
}
