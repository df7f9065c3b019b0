//! Publishes the outcomes of executions that ended without one: what no Catch sees (a data limit,
//! a time-out, a stop), published by the status-change event, and by a sweep where that was lost.

mod error;
mod history;
mod runs;

pub use error::Error;

use aws::SdkConfig;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::{SignedDuration, Timestamp};
use metrics::{Measurement, Metric};
use outcome::{
    ExecutionStatusChange, MachineInput, PublishOutcomeInput, Published, RecoverOutcomesInput,
};
use relay_core::execution::{ErrorOutput, ExecutionRef};
use relay_core::flow::Flow;
use runtime::{Clock, ConfigError, Environment};
use serde_json::{Value, json};
use store::{Bucket, Outlet, Publisher, Table};
use tracing::Instrument;

/// The ends whose outcome may be missing. An execution that succeeded has published one, or had none.
const UNPUBLISHED: [ExecutionStatus; 3] =
    [ExecutionStatus::Failed, ExecutionStatus::TimedOut, ExecutionStatus::Aborted];
/// No execution runs longer: every machine's TimeoutSeconds is 30 days.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(31 * 24);

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    /// Publishes, and knows what was published and what executions started.
    pub publisher: Publisher,
    /// Executions. Its errors are the SDK's to retry, then EventBridge's.
    pub sfn: aws_sdk_sfn::Client,
    /// The state machines whose executions have outcomes.
    pub machines: Vec<String>,
    /// The one of them that runs automations.
    pub run_automation: String,
    /// SSM in any Region of the hub's, to stop what nobody follows any more.
    pub sdk: SdkConfig,
    /// How far back the sweep looks.
    pub window: SignedDuration,
    pub clock: Clock,
}

impl Deps {
    /// Builds the clients. Calls nothing.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn new(environment: &Environment, sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let run_automation: String = environment.require("RUN_AUTOMATION_ARN")?;
        let table = Table::new(sdk, environment.require::<String>("TABLE_NAME")?);
        let topic: String = environment.require("TOPIC_ARN")?;
        Ok(Self {
            publisher: Publisher {
                table: table.clone(),
                bucket: Bucket::new(sdk, environment.require::<String>("BUCKET_NAME")?),
                outlet: Outlet::new(sdk, table, topic)
                    .with_chat(sdk, environment.optional("CHAT_TOPIC_ARN")?),
                portal: environment.optional("ACCESS_PORTAL_URL")?,
            },
            sfn: aws_sdk_sfn::Client::new(sdk),
            machines: vec![
                environment.require("AWAIT_MEMBERSHIP_ARN")?,
                environment.require("SHARE_RUNBOOKS_ARN")?,
                run_automation.clone(),
            ],
            run_automation,
            sdk: sdk.clone(),
            window: SignedDuration::from_hours(environment.or("SWEEP_HOURS", 48)?),
            clock: Clock::system(),
        })
    }

    /// Whether an execution is one of `run-automation`: `arn:…:execution:M:name` belongs to
    /// `arn:…:stateMachine:M`.
    fn runs_automations(&self, execution: &str) -> bool {
        let machine = self.run_automation.replacen(":stateMachine:", ":execution:", 1);
        execution.strip_prefix(&machine).is_some_and(|name| name.starts_with(':'))
    }
}

/// Publishes what is missing; answers how many outcomes that were.
///
/// # Errors
/// When an execution could not be looked at or an outcome not be published. A sweep goes on with
/// the others first.
pub async fn handle(deps: &Deps, input: RecoverOutcomesInput) -> Result<Value, Error> {
    let recovered = match input {
        RecoverOutcomesInput::Sweep { .. } => sweep(deps).await?,
        RecoverOutcomesInput::StatusChange(ExecutionStatusChange { detail, .. }) => {
            let status = ExecutionStatus::from(detail.status.as_str());
            let ours = deps.machines.contains(&detail.state_machine_arn);
            if ours && UNPUBLISHED.contains(&status) {
                u32::from(recover(deps, &detail.execution_arn, true).await?)
            } else {
                tracing::info!(status = detail.status, "ignored: nothing to recover");
                0
            }
        }
    };
    Ok(json!({ "recovered": recovered }))
}

