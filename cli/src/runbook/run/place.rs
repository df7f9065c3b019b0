//! Where a runbook runs: an endpoint that is given, or a local AWS that ends with the command.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_ssm::Client;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::arguments::Global;
use crate::output::Output;
use crate::session;

/// The account of the local AWS that is started here: any 12 digits are one.
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
/// How long it may take to start: it is built first where its sources have changed.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// An endpoint with an SSM that runs runbooks.
pub(super) struct Place {
    pub(super) ssm: Client,
    /// The settings by which commands reach it.
    environment: Vec<(&'static str, String)>,
    /// The local AWS that was started for it.
    started: Option<Child>,
}

impl Place {
    /// The endpoint of the settings, else a local AWS of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) async fn open(global: &Global, output: &Output) -> Result<Self> {
        let config = session::configure(global).await;
        if let Some(url) = config.endpoint_url() {
            let environment = vec![("AWS_ENDPOINT_URL", url.to_owned())];
            return Ok(Self { ssm: Client::new(&config), environment, started: None });
        }
        let program = crate::local::program()?;
        output.note("starting a local AWS");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.context("find a free port")?.port().to_string();
        let mut child = Command::new(&program)
            .args(["local", "--without-stack", "--port", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let endpoint =
            timeout(PATIENCE, ready(&mut child)).await.context("the local AWS is not ready")??;
        let environment = vec![
            ("AWS_ENDPOINT_URL", endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
        ];
        let key = aws_sdk_ssm::config::Credentials::new(ACCOUNT, "local", None, None, "local AWS");
        let config: SdkConfig = config
            .into_builder()
            .endpoint_url(endpoint)
            .region(aws_config::Region::new(REGION))
            .credentials_provider(aws_sdk_ssm::config::SharedCredentialsProvider::new(key))
            .build();
        Ok(Self { ssm: Client::new(&config), environment, started: Some(child) })
    }

    /// Runs a shell command there; its output.
    ///
    /// # Errors
    /// When it fails.
    pub(super) async fn setup(&self, command: &str) -> Result<String> {
        let ran = Command::new("sh")
            .args(["-c", command])
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await
            .context("run the command of --setup")?;
        if !ran.status.success() {
            bail!("the command of --setup ended with {}", ran.status);
        }
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }

    /// Ends the local AWS that was started for it, and waits.
    pub(super) async fn close(mut self) {
        if let Some(child) = &mut self.started {
            // Its own processes end with it.
            drop(child.kill().await);
        }
    }
}

/// The endpoint, once it answers.
async fn ready(child: &mut Child) -> Result<String> {
    let out = child.stdout.take().context("read the local AWS")?;
    let mut lines = BufReader::new(out).lines();
    let mut endpoint = None;
    while let Some(line) = lines.next_line().await? {
        if let Some(url) = line.strip_prefix("ready ") {
            endpoint = Some(url.trim().to_owned());
            break;
        }
    }
    // The rest is read, so that it never waits for a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    endpoint.context("the local AWS ended before it was ready: cargo xtask local says why")
}
