//! The parts of a status, each read by itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_cloudformation::types::StackInstanceStatus;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::Timestamp;
use outcome::{Drift, HistoryEntry, HistoryQuery};
use remediation::RemediationRules;
use serde::Serialize;
use serde_json::Value;
use sharing::SharingRules;

use crate::archive::Archive;
use crate::doctor::targets::instances;
use crate::failure::Failure;
use crate::numbers::RuleNumbers;
use crate::session::Session;

/// The most outcomes of a day that are counted.
const MOST: usize = 20_000;

/// An account with stacks of the StackSet.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    account: String,
    regions: BTreeSet<String>,
    /// Regions whose stack is not as the StackSet wants it: relay doctor has the reason.
    not_current: BTreeSet<String>,
}

impl Target {
    pub(super) fn words(&self) -> String {
        let list = |regions: &BTreeSet<String>| {
            regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let bad = if self.not_current.is_empty() {
            String::new()
        } else {
            format!("; not current in {}: relay doctor", list(&self.not_current))
        };
        format!("{} {}{bad}", self.account, list(&self.regions))
    }
}

/// The stacks of the StackSet, account by account.
pub(super) async fn targets(session: &Session) -> Result<Vec<Target>> {
    let name = format!("{}-target-account", session.stack.installation()?);
    let (instances, _) = instances(session, &name).await.with_context(|| {
        Failure::new(format!("the stacks of target accounts are not those of a StackSet {name}"))
    })?;
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    for instance in &instances {
        let account = instance.account().unwrap_or_default().to_owned();
        let region = instance.region().unwrap_or_default().to_owned();
        let target = targets
            .entry(account.clone())
            .or_insert_with(|| Target { account, ..Target::default() });
        if instance.status() != Some(&StackInstanceStatus::Current) {
            target.not_current.insert(region.clone());
        }
        target.regions.insert(region);
    }
    Ok(targets.into_values().collect())
}

/// A rule as it is deployed, valid or not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub kind: &'static str,
    pub name: String,
    /// `active`, `observe`, `off`, or `invalid`; none of a sharing rule, which has no mode.
    pub mode: Option<&'static str>,
    /// The figures of a remediation rule; none of a sharing rule.
    numbers: Option<RuleNumbers>,
}

impl Rule {
    pub(super) fn words(&self, since: &str) -> String {
        let (mode, name) = (self.mode.unwrap_or_default(), &self.name);
        match &self.numbers {
            Some(numbers) => format!("{mode} {name}, since {since}: {}", numbers.words()),
            None => format!("{mode} {name}: relay rules plan"),
        }
    }
}

/// The deployed rules, remediation rules with their figures.
pub(super) async fn rules(
    session: &Session,
    archive: &Archive,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Rule>> {
    let ssm = aws_sdk_ssm::Client::new(&session.config);
    let path = session.stack.rule_path();
    let read = async |kind: &str| {
        let texts = aws::parameters::texts(&ssm, &format!("{path}{kind}")).await;
        texts.with_context(|| format!("read {path}{kind}"))
    };
    let sharing = SharingRules::parse(read("sharing").await?);
    let texts = read("remediation").await?;
    let named: Vec<String> = texts.iter().map(|text| text.name.clone()).collect();
    let remediation = RemediationRules::parse(texts);
    let mut rules = Vec::new();
    for rule in &sharing.rules {
        let name = rule.name.to_string();
        rules.push(Rule { kind: "sharing", name, mode: None, numbers: None });
    }
    let mut valid = BTreeSet::new();
    for rule in &remediation.rules {
        let name = rule.name.to_string();
        valid.insert(name.clone());
        let numbers = RuleNumbers::read(archive, &name, since, until).await?;
        let mode = Some(rule.mode.as_str());
        rules.push(Rule { kind: "remediation", name, mode, numbers: Some(numbers) });
    }
    for name in named.into_iter().filter(|name| !valid.contains(name)) {
        rules.push(Rule { kind: "remediation", name, mode: Some("invalid"), numbers: None });
    }
    Ok(rules)
}

/// A queue of the stack.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queue {
    name: &'static str,
    /// About how many messages wait in it.
    waiting: u64,
}

impl Queue {
    pub(super) fn words(&self) -> String {
        let hint = match (self.waiting, self.name.starts_with("dead letters")) {
            (1.., true) => ": relay doctor, then relay replay",
            _ => "",
        };
        format!("{} {}{hint}", self.waiting, self.name)
    }
}

