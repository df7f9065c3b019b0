//! `relay runbook lint`: what AWS would refuse, what a reviewer would ask about, what `ruff` says of the
//! scripts.

mod github;
mod ruff;
mod sarif;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use runbook::{DefectKind, Defects};
use serde::Serialize;
use workbench::Document;
use workbench::lint::{self, Severity};

use super::files::{self, File};
use crate::Exit;
use crate::arguments::{Format, Global};
use crate::failure::Failure;
use crate::output::Output;
use crate::rules::count;
use crate::snippet::{self, Finding, Weight};

pub(super) const EXAMPLES: &str = "\
Examples:
  relay runbook lint my-runbook.yaml
  relay runbook lint runbooks other/folder
  relay runbook lint --format sarif > lint.sarif      for code scanning
  relay runbook lint --format github                  annotations in a workflow of GitHub

A folder is searched for runbooks. Scripts are checked by `ruff` if it is on the PATH. A comment allows
a finding where it is meant:  # relay-lint: allow HardCodedRegion: the service is only there
Exit code 2 with problems or warnings; notes alone are 0.";

/// Where the page about the rules is, in the repository.
const PAGE: &str = "docs/lint.md";

#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Runbooks, or folders that are searched for runbooks
    #[arg(default_value = "runbooks")]
    paths: Vec<PathBuf>,
    /// Form of the findings; default: that of --output
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
}

/// The forms of the findings.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum ReportFormat {
    // Without doc comments, with which clap would spread the help over twice as many lines.
    Text,
    Json,
    Sarif,
    Github,
}

/// The object that `--format json` prints.
#[derive(Serialize, Default)]
struct Report {
    /// The defects that AWS refuses a document for.
    problems: Vec<Finding>,
    /// The findings that a reviewer would ask about.
    warnings: Vec<Finding>,
    /// The findings that are worth knowing.
    notes: Vec<Finding>,
    /// The findings that are allowed, with the reason.
    suppressed: Vec<Suppressed>,
    runbooks: Vec<Looked>,
}

#[derive(Serialize)]
struct Suppressed {
    #[serde(flatten)]
    finding: Finding,
    reason: String,
}

#[derive(Serialize)]
struct Looked {
    file: String,
    valid: bool,
}

/// A file that was read, and what was found in it.
struct Linted {
    file: File,
    read: Result<(Document, Vec<lint::Finding>), Defects>,
}

/// Checks the runbooks and prints what was found.
///
/// # Errors
/// When a file cannot be read, or a folder has no runbook.
pub(super) fn run(arguments: &Arguments, global: &Global, output: &Output) -> Result<Exit> {
    let by_output = match global.output {
        Format::Json => ReportFormat::Json,
        Format::Text => ReportFormat::Text,
    };
    let format = arguments.format.unwrap_or(by_output);
    if global.output == Format::Json && format != ReportFormat::Json {
        let failure = Failure::new("--output json and --format name two forms");
        output.error(&failure.help("Leave one of them out.").into());
        return Ok(Exit::Usage);
    }
    let linted = look(files::runbooks(&arguments.paths)?);
    let report = report(&linted, output);
    match format {
        ReportFormat::Text => draw(&linted, &report, output),
        ReportFormat::Json => output.as_json().json(&report)?,
        ReportFormat::Sarif => output.document(&sarif::text(&report)?),
        ReportFormat::Github => output.document(&github::text(&report)),
    }
    let is_clean = report.problems.is_empty() && report.warnings.is_empty();
    Ok(if is_clean { Exit::Done } else { Exit::Findings })
}

