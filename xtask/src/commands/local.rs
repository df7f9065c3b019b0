//! `cargo xtask local`: the local AWS with the stack deployed, in the foreground.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use harness::local::{Local, Options};
use harness::stack::{self, Stack, StackOptions};
use harness::{HOME_REGION, HUB, aws, build, deploy, seed};
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The public port on 127.0.0.1
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// A folder with sharing/*.yaml (and later remediation/*.yaml): written as parameters
    #[arg(long, alias = "policies")]
    rules: Option<PathBuf>,
    /// Where state and logs go; default: a temporary folder, removed at the end
    #[arg(long)]
    state: Option<PathBuf>,
    /// Leaves the hub's stack out, to deploy it yourself as docs/deploy.md says
    #[arg(long, conflicts_with = "rules")]
    without_stack: bool,
    /// Really runs shell commands of Run Command, on this machine, in throw-away folders
    #[arg(long)]
    allow_run_command: bool,
    /// Lets aws:invokeWebhook post to addresses beyond the loopback interface
    #[arg(long)]
    allow_webhooks: bool,
}

/// Prints a line. The reader may close the pipe after `ready`: that does not end the command.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(std::io::stdout(), $($text)*))
    };
}

/// Runs until Ctrl-C, SIGTERM or the emulator's end.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let options = Options {
        port: Some(arguments.port),
        state: arguments.state,
        allow_run_command: arguments.allow_run_command,
        allow_webhooks: arguments.allow_webhooks,
        ..Options::default()
    };
    if let Some(folder) = &arguments.rules {
        stack::demand_valid_rules(folder)?;
    }
    Local::check_port(arguments.port)?;
    build::build_dev()?;
    let mut local = Local::start(&options).await?;
    let outcome = tokio::select! {
        never = serve(&mut local, arguments.rules, arguments.without_stack) => never.map(|never| match never {}),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    local.stop().await?;
    outcome
}

async fn serve(
    local: &mut Local,
    rules: Option<PathBuf>,
    without_stack: bool,
) -> Result<std::convert::Infallible> {
    let endpoint = &local.endpoint;
    let seeded = seed::organization(&aws::config(endpoint, HUB, HOME_REGION).await).await?;
    let mut outputs = deploy::Outputs::new();
    if !without_stack {
        let stack = Stack::deploy(endpoint, seeded.clone(), &StackOptions::default()).await?;
        if let Some(folder) = rules {
            let written = stack.put_rules(&folder).await?;
            eprintln!("{written} rules written from {}", folder.display());
        }
        outputs = stack.outputs;
    }
    say!("ready {endpoint}");
    say!("organization {}, management account and hub {HUB}", seeded.organization);
    for (path, id) in &seeded.units {
        say!("  {id}  {path}");
    }
    say!("any 12-digit id is a usable account: its id is the access key, any secret does\n");
    say!("export AWS_ENDPOINT_URL={endpoint}");
    say!("export AWS_ACCESS_KEY_ID={HUB} AWS_SECRET_ACCESS_KEY=local");
    say!("export AWS_DEFAULT_REGION={HOME_REGION} AWS_REGION={HOME_REGION}");
    say!("unset AWS_PROFILE AWS_SESSION_TOKEN\n");
    for (key, value) in &outputs {
        say!("{key}: {value}");
    }
    eprintln!("\nlogs are in {}; Ctrl-C ends it", local.state().display());
    local.watch().await.context("the local AWS is gone")
}