/// The queues of the stack and those of their dead letters.
pub(super) async fn queues(session: &Session) -> Result<Vec<Queue>> {
    let client = aws_sdk_sqs::Client::new(&session.config);
    let attribute = QueueAttributeName::ApproximateNumberOfMessages;
    let mut queues = Vec::new();
    for (name, output) in [
        ("organization events", "IntakeQueueUrl"),
        ("alarms", "AlarmQueueUrl"),
        ("dead letters of organization events", "IntakeDeadLetterQueueUrl"),
        ("dead letters of alarms", "AlarmDeadLetterQueueUrl"),
        ("dead letters of recover-outcomes", "RecoverDeadLetterQueueUrl"),
    ] {
        let url = session.stack.output(output)?;
        let ask = client.get_queue_attributes().queue_url(url).attribute_names(attribute.clone());
        let answer = ask.send().await.map_err(AwsError::from);
        let answer = answer.with_context(|| format!("look at {url}"))?;
        let number = answer.attributes.and_then(|mut all| all.remove(&attribute));
        let waiting = number.and_then(|number| number.parse().ok());
        let waiting = waiting.with_context(|| format!("{url} does not say how much is in it"))?;
        queues.push(Queue { name, waiting });
    }
    Ok(queues)
}

/// The last execution that compared the whole organization with the rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reconcile {
    execution: String,
    /// As Step Functions says it.
    status: String,
    started: Option<Timestamp>,
    /// The result of the look: `nothing`, `apply`, `held`, `shown`.
    verdict: Option<String>,
    /// Pairs of document and account that were missing.
    share: Option<u64>,
    /// Pairs that were too many.
    unshare: Option<u64>,
    /// The findings, changes and shares that it left, as its outcome says; null where nothing was found, or nothing published.
    drift: Option<Drift>,
}

impl Reconcile {
    pub(super) fn words(&self) -> String {
        let started = self.started.map(|at| format!("{at:.0}, ")).unwrap_or_default();
        if let Some(drift) = &self.drift {
            let held = if drift.held { "; look at it with relay plan" } else { "" };
            return format!("{started}{}: {}{held}", self.status.to_lowercase(), drift.in_words());
        }
        let drift = match (self.share, self.unshare, self.verdict.as_deref()) {
            (_, _, Some("nothing")) | (Some(0), Some(0), _) => ": no drift".to_owned(),
            (Some(share), Some(unshare), verdict) => {
                let held = if verdict == Some("held") { "; held: relay plan" } else { "" };
                format!(": {share} shares were missing, {unshare} were too many{held}")
            }
            _ => String::new(),
        };
        format!("{started}{}{drift}", self.status.to_lowercase())
    }
}

/// The last one, by hand or by schedule; `None` if there was none.
pub(super) async fn reconcile(session: &Session, archive: &Archive) -> Result<Option<Reconcile>> {
    let Some(execution) = archive.table.reconciling().await? else { return Ok(None) };
    let client = aws_sdk_sfn::Client::new(&session.config);
    let described = client.describe_execution().execution_arn(&execution).send().await;
    let described = described.map_err(AwsError::from);
    let described = described.with_context(|| format!("look at the execution {execution}"))?;
    let output: Value = serde_json::from_str(described.output().unwrap_or("{}"))?;
    let plan = &output["plan"];
    let started = Timestamp::from_second(described.start_date().secs()).ok();
    let published = output["id"].as_str().filter(|_| output["outcome"] != "none");
    let published = match published.and_then(|id| id.parse().ok()) {
        Some(id) => archive.table.outcome(id).await?,
        None => None,
    };
    Ok(Some(Reconcile {
        status: described.status().as_str().to_owned(),
        started,
        verdict: plan["verdict"].as_str().map(str::to_owned),
        share: plan["totals"]["share"].as_u64(),
        unshare: plan["totals"]["unshare"].as_u64(),
        drift: published.and_then(|outcome| outcome.drift),
        execution,
    }))
}

/// The events of a day.
pub(super) struct LastDay {
    /// How many outcomes there were, by status.
    pub outcomes: BTreeMap<&'static str, u32>,
    /// Those of releases by people.
    pub unlocked: Vec<HistoryEntry>,
}

/// Reads the outcomes of a day once.
pub(super) async fn last_day(
    archive: &Archive,
    since: Timestamp,
    until: Timestamp,
) -> Result<LastDay> {
    let found = archive.find(&HistoryQuery::default(), (since, until), MOST).await?;
    let mut outcomes = BTreeMap::new();
    for entry in &found.entries {
        *outcomes.entry(entry.outcome.as_str()).or_default() += entry.count;
    }
    let unlocked = found.entries.into_iter().filter(HistoryEntry::is_unlock).collect();
    Ok(LastDay { outcomes, unlocked })
}

/// How many alarms no rule was about, of the last hundred that are kept.
pub(super) async fn unanswered(archive: &Archive, since: Timestamp) -> Result<usize> {
    let last = archive.unanswered().await?.last;
    Ok(last.iter().filter(|alarm| alarm.at >= since).count())
}
