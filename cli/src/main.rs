//! The command line of `relay`: `relay --help`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Operates runbook-relay: rules, runbooks, dead letters, events.
#[derive(Parser)]
#[command(name = "relay", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares rules/ with the deployed parameters, or writes what changed
    Rules {
        #[command(subcommand)]
        action: relay::rules::Action,
    },
    /// Creates or updates runbooks/ in the hub, tagged so that they may be started
    Runbooks {
        #[command(subcommand)]
        action: relay::runbooks::Action,
    },
    /// Sends dead letters (a queue's URL) or recorded events (a file) through the intake again
    Replay(relay::replay::Arguments),
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
        Command::Rules { action } => relay::rules::run(action).await,
        Command::Runbooks { action } => relay::runbooks::run(action).await,
        Command::Replay(arguments) => relay::replay::run(&arguments).await,
        Command::Event { file, endpoint } => relay::event::run(&file, &endpoint).await,
    }
}
