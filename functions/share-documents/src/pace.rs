//! How many calls may be in flight at once: additive increase, multiplicative decrease.
//!
//! The rate at which SSM accepts `ModifyDocumentPermission` is not documented and is shared with other
//! callers in the owner's account, so it is found by trying. Nothing here sleeps or retries.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A bound on calls in flight that halves when the service throttles and grows back by one after
/// a whole round of successes.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    in_flight: usize,
    successes: usize,
    /// Counts the decreases: a throttled call that began before the last one does not decrease again.
    generation: u64,
}

/// The right to have one call in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pace: &'a ConcurrencyLimit,
    generation: u64,
}

impl ConcurrencyLimit {
    /// Starts at `most`, which is never exceeded; at least one call is always allowed.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State { allowed: most, in_flight: 0, successes: 0, generation: 0 };
        Self { most, state: Mutex::new(state), freed: Notify::new() }
    }

    /// Waits until one more call may be in flight.
    pub(crate) async fn permit(&self) -> Permit<'_> {
        loop {
            // Registered before the check, so that a release in between is not missed.
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            {
                let mut state = self.state();
                if state.in_flight < state.allowed {
                    state.in_flight += 1;
                    return Permit { pace: self, generation: state.generation };
                }
            }
            freed.await;
        }
    }

    /// How many calls may be in flight now.
    pub(crate) fn allowed(&self) -> usize {
        self.state().allowed
    }

    /// The most that may ever be in flight.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every critical section leaves the counters consistent: poisoning carries no news.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The service accepted the call.
    pub(crate) fn succeeded(self) {
        let mut state = self.pace.state();
        state.successes += 1;
        if state.successes >= state.allowed && state.allowed < self.pace.most {
            state.allowed += 1;
            state.successes = 0;
        }
    }

    /// The service throttled the call. A burst of them, opened together, halves the bound once.
    pub(crate) fn throttled(self) {
        let mut state = self.pace.state();
        if state.generation == self.generation {
            state.allowed = (state.allowed / 2).max(1);
            state.successes = 0;
            state.generation += 1;
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.state().in_flight -= 1;
        self.pace.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn never_more_than_allowed_are_in_flight() {
        let pace = ConcurrencyLimit::new(2);
        let first = pace.permit().await;
        let _second = pace.permit().await;
        assert!(pace.permit().now_or_never().is_none());
        drop(first);
        assert!(pace.permit().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_burst_of_throttling_halves_the_bound_once() {
        let pace = ConcurrencyLimit::new(8);
        let burst = futures::future::join_all((0..8).map(|_| pace.permit())).await;
        for permit in burst {
            permit.throttled();
        }
        assert_eq!(pace.allowed(), 4);
        pace.permit().await.throttled();
        assert_eq!(pace.allowed(), 2);
        pace.permit().await.throttled();
        pace.permit().await.throttled();
        assert_eq!(pace.allowed(), 1, "one call is always allowed");
    }

    #[tokio::test]
    async fn the_bound_grows_back_by_one_after_a_round_of_successes_and_not_past_the_most() {
        let pace = ConcurrencyLimit::new(4);
        pace.permit().await.throttled();
        assert_eq!(pace.allowed(), 2);
        for _ in 0..2 {
            pace.permit().await.succeeded();
        }
        assert_eq!(pace.allowed(), 3);
        for _ in 0..20 {
            pace.permit().await.succeeded();
        }
        assert_eq!(pace.allowed(), 4);
    }

    #[tokio::test]
    async fn a_waiter_goes_on_when_a_permit_is_dropped() {
        let pace = ConcurrencyLimit::new(1);
        let held = pace.permit().await;
        let waiting = async { pace.permit().await.succeeded() };
        let release = async { drop(held) };
        futures::join!(waiting, release);
        assert_eq!(pace.allowed(), 1);
    }
}
