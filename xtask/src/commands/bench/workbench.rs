//! The author's commands of `relay`: how long a lint of many runbooks and the tests of one take.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use harness::{build, root};

use super::figure::{Figure, Section, median};

/// How many runbooks are linted at once: the shipped ones, again and again.
const RUNBOOKS: usize = 400;
const LINT_MS: f64 = 2_000.0;
/// A shipped runbook without a script, with tests.
const TESTED: &str = "Relay-ApproveThenRun";
const TEST_MS: f64 = 50.0;
const TIMES: usize = 11;

/// A lint, tests, and an unusually long document.
pub(super) fn measure() -> Result<Section> {
    let relay = build::speed("relay", &["--bin", "relay"])?.join("relay");
    let folder = build::target_dir().join("bench/runbooks");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let written = copies(&folder)?;
    ensure!(written == RUNBOOKS, "{written} runbooks were written");
    let lint = |path: &Path| time(&relay, &["runbook", "lint", "--quiet"], path, 3);
    let shipped = root().join("runbooks").join(format!("{TESTED}.yaml"));
    let long = folder.join("one-line.json");
    let step = |nth: usize| {
        format!(r#"{{"name":"s{nth}","action":"aws:sleep","inputs":{{"Duration":"PT1S"}}}}"#)
    };
    let all = lint(&folder)?;
    let steps: Vec<String> = (0..700).map(step).collect();
    let text = format!(r#"{{"schemaVersion":"0.3","mainSteps":[{}]}}"#, steps.join(","));
    std::fs::write(&long, text)?;
    let figures = vec![
        Figure::at_most(format!("lint of {RUNBOOKS} runbooks"), all, LINT_MS, "ms"),
        Figure::at_most(
            "test of a runbook without scripts",
            time(&relay, &["runbook", "test"], &shipped, TIMES)?,
            TEST_MS,
            "ms",
        ),
        Figure::noted("lint of 700 steps in one line of JSON", format!("{:.0} ms", lint(&long)?)),
    ];
    Ok(Section {
        title: "The workbench",
        how: format!(
            "`relay`, optimised (profile `speed`), from the start of the process to its end; medians. The {RUNBOOKS} \
             runbooks are the shipped ones, again and again; `ruff` is not on the path. The tests are those of {TESTED}."
        ),
        figures,
    })
}

/// Writes the shipped runbooks under names of their own until there are enough.
fn copies(folder: &Path) -> Result<usize> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(root().join("runbooks"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            texts.push(std::fs::read_to_string(path)?);
        }
    }
    for (nth, text) in texts.iter().cycle().take(RUNBOOKS).enumerate() {
        std::fs::write(folder.join(format!("runbook-{nth}.yaml")), text)?;
    }
    Ok(if texts.is_empty() { 0 } else { RUNBOOKS })
}

/// The median of several runs, in milliseconds.
fn time(relay: &Path, line: &[&str], path: &Path, times: usize) -> Result<f64> {
    let mut taken = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        let status = Command::new(relay)
            .args(line)
            .arg(path)
            .env("PATH", "/nowhere")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .with_context(|| format!("run {}", relay.display()))?;
        taken.push(began.elapsed().as_secs_f64() * 1e3);
        ensure!(status.success(), "relay {line:?} ended with {status}");
    }
    Ok(median(taken))
}
