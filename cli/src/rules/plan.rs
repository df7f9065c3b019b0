//! `relay rules plan`: what `apply` would write and delete, and what the deployed stack would refuse.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::Client;
use jiff::{SignedDuration, Timestamp};
use relay_core::rules::RuleText;
use remediation::{Mode, RemediationRules};
use serde::Serialize;
use similar::TextDiff;

use super::folder::{KINDS, RuleFile};
use super::lint::{self, Checked, count};
use super::{Selection, deployed, prune};
use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::numbers::RuleNumbers;
use crate::output::{Output, colored, style};
use crate::session::{Session, Where};
use crate::snippet::{self, Finding, Weight};

/// How far back it is counted what an observing rule would have done.
const OBSERVED_DAYS: i64 = 30;

/// The changes after which the deployed rules are those of a folder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub changes: Vec<Change>,
    /// Deployed rules without a file that are left alone because `--prune` was not given.
    pub without_file: Vec<String>,
}

/// One parameter to write or delete.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    pub action: Action,
    pub parameter: String,
    /// The text as it is deployed; none if the rule does not exist.
    #[serde(skip)]
    pub before: Option<String>,
    /// The text to write; none for a deletion.
    #[serde(skip)]
    pub text: Option<String>,
    /// How the text differs from the deployed one, as a unified diff; for updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The modes of a remediation rule that changes from one to another: `["observe", "active"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<[&'static str; 2]>,
    /// Of a rule that goes from observe to active: what it observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// The figures with which somebody decides that a rule may act.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Observed {
    since: Timestamp,
    #[serde(flatten)]
    numbers: RuleNumbers,
}

impl Change {
    /// The change from one text to another.
    pub(crate) fn new(
        action: Action,
        parameter: String,
        before: Option<String>,
        text: Option<String>,
    ) -> Self {
        let (mut diff, mut modes) = (None, None);
        if let (Some(old), Some(new)) = (&before, &text) {
            diff = Some(unified(old, new));
            modes = mode(&parameter, old).zip(mode(&parameter, new));
        }
        let modes = modes.filter(|(old, new)| old != new);
        let modes = modes.map(|(old, new)| [old.as_str(), new.as_str()]);
        Self { action, parameter, before, text, diff, modes, observed: None }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action.sign(), self.parameter)?;
        match self.modes {
            Some([old, new]) => write!(f, ": {old} → {new}"),
            None => Ok(()),
        }
    }
}

/// The mode of a remediation rule, by the name of its parameter, if this is one and it is valid.
fn mode(parameter: &str, text: &str) -> Option<Mode> {
    if !parameter.contains("/remediation/") {
        return None;
    }
    let rules = RemediationRules::parse([RuleText::parameter(parameter, text)]);
    rules.rules.first().map(|rule| rule.mode)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// The sign before a line, as in a diff.
    fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Delete => '-',
        }
    }

    /// The colour of the line.
    pub(crate) fn style(self) -> &'static str {
        match self {
            Self::Create => style::GREEN,
            Self::Update => style::YELLOW,
            Self::Delete => style::RED,
        }
    }
}

/// The object that `--output json` prints; `apply` adds its effects.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    #[serde(flatten)]
    place: Where<'a>,
    #[serde(flatten)]
    plan: &'a Plan,
    /// The runbooks that the deployed stack would refuse to start, and OUs that do not exist.
    findings: &'a [Finding],
    warnings: &'a [Finding],
    written: usize,
}

/// A plan and everything around it: where it was made, and what was found on the way.
pub(crate) struct Planned {
    pub session: Session,
    pub plan: Plan,
    checked: Checked,
    findings: Vec<Finding>,
}

/// Makes the plan and prints it; exits with 2 when there is anything in it.
pub(super) async fn run(selection: &Selection, global: &Global, output: &Output) -> Result<Exit> {
    let planned = Planned::make(selection, global, output).await?;
    planned.report(0, output)?;
    planned.print(output);
    if planned.findings.is_empty() {
        crate::plan::print_effect(&planned.session, &planned.plan.changes, output).await?;
    }
    let (changes, findings) = (planned.plan.changes.len(), planned.findings.len());
    let found =
        if findings > 0 { format!(", {}", count(findings, "finding")) } else { String::new() };
    match changes {
        0 => output.line(format_args!("nothing to change{found}")),
        n => output.line(format_args!("{} to make{found}: relay rules apply", count(n, "change"))),
    }
    Ok(if changes + findings > 0 { Exit::Findings } else { Exit::Done })
}

