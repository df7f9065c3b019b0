//! The intake of alarms: an alarm that goes into ALARM becomes an execution of `run-automation`, or an
//! outcome that says why not.
//!
//! Every way in which an alarm arrives leads to one queue: EventBridge and SNS send to it, and an alarm
//! that calls the function directly is put there. A trigger has one decision, recorded in the table
//! before anything follows from it; a later delivery, by another way or once more, acts on that one.
//! A failure is that of one message, and SQS delivers it again.

#![recursion_limit = "256"]

mod act;
mod alarms;
mod clients;
mod decide;
mod digests;
mod error;
mod gather;
mod input;
mod instance;
mod matching;
mod messages;
mod place;
mod questions;
mod rules;
mod unanswered;

use aws::{Accounts, SdkConfig};
use aws_lambda_events::event::sqs::SqsBatchResponse;
use futures::stream::{StreamExt, iter};
use relay_core::alarm::AlarmArn;
use relay_core::id::{AccountId, InstallationId, Region};
use relay_core::portal::AccessPortal;
use relay_core::text::error_chain;
use runtime::{Clock, ConfigError, Environment, FunctionError};
use serde::Serialize;
use serde_json::Value;
use store::{Outlet, Table};
use tracing::Instrument;

pub use clients::{ClientPool, RegionClients};
use decide::FollowUp;
pub use error::Error;
use messages::{IncomingAlarm, Records, Request, Work};

/// Triggers decided about at a time: as many as a batch has, so that they ask AWS together.
const AT_ONCE: usize = 10;

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    /// Parameter Store, where the rules are, and change calendars.
    pub ssm: aws_sdk_ssm::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sfn: aws_sdk_sfn::Client,
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    /// The accounts and Regions of alarms and resources.
    pub clients: ClientPool,
    /// The memory of the guardrails.
    pub table: Table,
    /// The way out of outcomes. What is published here belongs to no execution and has no marker.
    pub outlet: Outlet,
    /// The access portal that links of outcomes lead through, where the organization has one.
    pub portal: Option<AccessPortal>,
    pub hub: AccountId,
    /// The hub's Region, where the alarms about the suite itself are.
    pub region: Region,
    /// Names its rules, its kill switch, its own alarms and the role in other accounts.
    pub installation: InstallationId,
    /// The URL of its own queue.
    pub queue: String,
    /// The ARN of `run-automation`.
    pub run_automation: String,
    pub clock: Clock,
    rules: rules::RuleCache,
    places: place::Places,
    instance_types: instance::InstanceTypes,
    busy: gather::Busy,
    /// DescribeAlarms and DescribeInstances for the triggers of a batch.
    alarms: gather::Gatherer<alarms::AlarmSeen>,
    instances: gather::Gatherer<aws::ec2::Instance>,
    unanswered: unanswered::Unanswered,
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
        let role = environment.or("READ_ROLE", installation.read_role())?;
        let session = installation.session("route-alarms");
        let table = Table::new(config, environment.require::<String>("TABLE_NAME")?);
        let topic: String = environment.require("TOPIC_ARN")?;
        let busy = gather::Busy::default();
        Ok(Self {
            ssm: aws_sdk_ssm::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            organizations: aws::organizations(config, &region),
            clients: ClientPool::new(Accounts::new(config, role, &session).with_own(hub)),
            outlet: Outlet::new(config, table.clone(), topic)
                .with_chat(config, environment.optional("CHAT_TOPIC_ARN")?),
            table,
            portal: environment.optional("ACCESS_PORTAL_URL")?,
            hub,
            region: environment.require("AWS_REGION")?,
            installation,
            queue: environment.require("ALARM_QUEUE_URL")?,
            run_automation: environment.require("RUN_AUTOMATION_ARN")?,
            clock: Clock::system(),
            rules: rules::RuleCache::default(),
            places: place::Places::default(),
            instance_types: instance::InstanceTypes::default(),
            alarms: gather::Gatherer::new(busy.clone()),
            instances: gather::Gatherer::new(busy.clone()),
            busy,
            unanswered: unanswered::Unanswered::default(),
        })
    }

    /// Whether an alarm is about the suite itself, or about another installation of it in the hub's account. No rule answers
    /// one, whatever it names: a run that fails would set off the alarm that starts the next.
    fn is_own(&self, alarm: &AlarmArn) -> bool {
        let here = *alarm.region() == self.region && self.installation.owns_alarm(alarm.name());
        alarm.account() == self.hub && (here || InstallationId::is_alarm_of_one(alarm.name()))
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

/// The answer to the queue or to a direct caller.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To the queue: what is to be delivered again.
    Batch(SqsBatchResponse),
    /// To a direct caller: the alarm is in the queue.
    Queued {
        /// Always `true`.
        queued: bool,
    },
}

