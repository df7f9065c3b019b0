//! Takes and releases of guardrails ([`remediation::guard`]), as writes to their items.

use futures::future::try_join_all;
use remediation::guard::{MemoryNow, Release, Take, TakeAnswer, Taker};

use crate::item::{Key, Update};
use crate::table::Written;
use crate::{StoreError, Table, budget, lock, storm};

impl Table {
    /// Takes for a trigger, or says why not. The same trigger may take the same again.
    ///
    /// # Errors
    /// When the table does not answer, or the item is malformed. It may have been taken.
    pub async fn take(&self, taker: &Taker<'_>, take: &Take) -> Result<TakeAnswer, StoreError> {
        let update = match take {
            Take::Lock { key, lease } => lock::take(taker, key, lease),
            Take::Run { budget, most } => budget::take(taker, budget, *most),
            Take::Storm { resources, most, window } => {
                storm::count(taker, resources, *most, window)
            }
            Take::Breaker { window } => storm::open(taker, window),
        };
        let refused = match self.update(&take.describe(), update).await? {
            Written::Done => return Ok(TakeAnswer::Taken),
            Written::Refused(item) => item,
        };
        match take {
            Take::Lock { .. } => lock::refusal(taker, &refused)
                .ok_or_else(|| StoreError::malformed(take.describe(), &format!("{refused:?}"))),
            Take::Run { .. } | Take::Storm { .. } => Ok(TakeAnswer::Full),
            Take::Breaker { .. } => Ok(TakeAnswer::AlreadyOpen),
        }
    }

    /// The storm breaker of the taker's rule, and which of these locks and runs would be refused now. Takes
    /// nothing; other takes count as free.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn look(&self, taker: &Taker<'_>, takes: &[Take]) -> Result<MemoryNow, StoreError> {
        let looks = takes.iter().filter_map(|take| Some((take, key_of(taker, take)?)));
        let looks = try_join_all(looks.map(async |(take, key)| {
            let item = self.get("look at what guardrails hold", key).await?;
            let answer = item.and_then(|item| match take {
                Take::Lock { .. } => lock::look(taker, &item),
                Take::Run { most, .. } => budget::look(taker, &item, *most),
                Take::Storm { .. } | Take::Breaker { .. } => None,
            });
            Ok::<_, StoreError>(answer.map(|answer| (take.clone(), answer)))
        }));
        let (breaker, looks) = futures::future::try_join(self.breaker(taker), looks).await?;
        Ok(MemoryNow { breaker, refused: looks.into_iter().flatten().collect() })
    }

    /// Releases what the trigger holds. What it does not hold, or not any more, stays as it is.
    ///
    /// # Errors
    /// When the table does not answer. It may have been released.
    pub async fn release(&self, taker: &Taker<'_>, release: &Release) -> Result<(), StoreError> {
        let update = match release {
            Release::Lock { key } => lock::release(taker, key),
            Release::EndOfRun { key, cool_down } => lock::end_of_run(taker, key, cool_down),
            Release::Run { budget } => budget::release(taker, budget),
        };
        self.update(&release.describe(), update).await.map(drop)
    }
}

fn key_of(taker: &Taker<'_>, take: &Take) -> Option<Key> {
    match take {
        Take::Lock { key, .. } => Some(lock::key_of(taker, key)),
        Take::Run { budget, .. } => Some(budget::key_of(taker, budget)),
        Take::Storm { .. } | Take::Breaker { .. } => None,
    }
}

/// The key of an item of the guardrails. Rules that observe have items of their own.
pub(crate) fn key(taker: &Taker<'_>, pk: &str, sk: impl Into<String>) -> Key {
    let prefix = if taker.observing { "observed-" } else { "" };
    Key::new(format!("{prefix}{pk}"), sk)
}

/// Adds an element to a set that has no more than `most`. Sets, not counters: a take that is
/// repeated after a lost reply takes nothing twice.
pub(crate) fn into_set(key: Key, set: &str, element: &str, most: u32, expires: i64) -> Update {
    Update::new(key, "ADD #set :set SET #expires = :expires")
        .when("attribute_not_exists(#set) OR contains(#set, :one) OR size(#set) < :max")
        .name("#set", set)
        .name("#expires", "expires")
        .value(":set", crate::item::Attribute::one(element))
        .text(":one", element)
        .number(":max", i64::from(most))
        .number(":expires", expires)
}
