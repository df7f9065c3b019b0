//! Publishes how an execution ended: one outcome to SNS, the whole of it to S3, a marker to the table.
//! [`store::Publisher`] does it; this crate is the function around it.

mod error;

pub use error::Error;

use aws::SdkConfig;
use outcome::{PublishOutcomeInput, PublishOutcomeOutput};
use runtime::{Clock, ConfigError, Environment};
use store::{Bucket, Outlet, Publisher, Table};

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    pub publisher: Publisher,
    pub clock: Clock,
}

impl Deps {
    /// Builds the clients. Calls nothing.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let table = Table::new(config, environment.require::<String>("TABLE_NAME")?);
        let topic: String = environment.require("TOPIC_ARN")?;
        let publisher = Publisher {
            table: table.clone(),
            bucket: Bucket::new(config, environment.require::<String>("BUCKET_NAME")?),
            outlet: Outlet::new(config, table, topic)
                .with_chat(config, environment.optional("CHAT_TOPIC_ARN")?),
            portal: environment.optional("ACCESS_PORTAL_URL")?,
        };
        Ok(Self { publisher, clock: Clock::system() })
    }
}

/// Publishes the outcome of the asking execution. Safe to repeat: every try has the same id.
///
/// # Errors
/// When the topic did not take the message, or the bucket and the table did not answer: the state
/// machine tries again.
pub async fn handle(
    deps: &Deps,
    input: PublishOutcomeInput,
) -> Result<PublishOutcomeOutput, Error> {
    Ok(deps.publisher.publish(&input, deps.clock.now()).await?)
}
