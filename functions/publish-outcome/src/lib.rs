//! Tells the world how an execution ended: one outcome to SNS, the whole of it to S3, a marker to
//! the table.
//!
//! At least once: the marker is written after the message. Whatever dies in between, a repeat
//! carries the same id, which is derived from the execution's ARN.

mod error;
mod marker;
mod store;

pub use error::Error;

use aws::{AwsErrorKind, SdkConfig};
use futures::StreamExt;
use lambda::{Table, outcomes};
use outcome::{Evidence, MachineInput, PublishOutcomeInput, PublishOutcomeOutput, Published};
use relay_core::storage;
use relay_core::storage::S3Object;
use remediation::guard::takes::Taker;
use runtime::{Clock, ConfigError, Environment};
use sharing::ShareDetails;
use sharing::plan::SharePlan;

/// Problems read from S3, at most: an outcome names 50 of them inline, the file beside it these.
const MOST_PROBLEMS: usize = 2_000;
/// Objects read at once.
const READS: usize = 8;

/// What the function was configured with.
#[derive(Debug, Clone)]
pub struct Config {
    pub table: String,
    pub bucket: String,
    /// The outcome topic's ARN.
    pub topic: String,
}

/// What publishes: the function's own, and `recover-outcomes`'.
#[derive(Debug)]
pub struct Publisher {
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Plans, details and outcomes.
    pub s3: aws_sdk_s3::Client,
    /// The topic. Its errors are the SDK's to retry, then the state machine's.
    pub sns: aws_sdk_sns::Client,
    pub clock: Clock,
    pub config: Config,
}

impl Publisher {
    /// Builds the clients. Calls nothing.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn new(environment: &Environment, sdk: &SdkConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(sdk),
            s3: aws::s3(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            clock: Clock::system(),
            config: Config {
                table: environment.require("TABLE_NAME")?,
                bucket: environment.require("BUCKET_NAME")?,
                topic: environment.require("TOPIC_ARN")?,
            },
        })
    }

    /// Publishes the outcome of an execution, unless its marker says that this was done.
    ///
    /// # Errors
    /// When SNS did not take the message, or S3 and the table did not answer: the same request may
    /// be tried again.
    pub async fn publish(
        &self,
        request: &PublishOutcomeInput,
    ) -> Result<PublishOutcomeOutput, Error> {
        let (arn, kind) = (&request.execution.arn, marker::kind(request));
        if let Some(published) = self.marked(arn, &kind).await? {
            tracing::info!(id = %published.id, "published before");
            return Ok(published);
        }
        let plan = self.plan(request).await?;
        let details = self.details(request).await?;
        let mut evidence = Evidence {
            request,
            plan: plan.as_ref(),
            details: &details,
            at: self.clock.now(),
            stored: None,
        };
        let verdict = outcome::decide(evidence);
        let Some(unstored) = verdict.outcome else {
            tracing::info!("unchanged: nothing to publish");
            return Ok(PublishOutcomeOutput { outcome: Published::None, id: verdict.id });
        };
        let object = S3Object {
            bucket: self.config.bucket.clone(),
            key: storage::outcome_key(&request.execution.name, verdict.id),
        };
        evidence.stored = Some(&object);
        let whole = outcome::decide(evidence).outcome.unwrap_or_else(|| unstored.clone());
        let outcome = if self.keep(&object, &whole).await? { whole } else { unstored };
        if request.pending.is_none() {
            self.release(request).await?;
        }
        outcomes::send(&self.sns, &self.config.topic, &outcome).await?;
        let answer = PublishOutcomeOutput { outcome: verdict.published, id: verdict.id };
        self.mark(arn, &kind, &answer).await;
        tracing::info!(id = %answer.id, outcome = outcome.outcome.as_str(), "published");
        Ok(answer)
    }

    /// Releases the locks of a remediation: the cool-down begins with its end, on whichever path it
    /// came to it. Before the message: whoever reads it finds the resource free or cooling down.
    async fn release(&self, request: &PublishOutcomeInput) -> Result<(), Error> {
        let MachineInput::RunAutomation(input) = &request.input else { return Ok(()) };
        let Some(lock) = &input.lock else { return Ok(()) };
        let (now, table) =
            (self.clock.now(), Table::new(self.dynamodb.clone(), &self.config.table));
        let taker = Taker { me: lock.trigger, rule: &lock.rule, observing: false, now };
        for key in &lock.keys {
            // Refused by the condition: released before, or taken over after the lease ran out.
            let released = table.write(&taker.release(key, &lock.cool_down)).await;
            released.map_err(|source| Error::Release { resource: key.clone(), source })?;
        }
        Ok(())
    }

    /// The plan, for its problems and its rules. A plan that is gone or forbidden does not keep an
    /// outcome from being told.
    async fn plan(&self, request: &PublishOutcomeInput) -> Result<Option<SharePlan>, Error> {
        match &request.plan {
            Some(planned) => self.read(&planned.plan.bucket, &planned.plan.key).await,
            None => Ok(None),
        }
    }

    /// What failed where something failed.
    async fn details(&self, request: &PublishOutcomeInput) -> Result<Vec<ShareDetails>, Error> {
        let failed = request
            .shares
            .iter()
            .flatten()
            .filter(|report| report.counts.is_some_and(|counts| counts.failed > 0));
        let keys: Vec<String> = failed
            .map(|report| {
                storage::details_key(&request.execution.name, report.owner, &report.region)
            })
            .collect();
        let mut reads = futures::stream::iter(&keys)
            .map(|key| self.read::<ShareDetails>(&self.config.bucket, key))
            .buffered(READS);
        let (mut details, mut problems) = (Vec::new(), 0);
        while let Some(read) = reads.next().await {
            if let Some(read) = read? {
                problems += read.problems.len();
                details.push(read);
            }
            if problems >= MOST_PROBLEMS {
                break;
            }
        }
        Ok(details)
    }
}

/// Publishes the outcome of the asking execution.
///
/// # Errors
/// As [`Publisher::publish`].
pub async fn handle(
    publisher: &Publisher,
    input: PublishOutcomeInput,
) -> Result<PublishOutcomeOutput, Error> {
    publisher.publish(&input).await
}

/// Whether trying again later may help.
fn passes(kind: AwsErrorKind) -> bool {
    matches!(kind, AwsErrorKind::Throttled | AwsErrorKind::Unavailable)
}
