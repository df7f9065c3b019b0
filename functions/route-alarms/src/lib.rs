//! The intake of alarms: what rings becomes an execution of `run-automation`, or an outcome that says
//! why not.
//!
//! Every way an alarm comes by leads to one queue: EventBridge and SNS send to it, and what calls the
//! function directly is put there. A trigger has one decision, recorded in the table before anything
//! follows from it; whoever comes later, by another way or once more, acts on that one. What fails is
//! one message, and SQS delivers it again.

#![recursion_limit = "256"]

mod act;
mod alarms;
mod clients;
mod decide;
mod error;
mod input;
mod instance;
mod looks;
mod matching;
mod messages;
mod place;
mod rules;

use aws::{Accounts, SdkConfig};
use aws_lambda_events::event::sqs::SqsBatchResponse;
use futures::stream::{StreamExt, iter};
use lambda::{Table, outcomes};
use outcome::Outcome;
use relay_core::id::{AccountId, InstallationId, Region};
use relay_core::text::error_chain;
use runtime::{Clock, ConfigError, Environment, FunctionError};
use serde::Serialize;
use serde_json::Value;
use tracing::Instrument;

pub use clients::{Everywhere, There};
use decide::Doing;
pub use error::Error;
use messages::{Asked, Rang, Records, Work};

/// Triggers decided about at a time.
const AT_ONCE: usize = 5;

/// What the function works with.
#[derive(Debug)]
pub struct Deps {
    /// Parameter Store, where policy is, and change calendars.
    pub ssm: aws_sdk_ssm::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sfn: aws_sdk_sfn::Client,
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    /// Where alarms ring and resources live.
    pub everywhere: Everywhere,
    /// The memory of the brakes.
    pub table: Table,
    pub sns: aws_sdk_sns::Client,
    pub hub: AccountId,
    /// Names its rules, its kill switch and the role in other accounts.
    pub installation: InstallationId,
    /// The topic of outcomes.
    pub topic: String,
    /// The URL of its own queue.
    pub queue: String,
    /// The ARN of `run-automation`.
    pub run_automation: String,
    pub clock: Clock,
    kept: rules::Kept,
    places: place::Places,
    stores: instance::Stores,
}

impl Deps {
    /// Clients and settings, from the environment. Calls nothing.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let region: Region = environment.require("ORGANIZATIONS_REGION")?;
        let hub: AccountId = environment.require("HUB_ACCOUNT")?;
        let installation: InstallationId = environment.require("INSTALLATION_ID")?;
        let role = installation.read_role();
        let session = installation.session("route-alarms");
        let table: String = environment.require("TABLE_NAME")?;
        Ok(Self {
            ssm: aws_sdk_ssm::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            organizations: aws::organizations(config, &region),
            everywhere: Everywhere::through(Accounts::new(config, role, &session).with_own(hub)),
            table: Table::new(aws_sdk_dynamodb::Client::new(config), table),
            sns: aws_sdk_sns::Client::new(config),
            hub,
            installation,
            topic: environment.require("TOPIC_ARN")?,
            queue: environment.require("ALARM_QUEUE_URL")?,
            run_automation: environment.require("RUN_AUTOMATION_ARN")?,
            clock: Clock::system(),
            kept: rules::Kept::default(),
            places: place::Places::default(),
            stores: instance::Stores::default(),
        })
    }

    /// Tells an outcome that no execution has. Unmarked: whoever calls this knows whether it was told
    /// before.
    async fn tell(&self, outcome: &Outcome) -> Result<(), Error> {
        outcomes::send(&self.sns, &self.topic, outcome).await.map_err(Error::Tell)?;
        tracing::info!(id = %outcome.id, outcome = outcome.outcome.as_str(), "published");
        Ok(())
    }

    /// Sends a message to the function's own queue.
    async fn send(&self, message: &Value, delay: i32, what: &'static str) -> Result<(), Error> {
        let send = self.sqs.send_message().queue_url(&self.queue).message_body(message.to_string());
        match send.delay_seconds(delay).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Send { what, source: error.into() }),
        }
    }
}

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To the queue: what is to be delivered again.
    Batch(SqsBatchResponse),
    /// To whoever called directly: the alarm is in the queue.
    Queued {
        /// Always `true`.
        queued: bool,
    },
}

/// Deals with a batch of the queue, or takes in an alarm that called the function directly. Safe to
/// repeat.
///
/// # Errors
/// Of a batch never: what fails is a message, and it is in the answer. Else when the queue does not
/// take the alarm.
pub async fn handle(deps: &Deps, input: Value) -> Result<Answer, Error> {
    if messages::is_batch(&input) {
        let batch: Records = serde_json::from_value(input).map_err(Error::Batch)?;
        return Ok(Answer::Batch(take_in(deps, batch).await));
    }
    if messages::is_order(&input) {
        return Err(Error::OrderFromOutside);
    }
    deps.send(&input, 0, "an alarm").await?;
    tracing::info!("put into the queue");
    Ok(Answer::Queued { queued: true })
}

async fn take_in(deps: &Deps, batch: Records) -> SqsBatchResponse {
    let messages::Batch { asked, unreadable, ignored } = messages::read(batch);
    for (event, reason) in ignored {
        tracing::info!(event, reason, "ignored");
    }
    let mut failed: Vec<String> = Vec::new();
    for (message_id, error) in unreadable {
        log(&error, Some(&message_id));
        failed.push(message_id);
    }
    let dealt = iter(asked).map(async |Asked { work, messages }| {
        let span = span(&work, &messages);
        deal_with(deps, work, messages).instrument(span).await
    });
    let mut dealt = dealt.buffer_unordered(AT_ONCE);
    while let Some(messages) = dealt.next().await {
        failed.extend(messages);
    }
    failed.sort();
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

/// Does what is asked for; the messages to be delivered again if that does not work.
async fn deal_with(deps: &Deps, work: Work, messages: Vec<String>) -> Vec<String> {
    let done = match work {
        Work::Digest(bucket) => act::digest(deps, &bucket).await,
        Work::Trigger(rang) => trigger(deps, *rang).await,
    };
    match done {
        Ok(()) => Vec::new(),
        Err(error) => {
            log(&error, None);
            messages
        }
    }
}

async fn trigger(deps: &Deps, mut rang: Rang) -> Result<(), Error> {
    if let Some(recorded) = decide::standing(deps, &rang.trigger).await? {
        tracing::info!(rule = recorded.rule, "decided before");
        return act::act(deps, &rang, &recorded, None, true).await;
    }
    let policy = rules::policy(deps).await?;
    match decide::decide(deps, &policy, &mut rang).await? {
        Doing::Act(recorded, subject) => act::act(deps, &rang, &recorded, subject, false).await,
        Doing::Later(until) => act::later(deps, &rang, until).await,
        Doing::Nothing(reason) => {
            tracing::info!(reason, "ignored");
            Ok(())
        }
    }
}

fn span(work: &Work, messages: &[String]) -> tracing::Span {
    let message_id = messages.join(",");
    match work {
        Work::Digest(bucket) => tracing::info_span!("digest", message_id, rule = bucket.rule),
        Work::Trigger(rang) => tracing::info_span!(
            "trigger",
            message_id,
            event = rang.event_ids.join(","),
            account = %rang.trigger.alarm.account(),
            alarm = %rang.trigger.alarm
        ),
    }
}

fn log(error: &Error, message_id: Option<&str>) {
    tracing::error!(name = %error.name(), message_id, error = error_chain(error), "failed");
}