async fn sweep(deps: &Deps) -> Result<u32, Error> {
    let mut recovered = 0;
    let mut first_failure = None;
    for machine in &deps.machines {
        for status in UNPUBLISHED {
            for execution in closed(deps, machine, status).await? {
                let name = execution.rsplit(':').next();
                let span = tracing::error_span!("recover", correlation_id = name, execution = name);
                match recover(deps, &execution, false).instrument(span).await {
                    Ok(published) => recovered += u32::from(published),
                    Err(error) => {
                        tracing::error!(execution, error = %relay_core::text::error_chain(&error), "not recovered");
                        first_failure.get_or_insert(error);
                    }
                }
            }
        }
    }
    // Zero, too: an alarm on it then knows that the sweep has run.
    metrics::record(&[Measurement::count(Metric::SweepRecovered, recovered.into())]);
    first_failure.map_or(Ok(recovered), Err)
}

/// The executions of a machine that ended so within the window.
async fn closed(deps: &Deps, machine: &str, status: ExecutionStatus) -> Result<Vec<String>, Error> {
    let since = deps.clock.now() - deps.window;
    let mut found = Vec::new();
    let list = deps.sfn.list_executions().state_machine_arn(machine).status_filter(status);
    let mut pages = list.max_results(1000).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page
            .map_err(|error| Error::List { machine: machine.to_owned(), source: error.into() })?;
        // Newest first, by their start.
        let older = page
            .executions
            .last()
            .is_some_and(|execution| instant(execution.start_date()) < since - LONGEST_RUN);
        let recent = page.executions.into_iter().filter(|execution| {
            execution.stop_date().is_none_or(|stopped| instant(stopped) >= since)
        });
        found.extend(recent.map(|execution| execution.execution_arn));
        if older {
            break;
        }
    }
    Ok(found)
}

/// Publishes the outcome of an execution that has no marker; says whether it did. What it left
/// running is stopped, with `fresh` even where its outcome was published: a machine that gave up
/// does so.
async fn recover(deps: &Deps, execution: &str, fresh: bool) -> Result<bool, Error> {
    let published = deps.publisher.has_published(execution).await?;
    let runs = deps.runs_automations(execution);
    if published && !(fresh && runs) {
        return Ok(false);
    }
    let described = deps.sfn.describe_execution().execution_arn(execution).send().await;
    let described = described.map_err(|error| Error::Describe {
        execution: execution.to_owned(),
        source: error.into(),
    })?;
    let asked = history::last_request(&deps.sfn, execution).await;
    let mut request = asked.unwrap_or_else(|| ended(deps, &described));
    // The last request may have been to publish that a run waits: this is the end all the same.
    if request.pending.take().is_some() {
        request = ended(deps, &described);
    }
    let runs = runs::stop(deps, execution, &request.input).await?;
    if published {
        return Ok(false);
    }
    if request.runs.as_ref().is_none_or(Vec::is_empty) && !runs.is_empty() {
        request.runs = Some(runs);
    }
    let published = deps.publisher.publish(&request, deps.clock.now()).await?;
    Ok(published.outcome != Published::None)
}

/// The request to publish an execution that ended by itself.
fn ended(deps: &Deps, described: &DescribeExecutionOutput) -> PublishOutcomeInput {
    let input = described.input().and_then(|text| serde_json::from_str(text).ok());
    let end = match described.status() {
        ExecutionStatus::TimedOut => "ExecutionTimedOut",
        ExecutionStatus::Aborted => "ExecutionAborted",
        _ => "ExecutionFailed",
    };
    // A stop may carry a name and a cause of the operator's own: they go into the text.
    let (error, cause) = match (described.status(), described.error(), described.cause()) {
        (ExecutionStatus::Failed, Some(error), cause) => (error, cause.map(str::to_owned)),
        (_, None, cause) => (end, cause.map(str::to_owned)),
        (_, Some(error), None) => (end, Some(error.to_owned())),
        (_, Some(error), Some(cause)) => (end, Some(format!("{error}: {cause}"))),
    };
    let input = input.unwrap_or(MachineInput::Unknown(Value::Null));
    PublishOutcomeInput {
        onboarding: None,
        execution: ExecutionRef {
            arn: described.execution_arn().to_owned(),
            name: described.name().unwrap_or_default().to_owned(),
            start_time: instant(described.start_date()),
        },
        // An input that no machine takes says nothing: the machine does.
        flow: match (&input, described.state_machine_arn() == deps.run_automation) {
            (MachineInput::Unknown(_), true) => Flow::Run,
            (input, _) => input.flow(),
        },
        input,
        plan: None,
        shares: None,
        membership: None,
        runs: None,
        pending: None,
        error: Some(ErrorOutput { error: error.to_owned(), cause }),
    }
}

fn instant(date: &aws_sdk_sfn::primitives::DateTime) -> Timestamp {
    Timestamp::new(date.secs(), 0).unwrap_or(Timestamp::UNIX_EPOCH)
}
