//! The local AWS's clock: the machine's, moved ahead by `POST /_relay/clock`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// A clock that can be moved ahead, never back.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead_ms: AtomicI64,
    moved: Notify,
    /// Where it is kept how far ahead it is: time does not go back when the gateway is restarted.
    file: Option<PathBuf>,
}

impl MovableClock {
    /// A clock that is as far ahead as the file says, and keeps there how far it is.
    pub fn open(file: PathBuf) -> Self {
        let kept = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        Self { ahead_ms: AtomicI64::new(kept.unwrap_or(0)), moved: Notify::new(), file: Some(file) }
    }

    /// The present instant of the local AWS.
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters the gateway")]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock ahead and wakes who waits for a time that is reached by it.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX).max(0);
        let ahead = self.ahead_ms.fetch_add(by, Ordering::Relaxed).saturating_add(by);
        if let Some(file) = &self.file
            && let Err(error) = std::fs::write(file, ahead.to_string())
        {
            tracing::warn!(%error, "how far ahead the clock is will not outlive the gateway");
        }
        self.moved.notify_waiters();
    }

    /// Resolves when it is `until` or later, by itself or because it was moved ahead.
    pub async fn reach(&self, until: Timestamp) {
        loop {
            // Asked for before the time is read, so that no move between the two is missed.
            let moved = self.moved.notified();
            let left = until.duration_since(self.now());
            if left <= SignedDuration::ZERO {
                return;
            }
            // A millisecond more: timers round down where the clock does not.
            let left = Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1);
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = moved => {}
            }
        }
    }
}

impl engine::ports::Clock for MovableClock {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        self.reach(until).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_clock_that_is_opened_again_has_not_gone_back() {
        let file = std::env::temp_dir().join(format!("relay-clock-{}", std::process::id()));
        MovableClock::open(file.clone()).advance(SignedDuration::from_hours(48));
        let again = MovableClock::open(file.clone());
        let ahead = again.now().duration_since(MovableClock::default().now());
        assert!(ahead > SignedDuration::from_hours(47), "{ahead}");
        std::fs::remove_file(file).unwrap();
    }

    #[tokio::test]
    async fn who_sleeps_is_woken_when_the_clock_is_moved_past_the_time() {
        let clock = Arc::new(MovableClock::default());
        let until = clock.now() + SignedDuration::from_hours(5);
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.reach(until).await }
        });
        clock.advance(SignedDuration::from_hours(1));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(SignedDuration::from_hours(4));
        assert!(sleeper.await.is_ok());
    }
}
