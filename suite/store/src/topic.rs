//! The topic of outcomes. Only the outlet publishes to it.

use aws::{AwsError, SdkConfig};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use outcome::{Attribute, Message, Outcome};

use crate::StoreError;

/// The topic of outcomes. Its errors are the SDK's to retry.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic with this ARN. Calls nothing.
    #[must_use]
    pub(crate) fn new(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), arn: arn.into() }
    }

    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Publishes an outcome, as JSON and as an e-mail, with attributes to filter by, and records what it
    /// adds to the metrics. A repeat is another message with the same id, and counts again.
    ///
    /// # Errors
    /// When SNS does not take it: it may be tried again.
    pub(crate) async fn publish(
        &self,
        outcome: &Outcome,
        message: Message,
    ) -> Result<(), StoreError> {
        let what = || format!("publish the outcome {}", outcome.id);
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(message.subject)
            .message_structure("json")
            .message(message.body);
        for attribute in message.attributes {
            publish = publish.message_attributes(attribute.name, value(attribute, what)?);
        }
        publish.send().await.map_err(|error| StoreError::new(what(), error))?;
        tracing::info!(id = %outcome.id, outcome = outcome.outcome.as_str(), "published");
        metrics::record(&outcome::measurements(outcome));
        Ok(())
    }

    /// Publishes an outcome for the channels that are subscribed, with the attributes of every outcome.
    ///
    /// # Errors
    /// When SNS does not take it.
    pub(crate) async fn publish_chat(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let what = || format!("publish the outcome {} into the chat", outcome.id);
        let mut publish = self.client.publish().topic_arn(&self.arn);
        publish = publish.message(outcome::chat(outcome));
        for attribute in Message::render(outcome).attributes {
            publish = publish.message_attributes(attribute.name, value(attribute, what)?);
        }
        publish.send().await.map(drop).map_err(|error| StoreError::new(what(), error))
    }
}

fn value(
    attribute: Attribute,
    what: impl Fn() -> String,
) -> Result<MessageAttributeValue, StoreError> {
    MessageAttributeValue::builder()
        .data_type(attribute.data_type)
        .string_value(attribute.value)
        .build()
        .map_err(|error| StoreError::new(what(), AwsError::invalid_request(&error)))
}
