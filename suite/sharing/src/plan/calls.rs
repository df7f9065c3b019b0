//! The planner: from what is wanted and what is, to calls of ModifyDocumentPermission.
//!
//! AWS's limits (service model 2014-11-06 and quotas): 20 ids to add and 20 to remove a call, at
//! least one of the lists, 1,000 accounts a document unless raised. An id in both lists is removed.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;

use crate::SharedVersion;
use crate::plan::{Removals, Wanted};

/// At most so many ids to add, and so many to remove, in one call.
pub const IDS_PER_CALL: usize = 20;

/// How many accounts a document can be shared with, unless AWS raised it.
pub const DEFAULT_QUOTA: usize = 1000;

/// Whose a recorded share is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// The suite made it.
    Ours,
    /// The suite was about to make it: it may exist or not, and is ours if it does.
    Intended,
    /// It was there before the suite wanted it: never ours to remove.
    Foreign,
}

/// The ledger's entry of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedShare {
    /// Which version the account sees.
    pub version: SharedVersion,
    /// Whether the suite may change or remove it.
    pub holder: Holder,
}

/// The ledger's entries of one document.
pub type Recorded = BTreeMap<AccountId, RecordedShare>;

/// The present state, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// The ledger's entries of the document.
    pub ledger: &'a Recorded,
    /// Who has the document, by AWS; `None` when nobody asked.
    pub permissions: Option<&'a BTreeMap<AccountId, SharedVersion>>,
}

/// Whose shares an execution may touch at all.
#[derive(Debug, Clone)]
pub struct Territory {
    /// From whom shares may be removed.
    pub removals: Removals,
    /// Everybody in the ledger is in scope.
    pub everyone: bool,
    /// The accounts in scope that were looked up.
    pub accounts: BTreeSet<AccountId>,
    /// The members of the organization among them.
    pub members: BTreeSet<AccountId>,
    /// The active members among them.
    pub active: BTreeSet<AccountId>,
    /// Members of which too little is known to remove anything.
    pub uncertain: BTreeSet<AccountId>,
    /// Accounts with which nobody else can have shared anything yet.
    pub fresh: BTreeSet<AccountId>,
}

impl Territory {
    /// Whether an account may lose its share of a document that no rule wants it to have.
    pub(super) fn may_lose(&self, id: &AccountId, wanted: &Wanted) -> bool {
        let looked_up = self.accounts.contains(id);
        let active = self.active.contains(id);
        let removals = match self.removals {
            // Another installation may want it. The rules of all of them select members only.
            Removals::Everybody if !wanted.claim.is_ours() => Removals::Departed,
            removals => removals,
        };
        !self.uncertain.contains(id)
            && match removals {
                Removals::Nobody => false,
                Removals::Departed => (self.everyone || looked_up) && !active,
                Removals::Everybody => (self.everyone || looked_up) && !(wanted.doubtful && active),
            }
    }
}

/// One call of ModifyDocumentPermission. Never empty; no id twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// Accounts to add, at most [`IDS_PER_CALL`].
    pub add: Vec<AccountId>,
    /// The version the added ones see.
    pub version: SharedVersion,
    /// Accounts to remove, at most [`IDS_PER_CALL`].
    pub remove: Vec<AccountId>,
}

/// The work on one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentCalls {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// Wanted accounts that have it already.
    pub present: Vec<AccountId>,
    /// Of those, the ones that are ours and not yet recorded as such, in this version.
    pub adopt: Vec<AccountId>,
    /// Of those, the ones that somebody else made: to be recorded as foreign.
    pub foreign: Vec<(AccountId, SharedVersion)>,
    /// Wanted accounts that see another version than wanted, by a share that is not ours: left as they are.
    pub differing: Vec<AccountId>,
    /// Entries of the ledger that nobody wants, and whose share is gone or foreign: to be deleted there.
    pub forget: Vec<AccountId>,
    /// Wanted accounts for which there is no room left.
    pub over_quota: Vec<AccountId>,
}

/// Whether the ledger alone does not say what exists: a wanted share may have been made by somebody else, or
/// an unwanted one may never have been made.
#[must_use]
pub fn needs_permissions(
    owner: AccountId,
    wanted: &Wanted,
    ledger: &Recorded,
    territory: &Territory,
) -> bool {
    let unsure = |id: &AccountId| match ledger.get(id).map(|share| share.holder) {
        Some(Holder::Ours) => false,
        Some(Holder::Foreign | Holder::Intended) => true,
        None => !territory.fresh.contains(id),
    };
    let intended = |id: &AccountId| ledger[id].holder == Holder::Intended;
    wanted.exclusive
        || wanted.accounts.keys().any(|id| *id != owner && unsure(id))
        || ledger.keys().any(|id| intended(id) && territory.may_lose(id, wanted))
}

