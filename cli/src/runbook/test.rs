//! `relay runbook test`: runs the cases of `NAME.test.yaml` on the engine, in virtual time and without AWS.

mod junit;
mod play;
mod script;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;
use workbench::Document;
use workbench::cases::{Coverage, Suite, judge};

use super::files::TESTS;
use super::lint;
use crate::Exit;
use crate::failure::Failure;
use crate::output::{Output, style};
use crate::rules::count;
use crate::snippet::{self, Finding, Weight};

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook test my-runbook.yaml              runs my-runbook.test.yaml beside it
  relay runbook test runbooks --junit report.xml
  relay runbook test runbooks --case 'comes back'

No AWS is called: a test says what AWS and scripts answer. Waits take no time. Exit code 1 when a case
fails.";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Runbooks, their tests, or folders that are searched for *.test.yaml
    #[arg(default_value = "runbooks")]
    paths: Vec<PathBuf>,
    /// Only the cases whose name holds this text
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Write a report for pipelines, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// The object that `--output json` prints.
#[derive(Serialize)]
struct Report {
    runbooks: Vec<Tested>,
    /// Files that are not a runbook, or not tests of one.
    problems: Vec<Finding>,
}

/// A runbook and its cases.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    runbook: String,
    file: String,
    cases: Vec<CaseReport>,
    steps: Share,
    branches: Share,
    /// The steps and branches that no case has taken.
    not_taken: Vec<String>,
}

#[derive(Serialize)]
struct Share {
    taken: usize,
    all: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaseReport {
    name: String,
    passed: bool,
    /// The expectations that do not hold.
    failures: Vec<String>,
    status: String,
    steps: Vec<String>,
    /// Seconds of the run's own time.
    took: u64,
    #[serde(skip)]
    elapsed: Duration,
}

/// A file of tests, read.
struct File {
    path: PathBuf,
    suite: Suite,
    runbook: PathBuf,
    content: String,
}

/// Runs the cases and prints what became of them.
///
/// # Errors
/// When a file cannot be read, or there are no tests.
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit> {
    let mut report = Report { runbooks: Vec::new(), problems: Vec::new() };
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for path in files(&arguments.paths)? {
        let text = read(&path)?;
        let name = path.display().to_string();
        let suite = match Suite::parse(&text) {
            Ok(suite) => suite,
            Err(error) => {
                report.problems.push(Finding {
                    code: "TestSyntax".to_owned(),
                    file: name.clone(),
                    line: error.at.map(|at| at.line),
                    column: error.at.map(|at| at.column),
                    field: None,
                    message: error.message,
                    hint: String::new(),
                    page: Some("docs/runbooks-workbench.md#test-it".to_owned()),
                });
                texts.insert(name, text);
                continue;
            }
        };
        let runbook = beside(&path, &suite);
        let content = read(&runbook)?;
        match Document::parse(&content) {
            Err(defects) => {
                let name = runbook.display().to_string();
                report.problems.extend(lint::problems(&name, defects));
                texts.insert(name, content);
            }
            Ok(document) => {
                let file = File { path, suite, runbook, content };
                report.runbooks.push(test(&file, &document, arguments.case.as_deref())?);
            }
        }
    }
    if let Some(junit) = &arguments.junit {
        std::fs::write(junit, junit::text(&report.runbooks))
            .with_context(|| format!("write {}", junit.display()))?;
    }
    output.json(&report)?;
    draw(&report, &texts, output);
    let passed = report.runbooks.iter().flat_map(|each| &each.cases).all(|case| case.passed);
    let ran = report.runbooks.iter().any(|each| !each.cases.is_empty());
    if !ran && report.problems.is_empty() {
        return Err(Failure::new("no case has a name with the text of --case").into());
    }
    Ok(if passed && report.problems.is_empty() { Exit::Done } else { Exit::Failed })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// The files of tests that are meant, by path.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            found.extend(super::files::tests(path)?);
            if found.len() == before {
                let failure = Failure::new(format!("no tests in {}", path.display()));
                return Err(failure.help("Expected NAME.test.yaml beside NAME.yaml.").into());
            }
        } else if super::files::is_test(path) {
            found.push(path.clone());
        } else {
            let test = path.with_extension(TESTS.trim_start_matches('.'));
            if path.exists() && !test.exists() {
                let failure = Failure::new(format!("{} has no tests", path.display()));
                return Err(failure.help(format!("Expected them in {}.", test.display())).into());
            }
            // A runbook that is not there is named, not its tests.
            found.push(if path.exists() { test } else { path.clone() });
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The runbook that a file of tests is about.
fn beside(path: &Path, suite: &Suite) -> PathBuf {
    if let Some(name) = &suite.runbook {
        return path.with_file_name(name);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(TESTS).unwrap_or(&name).to_owned();
    ["yaml", "yml", "json"]
        .iter()
        .map(|extension| path.with_file_name(format!("{stem}.{extension}")))
        .find(|runbook| runbook.exists())
        .unwrap_or_else(|| path.with_file_name(format!("{stem}.yaml")))
}

/// Runs the cases of one runbook.
fn test(file: &File, document: &Document, only: Option<&str>) -> Result<Tested> {
    let mut coverage = Coverage::of(document);
    let mut cases = Vec::new();
    let wanted = |name: &str| only.is_none_or(|text| name.contains(text));
    for case in file.suite.cases.iter().filter(|case| wanted(&case.name)) {
        let began = Instant::now();
        let ran = play::play(file, document, case)?;
        coverage.add(&ran);
        let failures = judge(&case.expect, &ran);
        cases.push(CaseReport {
            name: case.name.clone(),
            passed: failures.is_empty(),
            failures,
            status: ran.status.clone(),
            steps: ran.steps.iter().map(|step| format!("{} {}", step.name, step.status)).collect(),
            took: ran.took,
            elapsed: began.elapsed(),
        });
    }
    let share = |(taken, all)| Share { taken, all };
    Ok(Tested {
        runbook: file.runbook.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        file: file.path.display().to_string(),
        cases,
        steps: share(coverage.steps()),
        branches: share(coverage.branches()),
        not_taken: coverage.missing(),
    })
}

fn draw(report: &Report, texts: &BTreeMap<String, String>, output: &Output) {
    use style::{BOLD_RED, GREEN, RESET};
    let texts = texts.iter().map(|(name, text)| (name.clone(), text.as_str())).collect();
    snippet::draw(&report.problems, Weight::Error, &texts, output);
    let (mut failed, mut all) = (0, 0);
    for tested in report.runbooks.iter().filter(|tested| !tested.cases.is_empty()) {
        let (steps, branches) = (&tested.steps, &tested.branches);
        output.line(format_args!(
            "{}: {} of {} steps, {} of {} branches",
            tested.runbook, steps.taken, steps.all, branches.taken, branches.all,
        ));
        for case in &tested.cases {
            all += 1;
            if case.passed {
                output.line(format_args!("  {GREEN}ok{RESET}      {}", case.name));
                continue;
            }
            failed += 1;
            output.line(format_args!("  {BOLD_RED}FAILED{RESET}  {}", case.name));
            for line in case.failures.iter().flat_map(|failure| failure.lines()) {
                output.line(format_args!("          {line}"));
            }
        }
        for missing in &tested.not_taken {
            output.line(format_args!("  not taken: {missing}"));
        }
    }
    let runbooks = count(report.runbooks.len(), "runbook");
    match failed {
        0 if !report.problems.is_empty() => {}
        0 => output.line(format_args!("{} of {runbooks} passed", count(all, "case"))),
        failed => output.line(format_args!("{failed} of {} failed", count(all, "case"))),
    }
}
