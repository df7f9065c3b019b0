//! Calls to SSM in the owner's account: paced, retried, and classified when they fail.
//!
//! Only this file retries calls to SSM. The SDK's own retries are off in the clients of this function,
//! because they would neither slow down the other calls nor know the time budget. Every call is idempotent.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws::{AwsError, AwsErrorKind};
use relay_core::problem::ProblemCode;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cursor::jitter;
use crate::pace::ConcurrencyLimit;

/// How often a call is made that is not answered, or with a 5xx.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long accounts that SSM does not accept are retried, counted from the first refusal for this owner and
/// Region: SSM may refuse an account that is minutes old for a while, and an account that it never accepts
/// must not delay the rest.
const NOT_READY_FOR: Duration = Duration::from_secs(60);
const NOT_READY_PAUSE: Duration = Duration::from_secs(10);

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The time budget has ended, or the work was stopped: to be done later.
    Later,
    /// The document is shared with as many accounts as SSM allows.
    Limit(AwsError),
    /// The document is not there (any more).
    Gone(AwsError),
    /// SSM does not accept the account, or not yet.
    NotReady(AwsError),
    /// Every other call for this owner and Region would fail so, too.
    Everywhere(ProblemCode, AwsError),
    Failed(ProblemCode, AwsError),
}

impl Refusal {
    /// Whether SSM, or the role, has answered that it will not be done: nothing was done then.
    pub(crate) fn is_definite(&self) -> bool {
        match self {
            Self::Later => false,
            Self::Limit(error)
            | Self::Gone(error)
            | Self::NotReady(error)
            | Self::Everywhere(_, error)
            | Self::Failed(_, error) => error.kind != AwsErrorKind::Unavailable,
        }
    }

    /// The problem's code, AWS's error, and whether every other call here would fail so, too.
    pub(crate) fn explain(self) -> (ProblemCode, AwsError, bool) {
        match self {
            Self::Everywhere(code, error) => (code, error, true),
            Self::Failed(code, error) => (code, error, false),
            Self::Limit(error) => (ProblemCode::DocumentPermissionLimit, error, false),
            Self::Gone(error) => (ProblemCode::DocumentGone, error, false),
            Self::NotReady(error) => (ProblemCode::AccountNotReady, error, false),
            Self::Later => {
                let (code, message) = ("OutOfTime".to_owned(), "the time budget ended".to_owned());
                let error = AwsError { kind: AwsErrorKind::Throttled, code, message };
                (ProblemCode::Throttled, error, false)
            }
        }
    }
}

/// The conditions under which calls are made.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) pace: ConcurrencyLimit,
    /// When the time budget ends.
    pub(crate) until: Instant,
    /// Turns true when the work lock is lost.
    pub(crate) lost: watch::Receiver<bool>,
    not_ready_since: Mutex<Option<Instant>>,
    throttled: AtomicBool,
    stopped: AtomicBool,
}

impl Caller {
    pub(crate) fn new(pace: ConcurrencyLimit, until: Instant, lost: watch::Receiver<bool>) -> Self {
        Self {
            pace,
            until,
            lost,
            not_ready_since: Mutex::default(),
            throttled: AtomicBool::default(),
            stopped: AtomicBool::default(),
        }
    }

    /// Begins nothing from now on.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether nothing more may be opened.
    pub(crate) fn must_stop(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || *self.lost.borrow() || Instant::now() >= self.until
    }

