//! The command line of the project's own commands: `cargo xtask --help`.
#![expect(clippy::print_stdout, reason = "a command line prints")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod commands;

/// The commands of those who develop runbook-relay.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the whole thing: an account joins and gets its runbooks, on a local AWS
    Demo(commands::demo::Arguments),
    /// Runs the local AWS with the stack deployed, until Ctrl-C
    Local(commands::local::Arguments),
    /// Runs every check and test
    Test,
    /// Changes the suite's heart place by place and looks whether its tests notice: takes an hour
    Mutants(commands::mutants::Arguments),
    /// Measures speed and size and writes the tables of docs/benchmarks.md and docs/scale.md
    Bench(commands::bench::Arguments),
    /// Builds the functions for deployment, optimised, into target/lambda
    Package(commands::package::Arguments),
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
        Command::Demo(arguments) => commands::demo::run(&arguments).await,
        Command::Local(arguments) => commands::local::run(arguments).await,
        Command::Test => commands::test::run().await,
        Command::Mutants(arguments) => commands::mutants::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(arguments).await,
        Command::Package(arguments) => commands::package::run(&arguments),
    }
}
