//! The work on one document, and how far that is.

use std::collections::{BTreeSet, VecDeque};

use relay_core::id::AccountId;
use sharing::plan::{
    Call, Recorded, RecordedCopies, RecordedReplica, ReplicaCall, Standing, Wanted,
};

use crate::details::DocumentReport;

/// The work on one document.
#[derive(Debug)]
pub(crate) struct Work {
    /// The work of earlier attempts of this execution.
    pub(crate) report: DocumentReport,
    pub(crate) wanted: Wanted,
    pub(crate) ledger: Recorded,
    pub(crate) copies: RecordedCopies,
    pub(crate) replica: Option<RecordedReplica>,
    pub(crate) standing: Standing,
    /// Accounts with which an earlier attempt of this execution was about to share.
    pub(crate) begun: BTreeSet<AccountId>,
    /// Its owner does not list it: it may be deleted.
    pub(crate) missing: bool,
}

/// A document being worked on.
pub(crate) struct Progress {
    pub(crate) report: DocumentReport,
    pub(crate) wanted: Wanted,
    /// The ledger as it will be once everything sent to its writer is written.
    pub(crate) ledger: Recorded,
    pub(crate) copies: RecordedCopies,
    pub(crate) replica: Option<RecordedReplica>,
    /// Whose the document was before anything was done.
    pub(crate) standing: Standing,
    pub(crate) replica_call: ReplicaCall,
    pub(crate) begun: BTreeSet<AccountId>,
    pub(crate) left: VecDeque<Call>,
    /// The permissions were read: shares that somebody else made are known.
    pub(crate) permissions_read: bool,
    /// SSM refused more accounts, and the rest was planned within the quota that is known. If it still
    /// refuses, the quota is another one, and is found by halving the call.
    pub(crate) quota_met: bool,
}

impl Progress {
    /// Splits a call in two: its removals and its additions, or halves of either.
    pub(crate) fn halve(&mut self, mut call: Call) {
        let other = if !call.add.is_empty() && !call.remove.is_empty() {
            Call { add: std::mem::take(&mut call.add), remove: Vec::new(), version: call.version }
        } else {
            let add = call.add.split_off(call.add.len() / 2);
            let remove = call.remove.split_off(call.remove.len() / 2);
            Call { add, remove, version: call.version }
        };
        self.left.push_front(other);
        self.left.push_front(call);
    }
}
