//! The history of outcomes: under which questions an outcome is found, the short form of it that a list shows, and
//! which outcomes a question is about. Pure: `store` keeps and reads it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use relay_core::alarm::AlarmArn;
use relay_core::flow::{Flow, Severity};
use relay_core::id::{AccountId, Region};
use relay_core::problem::ProblemCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Outcome, OutcomeStatus};

/// An outcome is found by so many of its accounts, resources and alarms; a message names fewer.
const MOST_OF_A_KIND: usize = 1_000;
/// How many accounts, Regions, resources, rules and alarms the short form names, each.
const NAMED: usize = 3;
/// How many characters of a summary, a rule or a resource are in the short form: it stays within 1 KB or two.
const SUMMARY: usize = 300;
const NAME: usize = 120;

/// One of the lists under which an outcome is found, each in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryIndex {
    /// Everything of one day, in UTC.
    Day(Date),
    /// Everything about one account.
    Account(AccountId),
    /// Everything of one rule, by its name.
    Rule(String),
    /// Everything about one resource, by its id or ARN.
    Resource(String),
    /// Everything about one alarm, by its ARN, or by its name in whatever account and Region.
    Alarm(String),
}

impl HistoryIndex {
    /// The lists in which an outcome is found that was stored at this moment.
    #[must_use]
    pub fn of(outcome: &Outcome, at: Timestamp) -> Vec<Self> {
        let alarms: BTreeSet<&AlarmArn> = alarms(outcome).take(MOST_OF_A_KIND).collect();
        let names: BTreeSet<&str> = alarms.iter().map(|alarm| alarm.name()).collect();
        let accounts = accounts(outcome).into_iter().take(MOST_OF_A_KIND).map(Self::Account);
        let rules = outcome.rules.iter().take(MOST_OF_A_KIND).cloned().map(Self::Rule);
        let resources = outcome.resources.iter().take(MOST_OF_A_KIND).cloned().map(Self::Resource);
        let by_arn = alarms.iter().map(|alarm| Self::Alarm(alarm.to_string()));
        let by_name = names.iter().map(|name| Self::Alarm((*name).to_owned()));
        let all = [Self::Day(day(at))].into_iter().chain(accounts).chain(rules);
        let all: BTreeSet<Self> = all.chain(resources).chain(by_arn).chain(by_name).collect();
        all.into_iter().collect()
    }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn alarms(outcome: &Outcome) -> impl Iterator<Item = &AlarmArn> {
    outcome.alarm.iter().map(|alarm| &alarm.arn).chain(&outcome.alarms)
}

/// The accounts it is about: those that it names, of its runs and of its alarms.
fn accounts(outcome: &Outcome) -> BTreeSet<AccountId> {
    let named = outcome.accounts.iter().copied();
    let run = outcome.runs.iter().map(|run| run.account);
    named.chain(run).chain(alarms(outcome).map(AlarmArn::account)).collect()
}

/// The short form of an outcome, for lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The outcome's id, which every delivery of it has.
    pub id: Uuid,
    /// When it was decided.
    pub at: Timestamp,
    /// The flow it comes from.
    pub flow: Flow,
    /// How the execution ended.
    pub outcome: OutcomeStatus,
    /// How urgently somebody should look at it.
    pub severity: Severity,
    /// The result in one sentence, cut.
    pub summary: String,
    /// How many triggers it stands for.
    pub count: u32,
    /// The execution's ARN; empty for triggers that were suppressed before there was one.
    pub execution: String,
    /// The first rules that took part, by name.
    pub rules: Vec<String>,
    /// The first accounts, of runs and alarms, too.
    pub accounts: Vec<AccountId>,
    /// The first Regions that it touched.
    pub regions: Vec<Region>,
    /// The first resources behind the alarm, by id or ARN.
    pub resources: Vec<String>,
    /// The first alarms, by their ARNs.
    pub alarms: Vec<AlarmArn>,
    /// The codes of its first problems, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<ProblemCode>,
    /// One of these lists is longer in the outcome.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

impl HistoryEntry {
    /// The short form of an outcome.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let mut shortened = false;
        let alarms: BTreeSet<&AlarmArn> = alarms(outcome).collect();
        Self {
            id: outcome.id,
            at: outcome.at,
            flow: outcome.flow,
            outcome: outcome.outcome,
            severity: outcome.severity,
            summary: cut(&outcome.summary, SUMMARY).0,
            count: outcome.count,
            execution: outcome.execution.clone(),
            rules: texts(&outcome.rules, &mut shortened),
            accounts: first(accounts(outcome), &mut shortened),
            regions: first(outcome.regions.iter().cloned(), &mut shortened),
            resources: texts(&outcome.resources, &mut shortened),
            alarms: first(alarms.into_iter().cloned(), &mut shortened),
            codes: codes(outcome),
            shortened,
        }
    }
}

impl HistoryEntry {
    /// Whether a person released something that blocked a resource.
    #[must_use]
    pub fn is_unlock(&self) -> bool {
        let name = self.execution.rsplit(':').next().unwrap_or_default();
        self.flow == Flow::Run && name.starts_with(crate::UNLOCK_PREFIX)
    }
}

