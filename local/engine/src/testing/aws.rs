//! AWS in memory.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value};

use crate::ports::{Actor, ApiCall, ApiError, ApiErrorKind, Aws};

type Answer = dyn Fn(&ApiCall) -> Result<Value, ApiError> + Send + Sync;

/// Answers calls as a test has set, and records them.
#[derive(Default)]
pub struct FakeAws {
    answer: Mutex<Option<Box<Answer>>>,
    calls: Mutex<Vec<ApiCall>>,
    checked: Mutex<Vec<Actor>>,
    closed: Mutex<HashSet<String>>,
}

impl FakeAws {
    /// Answers every call from now on with what this says; by default with an empty map.
    pub fn answer(
        &self,
        answer: impl Fn(&ApiCall) -> Result<Value, ApiError> + Send + Sync + 'static,
    ) {
        *lock(&self.answer) = Some(Box::new(answer));
    }

    /// Nobody can assume this role.
    pub fn close_role(&self, arn: &str) {
        lock(&self.closed).insert(arn.to_owned());
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<ApiCall> {
        lock(&self.calls).clone()
    }

    /// Whose roles were tried so far.
    pub fn checked(&self) -> Vec<Actor> {
        lock(&self.checked).clone()
    }
}

impl Aws for FakeAws {
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Result<Value, ApiError>> {
        lock(&self.calls).push(call.clone());
        let answer = match &*lock(&self.answer) {
            Some(answer) => answer(call),
            None => Ok(Value::Object(Map::new())),
        };
        async move { answer }.boxed()
    }

    fn check_actor<'a>(
        &'a self,
        actor: &'a Actor,
        _region: &'a str,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        lock(&self.checked).push(actor.clone());
        let closed = match actor {
            Actor::Role { role_arn, .. } => lock(&self.closed).contains(role_arn),
            Actor::Caller { .. } => false,
        };
        let answer = if closed {
            Err(ApiError {
                code: "AccessDenied".to_owned(),
                message: "An error occurred (AccessDenied) when calling the AssumeRole operation"
                    .to_owned(),
                kind: ApiErrorKind::Permission,
            })
        } else {
            Ok(())
        };
        async move { answer }.boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
