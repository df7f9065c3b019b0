//! Calls of AWS APIs, and the only place that repeats one: throttled calls for as long as the
//! account's setting says, lost answers where a repeat does no harm. The `Aws` port repeats
//! nothing; `decide` repeats attempts.

use std::time::Duration;

use futures::future::{Either, select};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Call;
use crate::ports::{ApiCall, ApiError, ApiErrorKind};

/// The first pause before a repeat; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause before a repeat is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a call whose answer was lost is repeated.
const REPEATS_WHEN_LOST: u32 = 3;
/// Two looks at something that changes slowly are at most this far apart.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Whether a call may be made again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It reads, carries a token or does twice what it does once.
    Repeat,
    /// It may have happened.
    Tell,
}

impl Call<'_> {
    /// Makes a call that may safely be made twice. Parameters that are null are left out.
    pub(super) async fn read(
        &self,
        service: &str,
        api: &str,
        parameters: Value,
    ) -> Result<Value, ApiError> {
        self.request(service, api, parameters, Lost::Repeat).await
    }

    /// Makes a call that must not be made twice. Parameters that are null are left out.
    pub(super) async fn write(
        &self,
        service: &str,
        api: &str,
        parameters: Value,
    ) -> Result<Value, ApiError> {
        self.request(service, api, parameters, Lost::Tell).await
    }

    /// Makes a call: repeated while it is throttled and, if `lost` says so, when its answer is
    /// lost.
    pub(super) async fn request(
        &self,
        service: &str,
        api: &str,
        parameters: Value,
        lost: Lost,
    ) -> Result<Value, ApiError> {
        self.request_within(None, service, api, parameters, lost).await
    }

    /// As [`Self::request`], each try ended after `limit`.
    pub(super) async fn request_within(
        &self,
        limit: Option<Duration>,
        service: &str,
        api: &str,
        parameters: Value,
        lost: Lost,
    ) -> Result<Value, ApiError> {
        let call = self.api_call(service, api, parameters);
        let mut throttled_since: Option<Timestamp> = None;
        let mut times_lost = 0;
        let mut pause = FIRST_PAUSE;
        loop {
            let work = self.ports.aws.call(&call);
            let answer = match limit {
                None => work.await,
                Some(limit) => {
                    self.within(limit, work).await.unwrap_or_else(|| Err(too_slow(api, limit)))
                }
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = match error.kind {
                ApiErrorKind::Throttling => {
                    let since = *throttled_since.get_or_insert_with(|| self.ports.clock.now());
                    let waited = since.duration_until(self.ports.clock.now()).unsigned_abs();
                    waited + pause <= self.throttling_retry
                }
                ApiErrorKind::Lost if lost == Lost::Repeat => {
                    times_lost += 1;
                    times_lost <= REPEATS_WHEN_LOST
                }
                _ => false,
            };
            if !again {
                return Err(error);
            }
            tracing::debug!(service, api, code = error.code, "repeated after a pause");
            self.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sleeps on the engine's clock.
    pub(super) async fn sleep(&self, time: Duration) {
        let until = self.ports.clock.now().saturating_add(time);
        // Only a time beyond the calendar's end cannot be added: then there is nothing to wait for.
        if let Ok(until) = until {
            self.ports.clock.sleep_until(until).await;
        }
    }

    /// The result of `work`, or `None` if it is not done in `time`.
    pub(super) async fn within<T>(
        &self,
        time: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        match select(std::pin::pin!(work), std::pin::pin!(self.sleep(time))).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// Growing pauses between looks at something that changes slowly.
    pub(super) fn waits(&self) -> Backoff<'_> {
        Backoff { call: self, next: FIRST_PAUSE }
    }

    fn api_call(&self, service: &str, api: &str, parameters: Value) -> ApiCall {
        let mut parameters = match parameters {
            Value::Object(parameters) => parameters,
            _ => Map::new(),
        };
        parameters.retain(|_, value| !value.is_null());
        ApiCall {
            service: service.to_owned(),
            api: api.to_owned(),
            parameters,
            account: self.account.to_owned(),
            region: self.region.to_owned(),
            actor: self.actor.clone(),
        }
    }
}

/// No loss, or a call that is always slow would be made four times.
fn too_slow(api: &str, limit: Duration) -> ApiError {
    ApiError {
        code: "RequestTimeout".into(),
        message: format!("The {api} operation did not answer within {} seconds", limit.as_secs()),
        kind: ApiErrorKind::Service,
    }
}

/// See [`Call::waits`].
pub(super) struct Backoff<'a> {
    call: &'a Call<'a>,
    next: Duration,
}

impl Backoff<'_> {
    /// 1 s, 2 s, 4 s, 8 s, then 15 s each. AWS does not publish its intervals.
    pub(super) async fn pause(&mut self) {
        self.call.sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_WAIT);
    }
}
