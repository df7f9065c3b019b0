//! Starts the gateway: `gateway --port 4566 --emulator-port 4567 --journal FILE --python PYTHON`.
//!
//! It ends when its standard input closes, so that nothing outlives the command that started it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use gateway::automation::{Adapters, Iam};
use gateway::emulator::Emulator;
use gateway::server::serve;
use gateway::{Gateway, GatewaySettings};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use workers::Python;

#[derive(Parser)]
struct Arguments {
    /// The public port, on the loopback interface.
    #[arg(long)]
    port: u16,
    /// The emulator's private port, on the loopback interface.
    #[arg(long)]
    emulator_port: u16,
    /// Where calls that write are journalled; an old journal is replayed.
    #[arg(long)]
    journal: PathBuf,
    /// The interpreter that makes API calls and runs scripts, with boto3 among its packages.
    #[arg(long)]
    python: PathBuf,
    /// Lets webhooks leave the loopback interface.
    #[arg(long)]
    allow_webhooks: bool,
    /// How long an `aws:sleep` lasts, as a share of its time.
    #[arg(long, default_value_t = 1.0)]
    sleep_scale: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {} cannot be opened on 127.0.0.1", arguments.port))?;
    let endpoint = format!("http://127.0.0.1:{}", arguments.port);
    let folder = arguments.journal.with_file_name("scripts");
    let python = workers::PythonSettings::new(arguments.python, endpoint, folder);
    let sessions = Iam::new(Emulator::new(arguments.emulator_port));
    let python = Python::start(python, Arc::new(sessions)).context("start Python")?;
    let adapters = Adapters { aws: Arc::clone(&python) as _, scripts: python };
    let settings = GatewaySettings {
        emulator_port: arguments.emulator_port,
        journal: arguments.journal,
        allow_webhooks: arguments.allow_webhooks,
        sleep_scale: arguments.sleep_scale,
    };
    let gateway = Arc::new(Gateway::open(&settings, adapters).await?);
    tokio::spawn(Arc::clone(&gateway).tick_forever());
    tokio::select! {
        served = serve(gateway, listener) => match served? {},
        () = stdin_closed() => Ok(()),
    }
}

async fn stdin_closed() {
    let mut ignored = [0; 1024];
    while !matches!(tokio::io::stdin().read(&mut ignored).await, Ok(0) | Err(_)) {}
}
