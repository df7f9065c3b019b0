//! The local AWS: an emulator on a private port, the gateway on the public one, both leashed to
//! this process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::Instant;

use crate::process::Leashed;
use crate::{aws, build, python, root};

/// How a local AWS is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The public port; a free one if none is named.
    pub port: Option<u16>,
    /// Where its state goes; a temporary folder if none is named.
    pub state: Option<PathBuf>,
    /// Factor on every wait of the emulated state machines.
    pub wait_scale: Option<f64>,
    /// Whether shell commands of Run Command really run, on this machine.
    pub allow_run_command: bool,
    /// Whether `aws:invokeWebhook` may leave the loopback interface.
    pub allow_webhooks: bool,
    /// Factor on every `aws:sleep` of runbooks.
    pub sleep_scale: Option<f64>,
    /// The gateway's binary; that of the build if none is named.
    pub gateway: Option<PathBuf>,
}

/// A running local AWS. Dropping it ends it; [`Local::stop`] also waits.
#[derive(Debug)]
pub struct Local {
    /// `http://127.0.0.1:<port>`.
    pub endpoint: String,
    emulator: Leashed,
    gateway: Leashed,
    gateway_start: GatewayStart,
    temporary: Option<TempDir>,
}

impl Local {
    /// Starts emulator and gateway and returns when both answer. What is built must be built.
    ///
    /// # Errors
    /// When the port is taken, or one of the two does not come up; their logs are named.
    pub async fn start(options: &Options) -> Result<Self> {
        for _ in 0..2 {
            match Self::try_start(options).await {
                // The emulator's port was free when it was chosen, and somebody's a moment later.
                Err(error) if error.to_string().contains("Address already in use") => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                started => return started,
            }
        }
        Self::try_start(options).await
    }

