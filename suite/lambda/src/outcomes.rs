//! The one way an outcome reaches the topic.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::MessageAttributeValue;
use outcome::{Message, Outcome};
use uuid::Uuid;

use aws::AwsError;
use runtime::ErrorName;

/// Why an outcome did not reach the topic.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// SNS did not take it.
    #[error("publish the outcome {id}")]
    Publish { id: Uuid, source: AwsError },
    /// An attribute that the SDK does not take.
    #[error("build the message attribute {name}")]
    Attribute {
        name: &'static str,
        /// What is wrong with it.
        source: BuildError,
    },
}

impl SendError {
    /// The name by which a state machine knows it.
    #[must_use]
    pub fn name(&self) -> ErrorName {
        match self {
            Self::Publish { .. } => ErrorName::PublishFailed,
            Self::Attribute { .. } => ErrorName::Unexpected,
        }
    }
}

/// Sends an outcome, as JSON and as an e-mail, with attributes to filter by.
///
/// # Errors
/// When SNS did not take it: it may be tried again.
pub async fn send(sns: &Client, topic: &str, outcome: &Outcome) -> Result<(), SendError> {
    let message = Message::render(outcome);
    let mut publish = sns
        .publish()
        .topic_arn(topic)
        .subject(message.subject)
        .message_structure("json")
        .message(message.body);
    for attribute in message.attributes {
        let value = MessageAttributeValue::builder()
            .data_type(attribute.data_type)
            .string_value(attribute.value)
            .build()
            .map_err(|source| SendError::Attribute { name: attribute.name, source })?;
        publish = publish.message_attributes(attribute.name, value);
    }
    match publish.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(SendError::Publish { id: outcome.id, source: error.into() }),
    }
}
