//! The memory of the guardrails without a table: what each [`Take`] and [`Release`] means. Decisions
//! are tested on it, and `store` is tested against it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_core::alarm::TriggerId;

use super::{MemoryNow, Release, Take, TakeAnswer, Taker};

const HOUR: i64 = 3_600;

/// The memory; for rules that observe, apart. Times are epoch seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// For rules that act.
    pub acting: Kept,
    /// For rules that only observe.
    pub observed: Kept,
}

/// The memory for rules of one mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// By the key of the resource.
    pub locks: BTreeMap<String, Lock>,
    /// The triggers that took a run, by budget and the hour's first second.
    pub budgets: BTreeMap<(String, i64), BTreeSet<TriggerId>>,
    /// By rule and the window's first second.
    pub storms: BTreeMap<(String, i64), BTreeSet<String>>,
    /// By rule: until when it is open, and by which trigger.
    pub breakers: BTreeMap<String, (i64, TriggerId)>,
}

/// The lock on a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The trigger that holds it, and the end of its lease.
    pub owner: Option<(TriggerId, i64)>,
    /// The trigger whose run ended last.
    pub last: Option<TriggerId>,
    /// Ends of the cool-downs by rule.
    pub cool_downs: BTreeMap<String, i64>,
}

impl Memory {
    /// The memory for rules of the taker's mode.
    pub fn of(&mut self, taker: &Taker<'_>) -> &mut Kept {
        if taker.observing { &mut self.observed } else { &mut self.acting }
    }

    /// Takes, or says why not.
    pub fn take(&mut self, taker: &Taker<'_>, take: &Take) -> TakeAnswer {
        let (now, rule) = (taker.now.as_second(), taker.rule.to_owned());
        let kept = self.of(taker);
        match take {
            Take::Lock { key, lease } => {
                let lock = kept.locks.entry(key.clone()).or_default();
                lock.take(taker, now + i64::from(lease.as_secs()))
            }
            Take::Run { budget, most } => {
                let takers = kept.budgets.entry((budget.clone(), hour(now))).or_default();
                into_set(takers, taker.trigger, *most)
            }
            Take::Storm { resources, most, window } => {
                let length = i64::from(window.as_secs()).max(1);
                let begin = now.div_euclid(length) * length;
                into_set(kept.storms.entry((rule, begin)).or_default(), resources.clone(), *most)
            }
            Take::Breaker { window } => {
                let opened = (now + i64::from(window.as_secs()), taker.trigger);
                match kept.breakers.get(&rule) {
                    Some((until, by)) if *until >= now && *by != taker.trigger => {
                        TakeAnswer::AlreadyOpen
                    }
                    _ => {
                        kept.breakers.insert(rule, opened);
                        TakeAnswer::Taken
                    }
                }
            }
        }
    }

    /// Releases what the taker holds; nothing else.
    pub fn release(&mut self, taker: &Taker<'_>, release: &Release) {
        let now = taker.now.as_second();
        let kept = self.of(taker);
        let mine = |lock: &&mut Lock| lock.owner.is_some_and(|(owner, _)| owner == taker.trigger);
        match release {
            Release::Lock { key } => {
                if let Some(lock) = kept.locks.get_mut(key).filter(mine) {
                    lock.owner = None;
                }
            }
            Release::EndOfRun { key, cool_down } => {
                if let Some(lock) = kept.locks.get_mut(key).filter(mine) {
                    let until = now + i64::from(cool_down.as_secs());
                    lock.cool_downs.insert(taker.rule.to_owned(), until);
                    (lock.owner, lock.last) = (None, Some(taker.trigger));
                }
            }
            Release::Run { budget } => {
                let key = (budget.clone(), hour(now));
                kept.budgets.entry(key).or_default().remove(&taker.trigger);
            }
        }
    }

    /// The breaker of the taker's rule, and the takes that would be refused.
    #[must_use]
    pub fn look(&self, taker: &Taker<'_>, takes: &[Take]) -> MemoryNow {
        let mut copy = self.clone();
        let until = copy.of(taker).breakers.get(taker.rule).map(|(until, _)| *until);
        let breaker = until.and_then(|until| Timestamp::from_second(until).ok());
        let answers = takes.iter().map(|take| (take.clone(), self.clone().take(taker, take)));
        let refused = answers.filter(|(_, answer)| *answer != TakeAnswer::Taken).collect();
        MemoryNow { breaker, refused }
    }

    /// Everything that a trigger holds and that can be released: locks, and runs of budgets.
    #[must_use]
    pub fn held_by(&self, trigger: TriggerId) -> Vec<String> {
        let mut held = Vec::new();
        for kept in [&self.acting, &self.observed] {
            let owned = |lock: &Lock| lock.owner.is_some_and(|(owner, _)| owner == trigger);
            let locks = kept.locks.iter().filter(|(_, lock)| owned(lock));
            held.extend(locks.map(|(key, _)| format!("lock on {key}")));
            let budgets = kept.budgets.iter().filter(|(_, takers)| takers.contains(&trigger));
            held.extend(budgets.map(|((budget, _), _)| format!("run of {budget}")));
        }
        held
    }
}

impl Lock {
    /// The trigger that holds it may take it again. The last one is remembered, so that a trigger
    /// that is delivered again long after its run does not run twice.
    fn take(&mut self, taker: &Taker<'_>, lease_until: i64) -> TakeAnswer {
        let (me, now) = (taker.trigger, taker.now.as_second());
        let at = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        if self.owner.is_none_or(|(owner, _)| owner != me) {
            if self.last == Some(me) {
                return TakeAnswer::Ended;
            }
            if let Some((owner, until)) = self.owner.filter(|(_, until)| *until >= now) {
                return TakeAnswer::Held { owner, until: at(until) };
            }
            let cool_down = self.cool_downs.get(taker.rule).filter(|until| **until >= now);
            if let Some(until) = cool_down {
                return TakeAnswer::CoolingDown { until: at(*until) };
            }
        }
        self.owner = Some((me, lease_until));
        TakeAnswer::Taken
    }
}

fn hour(now: i64) -> i64 {
    now.div_euclid(HOUR) * HOUR
}

/// In the set already, or there is a place left.
fn into_set<T: Ord>(set: &mut BTreeSet<T>, element: T, most: u32) -> TakeAnswer {
    if set.contains(&element) {
        return TakeAnswer::Taken;
    }
    if set.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
        return TakeAnswer::Full;
    }
    set.insert(element);
    TakeAnswer::Taken
}
