//! How many executions of an account and Region run at once, how many may queue behind them, and
//! whose turn it is next.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

/// The quotas of an account and Region. Children count like others.
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Simple executions at once.
    pub running: usize,
    /// Simple executions queued beyond.
    pub queued: usize,
    /// Executions with targets at once.
    pub rate_control_running: usize,
    /// Executions with targets queued beyond.
    pub rate_control_queued: usize,
    /// Simple executions at once with adaptive concurrency.
    pub adaptive_running: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            running: 100,
            queued: 5_000,
            rate_control_running: 25,
            rate_control_queued: 1_000,
            adaptive_running: 500,
        }
    }
}

impl Quotas {
    /// No quota at all.
    pub const UNLIMITED: Self = Self {
        running: usize::MAX,
        queued: usize::MAX,
        rate_control_running: usize::MAX,
        rate_control_queued: usize::MAX,
        adaptive_running: usize::MAX,
    };

    fn of(&self, kind: PoolKind, adaptive: bool) -> (usize, usize) {
        match kind {
            PoolKind::Simple if adaptive => (self.adaptive_running.max(self.running), self.queued),
            PoolKind::Simple => (self.running, self.queued),
            PoolKind::RateControl => (self.rate_control_running, self.rate_control_queued),
        }
    }
}

/// Which quota an execution counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PoolKind {
    Simple,
    RateControl,
}

/// One quota of one account and Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pool {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) kind: PoolKind,
}

/// The answer to a new execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Runs,
    Queued,
    Refused,
}

#[derive(Debug, Default)]
struct PoolState {
    running: usize,
    queue: VecDeque<Uuid>,
}

#[derive(Debug, Default)]
pub(crate) struct Pools {
    quotas: Quotas,
    states: HashMap<Pool, PoolState>,
}

impl Pools {
    /// Changes the quotas. Who may run now is found by [`Pools::next`].
    pub(crate) fn set(&mut self, quotas: Quotas) {
        self.quotas = quotas;
    }

    pub(crate) fn pools(&self) -> Vec<Pool> {
        self.states.keys().cloned().collect()
    }

    /// A new execution asks for a place.
    pub(crate) fn admit(&mut self, pool: &Pool, id: Uuid, adaptive: bool) -> Admission {
        let (running, queued) = self.quotas.of(pool.kind, adaptive);
        let pool_state = self.states.entry(pool.clone()).or_default();
        if pool_state.queue.is_empty() && pool_state.running < running {
            pool_state.running += 1;
            Admission::Runs
        } else if pool_state.queue.len() < queued {
            pool_state.queue.push_back(id);
            Admission::Queued
        } else {
            Admission::Refused
        }
    }

    /// One that ran before a restart takes its place again, whatever the quota.
    pub(crate) fn restore(&mut self, pool: &Pool, id: Uuid, began: bool) {
        let pool_state = self.states.entry(pool.clone()).or_default();
        if began {
            pool_state.running += 1;
        } else {
            pool_state.queue.push_back(id);
        }
    }

    /// A running one has ended.
    pub(crate) fn release(&mut self, pool: &Pool) {
        if let Some(pool_state) = self.states.get_mut(pool) {
            pool_state.running = pool_state.running.saturating_sub(1);
        }
    }

    /// A queued one was cancelled before its turn.
    pub(crate) fn withdraw(&mut self, pool: &Pool, id: Uuid) {
        if let Some(pool_state) = self.states.get_mut(pool) {
            pool_state.queue.retain(|queued| *queued != id);
        }
    }

    /// Whose turn it is, if there is room: it counts as running from now on.
    pub(crate) fn next(&mut self, pool: &Pool, adaptive: bool) -> Option<Uuid> {
        let (running, _) = self.quotas.of(pool.kind, adaptive);
        let pool_state = self.states.get_mut(pool)?;
        if pool_state.running >= running {
            return None;
        }
        let id = pool_state.queue.pop_front()?;
        pool_state.running += 1;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(kind: PoolKind) -> Pool {
        Pool { account: "111122223333".into(), region: "eu-west-1".into(), kind }
    }

    #[test]
    fn beyond_the_quota_executions_queue_and_beyond_the_queue_they_are_refused() {
        for (kind, running, queued) in
            [(PoolKind::Simple, 100, 5_000), (PoolKind::RateControl, 25, 1_000)]
        {
            let mut pools = Pools::default();
            let pool = pool(kind);
            let answers: Vec<_> = (0..running + queued + 1)
                .map(|n| pools.admit(&pool, Uuid::from_u128(n), false))
                .collect();
            let count = |of| answers.iter().filter(|answer| **answer == of).count() as u128;
            assert_eq!(count(Admission::Runs), running);
            assert_eq!(count(Admission::Queued), queued);
            assert_eq!(answers.last(), Some(&Admission::Refused));
        }
    }

    #[test]
    fn whoever_waits_longest_is_next_and_nobody_overtakes() {
        let mut pools = Pools::default();
        pools.set(Quotas { running: 1, ..Quotas::default() });
        let pool = pool(PoolKind::Simple);
        let id = Uuid::from_u128;
        assert_eq!(pools.admit(&pool, id(1), false), Admission::Runs);
        assert_eq!(pools.admit(&pool, id(2), false), Admission::Queued);
        assert_eq!(pools.admit(&pool, id(3), false), Admission::Queued);
        assert_eq!(pools.next(&pool, false), None);
        pools.withdraw(&pool, id(2));
        pools.release(&pool);
        assert_eq!(pools.admit(&pool, id(4), false), Admission::Queued);
        assert_eq!(pools.next(&pool, false), Some(id(3)));
        assert_eq!(pools.next(&pool, false), None);
    }

    #[test]
    fn adaptive_concurrency_lifts_the_simple_quota_only() {
        let mut pools = Pools::default();
        let admitted = |pools: &mut Pools, kind| {
            (0..600)
                .filter(|n| pools.admit(&pool(kind), Uuid::from_u128(*n), true) == Admission::Runs)
                .count()
        };
        assert_eq!(admitted(&mut pools, PoolKind::Simple), 500);
        assert_eq!(admitted(&mut pools, PoolKind::RateControl), 25);
    }

    #[test]
    fn accounts_and_regions_do_not_share_a_quota() {
        let mut pools = Pools::default();
        pools.set(Quotas { running: 1, ..Quotas::default() });
        let here = pool(PoolKind::Simple);
        let there = Pool { region: "us-east-1".into(), ..here.clone() };
        assert_eq!(pools.admit(&here, Uuid::from_u128(1), false), Admission::Runs);
        assert_eq!(pools.admit(&there, Uuid::from_u128(2), false), Admission::Runs);
    }
}
