//! A lock and the cool-downs beside it as people see and release them. The item is that of `lock`.
//!
//! `unlocked` is the note of the last release by a person, JSON: written by `publish-outcome` together with the release, so
//! that there is never one without the other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use remediation::guard::{Unlock, UnlockNote, Unlocked};

use crate::item::{DAYS_40, Item, Update};
use crate::table::Written;
use crate::{StoreError, Table, lock};

/// The attribute of the note.
const NOTE: &str = "unlocked";

/// The blocks of a resource, and who released something on it last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockState {
    /// The trigger whose run holds the lock, until when at most, and the run's rule.
    pub held: Option<(TriggerId, Timestamp, Option<String>)>,
    /// The ends of cool-downs by their rules, past ones too.
    pub cool_downs: BTreeMap<String, Timestamp>,
    /// The last release by a person.
    pub unlocked: Option<UnlockNote>,
}

impl Table {
    /// The blocks of a resource (`<account>#<region>#<resource>`) back.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn lock_state(&self, resource: &str) -> Result<LockState, StoreError> {
        let item = self.get("look at the lock", lock::key_of_resource(resource)).await?;
        Ok(item.map_or_else(LockState::default, |item| state(&item)))
    }

    /// Releases what a person named, as far as it is still what that person saw. A repeat for the same execution answers
    /// the same.
    ///
    /// # Errors
    /// When the table does not answer. Some of it may have been released.
    pub async fn unlock(
        &self,
        unlock: &Unlock,
        execution: &str,
        now: Timestamp,
    ) -> Result<Unlocked, StoreError> {
        let note = UnlockNote {
            by: unlock.by.clone(),
            at: now,
            reason: unlock.reason.clone(),
            execution: execution.to_owned(),
            forced: unlock.forced,
        };
        let text = serde_json::to_string(&note);
        let text = text.map_err(|error| StoreError::malformed("release a lock", &error))?;
        let noted = |expression, condition| {
            Update::new(lock::key_of_resource(&unlock.key()), expression)
                .when(condition)
                .name("#note", NOTE)
                .name("#expires", "expires")
                .text(":note", &*text)
                .number(":expires", now.as_second() + DAYS_40)
        };
        let mut done = Unlocked::default();
        if let Some(held) = &unlock.lock {
            let set = "SET #note = :note, #expires = :expires REMOVE #owner, #lease";
            let release = noted(set, "#owner = :owner")
                .name("#owner", "owner")
                .name("#lease", "leaseUntil")
                .text(":owner", held.owner.to_string());
            let written = self.update("release a lock for a person", release).await?;
            done.lock = Some(is_done(&written, execution));
        }
        for cool_down in &unlock.cool_downs {
            let set = "SET #note = :note, #expires = :expires REMOVE #cool";
            let end = noted(set, "#cool <= :until")
                .name("#cool", lock::cool_down_of_rule(&cool_down.rule))
                .number(":until", cool_down.until.as_second());
            let written = self.update("end a cool-down for a person", end).await?;
            done.cool_downs.push((cool_down.rule.clone(), is_done(&written, execution)));
        }
        Ok(done)
    }
}

/// A refused write was done before, if the note is of the same execution.
fn is_done(written: &Written, execution: &str) -> bool {
    match written {
        Written::Done => true,
        Written::Refused(item) => note(item).is_some_and(|note| note.execution == execution),
    }
}

/// The note of the last release by a person; `None` also for one that this version cannot read.
pub(crate) fn note(item: &Item) -> Option<UnlockNote> {
    serde_json::from_str(item.text(NOTE)?).ok()
}

fn state(item: &Item) -> LockState {
    let instant = |seconds: i64| Timestamp::from_second(seconds).ok();
    let owner = item.text("owner").and_then(|owner| owner.parse().ok()).map(TriggerId);
    let until = item.number("leaseUntil").and_then(instant);
    let cool_downs = item.numbers(lock::COOL_DOWN);
    LockState {
        held: owner
            .zip(until)
            .map(|(owner, until)| (owner, until, item.text("rule").map(str::to_owned))),
        cool_downs: cool_downs
            .filter_map(|(rule, until)| Some((rule.to_owned(), instant(until)?)))
            .collect(),
        unlocked: note(item),
    }
}
