//! The commands of docs/deploy.md, run as a reader would paste them: in a shell, with the real AWS CLI.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use harness::{build, python, root};
use tempfile::TempDir;
use tokio::process::Command;

/// A shell in a folder that has `dist/`, with a profile of the AWS CLI for each account. What a section of the page sets
/// is still set in the next.
#[derive(Debug)]
pub struct Shell {
    folder: TempDir,
    endpoint: String,
    names: String,
}

impl Shell {
    /// `profiles` are names and accounts; `names` is what a reader would write instead of a layout's first block.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(endpoint: &str, profiles: &[(&str, &str)], names: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("runbook-relay-layout-").tempdir()?;
        let profile = |(name, account): &(&str, &str)| {
            format!(
                "[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = local\n\n"
            )
        };
        let profiles: String = profiles.iter().map(profile).collect();
        std::fs::write(folder.path().join("config"), profiles)?;
        build::distribution(&folder.path().join("dist"))?;
        Ok(Self { folder, endpoint: endpoint.to_owned(), names: names.to_owned() })
    }

    /// A file of its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a layout: the names of the shell, which are those of the page, then everything else.
    ///
    /// # Errors
    /// When a command fails: with all that was printed.
    pub async fn layout(&self, heading: &str) -> Result<String> {
        let mut blocks = blocks(heading)?.into_iter();
        let first = blocks.next().context("a layout begins with names")?;
        ensure!(
            assigned(&first) == assigned(&self.names),
            "{heading} sets {:?}, this test {:?}",
            assigned(&first),
            assigned(&self.names)
        );
        self.run(&blocks.collect::<String>()).await
    }

    /// Runs all commands of a section.
    ///
    /// # Errors
    /// As [`Shell::layout`].
    pub async fn section(&self, heading: &str) -> Result<String> {
        self.run(&blocks(heading)?.concat()).await
    }

    /// Runs the commands below one heading of a layout.
    ///
    /// # Errors
    /// As [`Shell::layout`].
    pub async fn part(&self, heading: &str, part: &str) -> Result<String> {
        let found = section(heading)?;
        let start = format!("\n### {part}\n");
        let (_, rest) = found.split_once(&start).with_context(|| format!("no part {part}"))?;
        let rest = rest.split("\n### ").next().unwrap_or_default();
        self.run(&shown(rest).concat()).await
    }

    /// Runs a script.
    ///
    /// # Errors
    /// As [`Shell::layout`].
    pub async fn run(&self, script: &str) -> Result<String> {
        let tools = python::ensure_venv()?;
        let tools = tools.parent().context("the interpreter has a folder")?;
        let kept = "HUB ORGANIZATION ROOT MANAGEMENT MACHINE";
        let script = format!(
            "{}\n[ ! -f kept ] || . ./kept\n{script}\ndeclare -p {kept} 2>/dev/null > kept || true\n",
            self.names
        );
        let relay = build::binary("relay");
        let relay = relay.parent().context("relay is in a folder")?;
        let output = Command::new("bash")
            .args(["-eu", "-o", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{}:/usr/bin:/bin", tools.display(), relay.display()))
            .env("HOME", self.folder.path())
            .env("LANG", "C.UTF-8")
            .env("AWS_CONFIG_FILE", self.file("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .output()
            .await
            .context("run bash")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{}\n{said}\n{}",
            output.status,
            without_progress(&String::from_utf8_lossy(&output.stderr))
        );
        Ok(said)
    }
}

fn without_progress(text: &str) -> String {
    let lines = text.split(['\r', '\n']).filter(|line| !line.starts_with("Uploading to "));
    lines.collect::<Vec<_>>().join("\n")
}

/// A section of docs/deploy.md, up to the next heading of its level.
fn section(heading: &str) -> Result<String> {
    let page = std::fs::read_to_string(root().join("docs/deploy.md"))?;
    let start = format!("\n## {heading}\n");
    let (_, section) = page.split_once(&start).with_context(|| format!("no section {heading}"))?;
    Ok(section.split("\n## ").next().unwrap_or_default().to_owned())
}

/// The `sh` blocks of a text.
fn shown(text: &str) -> Vec<String> {
    let parts = text.split("\n```sh\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// The `sh` blocks of a section.
fn blocks(heading: &str) -> Result<Vec<String>> {
    let blocks = shown(&section(heading)?);
    ensure!(!blocks.is_empty(), "{heading} has no commands");
    Ok(blocks)
}

/// The variables that a script sets.
fn assigned(script: &str) -> Vec<&str> {
    let words = script.lines().flat_map(|line| {
        let (line, one) = match line.strip_prefix("export ") {
            Some(line) => (line, usize::MAX),
            None => (line, 1),
        };
        line.split_whitespace().take(one)
    });
    let mut names: Vec<_> =
        words.filter_map(|word| word.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}
