//! The intake: what arrives in the queue becomes executions, each named by the fact it is about.
//!
//! A batch is dealt with in three steps: read every message, ask Organizations what the names need,
//! start what has to be started, once per name. Whatever goes wrong with a message is reported for
//! that message alone. Nothing here depends on the order of events or on how often one arrives.

mod decide;
mod error;
mod lookup;
mod messages;

use std::collections::{BTreeMap, BTreeSet};

use aws::{SdkConfig, Started};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures::future::join_all;
use relay_core::id::Region;
use relay_core::name::ExecutionName;
use relay_core::text::error_chain;
use runtime::{Clock, ConfigError, Environment, FunctionError};
use tracing::Instrument;

pub use decide::{Decision, Question, Start, Subject, decide, question};
pub use error::Error;
use lookup::Answers;
use messages::{Content, Message};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    pub sfn: aws_sdk_sfn::Client,
    /// The ARN of `await-membership`.
    pub await_membership: String,
    /// The ARN of `share-runbooks`.
    pub share_runbooks: String,
    /// Tells fresh events from old ones.
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let region: Region = environment.require("ORGANIZATIONS_REGION")?;
        Ok(Self {
            organizations: aws::organizations(config, &region),
            sfn: aws_sdk_sfn::Client::new(config),
            await_membership: environment.require("AWAIT_MEMBERSHIP_ARN")?,
            share_runbooks: environment.require("SHARE_RUNBOOKS_ARN")?,
            clock: Clock::system(),
        })
    }
}

/// Deals with one batch. Safe to repeat: what was started is found under its name.
///
/// # Errors
/// Never: what fails is a message, and it is in the answer.
pub async fn handle(deps: &Deps, batch: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let now = deps.clock.now();
    let messages: Vec<Message> =
        batch.records.into_iter().map(|r| messages::read(r, now)).collect();
    let answers = lookup::answer(&deps.organizations, &messages).await;

    let mut failed = BTreeSet::new();
    let mut starts: BTreeMap<ExecutionName, Gathered> = BTreeMap::new();
    for message in messages {
        let _span = message.span().entered();
        let Message { id, content } = message;
        let event_id = content.event_id().map(str::to_owned);
        match outcome(content, &answers) {
            Decision::Start(wanted) => {
                for start in wanted {
                    gather(&mut starts, start, &id, event_id.as_deref());
                }
            }
            Decision::Ignore(reason) => tracing::info!(reason, "ignored"),
            Decision::Fail(error) => {
                log(&error);
                failed.insert(id);
            }
        }
    }

    let started = starts.into_values().map(async |gathered| {
        let span = gathered.span();
        run(deps, gathered).instrument(span).await
    });
    failed.extend(join_all(started).await.into_iter().flatten());

    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    Ok(response)
}

/// A start and the messages that ask for it.
struct Gathered {
    start: Start,
    event_ids: BTreeSet<String>,
    messages: BTreeSet<String>,
}

impl Gathered {
    fn span(&self) -> tracing::Span {
        let events: Vec<&str> = self.event_ids.iter().map(String::as_str).collect();
        let account = match &self.start.subject {
            Subject::Account(account) => Some(tracing::field::display(*account)),
            Subject::Request(_) => None,
        };
        let event = events.join(",");
        tracing::info_span!("start", execution = %self.start.name, event, account)
    }
}

fn gather(
    starts: &mut BTreeMap<ExecutionName, Gathered>,
    start: Start,
    message: &str,
    event_id: Option<&str>,
) {
    let gathered = starts.entry(start.name.clone()).or_insert_with(|| Gathered {
        start,
        event_ids: BTreeSet::new(),
        messages: BTreeSet::new(),
    });
    gathered.event_ids.extend(event_id.map(str::to_owned));
    gathered.messages.insert(message.to_owned());
}

fn outcome(content: Content, answers: &Answers) -> Decision {
    match content {
        Content::Fact { event, event_id, fresh } => {
            let answer = question(&event).map_or(Ok(None), |question| answers.get(&question));
            match answer {
                Ok(member) => decide(&event, &event_id, member, fresh),
                Err(error) => Decision::Fail(error),
            }
        }
        Content::Ignored { reason, .. } => Decision::Ignore(reason),
        Content::Unreadable(error) => Decision::Fail(error),
    }
}

/// Starts one execution; the messages to be delivered again if that does not work.
async fn run(deps: &Deps, gathered: Gathered) -> BTreeSet<String> {
    let Gathered { start, event_ids, messages } = gathered;
    let machine = match start.subject {
        Subject::Account(_) => &deps.share_runbooks,
        Subject::Request(_) => &deps.await_membership,
    };
    let input = match start.input(event_ids.into_iter().collect()) {
        Ok(input) => input,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "failed");
            return messages;
        }
    };
    match aws::start_once(&deps.sfn, machine, &start.name, &input).await {
        Ok(Started::New(name)) => {
            tracing::info!(started = %name, "started");
            BTreeSet::new()
        }
        Ok(Started::Already(name)) => {
            tracing::info!(runs = %name, "started already");
            BTreeSet::new()
        }
        Err(error) => {
            log(&Error::Start(error));
            messages
        }
    }
}

fn log(error: &Error) {
    tracing::error!(name = %error.name(), error = error_chain(error), "failed");
}

#[cfg(test)]
mod tests;
