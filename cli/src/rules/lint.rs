//! `relay rules lint`: everything that is wrong with the rules of a folder, at once and without AWS.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::folder::{RuleFile, rule_files};
use crate::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::snippet::{self, Finding, Weight};

/// The rules of a folder, read and checked.
pub(super) struct Checked {
    pub files: Vec<RuleFile>,
    pub sharing: sharing::SharingRules,
    pub remediation: remediation::RemediationRules,
    pub report: Report,
}

/// The object that `--output json` prints.
#[derive(Serialize)]
pub(super) struct Report {
    /// The problems that make rules invalid.
    pub problems: Vec<Finding>,
    /// Valid, and yet perhaps not meant so.
    pub warnings: Vec<Finding>,
    pub rules: Vec<Rule>,
}

#[derive(Serialize)]
pub(super) struct Rule {
    kind: &'static str,
    name: String,
    file: String,
    valid: bool,
}

/// Checks the rules at a path and prints what was found.
pub(super) fn run(path: &Path, output: &Output) -> Result<Exit> {
    let Checked { files, report, .. } = check(path)?;
    output.json(&report)?;
    draw(&files, &report, output);
    let (problems, warnings) = (report.problems.len(), report.warnings.len());
    if problems > 0 {
        let invalid = report.rules.iter().filter(|rule| !rule.valid).count();
        let rules = count(report.rules.len(), "rule");
        output.line(format_args!("{} in {invalid} of {rules}", count(problems, "problem")));
        return Ok(Exit::Findings);
    }
    let warned =
        if warnings > 0 { format!(", {}", count(warnings, "warning")) } else { String::new() };
    let verb = if files.len() == 1 { "is" } else { "are" };
    output.line(format_args!("{} {verb} valid{warned}", count(files.len(), "rule")));
    Ok(Exit::Done)
}

/// The same before AWS is asked anything: an invalid rule ends the command, with all that is wrong.
///
/// # Errors
/// When there are no rules, or one is invalid.
pub(super) fn demand_valid(path: &Path, output: &Output) -> Result<Checked> {
    let checked = check(path)?;
    let report = &checked.report;
    if !report.problems.is_empty() {
        output.json(report)?;
        draw(&checked.files, report, output);
        let what = format!(
            "{} in {}; nothing was written",
            count(report.problems.len(), "problem"),
            path.display()
        );
        return Err(Failure::new(what).into());
    }
    Ok(checked)
}

/// Reads and checks the rules of both kinds.
fn check(path: &Path) -> Result<Checked> {
    let files = rule_files(path)?;
    let of_kind =
        |kind| files.iter().filter(move |file| file.kind == kind).map(RuleFile::rule_text);
    let sharing = sharing::SharingRules::parse(of_kind("sharing"));
    let remediation = remediation::RemediationRules::parse(of_kind("remediation"));
    let findings =
        |problems: &[relay_core::problem::Problem]| problems.iter().map(Finding::from).collect();
    let problems: Vec<Finding> =
        findings(&[sharing.problems.clone(), remediation.problems.clone()].concat());
    let warnings = findings(&[sharing.warnings.clone(), remediation.warnings.clone()].concat());
    let rules = files.iter().map(|file| {
        let own = file.origin();
        let valid = !problems.iter().any(|problem| problem.file == own);
        Rule { kind: file.kind, name: file.name.clone(), valid, file: own }
    });
    let report = Report { rules: rules.collect(), problems, warnings };
    Ok(Checked { files, sharing, remediation, report })
}

fn draw(files: &[RuleFile], report: &Report, output: &Output) {
    let texts = texts(files);
    snippet::draw(&report.problems, Weight::Error, &texts, output);
    snippet::draw(&report.warnings, Weight::Warning, &texts, output);
}

/// The files' texts, by the names that findings have for them.
pub(super) fn texts(files: &[RuleFile]) -> BTreeMap<String, &str> {
    files.iter().map(|file| (file.origin(), file.text.as_str())).collect()
}

/// `1 rule`, `2 rules`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
