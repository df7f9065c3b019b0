//! A record of the engine's events, and ports without scripts and webhooks.

use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::ports::{
    Events, Script, ScriptError, ScriptRun, Scripts, StatusChange, StatusEvent, WebhookAnswer,
    WebhookError, WebhookRequest, Webhooks,
};

/// Records the events of the engine.
#[derive(Default)]
pub struct FakeEvents {
    told: Mutex<Vec<StatusEvent>>,
}

impl FakeEvents {
    /// The events so far, in order.
    pub fn told(&self) -> Vec<StatusEvent> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Events for FakeEvents {
    fn emit(&self, change: StatusChange) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(change.event());
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct NoScripts;

impl Scripts for NoScripts {
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun> {
        let why = format!("there is no {}", script.runtime);
        async { ScriptRun { result: Err(ScriptError::Unavailable(why)), log: String::new() } }
            .boxed()
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct NoWebhooks;

impl Webhooks for NoWebhooks {
    fn post<'a>(
        &'a self,
        request: &'a WebhookRequest,
    ) -> BoxFuture<'a, Result<WebhookAnswer, WebhookError>> {
        let why = format!("{} is not reached from here", request.url);
        async { Err(WebhookError::NotAllowed(why)) }.boxed()
    }
}