    /// Whether any call was throttled.
    pub(crate) fn was_throttled(&self) -> bool {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Makes a call about one of many documents until it succeeds, is refused for good, or the
    /// time is up. `about` gives different calls different pauses.
    pub(crate) async fn call<T, F>(
        &self,
        about: &str,
        attempt: impl FnMut() -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.repeat(about, Some(&self.pace), true, attempt).await
    }

    /// The same in an account that gets a copy, where a request that is refused is never accepted later.
    pub(crate) async fn call_elsewhere<T, F>(
        &self,
        about: &str,
        attempt: impl FnMut() -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.repeat(about, Some(&self.pace), false, attempt).await
    }

    /// The same for the reader of the next page. It makes one call at a time and must not wait behind the
    /// calls that it provides with work.
    pub(crate) async fn read_ahead<T, F>(
        &self,
        about: &str,
        attempt: impl FnMut() -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        self.repeat(about, None, true, attempt).await
    }

    async fn repeat<T, F>(
        &self,
        about: &str,
        pace: Option<&ConcurrencyLimit>,
        waits_for_accounts: bool,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        let (mut unanswered, mut pauses) = (0, 0);
        loop {
            let permit = match pace {
                Some(pace) => Some(pace.permit().await),
                None => None,
            };
            if self.must_stop() {
                return Err(Refusal::Later);
            }
            let error = match attempt().await {
                Ok(answer) => {
                    if let Some(permit) = permit {
                        permit.succeeded();
                    }
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let pause = match error.kind {
                AwsErrorKind::Throttled => {
                    self.throttled.store(true, Ordering::Relaxed);
                    if let Some(permit) = permit {
                        permit.throttled();
                    }
                    tracing::debug!(about, allowed = self.pace.allowed(), %error, "throttled");
                    backoff(about, pauses)
                }
                AwsErrorKind::Unavailable if unanswered + 1 < ATTEMPTS => {
                    drop(permit);
                    unanswered += 1;
                    tracing::debug!(about, %error, "no answer, trying again");
                    backoff(about, pauses)
                }
                _ => {
                    drop(permit);
                    let refusal = classify(error);
                    match refusal {
                        Refusal::NotReady(_)
                            if waits_for_accounts && self.may_wait_for_accounts() =>
                        {
                            NOT_READY_PAUSE
                        }
                        refusal => return Err(refusal),
                    }
                }
            };
            pauses += 1;
            if Instant::now() + pause >= self.until {
                return Err(Refusal::Later);
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn may_wait_for_accounts(&self) -> bool {
        let now = Instant::now();
        let mut since = self.not_ready_since.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *since.get_or_insert(now);
        now + NOT_READY_PAUSE <= since + NOT_READY_FOR
    }
}

/// Pauses double up to a bound. Each call waits between half and all of its pause, by a hash, so that calls
/// that were throttled together are not repeated together.
fn backoff(about: &str, pauses: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << pauses.min(10)).min(LONGEST_PAUSE);
    (whole + whole.mul_f64(jitter(&format!("{about}/{pauses}")))) / 2
}

fn classify(error: AwsError) -> Refusal {
    match (error.code.as_str(), error.kind) {
        ("DocumentPermissionLimit", _) => Refusal::Limit(error),
        ("InvalidDocument", _) => Refusal::Gone(error),
        // A session of an account in which the Region is not enabled is not recognized there.
        (
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "OptInRequired"
            | "RegionDisabledException",
            _,
        ) => Refusal::Everywhere(ProblemCode::RegionNotEnabled, error),
        (_, AwsErrorKind::RoleNotAssumable) => {
            Refusal::Everywhere(ProblemCode::RoleNotAssumable, error)
        }
        // None of these is declared for ModifyDocumentPermission; which of them a new account
        // meets is not documented, so all that blame a value of a request made of valid ids count.
        ("InvalidParameterException" | "InvalidParameter" | "ValidationException", _) => {
            Refusal::NotReady(error)
        }
        (_, AwsErrorKind::AccessDenied) => Refusal::Failed(ProblemCode::AccessDenied, error),
        (_, AwsErrorKind::Throttled) => Refusal::Failed(ProblemCode::Throttled, error),
        _ => Refusal::Failed(ProblemCode::ShareFailed, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> (watch::Sender<bool>, Caller) {
        let (tell, lost) = watch::channel(false);
        (
            tell,
            Caller::new(ConcurrencyLimit::new(4), Instant::now() + Duration::from_secs(240), lost),
        )
    }

    fn error(kind: AwsErrorKind, code: &str) -> AwsError {
        AwsError { kind, code: code.to_owned(), message: String::new() }
    }

    async fn always(kind: AwsErrorKind, code: &str) -> (u32, Duration, Refusal) {
        let (_tell, caller) = caller();
        let opened = Instant::now();
        let mut calls = 0;
        let answer: Result<(), _> = caller
            .call("Org-Patch", || {
                calls += 1;
                std::future::ready(Err(error(kind, code)))
            })
            .await;
        (calls, opened.elapsed(), answer.unwrap_err())
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_is_repeated_until_the_budget_ends_and_is_then_for_later() {
        let (calls, took, refusal) = always(AwsErrorKind::Throttled, "ThrottlingException").await;
        assert_eq!(refusal, Refusal::Later);
        assert!((25..60).contains(&calls), "{calls} calls");
        assert!(took <= Duration::from_secs(240), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_gets_no_answer_is_tried_five_times() {
        let (calls, _, refusal) = always(AwsErrorKind::Unavailable, "NoAnswer").await;
        assert_eq!(calls, 5);
        assert!(matches!(refusal, Refusal::Failed(ProblemCode::ShareFailed, _)), "{refusal:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_is_never_taken_is_tried_for_a_minute() {
        let (calls, took, refusal) = always(AwsErrorKind::Other, "InvalidParameterException").await;
        assert!(matches!(refusal, Refusal::NotReady(_)), "{refusal:?}");
        assert_eq!((calls, took.as_secs()), (7, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_for_good_is_called_once() {
        for (kind, code) in [
            (AwsErrorKind::Other, "DocumentPermissionLimit"),
            (AwsErrorKind::NotFound, "InvalidDocument"),
            (AwsErrorKind::AccessDenied, "AccessDeniedException"),
            (AwsErrorKind::RoleNotAssumable, "AccessDenied"),
            (AwsErrorKind::AccessDenied, "UnrecognizedClientException"),
        ] {
            assert_eq!(always(kind, code).await.0, 1, "{code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_called_once_the_lock_is_lost() {
        let (tell, caller) = caller();
        tell.send_replace(true);
        let answer = caller
            .call("Org-Patch", || -> std::future::Ready<Result<(), AwsError>> {
                panic!("called without the lock")
            })
            .await;
        assert_eq!(answer, Err(Refusal::Later));
    }

    #[test]
    fn pauses_grow_to_a_bound_and_differ_between_documents() {
        assert!(backoff("a", 0) >= FIRST_PAUSE / 2 && backoff("a", 0) <= FIRST_PAUSE);
        assert!(backoff("a", 30) <= LONGEST_PAUSE && backoff("a", 30) >= LONGEST_PAUSE / 2);
        assert_ne!(backoff("a", 3), backoff("b", 3));
    }
}
