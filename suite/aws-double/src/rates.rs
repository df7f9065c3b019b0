//! How fast the services answer, how many calls a second they take, and how many there were.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Aws, Call};

/// The calls of one operation in one Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Those that were refused included.
    pub calls: usize,
    /// Refused by a rate.
    pub refused: usize,
    pub first: Instant,
    pub last: Instant,
}

/// Tallies by operation and Region.
pub type Tallies = BTreeMap<(String, String), Tally>;

/// How many calls a second each operation of a service takes, in one account and Region.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    by_service: BTreeMap<&'static str, f64>,
    /// By operation, account and Region: the calls that may still be made, and when that was so.
    buckets: HashMap<(String, String, String), (f64, Instant)>,
}

impl Rates {
    /// Whether an account has used up its calls of this second. Within a second as many come through at once as the
    /// rate has.
    pub(crate) fn refuse(&mut self, call: &Call) -> bool {
        let Some(rate) = self.by_service.get(call.service.as_str()).copied() else { return false };
        let key = (call.operation.clone(), call.account.clone(), call.region.clone());
        let (left, at) = self.buckets.entry(key).or_insert((rate, call.at));
        let passed = call.at.duration_since(*at).as_secs_f64();
        (*left, *at) = ((*left + passed * rate).min(rate.max(1.0)), call.at);
        if *left < 1.0 {
            return true;
        }
        *left -= 1.0;
        false
    }
}

/// Adds a call to its tally.
pub(crate) fn count(tallies: &mut Tallies, call: &Call, refused: bool) {
    let key = (call.operation.clone(), call.region.clone());
    let new = Tally { calls: 0, refused: 0, first: call.at, last: call.at };
    let tally = tallies.entry(key).or_insert(new);
    tally.calls += 1;
    tally.refused += usize::from(refused);
    tally.last = call.at;
}

impl Aws {
    /// How long the answers of one service take, as requests are signed for it, instead of [`Aws::latency`].
    pub fn latency_of(&self, service: &'static str, latency: Duration) {
        self.state().latencies.insert(service, latency);
    }

    /// Throttles a service: every operation takes so many calls a second from one account in one Region.
    pub fn rate(&self, service: &'static str, per_second: f64) {
        self.state().rates.by_service.insert(service, per_second);
    }

    /// Only counts calls from now on: of millions, their parameters would not fit into memory.
    pub fn only_count(&self) {
        self.state().only_counts = true;
    }

    /// The number of calls by operation and Region since the last [`Aws::forget_calls`].
    #[must_use]
    pub fn tallies(&self) -> Tallies {
        self.state().tallies.clone()
    }
}