/// Plans the calls for one document. Deterministic; planning again after the calls have been made
/// yields none.
///
/// A share that is not recorded as ours and is not, on an exclusive document, with a member of the organization, is
/// left alone, and so are accounts in conflict and those left to somebody else. Of a document that is not this
/// installation's alone, only accounts that have left the organization lose their shares, and no version is
/// changed. The owner is never touched. Of a plan that somebody applies, nothing but its pairs is changed.
#[must_use]
pub fn plan_calls(
    owner: AccountId,
    wanted: &Wanted,
    present: Present<'_>,
    territory: &Territory,
    quota: usize,
) -> DocumentCalls {
    let Present { ledger, permissions } = present;
    let believed: BTreeMap<AccountId, SharedVersion>;
    let actual = match permissions {
        Some(permissions) => permissions,
        None => {
            let made = ledger.iter().filter(|(_, share)| share.holder != Holder::Intended);
            believed = made.map(|(id, share)| (*id, share.version)).collect();
            &believed
        }
    };
    let holder = |id: &AccountId| ledger.get(id).map(|share| share.holder);
    let untouchable =
        |id: &AccountId| *id == owner || wanted.conflicts.contains(id) || wanted.later.contains(id);
    let mut result = DocumentCalls::default();

    // A new version for somebody who has the document takes no room; a new account does.
    let mut changed: BTreeMap<SharedVersion, Vec<AccountId>> = BTreeMap::new();
    let mut new = Vec::new();
    for (id, version) in wanted.accounts.iter().filter(|(id, _)| !untouchable(id)) {
        let Some(has) = actual.get(id) else {
            new.push((*id, *version));
            continue;
        };
        let made = match holder(id) {
            Some(Holder::Ours | Holder::Intended) => true,
            Some(Holder::Foreign) => false,
            None => territory.fresh.contains(id),
        };
        let ours = wanted.exclusive || made;
        // With another version than wanted it stays its maker's: nothing is changed now.
        let adopted = wanted.adopts && has == version;
        if !ours && !adopted && holder(id).is_none() {
            result.foreign.push((*id, *has));
        }
        match (has == version, ours) {
            (true, _) => {
                result.present.push(*id);
                let recorded = RecordedShare { version: *version, holder: Holder::Ours };
                let shown = wanted.only.as_ref().is_none_or(|only| made || only.adopts(*id));
                if (ours || adopted) && shown && ledger.get(id) != Some(&recorded) {
                    result.adopt.push(*id);
                }
            }
            (false, true) if wanted.claim.is_ours() => {
                changed.entry(*version).or_default().push(*id);
            }
            // It has the document. Two installations that want two versions would take turns.
            (false, true) => result.present.push(*id),
            (false, false) => result.differing.push(*id),
        }
    }

    let unwanted = |id: &AccountId| {
        !wanted.accounts.contains_key(id) && !untouchable(id) && territory.may_lose(id, wanted)
    };
    let claimed = |id: &AccountId| wanted.exclusive && territory.members.contains(id);
    let mut remove = BTreeSet::new();
    for id in ledger.keys().chain(actual.keys()).filter(|id| unwanted(id)) {
        let recorded = holder(id);
        let ours = claimed(id) || matches!(recorded, Some(Holder::Ours | Holder::Intended));
        if ours && actual.contains_key(id) {
            remove.insert(*id);
        } else if recorded.is_some() && (permissions.is_some() || recorded == Some(Holder::Foreign))
        {
            result.forget.push(*id);
        }
    }
    result.forget.sort();
    result.forget.dedup();
    if wanted.adopts {
        new.clear();
        changed.clear();
        remove.clear();
    }
    if let Some(only) = &wanted.only {
        new.retain(|(id, version)| only.shares(*id, *version));
        changed.iter_mut().for_each(|(version, ids)| ids.retain(|id| only.shares(*id, *version)));
        changed.retain(|_, ids| !ids.is_empty());
        remove.retain(|id| only.unshares(*id));
    }
    let remove: Vec<AccountId> = remove.into_iter().collect();

    let room = quota.saturating_sub(actual.len() - remove.len());
    let beyond = new.split_off(room.min(new.len()));
    result.over_quota = beyond.into_iter().map(|(id, _)| id).collect();
    let tight = !new.is_empty() && actual.len() + new.len() > quota;
    for (id, version) in new {
        changed.entry(version).or_default().push(id);
    }
    result.calls = pack(&changed, &remove, tight);
    result
}

/// Ids into calls. Removals ride along with additions, except where additions must wait for the
/// room they make.
fn pack(
    add: &BTreeMap<SharedVersion, Vec<AccountId>>,
    remove: &[AccountId],
    removals_first: bool,
) -> Vec<Call> {
    let removals = remove.chunks(IDS_PER_CALL);
    let mut calls: Vec<Call> =
        removals.map(|ids| Call { remove: ids.to_vec(), ..Call::default() }).collect();
    let mut additions = Vec::new();
    for (version, ids) in add {
        let mut ids = ids.clone();
        ids.sort();
        for ids in ids.chunks(IDS_PER_CALL) {
            additions.push(Call { add: ids.to_vec(), version: *version, remove: Vec::new() });
        }
    }
    if removals_first {
        calls.extend(additions);
        return calls;
    }
    let mut additions = additions.into_iter();
    for (call, addition) in calls.iter_mut().zip(additions.by_ref()) {
        call.add = addition.add;
        call.version = addition.version;
    }
    calls.extend(additions);
    calls
}