impl Planned {
    /// Checks the rules, looks up the stack and compares. Writes nothing.
    pub(crate) async fn make(
        selection: &Selection,
        global: &Global,
        output: &Output,
    ) -> Result<Self> {
        let checked = lint::demand_valid(&selection.path, output)?;
        let session = Session::open(global).await?;
        let client = Client::new(&session.config);
        let path = session.stack.rule_path();
        let present = read(&client, &path).await?;
        if selection.prune {
            prune::allow(&selection.path, &checked.files, &present)?;
        }
        let mut plan = compare(&path, &checked.files, &present, selection.prune);
        if selection.path.is_file() {
            // One file says nothing about the others.
            plan.without_file.clear();
        }
        observed(&session, &mut plan, output).await;
        let (sharing, remediation) = (&checked.sharing.rules, &checked.remediation.rules);
        let mut findings = deployed::refusals(&session, remediation).await?;
        match deployed::organization(&session, sharing, remediation).await {
            Ok(Some(organization)) => {
                findings.extend(deployed::unknown_units(&organization, sharing, remediation));
            }
            Ok(None) => {}
            Err(error) => output.note(format_args!(
                "note: whether the OUs of the rules exist was not checked: {error}"
            )),
        }
        let findings = findings.iter().map(Finding::from).collect();
        Ok(Self { session, plan, checked, findings })
    }

    /// The result for a program.
    pub(super) fn report(&self, written: usize, output: &Output) -> Result<()> {
        output.json(&Report {
            place: self.session.place(),
            plan: &self.plan,
            findings: &self.findings,
            warnings: &self.checked.report.warnings,
            written,
        })
    }

    /// The result for people.
    pub(crate) fn print(&self, output: &Output) {
        let texts = lint::texts(&self.checked.files);
        snippet::draw(&self.checked.report.warnings, Weight::Warning, &texts, output);
        snippet::draw(&self.findings, Weight::Warning, &texts, output);
        for change in &self.plan.changes {
            output.line(format_args!("{}{change}{}", change.action.style(), style::RESET));
            if let Some(Observed { numbers, .. }) = &change.observed {
                output.line(format_args!("    in {OBSERVED_DAYS} days it {}", numbers.words()));
            }
            for line in change.diff.iter().flat_map(|diff| diff.lines()) {
                output.line(format_args!("    {}", colored(line)));
            }
        }
        for name in &self.plan.without_file {
            output.line(format_args!("  {name} has no file; --prune deletes it"));
        }
    }
}

/// Adds the figures of each rule that goes from observe to active. A plan is made without them where the history cannot be
/// read.
async fn observed(session: &Session, plan: &mut Plan, output: &Output) {
    let now = crate::clock();
    let since = now - SignedDuration::from_hours(OBSERVED_DAYS * 24);
    let starts = [Mode::Observe.as_str(), Mode::Active.as_str()];
    for change in plan.changes.iter_mut().filter(|change| change.modes == Some(starts)) {
        let name = change.parameter.rsplit('/').next().unwrap_or_default();
        let numbers = async {
            let archive = Archive::of(session)?;
            RuleNumbers::read(&archive, name, since, now + SignedDuration::from_mins(1)).await
        };
        match numbers.await {
            Ok(numbers) => change.observed = Some(Observed { since, numbers }),
            Err(error) => {
                output.note(format_args!("note: what {name} observed is unknown: {error:#}"));
            }
        }
    }
}

/// The deployed rules of a stack, by the names of their parameters.
///
/// # Errors
/// When Parameter Store refuses or does not answer.
pub(crate) async fn deployed_texts(session: &Session) -> Result<BTreeMap<String, String>> {
    let path = session.stack.rule_path();
    let rules = read(&Client::new(&session.config), &path).await?;
    Ok(rules.into_iter().map(|(key, text)| (format!("{path}{key}"), text)).collect())
}

/// The deployed rules below a path: `sharing/<name>` and `remediation/<name>` to text.
async fn read(client: &Client, path: &str) -> Result<BTreeMap<String, String>> {
    let mut rules = BTreeMap::new();
    let pages = client.get_parameters_by_path().path(path).recursive(true).with_decryption(true);
    let mut pages = pages.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(AwsError::from);
        let page = page.with_context(|| format!("read the parameters below {path}"))?;
        for parameter in page.parameters() {
            let Some(key) = parameter.name().and_then(|name| name.strip_prefix(path)) else {
                continue;
            };
            if key.split_once('/').is_some_and(|(kind, _)| KINDS.contains(&kind)) {
                rules.insert(key.to_owned(), parameter.value().unwrap_or_default().to_owned());
            }
        }
    }
    tracing::debug!(path, rules = rules.len(), "deployed rules");
    Ok(rules)
}

/// Writes come before deletions: a rule that moves to another file is never missing.
fn compare(
    path: &str,
    files: &[RuleFile],
    present: &BTreeMap<String, String>,
    prune: bool,
) -> Plan {
    let wanted: BTreeMap<String, &str> =
        files.iter().map(|file| (file.key(), file.text.as_str())).collect();
    let mut plan = Plan { changes: Vec::new(), without_file: Vec::new() };
    for (key, text) in &wanted {
        let old = present.get(key);
        let action = match old {
            Some(old) if old == text => continue,
            Some(_) => Action::Update,
            None => Action::Create,
        };
        let (parameter, text) = (format!("{path}{key}"), Some((*text).to_owned()));
        plan.changes.push(Change::new(action, parameter, old.cloned(), text));
    }
    for (key, old) in present.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        let parameter = format!("{path}{key}");
        if prune {
            plan.changes.push(Change::new(Action::Delete, parameter, Some(old.clone()), None));
        } else {
            plan.without_file.push(parameter);
        }
    }
    plan
}

fn unified(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(2).to_string()
}
