//! README's first ten minutes, as a terminal session: every command is run, and says what the README shows.
#![cfg(feature = "end-to-end")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use harness::local::Local;
use harness::showcase::{self, Watched};
use harness::{HOME_REGION, HUB, build, root};
use regex::Regex;
use tests::{World, run};

/// How long a command may take to say what is shown: what it is about happens meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command of the session, and the lines that it prints. `…` stands for whatever comes there.
#[derive(Debug)]
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The session of the README: its one block that begins with a prompt.
fn session() -> Result<Vec<Shown>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let block = readme.split("```console\n").nth(1).context("a session in the README")?;
    let block = block.split("```").next().unwrap_or_default();
    let mut shown: Vec<Shown> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), shown.last_mut()) {
            (Some(command), _) => {
                shown.push(Shown { command: command.to_owned(), lines: Vec::new() });
            }
            (None, Some(last)) => last.lines.push(line.trim_end().to_owned()),
            (None, None) => anyhow::bail!("the session begins with a command: {line}"),
        }
    }
    Ok(shown)
}

/// The ids of the README, and those that they stand for here.
#[derive(Debug, Default)]
struct Ids(BTreeMap<String, String>);

impl Ids {
    /// A text of the README with the ids that are known by now.
    fn here(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, here)| text.replace(shown, here))
    }

    /// Whether a line is the one that is shown; ids that were not seen before are learned from it.
    fn fits(&mut self, shown: &str, line: &str) -> Result<bool> {
        let token =
            Regex::new(r"\b[0-9a-f]{8}\b|\d{4}-\d\d-\d\d[T ][0-9:.]+Z?|\d\d-\d\d \d\d:\d\d|…")?;
        // How far columns are apart depends on what is in them.
        let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (shown, line) = (spaced(&self.here(shown)), spaced(line));
        let line = line.as_str();
        let (mut pattern, mut names, mut at) = (String::from("^"), Vec::new(), 0);
        for found in token.find_iter(&shown) {
            pattern.push_str(&regex::escape(&shown[at..found.start()]));
            let is_id =
                found.as_str().len() == 8 && !self.0.values().any(|id| id == found.as_str());
            if is_id {
                names.push(found.as_str().to_owned());
                pattern.push_str("([0-9a-f]{8})");
            } else if self.0.values().any(|id| id == found.as_str()) {
                pattern.push_str(&regex::escape(found.as_str()));
            } else {
                pattern.push_str(".*");
            }
            at = found.end();
        }
        pattern.push_str(&regex::escape(&shown[at..]));
        pattern.push('$');
        let Some(captures) = Regex::new(&pattern)?.captures(line) else { return Ok(false) };
        for (name, here) in names.into_iter().zip(captures.iter().skip(1).flatten()) {
            self.0.insert(name, here.as_str().to_owned());
        }
        Ok(true)
    }

    /// Whether the lines that are shown are there, one after the other. A line `…` stands for any.
    fn all_fit(&mut self, shown: &[String], said: &str) -> Result<bool> {
        let mut said = said.lines().map(str::trim_end);
        for line in shown.iter().filter(|line| line.as_str() != "…" && !line.is_empty()) {
            loop {
                let Some(here) = said.next() else { return Ok(false) };
                if self.fits(line, here)? {
                    break;
                }
            }
        }
        Ok(true)
    }
}

fn shell(local: &Local, command: &str) -> Result<String> {
    let programs = build::binary("relay");
    let programs = programs.parent().context("a folder")?;
    let ran = Command::new("bash")
        .args(["-c", command])
        .env_clear()
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()))
        .env("AWS_ENDPOINT_URL", &local.endpoint)
        .env("AWS_REGION", HOME_REGION)
        .env("AWS_ACCESS_KEY_ID", HUB)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()?;
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr))
}

async fn play(world: &World, watched: &[Watched]) -> Result<()> {
    let instance = Regex::new("i-[0-9a-f]{17}")?;
    let mut ids = Ids::default();
    for Shown { command, lines } in session()? {
        for shown in instance.find_iter(&command) {
            // The session is about the first of them.
            let first = watched.first().context("an instance")?;
            ids.0.insert(shown.as_str().to_owned(), first.instance.clone());
        }
        let begun = Instant::now();
        loop {
            let said = shell(&world.local, &ids.here(&command))?;
            if ids.all_fit(&lines, &said)? {
                break;
            }
            ensure!(
                begun.elapsed() < PATIENCE,
                "$ {command}\nprinted\n{said}\nand the README shows\n{}\nwith {ids:?}",
                lines.join("\n")
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(())
}

#[test]
fn every_command_of_the_readmes_session_says_what_the_readme_shows() {
    run(|world| async move {
        let watched = showcase::fill(&world.stack, true).await?;
        play(world, &watched).await
    });
}
