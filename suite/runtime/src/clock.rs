//! The only place where functions read the system's time.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// The current time. A function has a clock in its `Deps`, so that tests can set it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The clock of the system.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that always shows the same time.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    /// A clock that begins at `at` and moves with tokio's time, paused or not.
    #[must_use]
    pub fn from(at: Timestamp) -> Self {
        let begin = tokio::time::Instant::now();
        Self(Arc::new(move || at.saturating_add(begin.elapsed()).unwrap_or(Timestamp::MAX)))
    }

    /// The time, as this clock has it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_begins_somewhere_moves_with_the_runtime() {
        let clock = Clock::from(Timestamp::UNIX_EPOCH);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now().as_second(), 90);
    }

    #[test]
    fn a_fixed_clock_stands_still() {
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
    }
}
