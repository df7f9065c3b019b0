//! The planner: from what is wanted and what is, to calls of ModifyDocumentPermission.
//!
//! AWS's limits (service model 2014-11-06 and quotas): 20 ids to add and 20 to remove a call, at
//! least one of the lists, 1,000 accounts a document unless raised. An id in both lists is removed.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;

use crate::SharedVersion;
use crate::plan::Wanted;

/// At most so many ids to add, and so many to remove, in one call.
pub const IDS_PER_CALL: usize = 20;

/// How many accounts a document can be shared with, unless AWS raised it.
pub const DEFAULT_QUOTA: usize = 1000;

/// What is, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// What we shared, by the ledger.
    pub ledger: &'a BTreeMap<AccountId, SharedVersion>,
    /// Who has the document, by AWS; `None` when nobody asked.
    pub permissions: Option<&'a BTreeMap<AccountId, SharedVersion>>,
}

/// Whose shares an execution may touch at all.
#[derive(Debug, Clone, Default)]
pub struct Territory {
    /// Everybody in the ledger.
    pub everyone: bool,
    pub accounts: BTreeSet<AccountId>,
    /// The members of the organization among them.
    pub members: BTreeSet<AccountId>,
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

/// What is to be done about one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentCalls {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// Wanted accounts that have it already.
    pub present: Vec<AccountId>,
    /// Of those, the ones that the ledger does not know yet: to be written there.
    pub adopt: Vec<AccountId>,
    /// Entries of the ledger that AWS no longer has and nobody wants: to be deleted there.
    pub forget: Vec<AccountId>,
    /// Wanted accounts for which there is no room left.
    pub over_quota: Vec<AccountId>,
}

/// Plans the calls for one document. Deterministic; planning again after the calls have been made
/// yields none.
///
/// What is neither in the ledger nor, on an exclusive document, a member of the organization, is
/// left alone, and so is whoever is in conflict. The owner is never touched.
#[must_use]
pub fn plan_calls(
    owner: AccountId,
    wanted: &Wanted,
    present: Present<'_>,
    territory: &Territory,
    removals_allowed: bool,
    quota: usize,
) -> DocumentCalls {
    let Present { ledger, permissions } = present;
    let actual = permissions.unwrap_or(ledger);
    let untouchable = |id: &AccountId| *id == owner || wanted.conflicts.contains(id);
    let mut result = DocumentCalls::default();

    // A new version for somebody who has the document takes no room; a new account does.
    let mut changed: BTreeMap<SharedVersion, Vec<AccountId>> = BTreeMap::new();
    let mut new = Vec::new();
    for (id, version) in wanted.accounts.iter().filter(|(id, _)| !untouchable(id)) {
        match actual.get(id) {
            Some(has) if has == version => {
                result.present.push(*id);
                if !ledger.contains_key(id) {
                    result.adopt.push(*id);
                }
            }
            Some(_) => changed.entry(*version).or_default().push(*id),
            None => new.push((*id, *version)),
        }
    }

    let mut remove = Vec::new();
    if removals_allowed {
        let in_scope = |id: &AccountId| territory.everyone || territory.accounts.contains(id);
        let unwanted =
            |id: &AccountId| !wanted.accounts.contains_key(id) && !untouchable(id) && in_scope(id);
        let ours: BTreeSet<AccountId> = ledger.keys().filter(|id| unwanted(id)).copied().collect();
        let claimed = actual
            .keys()
            .filter(|id| wanted.exclusive && territory.members.contains(id) && unwanted(id));
        remove = ours
            .iter()
            .copied()
            .chain(claimed.copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        remove.retain(|id| actual.contains_key(id));
        result.forget = ours.into_iter().filter(|id| !actual.contains_key(id)).collect();
    }

    let room = quota.saturating_sub(actual.len() - remove.len());
    if new.len() > room {
        result.over_quota = new.split_off(room).into_iter().map(|(id, _)| id).collect();
    }
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
