//! Starts the gateway: `local-gateway --port 4566 --emulator-port 4567 --journal FILE`.
//!
//! It ends when its standard input closes, so that nothing outlives the command that started it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use local_gateway::server::{Gateway, serve};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

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
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(("127.0.0.1", arguments.port))
        .await
        .with_context(|| format!("port {} cannot be opened on 127.0.0.1", arguments.port))?;
    let gateway = Arc::new(Gateway::open(arguments.emulator_port, &arguments.journal)?);
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
