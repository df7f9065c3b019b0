//! One execution of `share-runbooks`, from its start to its end, and what it stored.

use std::time::Duration;

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::Value;
use store::Bucket;
use tokio::time::{Instant, sleep};

use super::progress::Progress;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// How often the execution is looked at, and how often a note says that it still runs.
const LOOK: Duration = Duration::from_secs(1);
const NOTE: Duration = Duration::from_secs(15);
/// How often another execution may be there first.
const ATTEMPTS: usize = 5;

/// An execution that has ended well.
#[derive(Debug)]
pub(super) struct Ended {
    pub arn: String,
    pub output: Value,
}

/// Starts `share-runbooks` and waits for its end. Where another execution brings the organization into line already, as the
/// one that a written rule starts by itself, that one is waited for first.
///
/// # Errors
/// When the stack is older than this program, the execution cannot be started, or it fails; or when others are always
/// faster.
pub(super) async fn run(session: &Session, input: &Value, output: &Output) -> Result<Ended> {
    if session.stack.parameter("MassRemovalPercent").is_empty() {
        // Its state machine would not know `dryRun`, and would do what it is asked only to show.
        let what = format!("the stack {} is older than this command", session.stack.name);
        return Err(Failure::new(what).help("Update the stack first: docs/deploy.md.").into());
    }
    let machine = session.stack.output("ShareRunbooksStateMachineArn")?;
    let client = aws_sdk_sfn::Client::new(&session.config);
    for _ in 0..ATTEMPTS {
        let started = client.start_execution().state_machine_arn(machine).input(input.to_string());
        let arn = started.send().await.map_err(AwsError::from).context("start share-runbooks")?;
        let arn = arn.execution_arn;
        tracing::debug!(arn, "started");
        let ended = end(&client, &arn, output).await?;
        let answer = answer_of(&ended)?;
        let ExecutionStatus::Succeeded = ended.status() else {
            let reason = ended.cause().or(ended.error()).unwrap_or_default();
            let failure = Failure::new(format!("the execution ended {}: {reason}", ended.status()));
            return Err(failure.help(format!("Look at it in Step Functions: {arn}")).into());
        };
        let Some(busy) = answer["busy"].as_str() else {
            return Ok(Ended { arn, output: answer });
        };
        output.note(format_args!("{busy} brings the organization into line; waiting for its end"));
        end(&client, busy, output).await?;
    }
    let failure = Failure::new("other executions bring the organization into line");
    Err(failure.help("Nothing was done. Repeat the command in a minute.").into())
}

/// Waits for the end of an execution, however it ends.
async fn end(
    client: &aws_sdk_sfn::Client,
    arn: &str,
    output: &Output,
) -> Result<DescribeExecutionOutput> {
    let (begun, mut noted) = (Instant::now(), Instant::now());
    let mut progress = Progress::new(output.is_quiet());
    loop {
        progress.follow(client, arn).await;
        let described = client.describe_execution().execution_arn(arn).send().await;
        let described = described
            .map_err(AwsError::from)
            .with_context(|| format!("look at the execution {arn}"))?;
        if *described.status() != ExecutionStatus::Running {
            return Ok(described);
        }
        if noted.elapsed() >= NOTE && !progress.is_seen() {
            noted = Instant::now();
            output.note(format_args!("still at work after {} s", begun.elapsed().as_secs()));
        }
        sleep(LOOK).await;
    }
}

/// The output of an execution; null where it has none.
fn answer_of(ended: &DescribeExecutionOutput) -> Result<Value> {
    serde_json::from_str(ended.output().unwrap_or("null")).context("read the execution's output")
}

impl Ended {
    /// The name of the execution.
    pub(super) fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    /// The bucket of the stack.
    ///
    /// # Errors
    /// When the stack does not say which it is.
    pub(super) fn bucket(session: &Session) -> Result<Bucket> {
        Ok(Bucket::new(&session.config, session.stack.output("BucketName")?))
    }

    /// The whole outcome that the execution published.
    ///
    /// # Errors
    /// When the bucket does not have it.
    pub(super) async fn outcome(&self, session: &Session, id: &str) -> Result<Value> {
        let name = self.name();
        let id = id.parse().context("read the outcome's id")?;
        let bucket = Self::bucket(session)?;
        Ok(bucket.object_at(&bucket.outcome_object(name, id)).await?)
    }
}
