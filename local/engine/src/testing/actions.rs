//! An action that does what its inputs say, for tests of everything around actions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ActionRunner;
use crate::actions::failure::phrase;
use crate::actions::{Call, Done, Failure, FailureStage, FailureType};

/// One attempt that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    pub execution_id: String,
    pub token: Uuid,
    /// Whether it was in flight when the engine was last opened.
    pub resumed: bool,
    pub inputs: Map<String, Value>,
    /// How long throttled calls may be repeated.
    pub throttling_retry: Duration,
    /// The account it acted in.
    pub account: String,
    /// Whether it came to its end.
    pub ended: bool,
}

/// Does for every action what the inputs say:
/// `Fail` (how many of the first attempts of this `Name` in this execution fail, `-1` for all),
/// `Seconds` (how long an attempt takes), `Waits` (what it says it waits for), `Give` (a map: the outputs), `Name` (who it is).
#[derive(Clone, Debug, Default)]
pub struct FakeActions {
    acted: Arc<Mutex<Vec<Acted>>>,
    cancelled: Arc<Mutex<Vec<Uuid>>>,
    attempts: Arc<Mutex<HashMap<(String, String), i64>>>,
    silent: bool,
}

impl FakeActions {
    /// One that keeps no record: for benches.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// The attempts so far, in the order of their start.
    pub fn acted(&self) -> Vec<Acted> {
        lock(&self.acted).clone()
    }

    /// The names of the attempts so far, in the order of their start.
    pub fn names(&self) -> Vec<String> {
        let acted = self.acted();
        acted.iter().filter_map(|acted| text(&acted.inputs, "Name")).collect()
    }

    /// The tokens of the attempts that were cancelled.
    pub fn cancelled(&self) -> Vec<Uuid> {
        lock(&self.cancelled).clone()
    }

    fn attempt(&self, call: &Call<'_>) -> i64 {
        let name = text(call.inputs, "Name").unwrap_or_default();
        let mut attempts = lock(&self.attempts);
        let attempt = attempts.entry((call.execution_id.to_owned(), name)).or_default();
        *attempt += 1;
        *attempt
    }
}

impl ActionRunner for FakeActions {
    fn run<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>> {
        async move {
            let number = |name: &str| call.inputs.get(name).and_then(Value::as_i64).unwrap_or(0);
            let mut nth = 0;
            let mut failed = false;
            if !self.silent {
                let attempt = self.attempt(call);
                let mut acted = lock(&self.acted);
                nth = acted.len();
                acted.push(Acted {
                    execution_id: call.execution_id.to_owned(),
                    token: call.token,
                    resumed: call.resumed,
                    inputs: call.inputs.clone(),
                    throttling_retry: call.throttling_retry,
                    account: call.account.to_owned(),
                    ended: false,
                });
                failed = number("Fail") == -1 || attempt <= number("Fail");
            }
            if let Some(error) = text(call.inputs, "Waits") {
                call.progress.wait_for(phrase::AGENT, error);
            }
            if let Ok(seconds @ 1..) = u64::try_from(number("Seconds")) {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            if !self.silent
                && let Some(acted) = lock(&self.acted).get_mut(nth)
            {
                acted.ended = true;
            }
            if failed {
                return Err(Failure::new(
                    FailureStage::Invocation,
                    FailureType::Action,
                    phrase::EXECUTE,
                    "An error occurred (Ordered) when calling the Fail operation: as ordered",
                ));
            }
            let outputs = call.inputs.get("Give").and_then(Value::as_object).cloned();
            Ok(Done { outputs: outputs.unwrap_or_default(), ..Done::default() })
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, call: &'a Call<'a>) -> BoxFuture<'a, ()> {
        lock(&self.cancelled).push(call.token);
        async {}.boxed()
    }
}

fn text(inputs: &Map<String, Value>, name: &str) -> Option<String> {
    inputs.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
