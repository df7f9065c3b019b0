//! Publishes the one outcome of an execution: the whole of it to the bucket, then through the outlet (history,
//! topic, event bus), then a marker to the table. `publish-outcome` calls it, and `recover-outcomes` for executions
//! that ended where no state could.
//!
//! At least once: the marker is written after the message. Whatever dies in between, a repeat has
//! the same id, which is derived from the execution's ARN.

use futures::StreamExt;
use jiff::Timestamp;
use outcome::{
    Drift, Evidence, MachineInput, Outcome, PublishOutcomeInput, PublishOutcomeOutput, Published,
    Seen, Standing, Verdict,
};
use relay_core::portal::AccessPortal;
use relay_core::storage::S3Object;
use relay_core::text::error_chain;
use remediation::guard::{Release, Taker, Unlocked};
use run::{RunReport, RungEnd};
use sharing::ShareDetails;
use sharing::plan::{EffectCounts, PartEffect, SharePlan};

use crate::{Bucket, MarkerKind, Outlet, OutletError, StandingOf, StoreError, Table};

/// Problems read from the bucket, at most: an outcome names 50 of them inline, the file beside it
/// these.
const MOST_PROBLEMS: usize = 2_000;
/// Objects read at once.
const READS: usize = 8;
/// The most characters of a reason that an execution fails with: the state machine carries it.
const REASON_LENGTH: usize = 2_000;

/// Table, bucket and outlet, to publish with.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// The table with the markers.
    pub table: Table,
    /// The bucket of plans, details and outcomes.
    pub bucket: Bucket,
    /// The way out: history, topic, event bus.
    pub outlet: Outlet,
    /// The access portal that links lead through, where the organization has one.
    pub portal: Option<AccessPortal>,
}

/// Why an outcome was not published. The same request may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The topic did not take the message.
    #[error(transparent)]
    Topic(StoreError),
    /// The table or the bucket did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OutletError> for PublishError {
    fn from(error: OutletError) -> Self {
        match error {
            OutletError::Topic(error) => Self::Topic(error),
            OutletError::History(error) => Self::Store(error),
        }
    }
}

impl Publisher {
    /// Publishes the outcome of an execution, unless its marker says that this was done.
    ///
    /// # Errors
    /// When the topic did not take the message, or the bucket and the table did not answer.
    pub async fn publish(
        &self,
        request: &PublishOutcomeInput,
        now: Timestamp,
    ) -> Result<PublishOutcomeOutput, PublishError> {
        let (arn, kind) = (&request.execution.arn, kind_of(request));
        if let Some(published) = self.table.marker(arn, kind).await? {
            tracing::info!(id = %published.id, "published before");
            return Ok(published);
        }
        let plan = self.plan(request).await?;
        let details = self.details(request).await?;
        let standing = match &plan {
            Some(plan) => {
                let (before, seen_at) = self.table.standing_problems(StandingOf::Sharing).await?;
                let reports = request.shares.as_deref().unwrap_or_default();
                let seen = Seen { plan, reports, details: &details };
                Some(Standing::compare(seen, &before, seen_at))
            }
            None => None,
        };
        let unlocked = self.unlock(request, now).await?;
        let mut evidence = Evidence {
            request,
            plan: plan.as_ref(),
            details: &details,
            standing: standing.as_ref(),
            drift: None,
            unlocked: unlocked.as_ref(),
            at: now,
            stored: None,
        };
        let decide = |evidence| {
            let verdict = outcome::decide(evidence);
            let outcome = verdict.outcome.map(|outcome| outcome.through(self.portal.as_ref()));
            Verdict { outcome, ..verdict }
        };
        let verdict = decide(evidence);
        let Some(plain) = verdict.outcome else {
            tracing::info!("unchanged: nothing to publish");
            return Ok(PublishOutcomeOutput {
                outcome: Published::None,
                id: verdict.id,
                reason: None,
            });
        };
        let drift = self.drift(request, plan.as_ref()).await?;
        evidence.drift = drift.as_ref();
        let unstored = decide(evidence).outcome.unwrap_or(plain);
        let object = self.bucket.outcome_object(&request.execution.name, verdict.id);
        evidence.stored = Some(&object);
        let whole = decide(evidence).outcome.unwrap_or_else(|| unstored.clone());
        let outcome = if self.store(&object, &whole).await? { whole } else { unstored };
        if request.pending.is_none() {
            self.end_run(request, now).await?;
        }
        self.outlet.publish(&outcome).await?;
        let failed = verdict.published == Published::Failed;
        let published = PublishOutcomeOutput {
            outcome: verdict.published,
            id: verdict.id,
            reason: failed.then(|| outcome.summary.chars().take(REASON_LENGTH).collect()),
        };
        // The message is out: a marker that cannot be written costs one repeat of the same id by the
        // sweep, no more.
        if let Err(error) = self.table.mark(arn, kind, &published, now).await {
            tracing::error!(error = error_chain(&error), id = %published.id, "not marked");
        }
        // After the marker: a repeat of this publication has to name the same problems.
        if let (Some(standing), Some(plan)) = (standing.filter(Standing::has_changed), &plan)
            && let Err(error) = self
                .table
                .store_standing_problems(StandingOf::Sharing, &standing.known, plan.seen_at, now)
                .await
        {
            // The next outcome names them once more.
            tracing::error!(error = error_chain(&error), "the standing problems are not stored");
        }
        Ok(published)
    }