/// Handles a batch of the queue, or takes in an alarm that called the function directly. Safe to
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
    let messages::Batch { requests, unreadable, ignored } = messages::read(batch);
    for (event, reason) in ignored {
        tracing::info!(event, reason, "ignored");
    }
    let mut failed: Vec<String> = Vec::new();
    for (message_id, error) in unreadable {
        log(&error, Some(&message_id));
        failed.push(message_id);
    }
    // All of them count as busy before the first one asks anything.
    let requests: Vec<_> =
        requests.into_iter().map(|request| (request, deps.busy.begin())).collect();
    let handled = iter(requests).map(async |(Request { work, messages }, _worker)| {
        let span = span(&work, &messages);
        perform(deps, work, messages).instrument(span).await
    });
    let mut handled = handled.buffer_unordered(AT_ONCE);
    while let Some(messages) = handled.next().await {
        failed.extend(messages);
    }
    failed.sort();
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

/// Does what is asked for; answers the messages to be delivered again if that fails.
async fn perform(deps: &Deps, work: Work, messages: Vec<String>) -> Vec<String> {
    let done = match work {
        Work::Digest(window) => digests::publish_digest(deps, &window).await,
        Work::Trigger(alarm) => trigger(deps, *alarm).await,
    };
    match done {
        Ok(()) => Vec::new(),
        Err(error) => {
            log(&error, None);
            messages
        }
    }
}

async fn trigger(deps: &Deps, mut alarm: IncomingAlarm) -> Result<(), Error> {
    if deps.is_own(&alarm.trigger.alarm) {
        tracing::info!(reason = "the alarm is about the suite itself", "ignored");
        return Ok(());
    }
    loop {
        let (record, repeat) = match deps.table.decision(alarm.trigger.id()).await? {
            Some(record) => (Box::new(record), true),
            None => {
                let current = rules::current(deps).await?;
                match decide::decide(deps, &current, &mut alarm).await? {
                    FollowUp::Act(record) => (record, false),
                    FollowUp::Later(until) => return act::later(deps, &alarm, until).await,
                    FollowUp::Unanswered => {
                        let reason = format!("no rule is about the alarm {}", alarm.trigger.alarm);
                        tracing::info!(reason, "ignored");
                        unanswered::note(deps, &alarm.trigger).await;
                        return Ok(());
                    }
                    FollowUp::Nothing(reason) => {
                        tracing::info!(reason, "ignored");
                        return Ok(());
                    }
                }
            }
        };
        let trigger = &mut alarm.trigger;
        if trigger.is_action() && !trigger.resumed && record.was_held_back() {
            // An event reported the transition while the alarm was muted, before this or meanwhile. CloudWatch
            // performs the actions at the end of the mute window, under the time of the same transition.
            trigger.resumed = true;
            continue;
        }
        if repeat {
            tracing::info!(rule = record.rule, "decided before");
        }
        return act::act(deps, &alarm, &record, repeat).await;
    }
}

/// The labels of the log lines about a piece of work. Their level is that of errors: every line has them.
fn span(work: &Work, messages: &[String]) -> tracing::Span {
    let message_id = messages.join(",");
    match work {
        Work::Digest(window) => tracing::error_span!("digest", message_id, rule = window.rule),
        Work::Trigger(alarm) => tracing::error_span!(
            "trigger",
            message_id,
            correlation_id = %alarm.trigger.execution_name(),
            event = alarm.event_ids.join(","),
            account = %alarm.trigger.alarm.account(),
            alarm = %alarm.trigger.alarm
        ),
    }
}

fn log(error: &Error, message_id: Option<&str>) {
    tracing::error!(name = %error.name(), message_id, error = error_chain(error), "failed");
}
