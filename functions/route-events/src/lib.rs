//! The intake: messages of the queue become executions, each named after the fact it is about.
//!
//! A batch takes three steps: parse every message, look up at Organizations what the names need, and start
//! one execution per name. An error is reported for its message alone. Nothing here depends on the order of
//! events or on how often an event arrives.

mod decide;
mod error;
mod lookup;
mod messages;

use std::collections::{BTreeMap, BTreeSet};

use aws::members::Member;
use aws::{SdkConfig, Started};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures::future::join_all;
use relay_core::id::Region;
use relay_core::name::ExecutionName;
use relay_core::text::error_chain;
use runtime::{Clock, ConfigError, Environment, FunctionError};
use sharing::Touched;
use tracing::Instrument;

pub use decide::{
    EventDecision, ExecutionStart, ExecutionSubject, MemberLookup, decide, decide_unseen,
    needed_lookup,
};
pub use error::Error;
use lookup::Answers;
use messages::{Content, Message};

/// The function's clients and settings.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    pub sfn: aws_sdk_sfn::Client,
    /// The ARN of `await-membership`.
    pub await_membership: String,
    /// The ARN of `share-runbooks`.
    pub share_runbooks: String,
    /// Measures the age of events.
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

/// Handles one batch. Safe to repeat: an execution that was started is found under its name.
///
/// # Errors
/// Never: a message that fails is in the answer.
pub async fn handle(deps: &Deps, batch: SqsEvent) -> Result<SqsBatchResponse, Error> {
    let now = deps.clock.now();
    let messages: Vec<Message> =
        batch.records.into_iter().map(|r| messages::read(r, now)).collect();
    let answers = lookup::answer(&deps.organizations, &messages).await;

    let mut failed = BTreeSet::new();
    let mut starts: BTreeMap<ExecutionName, PendingStart> = BTreeMap::new();
    let mut changes = PendingChanges::default();
    for message in messages {
        let _span = message.span().entered();
        let Message { id, content } = message;
        if let Content::Change { event_id, touched } = content {
            changes.add(&touched, event_id, id);
            continue;
        }
        let event_id = content.event_id().map(str::to_owned);
        match outcome(content, &answers) {
            EventDecision::Start(wanted) => {
                for start in wanted {
                    gather(&mut starts, start, &id, event_id.as_deref());
                }
            }
            EventDecision::Ignore(reason) => tracing::info!(reason, "ignored"),
            EventDecision::Fail(error) => {
                log(&error);
                failed.insert(id);
            }
        }
    }

    let changes = changes.start();
    let started = starts.into_values().chain(changes).map(async |pending| {
        let span = pending.span();
        run(deps, pending).instrument(span).await
    });
    failed.extend(join_all(started).await.into_iter().flatten());

    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    Ok(response)
}

/// All changes of a batch: one execution looks at them together.
#[derive(Default)]
struct PendingChanges {
    touched: Touched,
    event_ids: BTreeSet<String>,
    messages: BTreeSet<String>,
}

impl PendingChanges {
    fn add(&mut self, touched: &Touched, event_id: String, message: String) {
        self.touched.add(touched);
        self.event_ids.insert(event_id);
        self.messages.insert(message);
    }

    fn start(self) -> Option<PendingStart> {
        let Self { touched, event_ids, messages } = self;
        let start = ExecutionStart::change(touched, &event_ids);
        (!messages.is_empty()).then_some(PendingStart { start, event_ids, messages })
    }
}

/// A start and the messages that lead to it.
struct PendingStart {
    start: ExecutionStart,
    event_ids: BTreeSet<String>,
    messages: BTreeSet<String>,
}

impl PendingStart {
    fn span(&self) -> tracing::Span {
        let events: Vec<&str> = self.event_ids.iter().map(String::as_str).collect();
        let account = match &self.start.subject {
            ExecutionSubject::Account(account)
            | ExecutionSubject::Member(Member { account, .. }) => {
                Some(tracing::field::display(*account))
            }
            ExecutionSubject::Request(_) | ExecutionSubject::Change(_) => None,
        };
        let event = events.join(",");
        let name = &self.start.name;
        tracing::error_span!("start", correlation_id = %name, execution = %name, event, account)
    }
}

fn gather(
    starts: &mut BTreeMap<ExecutionName, PendingStart>,
    start: ExecutionStart,
    message: &str,
    event_id: Option<&str>,
) {
    let pending = starts.entry(start.name.clone()).or_insert_with(|| PendingStart {
        start,
        event_ids: BTreeSet::new(),
        messages: BTreeSet::new(),
    });
    pending.event_ids.extend(event_id.map(str::to_owned));
    pending.messages.insert(message.to_owned());
}

fn outcome(content: Content, answers: &Answers) -> EventDecision {
    match content {
        Content::Fact { event, event_id, fresh } => {
            let answer = needed_lookup(&event).map_or(Ok(None), |lookup| answers.get(&lookup));
            match answer {
                Ok(member) => decide(&event, &event_id, member, fresh),
                Err(error) if error.is_lasting() => {
                    log(&error);
                    decide_unseen(&event, &event_id).unwrap_or(EventDecision::Fail(error))
                }
                Err(error) => EventDecision::Fail(error),
            }
        }
        Content::Change { .. } => EventDecision::Ignore("handled with the other changes".into()),
        Content::Ignored { reason, .. } => EventDecision::Ignore(reason),
        Content::Unreadable(error) => EventDecision::Fail(error),
    }
}

/// Starts one execution. Returns the messages to be delivered again if that fails.
async fn run(deps: &Deps, pending: PendingStart) -> BTreeSet<String> {
    let PendingStart { start, event_ids, messages } = pending;
    let machine = match start.subject {
        ExecutionSubject::Account(_)
        | ExecutionSubject::Member(_)
        | ExecutionSubject::Change(_) => &deps.share_runbooks,
        ExecutionSubject::Request(_) => &deps.await_membership,
    };
    let event_ids: Vec<String> = event_ids.into_iter().collect();
    let input = |attempt| start.input(event_ids.clone(), attempt);
    match aws::start_once(&deps.sfn, machine, &start.name, input).await {
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
