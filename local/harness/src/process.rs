//! Processes this command starts and must never leave behind.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

/// A child that ends when its standard input closes: with this value, or with this process,
/// however that dies.
#[derive(Debug)]
pub struct Leashed {
    name: &'static str,
    child: Child,
}

impl Leashed {
    /// Starts a command in a process group of its own, so that a Ctrl-C reaches us alone, with its
    /// output in `log`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(name: &'static str, mut command: Command, log: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name, child })
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns when it has ended, with how.
    ///
    /// # Errors
    /// When its status cannot be read.
    pub async fn ended(&mut self) -> Result<std::process::ExitStatus> {
        // Not `wait`: that would close its standard input, which is its leash.
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets it go and waits until it has ended.
    ///
    /// # Errors
    /// When it has not ended within ten seconds; it is killed then.
    pub async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await.is_err() {
            self.child.kill().await?;
            bail!("{} had to be killed", self.name);
        }
        Ok(())
    }
}
