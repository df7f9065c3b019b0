//! The local AWS's clock: the machine's, moved ahead by `POST /_relay/clock`.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock that can be moved ahead, never back.
#[derive(Debug, Default)]
pub struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    /// The present instant of the local AWS.
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters the gateway")]
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock ahead.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX).max(0);
        self.ahead_ms.fetch_add(by, Ordering::Relaxed);
    }
}
