//! The functions with a payload in JSON and an answer in JSON, as Lambda calls them.

use anyhow::{Context, Result};
use aws::SdkConfig;
use aws_double::ENVIRONMENT;
use outcome::PublishOutcomeInput;
use runtime::{Clock, Environment};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sharing::{DocumentsRequest, PlanRequest};

/// A function of the state machine, as it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// `plan-shares`, asked for a plan.
    Plan,
    /// `share-documents`, asked to look.
    Look,
    /// `plan-shares`, asked what to do about what was found.
    Conclude,
    /// `share-documents`, asked to share.
    Share,
    /// `publish-outcome`.
    Publish,
}

impl Function {
    /// Gigabytes that the template gives it.
    #[must_use]
    pub fn gigabytes(self) -> f64 {
        if self == Self::Publish { 0.25 } else { 0.5 }
    }
}

/// One environment of the functions: its clients keep what a warm function keeps.
#[derive(Debug)]
pub struct Functions {
    planner: plan_shares::Deps,
    sharer: share_documents::Deps,
    publisher: publish_outcome::Deps,
}

impl Functions {
    /// Builds the clients. Calls nothing.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn new(sdk: &SdkConfig, clock: &Clock) -> Result<Self> {
        let environment = Environment::from_iter(ENVIRONMENT);
        let mut planner = plan_shares::Deps::new(&environment, sdk)?;
        let mut sharer = share_documents::Deps::new(&environment, sdk)?;
        let mut publisher = publish_outcome::Deps::new(&environment, sdk)?;
        planner.clock = clock.clone();
        sharer.clock = clock.clone();
        publisher.clock = clock.clone();
        Ok(Self { planner, sharer, publisher })
    }

    /// Invokes a function.
    ///
    /// # Errors
    /// When the payload is not one, or the function fails.
    pub async fn invoke(&self, function: Function, payload: Value) -> Result<Value> {
        let answer = match function {
            Function::Plan | Function::Conclude => {
                let request: PlanRequest = serde_json::from_value(payload)?;
                let answer = plan_shares::respond(&self.planner, request).await;
                serde_json::to_value(answer.context("plan-shares failed")?)
            }
            Function::Look | Function::Share => {
                let request: DocumentsRequest = serde_json::from_value(payload)?;
                let answer = share_documents::respond(&self.sharer, request).await;
                serde_json::to_value(answer.context("share-documents failed")?)
            }
            Function::Publish => {
                let request: PublishOutcomeInput = serde_json::from_value(payload)?;
                let answer = publish_outcome::handle(&self.publisher, request).await;
                serde_json::to_value(answer.context("publish-outcome failed")?)
            }
        };
        Ok(answer?)
    }
}
