//! The one way in which an outcome leaves the suite: into the history, then to the subscribers of the topic, then
//! onto the event bus, and into a chat channel. Nobody publishes past it, so the history never knows less than a subscriber.

use std::time::Duration;

use aws::event_bus::{Event, EventBus};
use aws::{AwsError, SdkConfig};
use outcome::{Message, Outcome};
use relay_core::text::error_chain;

use crate::{StoreError, Table, Topic};

/// The source of every event of the suite.
const SOURCE: &str = "runbook-relay";
/// The kind of the event that carries an outcome.
const DETAIL_TYPE: &str = "Runbook Relay Outcome";
/// How often an event is offered to the bus.
const TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// History, topic and event bus.
#[derive(Debug, Clone)]
pub struct Outlet {
    table: Table,
    topic: Topic,
    bus: EventBus,
    /// The topic of a chat channel, where the stack has one.
    chat: Option<Topic>,
}

/// Why an outcome was not published. It may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// The topic did not take the message.
    #[error(transparent)]
    Topic(StoreError),
    /// The history could not be written, so there was no message.
    #[error(transparent)]
    History(StoreError),
}

impl Outlet {
    /// The outlet with this table and topic, and the default bus. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, table: Table, topic: impl Into<String>) -> Self {
        Self { table, topic: Topic::new(config, topic), bus: EventBus::new(config), chat: None }
    }

    /// The same with a topic for chat channels.
    #[must_use]
    pub fn with_chat(self, config: &SdkConfig, topic: Option<String>) -> Self {
        let topic = topic.filter(|arn| !arn.is_empty());
        Self { chat: topic.map(|arn| Topic::new(config, arn)), ..self }
    }

    /// Stores an outcome in the history, publishes it, and puts it on the event bus and into the chat channel. A repeat stores the same, and
    /// is another message and another event with the same id.
    ///
    /// A bus or a channel that does not take it is logged and no more: the subscribers of the topic have it by then, and a repeat
    /// would send it to them again.
    ///
    /// # Errors
    /// When the table or the topic does not take it.
    pub async fn publish(&self, outcome: &Outcome) -> Result<(), OutletError> {
        let message = Message::render(outcome);
        let stored = self.table.store_outcome(outcome, &message.json).await;
        stored.map_err(OutletError::History)?;
        let json = message.json.clone();
        self.topic.publish(outcome, message).await.map_err(OutletError::Topic)?;
        if let Err(error) = self.put(outcome, &json).await {
            tracing::error!(
                error = error_chain(&error), id = %outcome.id,
                "the event bus did not take the outcome; the history and the subscribers have it"
            );
        }
        if let Some(chat) = &self.chat
            && let Err(error) = chat.publish_chat(outcome).await
        {
            tracing::error!(
                error = error_chain(&error), id = %outcome.id,
                "the chat channel did not get the outcome; the history and the subscribers have it"
            );
        }
        Ok(())
    }

    async fn put(&self, outcome: &Outcome, json: &str) -> Result<(), AwsError> {
        // Installations differ by their topic.
        let resources = [self.topic.arn(), &*outcome.execution];
        let alarm = outcome.alarm.as_ref().map(|alarm| alarm.arn.as_str());
        let resources = resources.into_iter().chain(alarm).filter(|arn| !arn.is_empty());
        let event = Event {
            source: SOURCE,
            detail_type: DETAIL_TYPE,
            detail: json,
            resources: resources.collect(),
            time: outcome.at,
        };
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.bus.put(&event).await {
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "the event bus is asked again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.bus.put(&event).await
    }
}
