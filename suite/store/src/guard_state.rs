//! The state of guardrails, with their numbers: for people who ask why a trigger was suppressed, or would be. Reads only.

use futures::future::try_join_all;
use jiff::Timestamp;
use remediation::guard::{Take, TakeAnswer, Taker, UnlockNote, takes};
use remediation::{RemediationRule, Subject};

use crate::item::{Item, Key};
use crate::{StoreError, Table, budget, lock, storm, unlock};

/// The state of a guardrail at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardState {
    /// The thing that a run would take.
    pub take: Take,
    /// The answer, if it would be refused.
    pub refused: Option<TakeAnswer>,
    /// How much of a budget or of a storm's window is used; 0 or 1 for a lock.
    pub used: u32,
    /// The rule whose run holds the lock.
    pub holder: Option<String>,
    /// Of a lock: the last release by a person.
    pub unlocked: Option<UnlockNote>,
}

/// The state of all guardrails of a rule for some resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardStates {
    /// In the order in which they are taken.
    pub states: Vec<GuardState>,
    /// Until when the storm breaker of the rule is, or was, open.
    pub breaker: Option<Timestamp>,
}

impl Table {
    /// The state of a rule's guardrails for these resources, in the hour and window of the taker's moment. Takes
    /// nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn guard_states(
        &self,
        taker: &Taker<'_>,
        rule: &RemediationRule,
        subject: &Subject,
    ) -> Result<GuardStates, StoreError> {
        let looks = takes(rule, subject).filter_map(|take| Some((key_of(taker, &take)?, take)));
        let states = try_join_all(looks.map(async |(key, take)| {
            let item = self.get("look at what guardrails hold", key).await?;
            Ok::<_, StoreError>(state(taker, take, &item.unwrap_or_default()))
        }));
        let (states, breaker) = futures::future::try_join(states, self.breaker(taker)).await?;
        Ok(GuardStates { states, breaker })
    }
}

fn key_of(taker: &Taker<'_>, take: &Take) -> Option<Key> {
    match take {
        Take::Lock { key, .. } => Some(lock::key_of(taker, key)),
        Take::Run { budget, .. } => Some(budget::key_of(taker, budget)),
        Take::Storm { window, .. } => Some(storm::key_of(taker, window)),
        Take::Breaker { .. } => None,
    }
}

fn state(taker: &Taker<'_>, take: Take, item: &Item) -> GuardState {
    let size = |set: &str| item.texts(set).map_or(0, |texts| texts.len());
    let (refused, used) = match &take {
        Take::Lock { .. } => {
            let refused = lock::look(taker, item);
            let held = matches!(refused, Some(TakeAnswer::Held { .. }));
            (refused, usize::from(held))
        }
        Take::Run { most, .. } => (budget::look(taker, item, *most), size(budget::TAKERS)),
        Take::Storm { resources, most, .. } => {
            let used = size(storm::RESOURCES);
            let counted = item.texts(storm::RESOURCES).is_some_and(|set| set.contains(resources));
            let full = used >= usize::try_from(*most).unwrap_or(usize::MAX) && !counted;
            (full.then_some(TakeAnswer::Full), used)
        }
        Take::Breaker { .. } => (None, 0),
    };
    let holder = item.text("rule").filter(|_| used > 0).map(str::to_owned);
    let unlocked = unlock::note(item);
    GuardState { take, refused, used: u32::try_from(used).unwrap_or(u32::MAX), holder, unlocked }
}
