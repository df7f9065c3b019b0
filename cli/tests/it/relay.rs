//! The binary in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::stub::Stub;

/// A home folder, and what the program is run with.
pub(crate) struct Relay {
    pub(crate) home: TempDir,
    environment: Vec<(String, String)>,
}

/// The exit code and output of a run.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Relay {
    /// Without credentials, Region or AWS.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, environment: Vec::new() }
    }

    /// With credentials in the environment, and the stub as AWS.
    pub(crate) fn with(stub: &Stub) -> Self {
        Self::new()
            .set("AWS_ENDPOINT_URL", &stub.url)
            .set("AWS_REGION", "us-east-1")
            .set("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
            .set("AWS_SECRET_ACCESS_KEY", "secret")
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file below the home folder and returns its path.
    pub(crate) fn file(&self, path: &str, text: &str) -> PathBuf {
        let file = self.home.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs in the home folder, with nobody at standard input.
    pub(crate) fn run(&self, line: &[&str]) -> Ran {
        self.run_with(line, &[])
    }

    /// The same with more variables of the environment.
    pub(crate) fn run_with(&self, line: &[&str], more: &[(&str, &str)]) -> Ran {
        let ran = self.command(line).envs(more.iter().copied()).output().unwrap();
        Ran {
            code: ran.status.code().unwrap(),
            out: String::from_utf8(ran.stdout).unwrap(),
            err: String::from_utf8(ran.stderr).unwrap(),
        }
    }
}

impl Relay {
    /// The command, for tests that do more than wait for its end.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command
            .args(line)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

impl Ran {
    /// Everything that was printed, the exit code first: for snapshots.
    pub(crate) fn story(&self, home: &Path) -> String {
        let story = format!("exit code {}\n{}{}", self.code, self.out, self.err);
        story.replace(&home.display().to_string(), "~")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}
