//! `relay runbook` with the tools that the checks pin.
#![cfg(feature = "end-to-end")]

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use harness::{build, root};

/// A script that starts a shell with what it is given, in its last line but one.
const SHELL: &str = "\
schemaVersion: '0.3'
mainSteps:
  - name: run
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: main
      Script: |
        import os

        def main(events, context):
            text = '''
            os.system('''
            os.system('ls ' + events['Folder'])
            return {}
";

/// Runs the program with the tools of `.venv`.
fn relay(line: &[&str]) -> Result<Output> {
    let path = format!("{}:/usr/bin:/bin", root().join(".venv/bin").display());
    let ran = Command::new(build::binary("relay"))
        .args(line)
        .current_dir(root())
        .env("PATH", path)
        .output()?;
    Ok(ran)
}

#[test]
fn the_pinned_ruff_finds_a_shell_in_a_script_at_its_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("shell.yaml");
    std::fs::write(&file, SHELL)?;
    let file = file.to_str().context("a path of UTF-8")?;
    let ran = relay(&["runbook", "lint", file, "--output", "json"])?;
    ensure!(ran.status.code() == Some(2), "{ran:?}");
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout)?;
    let places: Vec<_> = found["warnings"]
        .as_array()
        .context("warnings")?
        .iter()
        .map(|each| (each["code"].as_str(), each["line"].as_u64(), each["column"].as_u64()))
        .collect();
    ensure!(places == [(Some("S605"), Some(14), Some(13))], "{found}");
    Ok(())
}

#[test]
fn ruff_finds_nothing_in_the_shipped_runbooks() -> Result<()> {
    let ran = relay(&["runbook", "lint", "runbooks"])?;
    // A note would say that ruff did not run.
    ensure!(ran.status.code() == Some(0) && ran.stderr.is_empty(), "{ran:?}");
    Ok(())
}

const GREET: &str = "\
schemaVersion: '0.3'
parameters:
  Name: {type: String}
  Bucket: {type: String}
mainSteps:
  - name: nap
    action: aws:sleep
    inputs: {Duration: PT1S}
  - name: look
    action: aws:executeAwsApi
    inputs: {Service: s3, Api: HeadBucket, Bucket: '{{ Bucket }}'}
    isEnd: true
";

#[test]
fn a_runbook_runs_on_a_local_aws_that_ends_with_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("Org-Greet.yaml");
    std::fs::write(&file, GREET)?;
    let file = file.to_str().context("a path of UTF-8")?;
    // The command that prepares it reaches the same AWS: it makes the bucket that the runbook looks for.
    let python = root().join(".venv/bin/python");
    let make = format!(
        "'{}' -c 'import boto3; boto3.client(\"s3\").create_bucket(Bucket=\"greetings\"); print(\"Bucket=greetings\")'",
        python.display()
    );
    // It builds the local AWS where a source is newer, as a person's command does.
    let relay = |line: &[&str]| -> Result<Output> {
        let mut command = Command::new(build::binary("relay"));
        for name in ["AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        Ok(command.args(line).current_dir(root()).output()?)
    };
    let line = ["runbook", "run", file, "--parameter", "Name=web", "--output", "json"];
    let made = relay(&[&line[..], &["--setup", &make]].concat())?;
    let run: serde_json::Value = serde_json::from_slice(&made.stdout)
        .with_context(|| String::from_utf8_lossy(&made.stderr).into_owned())?;
    ensure!(made.status.code() == Some(0) && run["status"] == "Success", "{run}");
    let steps: Vec<_> = run["steps"]
        .as_array()
        .context("steps")?
        .iter()
        .map(|step| (step["name"].as_str(), step["status"].as_str()))
        .collect();
    ensure!(steps == [(Some("nap"), Some("Success")), (Some("look"), Some("Success"))], "{run}");
    // Another run has another local AWS: there is no such bucket.
    let failed = relay(&[
        "runbook",
        "run",
        file,
        "--parameter",
        "Name=web",
        "--parameter",
        "Bucket=greetings",
    ])?;
    let out = String::from_utf8(failed.stdout)?;
    ensure!(failed.status.code() == Some(1), "{out}");
    ensure!(
        out.contains("1 of 2  Success nap (aws:sleep)") && out.contains("Failed look"),
        "{out}"
    );
    Ok(())
}
