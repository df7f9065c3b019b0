//! The planner of replicas: documents that the suite makes in the owner's own account, in a Region where a rule with a home
//! Region wants them and the owner lacks them. A replica is the suite's only if the ledger has it and its tag says so;
//! every other document of the name is the owner's own, and is used as it is.

use std::collections::BTreeSet;

use relay_core::id::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{
    DocumentEffect, EffectCounts, Holder, Left, LeftBecause, RecordedCopy, Removals, Territory,
    Wanted, WorkView,
};
use crate::{Document, ListedDocument, SharedVersion};

/// The ledger's entry of one replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedReplica {
    /// The home Region that it was made from, which its tag names.
    pub home: Region,
    /// The source of its content, and whether it is there yet.
    pub copy: RecordedCopy,
}

/// Whose the document of a name is in a Region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// The owner's own, or nobody asked.
    #[default]
    Own,
    /// The Region has no document of the name.
    Absent,
    /// A replica of the suite's: the ledger and its tag agree.
    Replica,
}

/// A replica that rules want.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedReplica {
    /// The Region of the document that it has the content of.
    pub home: Region,
    /// The version of that document.
    pub version: SharedVersion,
}

/// The present state, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct PresentReplica<'a> {
    /// Whose the document of the name is.
    pub standing: Standing,
    /// The ledger's entries; nothing else is ever changed.
    pub recorded: Option<&'a RecordedReplica>,
    /// The digest of the document at home; `None` where nobody asked.
    pub source: Option<&'a str>,
    /// SSM's hash of the replica; `None` where nobody asked.
    pub hash: Option<&'a str>,
}

/// The work on the replica of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaCall {
    /// There is none, and none is wanted.
    Nothing,
    /// It is made before anything is shared.
    Make {
        /// The ledger has it: somebody deleted it, or its making was interrupted.
        again: bool,
    },
    /// It gets the content of the document at home before anything is shared.
    Renew,
    /// It is as it should be.
    Keep,
    /// It is left as it is, whatever the rules want.
    Leave(LeftBecause),
    /// It is deleted as soon as nobody sees it any more.
    Delete,
    /// It is gone, or is the owner's own by now: its entry in the ledger is deleted.
    Forget,
}

/// The change of a document that is a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaEffect {
    /// The Region that it is a replica of.
    pub home: Region,
    /// The work that would be done.
    pub change: ReplicaChange,
}

/// The work that would be done on a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReplicaChange {
    /// It would be made.
    Make,
    /// It would be made again: somebody deleted it.
    Restore,
    /// It would be brought up to date.
    Renew,
    /// It would be deleted.
    Delete,
}

impl ReplicaCall {
    /// Whether there is a document of the name once this is done.
    #[must_use]
    pub fn is_there(self, standing: Standing) -> bool {
        matches!(self, Self::Make { .. }) || standing != Standing::Absent
    }
}

/// Plans what is done about the replica of one document. Deterministic; planning again after it has been done yields
/// [`ReplicaCall::Keep`] or [`ReplicaCall::Nothing`].
///
/// A replica is deleted only where it is known that no rule selects it: every rule could be read, and the whole organization
/// is in scope.
#[must_use]
pub fn plan_replica(
    wanted: &Wanted,
    present: PresentReplica<'_>,
    territory: &Territory,
) -> ReplicaCall {
    let call = planned(wanted, present, territory);
    let shown = |call| match (&wanted.only, call) {
        (Some(only), ReplicaCall::Make { .. } | ReplicaCall::Renew) => only.replicates(),
        (Some(only), ReplicaCall::Delete) => only.deletes_replica(),
        _ => true,
    };
    match call {
        _ if wanted.adopts => ReplicaCall::Nothing,
        call if shown(call) => call,
        ReplicaCall::Make { .. } => ReplicaCall::Nothing,
        _ => ReplicaCall::Keep,
    }
}

fn planned(wanted: &Wanted, present: PresentReplica<'_>, territory: &Territory) -> ReplicaCall {
    let PresentReplica { standing, recorded, source, hash } = present;
    match (standing, recorded, &wanted.replica) {
        (Standing::Own, Some(_), _) => ReplicaCall::Forget,
        (Standing::Own, None, _) | (Standing::Absent, None, None) => match wanted.replica_left {
            Some(because) if standing == Standing::Absent => ReplicaCall::Leave(because),
            _ => ReplicaCall::Nothing,
        },
        _ if wanted.replica_left.is_some() => {
            ReplicaCall::Leave(wanted.replica_left.unwrap_or(LeftBecause::Doubt))
        }
        (Standing::Absent, recorded, Some(_)) => ReplicaCall::Make { again: recorded.is_some() },
        (Standing::Absent, Some(_), None) => ReplicaCall::Forget,
        (Standing::Replica, recorded, Some(_)) => {
            let copy = recorded.map(|recorded| &recorded.copy);
            let made = copy.is_some_and(|copy| copy.holder == Holder::Ours);
            let current = copy.is_some_and(|copy| {
                source.is_none_or(|source| source == copy.source)
                    && hash.is_none_or(|hash| hash == copy.hash)
            });
            // Another installation claims the document as well: two of them would take turns.
            let call = if current || !wanted.claim.is_ours() {
                ReplicaCall::Keep
            } else {
                ReplicaCall::Renew
            };
            if made { call } else { ReplicaCall::Renew }
        }
        // A rule without a home Region shares it like any other document.
        (Standing::Replica, _, None) if wanted.is_selected() => ReplicaCall::Keep,
        (Standing::Replica, _, None) if !wanted.claim.is_ours() => {
            ReplicaCall::Leave(LeftBecause::Claim)
        }
        (Standing::Replica, _, None)
            if territory.removals != Removals::Everybody || !territory.everyone =>
        {
            ReplicaCall::Leave(LeftBecause::Doubt)
        }
        (Standing::Replica, _, None) => ReplicaCall::Delete,
    }
}

