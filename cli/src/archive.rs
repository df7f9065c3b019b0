//! The history of outcomes in the stack's table, as commands read it: pages with bounds, and an outcome by whatever
//! a person has in hand of it.

use std::collections::VecDeque;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use outcome::{HistoryEntry, HistoryIndex, HistoryQuery, Outcome, Selection, UnansweredAlarm};
use relay_core::alarm::AlarmArn;
use relay_core::id::outcome_id;
use relay_core::storage::S3Object;
use store::{Bucket, HistoryPosition, Table, UnansweredAlarms};
use uuid::Uuid;

use crate::failure::Failure;
use crate::session::Session;

/// Entries of a page.
const PAGE: i32 = 100;
/// The most entries that one command reads, whatever it looks for.
const MOST_READ: usize = 20_000;
/// How long outcomes are kept.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Rungs of a ladder, each of which may have waited for an approval.
const RUNGS: u32 = 10;

/// The history of an installation.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub table: Table,
    bucket: Bucket,
    machines: Vec<String>,
}

/// The answer to a question, as far as the history has one.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of time, the newest first.
    pub entries: Vec<HistoryEntry>,
    /// There may be more.
    pub more: bool,
}

impl Archive {
    /// The history of the session's stack. Calls nothing.
    ///
    /// # Errors
    /// When the stack lacks an output.
    pub(crate) fn of(session: &Session) -> Result<Self> {
        let stack = &session.stack;
        let machine = |output: &str| {
            let arn = stack.output(output)?;
            anyhow::Ok(arn.replacen(":stateMachine:", ":execution:", 1))
        };
        Ok(Self {
            table: Table::new(&session.config, stack.output("TableName")?),
            bucket: Bucket::new(&session.config, stack.output("BucketName")?),
            machines: vec![
                machine("RunAutomationStateMachineArn")?,
                machine("ShareRunbooksStateMachineArn")?,
                machine("AwaitMembershipStateMachineArn")?,
            ],
        })
    }

    /// The newest outcomes that a question is about: at most `limit`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn find(
        &self,
        query: &HistoryQuery,
        (since, until): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Found> {
        let mut lists: VecDeque<HistoryIndex> = query.indexes(since, until).into();
        let mut found = Found::default();
        let (mut read, mut position): (usize, Option<HistoryPosition>) = (0, None);
        while let Some(list) = lists.front() {
            let page = self.table.history(list, (since, until), position.take(), PAGE).await?;
            read += page.entries.len();
            for entry in page.entries {
                if !self.selects(query, &entry).await? {
                    continue;
                }
                if found.entries.len() == limit {
                    found.more = true;
                    return Ok(found);
                }
                found.entries.push(entry);
            }
            if read >= MOST_READ {
                found.more = true;
                return Ok(found);
            }
            position = page.next;
            if position.is_none() {
                lists.pop_front();
            }
        }
        Ok(found)
    }

    async fn selects(&self, query: &HistoryQuery, entry: &HistoryEntry) -> Result<bool> {
        Ok(match query.selects(entry) {
            Selection::Yes => true,
            Selection::No => false,
            Selection::Unclear => {
                let outcome = self.table.outcome(entry.id).await?;
                outcome.is_some_and(|outcome| query.selects_outcome(&outcome))
            }
        })
    }

    /// The outcome with this id, whole if it was cut and the whole can be read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn outcome(&self, id: Uuid) -> Result<Option<Outcome>> {
        let Some(outcome) = self.table.outcome(id).await? else { return Ok(None) };
        let whole = match (&outcome.details, outcome.truncated) {
            (Some(object), true) => self.whole(object).await,
            _ => None,
        };
        Ok(Some(whole.unwrap_or(outcome)))
    }

    async fn whole(&self, object: &S3Object) -> Option<Outcome> {
        match self.bucket.outcome(object).await {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                tracing::debug!(%error, "the whole outcome was not read");
                None
            }
        }
    }

    /// The outcome whose id begins so, among the newest.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn by_prefix(&self, prefix: &str, now: Timestamp) -> Result<Vec<Uuid>> {
        let found = self.find(&HistoryQuery::default(), (now - KEPT, now), MOST_READ).await?;
        let ids = found.entries.into_iter().map(|entry| entry.id);
        Ok(ids.filter(|id| id.to_string().starts_with(prefix)).collect())
    }

    /// The outcomes of an execution: the last first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn of_execution(&self, arn: &str) -> Result<Vec<Outcome>> {
        let kinds = ["final".to_owned()];
        let pending = (1..=RUNGS).rev().map(|rung| format!("pending-{rung}"));
        let mut found = Vec::new();
        for kind in kinds.into_iter().chain(pending) {
            found.extend(self.outcome(outcome_id(arn, &kind)).await?);
        }
        Ok(found)
    }

    /// The ARNs that an execution of this name has in the suite's state machines.
    pub(crate) fn executions(&self, name: &str) -> Vec<String> {
        self.machines.iter().map(|machine| format!("{machine}:{name}")).collect()
    }

    /// The alarms that no rule was about.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn unanswered(&self) -> Result<UnansweredAlarms> {
        Ok(self.table.unanswered().await?)
    }

    /// The transitions of an alarm, by its ARN or name, that no rule was about: the newest first.
    ///
    /// # Errors
    /// When the table does not answer.
    pub(crate) async fn unanswered_of(&self, alarm: &str) -> Result<Vec<UnansweredAlarm>> {
        let is = |arn: &AlarmArn| arn.as_str() == alarm || arn.name() == alarm;
        let mut found = self.unanswered().await?.last;
        found.retain(|unanswered| is(&unanswered.alarm));
        Ok(found)
    }
}

/// An instant that a flag names: a period before now (`1d`), or a time.
pub(crate) fn instant(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(period) = text.parse::<relay_core::period::Period>() {
        return Ok(now - period.duration());
    }
    let date = || {
        let day = text.parse::<jiff::civil::Date>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
    };
    let at = text.parse::<Timestamp>().ok().or_else(date);
    at.with_context(|| {
        Failure::new(format!("{text} is not a time"))
            .help("Write a period (90s, 30m, 12h, 7d), a date (2026-01-02) or an instant (2026-01-02T03:04:05Z).")
    })
}