    /// Whether the end of an execution was published.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn has_published(&self, execution_arn: &str) -> Result<bool, StoreError> {
        Ok(self.table.marker(execution_arn, MarkerKind::Final).await?.is_some())
    }

    /// Releases what a person asks for. An execution that broke off before releases nothing: it may have been stopped for that.
    async fn unlock(
        &self,
        request: &PublishOutcomeInput,
        now: Timestamp,
    ) -> Result<Option<Unlocked>, StoreError> {
        match (&request.input, &request.error) {
            (MachineInput::Unlock(input), None) => {
                self.table.unlock(&input.unlock, &request.execution.arn, now).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Releases the locks of a remediation: the cool-down begins with its end, unless no rung was ever
    /// started. Before the message, whose readers find the resource free or cooling down.
    async fn end_run(
        &self,
        request: &PublishOutcomeInput,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let MachineInput::RunAutomation(input) = &request.input else { return Ok(()) };
        let Some(lock) = &input.lock else { return Ok(()) };
        let taker = Taker { trigger: lock.trigger, rule: &lock.rule, observing: false, now };
        for key in &lock.keys {
            let (key, cool_down) = (key.clone(), lock.cool_down.clone());
            let release = if never_started(request) {
                Release::Lock { key }
            } else {
                Release::EndOfRun { key, cool_down }
            };
            self.table.release(&taker, &release).await?;
        }
        Ok(())
    }

    /// The plan, for its problems and its rules.
    async fn plan(&self, request: &PublishOutcomeInput) -> Result<Option<SharePlan>, StoreError> {
        match &request.plan {
            Some(planned) => if_readable(self.bucket.plan(&planned.plan).await),
            None => Ok(None),
        }
    }

    /// The findings of a reconcile, the shares that it left, and why. It reads one part after the other: they may be large.
    async fn drift(
        &self,
        request: &PublishOutcomeInput,
        plan: Option<&SharePlan>,
    ) -> Result<Option<Drift>, StoreError> {
        if !plan.is_some_and(|plan| plan.drift && plan.surveyed && !plan.touched) {
            return Ok(None);
        }
        let effect = if_readable(self.bucket.effect(&request.execution.name).await)?;
        let Some(effect) = effect.flatten() else { return Ok(None) };
        let mut drift = Drift::new(effect.verdict, effect.totals);
        for part in effect.parts {
            let EffectCounts { left, foreign, unadopted, .. } = part.counts;
            let Some(object) = part.object.filter(|_| left + foreign + unadopted > 0) else {
                continue;
            };
            if let Some(part) = if_readable(self.bucket.object_at::<PartEffect>(&object).await)? {
                drift.add_left(&part);
            }
        }
        Ok(Some(drift))
    }

    /// The details of every owner account and Region where something failed, or is disputed.
    async fn details(
        &self,
        request: &PublishOutcomeInput,
    ) -> Result<Vec<ShareDetails>, StoreError> {
        let failed = request.shares.iter().flatten().filter(|report| {
            report.counts.is_some_and(|counts| counts.failed + counts.disputed > 0)
        });
        let mut reads = futures::stream::iter(failed)
            .map(async |report| {
                let place = (report.owner, &report.region);
                if_readable(self.bucket.details(&request.execution.name, place).await)
            })
            .buffered(READS);
        let (mut details, mut problems) = (Vec::new(), 0);
        while let Some(read) = reads.next().await {
            if let Some(read) = read? {
                let read: ShareDetails = read;
                problems += read.problems.len();
                details.push(read);
            }
            if problems >= MOST_PROBLEMS {
                break;
            }
        }
        Ok(details)
    }

    /// Stores the whole outcome; says whether it is stored now.
    async fn store(&self, object: &S3Object, outcome: &Outcome) -> Result<bool, StoreError> {
        match self.bucket.store_outcome(object, outcome).await {
            Ok(()) => Ok(true),
            Err(error) if error.source.is_transient() => Err(error),
            Err(error) => {
                tracing::error!(
                    error = error_chain(&error),
                    "the outcome goes out without its file"
                );
                Ok(false)
            }
        }
    }
}

/// Whether SSM started none of the rungs, and every one of them says so: then nothing has been done to
/// the resources. An execution that broke off may have started one.
fn never_started(request: &PublishOutcomeInput) -> bool {
    let runs = request.runs.as_deref().unwrap_or_default();
    let not_started =
        |run: &RunReport| run.end == RungEnd::NotStarted && run.execution_id.is_none();
    request.error.is_none() && !runs.is_empty() && runs.iter().all(not_started)
}

/// An object that is gone, forbidden or malformed is logged and left out: an outcome that says less
/// is better than none.
fn if_readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.source.is_transient() => Err(error),
        Err(error) => {
            tracing::warn!(error = error_chain(&error), "the outcome goes out without this object");
            Ok(None)
        }
    }
}

/// Which outcome of its execution a request is for.
fn kind_of(request: &PublishOutcomeInput) -> MarkerKind {
    match &request.pending {
        Some(pending) if pending.reminder => MarkerKind::Reminder(pending.rung),
        Some(pending) => MarkerKind::Pending(pending.rung),
        None => MarkerKind::Final,
    }
}
