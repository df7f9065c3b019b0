//! Time as tokio has it, so that a paused runtime's is virtual.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::ports::Clock;

/// Begins at a fixed time when it is made, and goes on as tokio's time does.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    began: Instant,
    at: Timestamp,
}

impl TokioClock {
    /// A clock that shows this time now.
    pub fn showing(at: Timestamp) -> Self {
        Self { began: Instant::now(), at }
    }
}

impl Default for TokioClock {
    /// Begins on 1 January 2026.
    fn default() -> Self {
        Self::showing(Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.at.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        async move {
            // tokio counts milliseconds: a wait that ends a little early is waited out.
            loop {
                let left = until.duration_since(self.now());
                match Duration::try_from(left) {
                    Ok(left) if !left.is_zero() => tokio::time::sleep(left).await,
                    _ => return,
                }
            }
        }
        .boxed()
    }
}