    async fn try_start(options: &Options) -> Result<Self> {
        let python = python::ensure_venv()?;
        let port = match options.port {
            Some(port) => free(port).with_context(|| busy(port))?,
            None => free(0)?,
        };
        let emulator_port = free(0)?;
        let (state, temporary) = match &options.state {
            Some(state) => (std::path::absolute(state)?, None),
            None => {
                let folder = tempfile::Builder::new().prefix("runbook-relay-").tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        for folder in ["home", "tmp", "data"] {
            std::fs::create_dir_all(state.join(folder))?;
        }
        let mut emulator = emulator(&python, &state, port, emulator_port);
        if let Some(scale) = options.wait_scale {
            emulator.env("SFN_WAIT_SCALE", scale.to_string());
        }
        if options.allow_run_command {
            emulator.env("RELAY_ALLOW_RUN_COMMAND", "1");
        }
        if temporary.is_some() {
            emulator.env("RELAY_REMOVE_AT_END", &state);
        }
        let mut emulator = Leashed::start("the emulator", emulator, &state.join("emulator.log"))?;
        let gateway_start = GatewayStart {
            binary: options.gateway.clone().unwrap_or_else(|| build::binary("gateway")),
            python,
            state: state.clone(),
            port,
            emulator_port,
            allow_webhooks: options.allow_webhooks,
            sleep_scale: options.sleep_scale,
        };
        let mut gateway = gateway_start.run()?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !(answers(&endpoint).await && free(emulator_port).is_err()) {
            for (process, log) in [(&mut emulator, "emulator.log"), (&mut gateway, "gateway.log")] {
                if !process.runs() {
                    bail!("{}", last_words(&state.join(log)));
                }
            }
            if Instant::now() > deadline {
                bail!("not up within a minute\n{}", last_words(&state.join("emulator.log")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { endpoint, emulator, gateway, gateway_start, temporary })
    }

    /// Whether a port can be had, before any work is done for it.
    ///
    /// # Errors
    /// When something listens there already.
    pub fn check_port(port: u16) -> Result<()> {
        free(port).map(drop).with_context(|| busy(port))
    }

    /// The process ids of emulator and gateway.
    pub fn processes(&self) -> [Option<u32>; 2] {
        [self.emulator.id(), self.gateway.id()]
    }

    /// Where its logs and its journal are.
    pub fn state(&self) -> &Path {
        &self.gateway_start.state
    }

    /// Calls its control interface.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn relay(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value> {
        aws::relay(&self.endpoint, method, path, body).await
    }

    /// Keeps it up: a gateway that dies is started again on its journal. Returns when the emulator
    /// is gone.
    ///
    /// # Errors
    /// Always: with what became of the emulator, or why the gateway could not be started again.
    pub async fn watch(&mut self) -> Result<std::convert::Infallible> {
        loop {
            tokio::select! {
                ended = self.emulator.ended() => {
                    bail!("the emulator ended: {}\n{}", ended?, last_words(&self.gateway_start.state.join("emulator.log")));
                }
                ended = self.gateway.ended() => {
                    eprintln!("the gateway ended ({}); starting it again", ended?);
                    self.restart_gateway()?;
                    // A gateway that cannot live is not restarted in a tight loop.
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn restart_gateway(&mut self) -> Result<()> {
        self.gateway = self.gateway_start.run()?;
        Ok(())
    }

    /// Ends both and waits until they are gone; a temporary state folder goes too.
    ///
    /// # Errors
    /// When one of them had to be killed.
    pub async fn stop(self) -> Result<()> {
        let (gateway, emulator) = tokio::join!(self.gateway.stop(), self.emulator.stop());
        drop(self.temporary);
        gateway.and(emulator)
    }
}

/// The emulator in an environment of its own: no credentials, no configuration, no metadata, and
/// no way out but the gateway.
fn emulator(python: &Path, state: &Path, port: u16, emulator_port: u16) -> Command {
    let mut command = Command::new(python);
    command
        .arg(root().join("local/gateway/emulator/relay_emulator.py"))
        .arg(emulator_port.to_string())
        .current_dir(state)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", state.join("home"))
        .env("TMPDIR", state.join("tmp"))
        .env("STATE_DIR", state.join("data"))
        .env("S3_DATA_DIR", state.join("data/s3"))
        .env("LANG", "C.UTF-8")
        .env("AUTH", "true")
        .env("GATEWAY_PORT", port.to_string())
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("BIND_HOST", "127.0.0.1")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // Port 9 is discard: nothing listens there, so nothing leaves this machine.
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1,localhost");
    command
}

/// How the gateway is started, and started again.
#[derive(Debug)]
struct GatewayStart {
    binary: PathBuf,
    python: PathBuf,
    state: PathBuf,
    port: u16,
    emulator_port: u16,
    allow_webhooks: bool,
    sleep_scale: Option<f64>,
}

impl GatewayStart {
    fn run(&self) -> Result<Leashed> {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .args(["--port", &self.port.to_string()])
            .args(["--emulator-port", &self.emulator_port.to_string()])
            .arg("--journal")
            .arg(self.state.join("journal.jsonl"))
            .arg("--python")
            .arg(&self.python);
        if self.allow_webhooks {
            command.arg("--allow-webhooks");
        }
        if let Some(scale) = self.sleep_scale {
            command.args(["--sleep-scale", &scale.to_string()]);
        }
        Leashed::start("the gateway", command, &self.state.join("gateway.log"))
    }
}

async fn answers(endpoint: &str) -> bool {
    aws::relay(endpoint, "GET", "health", &json!({})).await.is_ok()
}

/// The port itself if nothing listens there; with 0, any free port.
fn free(port: u16) -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", port))?.local_addr()?.port())
}

fn busy(port: u16) -> String {
    format!(
        "port {port} is in use on 127.0.0.1: end what listens there, or choose another with --port"
    )
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(15)..];
    format!("the last lines of {}:\n{}", log.display(), last.join("\n"))
}