impl ListedDocument {
    /// Whose the document is; `tag` is the value of the suite's tag on replicas from a Region.
    #[must_use]
    pub fn standing(
        &self,
        recorded: Option<&RecordedReplica>,
        tag: impl Fn(&Region) -> String,
    ) -> Standing {
        let Some(here) = &self.here else { return Standing::Absent };
        let ours = |recorded: &RecordedReplica| {
            here.tags.get(relay_core::id::REPLICA_TAG) == Some(&tag(&recorded.home))
        };
        if recorded.is_some_and(ours) { Standing::Replica } else { Standing::Own }
    }
}

impl WorkView<'_> {
    /// The home Regions of the rules here.
    #[must_use]
    pub fn homes(&self) -> BTreeSet<Region> {
        self.rules().filter_map(|rule| rule.home_for(self.region())).cloned().collect()
    }

    /// Whether some rule wants a document of a home Region to be here as well.
    #[must_use]
    pub fn replicates(&self, home: &Region, document: &Document) -> bool {
        self.rules().any(|rule| {
            rule.home_for(self.region()) == Some(home) && rule.documents.selects(document)
        })
    }

    /// The shares that the rules, as a union, want for a document. A rule with a home Region means the document that is there, unless the
    /// owner has one of its own here.
    #[must_use]
    pub fn wanted_of(&self, listed: &ListedDocument, standing: Standing) -> Wanted {
        let mut replicas = BTreeSet::new();
        let mut names = Vec::new();
        let mut unread = false;
        for rule in self.rules().filter(|_| standing != Standing::Own) {
            let Some(home) = rule.home_for(self.region()) else { continue };
            unread |= listed.unread.contains(home);
            let there = listed.homes.get(home);
            if there.is_some_and(|document| rule.documents.selects(document)) {
                names.push(rule.name.clone());
                let version = rule.document_version;
                replicas.insert(WantedReplica { home: home.clone(), version });
            }
        }
        let left = match replicas.len() {
            0 | 1 if !unread => None,
            0 | 1 => Some(LeftBecause::Doubt),
            _ => Some(LeftBecause::Conflict),
        };
        let replica = if left.is_none() { replicas.pop_first() } else { None };
        let made = replica.as_ref().and_then(|replica| listed.homes.get(&replica.home));
        // The owner's tags are not copied.
        let made = made.map(|home| Document { tags: Default::default(), ..home.clone() });
        let Some(here) = listed.here.as_ref().or(made.as_ref()) else {
            let rules = if left.is_some() { names } else { Vec::new() };
            return Wanted { replica_left: left, rules, ..Wanted::default() };
        };
        let mut wanted = self.wanted_by(|rule| match rule.home_for(self.region()) {
            Some(home) if standing != Standing::Own && !listed.unread.contains(home) => {
                listed.homes.get(home).is_some_and(|document| rule.documents.selects(document))
            }
            _ => rule.documents.selects(here),
        });
        wanted.replica = replica;
        wanted.replica_left = left;
        wanted.doubtful |= unread;
        wanted
    }

    /// The work on the replica of a document.
    #[must_use]
    pub fn replica(&self, wanted: &Wanted, present: PresentReplica<'_>) -> ReplicaCall {
        plan_replica(wanted, present, self.territory())
    }

    /// Adds what is done about the replica of a document to its effect, as about a copy in the owner's own account.
    pub fn add_replica(
        &self,
        (effect, counts): &mut (DocumentEffect, EffectCounts),
        wanted: &Wanted,
        recorded: Option<&RecordedReplica>,
        call: ReplicaCall,
    ) {
        let owner = self.owner();
        let holds = recorded.is_some_and(|recorded| recorded.copy.holder == Holder::Ours);
        counts.holding += u64::from(holds && self.is_present(&owner));
        if let Some(only) = &wanted.only {
            let made =
                matches!(call, ReplicaCall::Make { .. } | ReplicaCall::Renew | ReplicaCall::Keep);
            let gone =
                recorded.is_none() || matches!(call, ReplicaCall::Delete | ReplicaCall::Forget);
            if only.replicates() && !made || only.deletes_replica() && !gone {
                counts.moved += 1;
                effect.moved.push(owner);
            }
        }
        let change = match call {
            ReplicaCall::Make { again: true } => ReplicaChange::Restore,
            ReplicaCall::Make { again: false } => ReplicaChange::Make,
            ReplicaCall::Renew => ReplicaChange::Renew,
            ReplicaCall::Delete => ReplicaChange::Delete,
            ReplicaCall::Leave(because) => {
                counts.left += 1;
                match effect.left.iter_mut().find(|left| left.because == because) {
                    Some(left) => left.accounts.push(owner),
                    None => effect.left.push(Left { because, accounts: vec![owner] }),
                }
                return;
            }
            ReplicaCall::Keep => {
                counts.present += 1;
                return;
            }
            ReplicaCall::Forget => {
                counts.recorded += 1;
                return;
            }
            ReplicaCall::Nothing => return,
        };
        match change {
            ReplicaChange::Delete => counts.delete += 1,
            _ => counts.copy += 1,
        }
        counts.restore += u64::from(change == ReplicaChange::Restore);
        if change == ReplicaChange::Delete && self.is_present(&owner) {
            counts.losing += 1;
            counts.count_lost_copy(&effect.document, &owner);
        }
        let home = wanted.replica.as_ref().map(|replica| &replica.home);
        let home = home.or(recorded.map(|recorded| &recorded.home));
        effect.replica = home.map(|home| ReplicaEffect { home: home.clone(), change });
    }
}
