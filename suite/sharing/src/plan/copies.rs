//! The planner of copies: from what is wanted and what is, to what is done in each account. A copy is the suite's
//! only if the ledger has it and its tag says so; every other document of the name is its account's own.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;

use crate::SharedVersion;
use crate::plan::{
    DocumentEffect, EffectCounts, Holder, Left, LeftBecause, Territory, Wanted, WorkView,
};

/// The ledger's entry of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCopy {
    /// [`Holder::Ours`], or [`Holder::Intended`] while it is made.
    pub holder: Holder,
    /// The digest of the owner's document as it was copied.
    pub source: String,
    /// SSM's hash of the copy, which is another one once somebody changes it.
    pub hash: String,
}

/// The ledger's entries of the copies of one document.
pub type RecordedCopies = BTreeMap<AccountId, RecordedCopy>;

/// The digests of the owner's document, for each version that is copied.
pub type CopySources = BTreeMap<SharedVersion, String>;

/// The document of the name in an account, as a look into it finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundCopy {
    /// There is no document of this name.
    Nothing,
    /// It has the suite's tag, and this hash.
    Tagged(String),
    /// It does not have the suite's tag.
    Untagged,
}

/// The present state, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct PresentCopies<'a> {
    /// The ledger's entries; nothing else is ever changed.
    pub ledger: &'a RecordedCopies,
    /// The copies found in accounts; only those that somebody looked into.
    pub found: &'a BTreeMap<AccountId, FoundCopy>,
    /// The owner's document, as it should be copied.
    pub sources: &'a CopySources,
}

/// The work on the copies of one document. Each list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyCalls {
    /// Accounts in which a copy is made.
    pub make: Vec<AccountId>,
    /// Those of them of which the ledger has a copy: somebody deleted it.
    pub again: Vec<AccountId>,
    /// Accounts whose copy is brought up to date.
    pub renew: Vec<AccountId>,
    /// Accounts in which the copy is deleted.
    pub delete: Vec<AccountId>,
    /// Accounts that have the copy they should have.
    pub present: Vec<AccountId>,
    /// Wanted accounts with a document of their own of this name: it is left as it is.
    pub taken: Vec<AccountId>,
    /// Entries of the ledger whose copy is gone, is somebody else's, or is in an account that has left the
    /// organization: to be deleted there.
    pub forget: Vec<AccountId>,
    /// Accounts that no rule wants to have a copy, and that keep it.
    pub kept: Vec<AccountId>,
}

impl CopyCalls {
    /// Whether nothing is changed in any account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.make, &self.renew, &self.delete].into_iter().all(Vec::is_empty)
    }
}

/// Plans what is done about the copies of one document. Deterministic; planning again after it has been done yields
/// nothing.
///
/// A document that is in no ledger is never changed. A copy that no rule wants is deleted only in an active member of
/// the organization, and only where a share would be taken back; one in an account that has left is left to it.
#[must_use]
pub fn plan_copies(
    wanted: &Wanted,
    present: PresentCopies<'_>,
    territory: &Territory,
) -> CopyCalls {
    let PresentCopies { ledger, found, sources } = present;
    let mut calls = CopyCalls::default();
    if wanted.adopts {
        // Shares of others are taken over, and nothing else is done now.
        return calls;
    }
    let left = |id: &AccountId| wanted.conflicts.contains(id) || wanted.later.contains(id);
    for (id, version) in wanted.copies.iter().filter(|(id, _)| !left(id)) {
        let recorded = ledger.get(id);
        match (recorded, found.get(id)) {
            (None, Some(FoundCopy::Tagged(_) | FoundCopy::Untagged)) => calls.taken.push(*id),
            (Some(_), Some(FoundCopy::Untagged)) => {
                calls.taken.push(*id);
                calls.forget.push(*id);
            }
            (None, _) => calls.make.push(*id),
            (Some(_), Some(FoundCopy::Nothing)) => {
                calls.make.push(*id);
                calls.again.push(*id);
            }
            (Some(copy), _) if copy.holder == Holder::Intended => calls.make.push(*id),
            // Another installation claims the document as well: two of them would take turns.
            (Some(_), _) if !wanted.claim.is_ours() => calls.present.push(*id),
            (Some(copy), found) => {
                let changed = matches!(found, Some(FoundCopy::Tagged(hash)) if *hash != copy.hash);
                let current = sources.get(version) == Some(&copy.source);
                let list = if current && !changed { &mut calls.present } else { &mut calls.renew };
                list.push(*id);
            }
        }
    }
    for id in ledger.keys().filter(|id| !wanted.copies.contains_key(id)) {
        if left(id) || !territory.may_lose(id, wanted) {
            calls.kept.push(*id);
        } else if matches!(found.get(id), Some(FoundCopy::Nothing | FoundCopy::Untagged))
            || !territory.members.contains(id)
        {
            calls.forget.push(*id);
        } else if territory.active.contains(id) {
            calls.delete.push(*id);
        } else {
            // A suspended or closed account cannot be reached, and may come back.
            calls.kept.push(*id);
        }
    }
    calls.forget.sort();
    if let Some(only) = &wanted.only {
        for list in [&mut calls.make, &mut calls.again, &mut calls.renew] {
            list.retain(|id| only.copies(*id));
        }
        calls.delete.retain(|id| only.deletes(*id));
    }
    calls
}

impl WorkView<'_> {
    /// Adds what is done about the copies of a document to its effect.
    pub fn add_copies(
        &self,
        (effect, counts): &mut (DocumentEffect, EffectCounts),
        wanted: &Wanted,
        ledger: &RecordedCopies,
        calls: &CopyCalls,
    ) {
        let CopyCalls { make, again, renew, delete, present, taken, forget, kept } = calls;
        let losing = delete.iter().filter(|id| self.is_present(id));
        for id in losing {
            counts.losing += 1;
            counts.count_lost_copy(&effect.document, id);
        }
        let ours = |copy: &RecordedCopy| copy.holder == Holder::Ours;
        let holding = ledger.iter().filter(|(id, copy)| ours(copy) && self.is_present(id));
        counts.holding += holding.count() as u64;
        counts.copy += (make.len() + renew.len()) as u64;
        counts.restore += again.len() as u64;
        counts.delete += delete.len() as u64;
        counts.present += present.len() as u64;
        counts.recorded += forget.len() as u64;
        if let Some(only) = &wanted.only {
            let moved = only.moved_copies(calls, ledger);
            counts.moved += moved.len() as u64;
            effect.moved.extend(moved);
        }
        effect.copy.clone_from(make);
        effect.renew.clone_from(renew);
        effect.delete.clone_from(delete);
        effect.restore.extend(again);
        let mut because: BTreeMap<LeftBecause, BTreeSet<AccountId>> =
            std::mem::take(&mut effect.left)
                .into_iter()
                .map(|left| (left.because, left.accounts.into_iter().collect()))
                .collect();
        because.entry(LeftBecause::OwnDocument).or_default().extend(taken);
        for id in kept.iter().filter(|id| !wanted.conflicts.contains(*id)) {
            let why = self.why_kept(id, wanted).unwrap_or(LeftBecause::Uncertain);
            because.entry(why).or_default().insert(*id);
        }
        because.retain(|_, accounts| !accounts.is_empty());
        let left = because.iter().filter(|(why, _)| **why != LeftBecause::Foreign);
        counts.left = left.map(|(_, accounts)| accounts.len() as u64).sum();
        effect.left = because
            .into_iter()
            .map(|(because, ids)| Left { because, accounts: ids.into_iter().collect() })
            .collect();
    }
}
