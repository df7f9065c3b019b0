//! AWS in memory: answers by request, and remembers what it was asked.

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::lock;
use crate::ports::{Actor, ApiCall, ApiError, ApiErrorKind, Aws};

/// One thing that AWS says.
pub(in crate::actions) type Answer = Result<Value, ApiError>;

/// A service's error as botocore words it.
pub(in crate::actions) fn error(code: &str, api: &str, message: &str) -> Answer {
    of_kind(ApiErrorKind::Service, code, api, message)
}

/// An error of a kind.
pub(in crate::actions) fn of_kind(
    kind: ApiErrorKind,
    code: &str,
    api: &str,
    message: &str,
) -> Answer {
    let message = format!("An error occurred ({code}) when calling the {api} operation: {message}");
    Err(ApiError { code: code.into(), message, kind })
}

pub(in crate::actions) fn throttled(api: &str) -> Answer {
    of_kind(ApiErrorKind::Throttling, "Throttling", api, "Rate exceeded")
}

pub(in crate::actions) fn lost(api: &str) -> Answer {
    let message = format!("Connection was closed before we received a valid response from {api}");
    Err(ApiError { code: "ConnectionClosedError".into(), message, kind: ApiErrorKind::Lost })
}

struct Rule {
    service: &'static str,
    api: &'static str,
    with: Value,
    answers: Vec<Answer>,
    given: usize,
}

/// AWS in memory: the first rule whose service, operation and parameters (a part of them) fit
/// answers, one answer after the other, the last one for ever.
#[derive(Default)]
pub(in crate::actions) struct AwsDouble {
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<ApiCall>>,
    takes: Duration,
}

impl AwsDouble {
    /// Answers whatever the parameters are.
    pub(in crate::actions) fn on(
        self,
        service: &'static str,
        api: &'static str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        self.when(service, api, json!({}), answers)
    }

    /// Answers when the parameters have these among them.
    pub(in crate::actions) fn when(
        self,
        service: &'static str,
        api: &'static str,
        with: Value,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "{api} is given no answer");
        lock(&self.rules).push(Rule { service, api, with, answers, given: 0 });
        self
    }

    /// Every answer takes so long.
    pub(in crate::actions) fn taking(mut self, seconds: u64) -> Self {
        self.takes = Duration::from_secs(seconds);
        self
    }

    /// How often an operation was called.
    pub(in crate::actions) fn count(&self, api: &str) -> usize {
        self.requests(api).len()
    }

    /// The parameters of every call of an operation, in order.
    pub(in crate::actions) fn requests(&self, api: &str) -> Vec<Value> {
        let calls = lock(&self.calls);
        let calls = calls.iter().filter(|call| call.api == api);
        calls.map(|call| Value::Object(call.parameters.clone())).collect()
    }

    /// Every operation called, in order.
    pub(in crate::actions) fn operations(&self) -> Vec<String> {
        lock(&self.calls).iter().map(|call| call.api.clone()).collect()
    }

    /// Every call, in order.
    pub(in crate::actions) fn calls(&self) -> Vec<ApiCall> {
        lock(&self.calls).clone()
    }
}

impl Aws for AwsDouble {
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Answer> {
        lock(&self.calls).push(call.clone());
        let mut rules = lock(&self.rules);
        let fits = |rule: &&mut Rule| {
            rule.service == call.service
                && rule.api == call.api
                && part_of(&rule.with, &Value::Object(call.parameters.clone()))
        };
        let Some(rule) = rules.iter_mut().find(fits) else {
            panic!("nobody expected {} {} {:?}", call.service, call.api, call.parameters);
        };
        let answer = rule.answers[rule.given.min(rule.answers.len() - 1)].clone();
        rule.given += 1;
        let takes = self.takes;
        async move {
            tokio::time::sleep(takes).await;
            answer
        }
        .boxed()
    }

    fn check_actor<'a>(
        &'a self,
        _actor: &'a Actor,
        _region: &'a str,
    ) -> BoxFuture<'a, Result<(), ApiError>> {
        async { Ok(()) }.boxed()
    }
}

/// Whether all members of `part` are in `whole`.
fn part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|found| part_of(value, found))),
        (part, whole) => part == whole,
    }
}
