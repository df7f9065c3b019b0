//! The port `Aws`: any call of any API that botocore knows.

use engine::ports::{Actor, ApiCall, ApiError, Aws};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Python;
use crate::credentials::Keys;
use crate::errors::{self, Told};

/// The answer of a worker to a call.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reply {
    Answer { answer: Value },
    Error { error: Told },
}

impl Python {
    /// One call with these keys, made once.
    pub(crate) async fn ask(
        &self,
        service: &str,
        api: &str,
        region: &str,
        keys: &Keys,
        parameters: &Value,
    ) -> Result<Value, ApiError> {
        let message = json!({
            "service": service,
            "api": api,
            "region": region,
            "keys": keys,
            "parameters": parameters,
        });
        let worker = self.idlest().worker().map_err(|error| errors::unavailable(&error))?;
        let mut answers = worker.ask(message).map_err(|error| errors::unavailable(&error))?;
        let reply = answers.next().await.ok_or_else(errors::lost)?;
        match serde_json::from_value(reply) {
            Ok(Reply::Answer { answer }) => Ok(answer),
            Ok(Reply::Error { error }) => Err(error.into()),
            Err(_) => Err(errors::lost()),
        }
    }

    async fn call_as_actor(&self, call: &ApiCall) -> Result<Value, ApiError> {
        // The keys that sign the call say in which account it acts.
        let keys = self.keys(&call.actor, &call.region).await?;
        let parameters = Value::Object(call.parameters.clone());
        let answer = self.ask(&call.service, &call.api, &call.region, &keys, &parameters).await;
        if answer.as_ref().is_err_and(errors::ends_session) {
            self.forget(&call.actor);
        }
        answer
    }
}

impl Aws for Python {
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.call_as_actor(call).boxed()
    }

    fn check_actor<'a>(
        &'a self,
        actor: &'a Actor,
        region: &'a str,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        self.renew(actor, region).boxed()
    }
}