/// Of questions none is about codes: that some are left out does not make the short form unclear.
fn codes(outcome: &Outcome) -> Vec<ProblemCode> {
    let mut codes: Vec<ProblemCode> = Vec::new();
    for problem in &outcome.problems {
        if codes.len() < NAMED && !codes.contains(&problem.code) {
            codes.push(problem.code);
        }
    }
    codes
}

fn first<T>(items: impl IntoIterator<Item = T>, shortened: &mut bool) -> Vec<T> {
    let mut items = items.into_iter();
    let named = items.by_ref().take(NAMED).collect();
    *shortened |= items.next().is_some();
    named
}

fn texts(items: &[String], shortened: &mut bool) -> Vec<String> {
    let mut named = first(items, shortened);
    named.retain(|item| item.chars().count() <= NAME);
    *shortened |= named.len() < items.len();
    named.into_iter().cloned().collect()
}

fn cut(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        None => (text.to_owned(), false),
        Some((at, _)) => (format!("{}...", text.get(..at).unwrap_or_default()), true),
    }
}

/// Whether an outcome is among those that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// It is one of them.
    Yes,
    /// It is not one of them.
    No,
    /// The short form does not say: the outcome has to be read.
    Unclear,
}

/// A question to the history. Everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The resource, by its id or ARN.
    pub resource: Option<String>,
    /// The alarm, by its name or ARN.
    pub alarm: Option<String>,
    /// The rule, by its name.
    pub rule: Option<String>,
    /// The account of outcome, run or alarm.
    pub account: Option<AccountId>,
    /// One of these statuses; empty: every status.
    pub statuses: Vec<OutcomeStatus>,
}

impl HistoryQuery {
    /// The lists that hold the answer, the newest first: one where the question names a resource, an alarm, a rule or
    /// an account, else one for each day of the time.
    #[must_use]
    pub fn indexes(&self, since: Timestamp, until: Timestamp) -> Vec<HistoryIndex> {
        let named = self.resource.clone().map(HistoryIndex::Resource);
        let named = named.or_else(|| self.alarm.clone().map(HistoryIndex::Alarm));
        let named = named.or_else(|| self.rule.clone().map(HistoryIndex::Rule));
        if let Some(index) = named.or_else(|| self.account.map(HistoryIndex::Account)) {
            return vec![index];
        }
        let (first, mut last) = (day(since), day(until));
        let mut days = Vec::new();
        while last >= first {
            days.push(HistoryIndex::Day(last));
            match last.checked_sub(1.day()) {
                Ok(before) => last = before,
                Err(_) => break,
            }
        }
        days
    }

    /// Whether an outcome is meant, as far as its short form says.
    #[must_use]
    pub fn selects(&self, entry: &HistoryEntry) -> Selection {
        if !self.statuses.is_empty() && !self.statuses.contains(&entry.outcome) {
            return Selection::No;
        }
        let alarms = entry.alarms.iter();
        if self.holds(&entry.resources, &entry.rules, alarms, &entry.accounts) {
            Selection::Yes
        } else if entry.shortened {
            Selection::Unclear
        } else {
            Selection::No
        }
    }

    /// Whether an outcome is meant.
    #[must_use]
    pub fn selects_outcome(&self, outcome: &Outcome) -> bool {
        let accounts: Vec<AccountId> = accounts(outcome).into_iter().collect();
        (self.statuses.is_empty() || self.statuses.contains(&outcome.outcome))
            && self.holds(&outcome.resources, &outcome.rules, alarms(outcome), &accounts)
    }

    fn holds<'a>(
        &self,
        resources: &[String],
        rules: &[String],
        mut alarms: impl Iterator<Item = &'a AlarmArn>,
        accounts: &[AccountId],
    ) -> bool {
        let is =
            |alarm: &AlarmArn, wanted: &str| alarm.as_str() == wanted || alarm.name() == wanted;
        self.resource.as_ref().is_none_or(|wanted| resources.contains(wanted))
            && self.rule.as_ref().is_none_or(|wanted| rules.contains(wanted))
            && self.account.is_none_or(|wanted| accounts.contains(&wanted))
            && self.alarm.as_ref().is_none_or(|wanted| alarms.any(|alarm| is(alarm, wanted)))
    }
}

/// An alarm that went into ALARM and that no rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnansweredAlarm {
    /// The alarm that nobody answered.
    pub alarm: AlarmArn,
    /// The time series, where the alarm watches many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
    /// When it went into ALARM.
    pub at: Timestamp,
    /// CloudWatch's reason for the state, at most 300 characters.
    #[serde(default)]
    pub reason: String,
    /// The first metrics it watches: `namespace/name`.
    #[serde(default)]
    pub metrics: Vec<String>,
}

impl UnansweredAlarm {
    /// The part of a trigger that is kept.
    #[must_use]
    pub fn of(trigger: &remediation::alarm::AlarmTrigger) -> Self {
        let metrics = trigger.metrics.iter().take(NAMED);
        Self {
            alarm: trigger.alarm.clone(),
            contributor: trigger.contributor.as_ref().map(|contributor| contributor.id.clone()),
            at: trigger.at,
            reason: cut(&trigger.reason, SUMMARY).0,
            metrics: metrics
                .map(|metric| format!("{}/{}", metric.namespace, metric.name))
                .collect(),
        }
    }
}