/// Reads and checks the files, on all processors.
fn look(files: Vec<File>) -> Vec<Linted> {
    let lint = |file: File| {
        let read = Document::parse(&file.text).map(|document| {
            let findings = lint::lint(&document);
            (document, findings)
        });
        Linted { file, read }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let size = files.len().div_ceil(processors).max(1);
    let mut parts: Vec<Vec<File>> = Vec::new();
    let mut files = files.into_iter().peekable();
    while files.peek().is_some() {
        parts.push(files.by_ref().take(size).collect());
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || part.into_iter().map(lint).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| match thread.join() {
                Ok(linted) => linted,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Everything that was found, after suppressions.
fn report(linted: &[Linted], output: &Output) -> Report {
    let documents: Vec<Option<&Document>> =
        linted.iter().map(|each| each.read.as_ref().ok().map(|(document, _)| document)).collect();
    let mut scripts = ruff::findings(&documents);
    for note in &scripts.notes {
        output.note(note);
    }
    let mut report = Report::default();
    for (nth, each) in linted.iter().enumerate() {
        let name = each.file.name();
        report.runbooks.push(Looked { file: name.clone(), valid: each.read.is_ok() });
        match &each.read {
            Err(defects) => report.problems.extend(problems(&name, defects.clone())),
            Ok((document, findings)) => {
                let mut findings = findings.clone();
                findings.extend(scripts.by_document.remove(&nth).unwrap_or_default());
                let ran = |code: &str| lint::Rule::parse(code).is_some() || scripts.ran;
                let verdict = lint::apply(document.text(), findings, ran);
                for finding in verdict.findings {
                    match finding.severity {
                        Severity::Warning => report.warnings.push(shown(&name, finding)),
                        Severity::Note => report.notes.push(shown(&name, finding)),
                    }
                }
                report.suppressed.extend(verdict.suppressed.into_iter().map(
                    |(finding, reason)| Suppressed { finding: shown(&name, finding), reason },
                ));
            }
        }
    }
    report
}

fn shown(file: &str, finding: lint::Finding) -> Finding {
    let is_rule = lint::Rule::parse(&finding.code).is_some();
    Finding {
        page: is_rule.then(|| format!("{PAGE}#{}", finding.code.to_lowercase())),
        code: finding.code.into_owned(),
        file: file.to_owned(),
        line: Some(finding.at.line),
        column: Some(finding.at.column),
        field: (!finding.path.is_empty()).then_some(finding.path),
        message: finding.message,
        hint: finding.hint,
    }
}

/// The defects of a document as findings, with the codes of SSM.
pub(crate) fn problems(file: &str, defects: Defects) -> Vec<Finding> {
    let finding = |defect: runbook::Defect| {
        // As SSM calls it.
        let code = match defect.kind {
            DefectKind::Content => "InvalidDocumentContent",
            DefectKind::SchemaVersion => "InvalidDocumentSchemaVersion",
        };
        Finding {
            code: code.to_owned(),
            file: file.to_owned(),
            line: defect.at.map(|at| at.line),
            column: defect.at.map(|at| at.column),
            field: (!defect.path.is_empty()).then_some(defect.path),
            message: defect.message,
            hint: String::new(),
            page: Some(format!("{PAGE}#{}", code.to_lowercase())),
        }
    };
    defects.0.into_iter().map(finding).collect()
}

/// The same for a command that needs a valid runbook.
///
/// # Errors
/// Always: the command ends.
pub(super) fn refuse(
    file: &str,
    text: &str,
    defects: Defects,
    done: &str,
    output: &Output,
) -> Result<Exit> {
    let problems = problems(file, defects);
    output.json(&serde_json::json!({ "problems": problems }))?;
    let texts = BTreeMap::from([(file.to_owned(), text)]);
    snippet::draw(&problems, Weight::Error, &texts, output);
    Err(Failure::new(format!("{file} is not a valid runbook; nothing was {done}")).into())
}

fn draw(linted: &[Linted], report: &Report, output: &Output) {
    let texts: BTreeMap<String, &str> =
        linted.iter().map(|each| (each.file.name(), each.file.text.as_str())).collect();
    snippet::draw(&report.problems, Weight::Error, &texts, output);
    snippet::draw(&report.warnings, Weight::Warning, &texts, output);
    snippet::draw(&report.notes, Weight::Note, &texts, output);
    let parts = [
        (report.problems.len(), "problem"),
        (report.warnings.len(), "warning"),
        (report.notes.len(), "note"),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(*number, noun))
        .collect();
    if said.is_empty() {
        said.push("no findings".to_owned());
    }
    if !report.suppressed.is_empty() {
        said.push(format!("{} allowed", report.suppressed.len()));
    }
    output.line(format_args!("{} in {}", said.join(", "), count(linted.len(), "runbook")));
}
