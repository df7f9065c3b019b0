//! The pairs of a plan that somebody has seen and applies: nothing else is changed, and a pair that is wanted
//! otherwise by now is found.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;

use crate::SharedVersion;
use crate::plan::{CopyCalls, DocumentCalls, DocumentEffect, RecordedCopies, ReplicaChange};

/// The pairs of one document. By default there are none: nothing is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnlyPairs {
    share: BTreeMap<AccountId, SharedVersion>,
    unshare: BTreeSet<AccountId>,
    adopt: BTreeSet<AccountId>,
    copy: BTreeSet<AccountId>,
    delete: BTreeSet<AccountId>,
    replica: Option<ReplicaChange>,
}

impl From<&DocumentEffect> for OnlyPairs {
    fn from(effect: &DocumentEffect) -> Self {
        let version = |id: &AccountId| effect.versions.get(id).copied().unwrap_or_default();
        Self {
            share: effect.share.iter().map(|id| (*id, version(id))).collect(),
            unshare: effect.unshare.iter().copied().collect(),
            adopt: effect.adopt.iter().copied().collect(),
            copy: effect.copy.iter().chain(&effect.renew).copied().collect(),
            delete: effect.delete.iter().copied().collect(),
            replica: effect.replica.as_ref().map(|replica| replica.change),
        }
    }
}

impl OnlyPairs {
    /// Whether the plan shares the document with an account in this version.
    #[must_use]
    pub fn shares(&self, account: AccountId, version: SharedVersion) -> bool {
        self.share.get(&account) == Some(&version)
    }

    /// Whether the plan takes the document back from an account.
    #[must_use]
    pub fn unshares(&self, account: AccountId) -> bool {
        self.unshare.contains(&account)
    }

    /// Whether the plan makes somebody else's share with an account the suite's.
    #[must_use]
    pub fn adopts(&self, account: AccountId) -> bool {
        self.adopt.contains(&account)
    }

    /// Whether the plan copies the document to an account, or brings the copy up to date.
    #[must_use]
    pub fn copies(&self, account: AccountId) -> bool {
        self.copy.contains(&account)
    }

    /// Whether the plan deletes the copy in an account.
    #[must_use]
    pub fn deletes(&self, account: AccountId) -> bool {
        self.delete.contains(&account)
    }

    /// Whether the plan makes the document as a replica, or brings it up to date.
    #[must_use]
    pub fn replicates(&self) -> bool {
        self.replica.is_some_and(|change| change != ReplicaChange::Delete)
    }

    /// Whether the plan deletes the document, which is a replica.
    #[must_use]
    pub fn deletes_replica(&self) -> bool {
        self.replica == Some(ReplicaChange::Delete)
    }

    /// The accounts whose copies are neither as the plan wants them nor would become so.
    #[must_use]
    pub fn moved_copies(&self, calls: &CopyCalls, ledger: &RecordedCopies) -> Vec<AccountId> {
        let made = |id: &AccountId| {
            [&calls.make, &calls.renew, &calls.present].into_iter().any(|list| list.contains(id))
        };
        let gone = |id: &AccountId| {
            !ledger.contains_key(id) || calls.delete.contains(id) || calls.forget.contains(id)
        };
        let copy = self.copy.iter().filter(|id| !made(id));
        copy.chain(self.delete.iter().filter(|id| !gone(id))).copied().collect()
    }

    /// The accounts of the pairs that are neither as the plan wants them nor would become so by these calls: rules,
    /// documents or shares have changed since it was made. `there` is who sees which version now.
    #[must_use]
    pub fn moved(
        &self,
        calls: &DocumentCalls,
        there: &BTreeMap<AccountId, SharedVersion>,
    ) -> Vec<AccountId> {
        let added = |id: &AccountId, version: SharedVersion| {
            calls.calls.iter().any(|call| call.version == version && call.add.contains(id))
        };
        let removed = |id: &AccountId| calls.calls.iter().any(|call| call.remove.contains(id));
        let share = self.share.iter().filter(|(id, version)| {
            // One that sees it already and that nobody wants to see it is not as the plan wants it for long.
            let done = there.get(id) == Some(version) && calls.present.contains(id);
            !done && !added(id, **version)
        });
        let unshare = self.unshare.iter().filter(|id| there.contains_key(id) && !removed(id));
        // Its owner has taken the share back.
        let adopt = self.adopt.iter().filter(|id| !there.contains_key(id));
        share.map(|(id, _)| *id).chain(unshare.copied()).chain(adopt.copied()).collect()
    }
}
