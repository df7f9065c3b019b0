//! One owner in one Region, as `share-documents` looks at a plan.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::{Problem, ProblemCode};

use crate::plan::{
    AccountPlace, CopyCalls, DocumentCalls, LeftBecause, OnlyPairs, PlannedRule, Present,
    PresentCopies, Recorded, RecordedCopies, SharePlan, Territory, WantedReplica,
    needs_permissions, plan_calls, plan_copies,
};
use crate::{Claim, Distribution, Document, Ownership, SharedVersion};

/// One document in the light of the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who should have it, and which version; never the owner.
    pub accounts: BTreeMap<AccountId, SharedVersion>,
    /// Who should have a copy, and of which version; never the owner. An account may be in both lists.
    pub copies: BTreeMap<AccountId, SharedVersion>,
    /// Who should have either; never the owner. [`Wanted::distribute`] decides.
    pub either: BTreeMap<AccountId, SharedVersion>,
    /// Those of them that get a new share, and a copy if SSM has no room for it.
    pub flexible: BTreeSet<AccountId>,
    /// Accounts for which rules want different versions: these pairs are left as they are.
    pub conflicts: BTreeSet<AccountId>,
    /// Accounts that are left to somebody else: to a later execution that has planned or recorded something for
    /// them, or to another installation.
    pub later: BTreeSet<AccountId>,
    /// Every account of the organization on this document is ours.
    pub exclusive: bool,
    /// Some rule that selects the document may mean more members than it seems to: members that have the
    /// document keep it.
    pub doubtful: bool,
    /// The rules that select it, by name.
    pub rules: Vec<String>,
    /// Whose the document is. Unless this installation has it to itself, members keep it as they see it.
    pub claim: Claim,
    /// Shares of others that are as wanted become the suite's, and nothing else is changed.
    pub adopts: bool,
    /// Of a plan that somebody has seen and applies: nothing else is changed.
    pub only: Option<OnlyPairs>,
    /// The document that is made here, in the owner's account, or kept up to date.
    pub replica: Option<WantedReplica>,
    /// Why that document is left as it is.
    pub replica_left: Option<LeftBecause>,
}

impl Wanted {
    /// Leaves an account to somebody else.
    pub fn leave(&mut self, account: AccountId) {
        self.accounts.remove(&account);
        self.copies.remove(&account);
        self.either.remove(&account);
        self.later.insert(account);
    }

    /// Leaves the replica as it is.
    pub fn leave_replica(&mut self, because: LeftBecause) {
        if self.replica.take().is_some() {
            self.replica_left = Some(because);
        }
    }

    /// The same as far as a claim allows it.
    #[must_use]
    pub fn under(mut self, claim: Claim) -> Self {
        self.exclusive &= claim.is_ours();
        if self.adopts && !claim.is_ours() {
            // Nobody else's document is taken over, and nothing else is done now.
            let accounts: Vec<AccountId> = self.accounts.keys().copied().collect();
            accounts.into_iter().for_each(|account| self.leave(account));
        }
        if !claim.may_add() {
            self.leave_replica(LeftBecause::Claim);
            self.everybody().into_iter().for_each(|account| self.leave(account));
        }
        Self { claim, ..self }
    }

    /// Everybody who should have the document, by a share or as a copy.
    #[must_use]
    pub fn everybody(&self) -> BTreeSet<AccountId> {
        [&self.accounts, &self.copies, &self.either]
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect()
    }

    /// Decides who of those that should have either gets a share and who a copy. Who has one of them keeps it, so that
    /// nobody changes from one to the other when others come or go. The others get shares, in the order of their ids, as
    /// long as there is room, and then copies. `there` is who the document is shared with, by whomever.
    pub fn distribute(
        &mut self,
        there: &BTreeSet<AccountId>,
        copies: &RecordedCopies,
        quota: usize,
    ) {
        let mut taken: BTreeSet<AccountId> =
            there.iter().chain(self.accounts.keys()).copied().collect();
        let mut new = Vec::new();
        for (id, version) in std::mem::take(&mut self.either) {
            if self.accounts.contains_key(&id) || self.copies.contains_key(&id) {
                // Another rule decides.
            } else if copies.contains_key(&id) {
                self.copies.insert(id, version);
            } else if taken.contains(&id) {
                self.accounts.insert(id, version);
            } else {
                new.push((id, version));
            }
        }
        for (id, version) in new {
            if taken.len() < quota {
                taken.insert(id);
                self.flexible.insert(id);
                self.accounts.insert(id, version);
            } else {
                self.copies.insert(id, version);
            }
        }
    }

    /// Accounts for whose shares there is no room: those that may have a copy instead get one, and the others are
    /// returned.
    pub fn without_room(&mut self, mut refused: Vec<AccountId>) -> Vec<AccountId> {
        refused.retain(|id| {
            let version = self.flexible.take(id).and_then(|id| self.accounts.remove(&id));
            self.copies.extend(version.map(|version| (*id, version)));
            version.is_none()
        });
        refused
    }

    /// Whether some rule selects the document.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        !self.rules.is_empty()
    }

    /// The problem of the conflicts, if there are any.
    #[must_use]
    pub fn problem(
        &self,
        owner: AccountId,
        region: &Region,
        document: &DocumentName,
    ) -> Option<Problem> {
        let rules = self.rules.join(", ");
        let what = match (self.conflicts.first(), self.conflicts.len().saturating_sub(1)) {
            (Some(first), 0) => {
                format!("the rules {rules} want different versions for account {first}")
            }
            (Some(first), more) => format!(
                "the rules {rules} want different versions for account {first} and {more} more"
            ),
            (None, _) if self.replica_left == Some(LeftBecause::Conflict) => format!(
                "the rules {rules} want replicas from different home Regions or of different versions"
            ),
            (None, _) => return None,
        };
        let place = format!("{owner}/{region}/{document}");
        Some(Problem::new(ProblemCode::VersionConflict, place, what))
    }
}

/// One owner in one Region.
#[derive(Debug)]
pub struct WorkView<'a> {
    owner: AccountId,
    region: Region,
    rules: Vec<&'a PlannedRule>,
    territory: Territory,
    adopts: bool,
}

impl SharePlan {
    /// The plan's part for one owner and Region. One that the plan does not name has no rules:
    /// only shares of the past are looked at.
    #[must_use]
    pub fn view(&self, owner: AccountId, region: &Region) -> WorkView<'_> {
        let work = self.work.iter().find(|work| work.owner == owner && work.region == *region);
        let rules = work.map_or(&[][..], |work| &work.rules);
        WorkView {
            owner,
            region: region.clone(),
            rules: rules.iter().filter_map(|index| self.rules.get(*index)).collect(),
            territory: self.territory(),
            adopts: self.adopts,
        }
    }

    fn territory(&self) -> Territory {
        let those = |which: fn(&AccountPlace) -> bool| {
            self.places.iter().filter(|place| which(place)).map(|place| place.account).collect()
        };
        Territory {
            removals: self.removals,
            everyone: self.organization,
            accounts: self.accounts.iter().copied().collect(),
            members: those(|_| true),
            active: those(|place| place.active),
            uncertain: those(|place| !place.is_certain()),
            fresh: those(|place| place.fresh),
        }
    }
}

impl WorkView<'_> {
    /// The same view later than [`FRESH_FOR`] after the plan: others may have shared something by now.
    #[must_use]
    pub fn without_fresh(mut self) -> Self {
        self.territory.fresh.clear();
        self
    }

    /// The account that owns the documents.
    pub(super) fn owner(&self) -> AccountId {
        self.owner
    }

    /// The Region of the documents.
    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &PlannedRule> {
        self.rules.iter().copied()
    }

    pub(super) fn territory(&self) -> &Territory {
        &self.territory
    }

    /// Whether an account is an active member of the organization.
    #[must_use]
    pub fn is_present(&self, id: &AccountId) -> bool {
        self.territory.active.contains(id)
    }

    /// Whether the whole organization is in scope.
    #[must_use]
    pub fn is_about_everyone(&self) -> bool {
        self.territory.everyone
    }

    /// Whether an account was created minutes ago: its stacks may still be on their way.
    #[must_use]
    pub fn is_fresh(&self, id: &AccountId) -> bool {
        self.territory.fresh.contains(id)
    }

    /// Why a share that no rule wants is kept, if it is.
    pub(super) fn why_kept(&self, id: &AccountId, wanted: &Wanted) -> Option<LeftBecause> {
        if self.territory.may_lose(id, wanted) && !wanted.later.contains(id) {
            return None;
        }
        Some(if !wanted.claim.is_ours() {
            LeftBecause::Claim
        } else if wanted.later.contains(id) {
            LeftBecause::Later
        } else if self.territory.uncertain.contains(id) {
            LeftBecause::Uncertain
        } else {
            LeftBecause::Doubt
        })
    }

    /// The accounts that would lose their recorded shares of a document.
    pub fn losers<'a>(
        &'a self,
        wanted: &'a Wanted,
        ledger: &'a Recorded,
    ) -> impl Iterator<Item = AccountId> + 'a {
        let is_wanted =
            |id: &AccountId| wanted.accounts.contains_key(id) || wanted.either.contains_key(id);
        let ids = ledger.keys().copied();
        ids.filter(move |id| !is_wanted(id) && self.territory.may_lose(id, wanted))
    }

    /// The shares that the rules, as a union, want for a document that the owner has here.
    #[must_use]
    pub fn wanted(&self, document: &Document) -> Wanted {
        self.wanted_by(|rule| rule.documents.selects(document))
    }

    pub(super) fn wanted_by(&self, selects: impl Fn(&PlannedRule) -> bool) -> Wanted {
        let mut wanted = Wanted { adopts: self.adopts, ..Wanted::default() };
        let mut versions = BTreeMap::new();
        for rule in self.rules().filter(|rule| selects(rule)) {
            wanted.rules.push(rule.name.clone());
            wanted.exclusive |= rule.ownership == Ownership::Exclusive;
            wanted.doubtful |= !rule.certain;
            let whom = match rule.distribution {
                Distribution::Share => &mut wanted.accounts,
                Distribution::Copy => &mut wanted.copies,
                Distribution::Auto => &mut wanted.either,
            };
            for account in rule.accounts.iter().filter(|account| **account != self.owner) {
                whom.insert(*account, rule.document_version);
                let version = versions.entry(*account).or_insert(rule.document_version);
                if *version != rule.document_version {
                    wanted.conflicts.insert(*account);
                }
            }
        }
        let Wanted { accounts, copies, either, conflicts, .. } = &mut wanted;
        for whom in [accounts, copies, either] {
            whom.retain(|account, _| !conflicts.contains(account));
        }
        wanted
    }

    /// The calls for a document. One that no rule selects any more has `Wanted::default()`.
    #[must_use]
    pub fn calls(&self, wanted: &Wanted, present: Present<'_>, quota: usize) -> DocumentCalls {
        plan_calls(self.owner, wanted, present, &self.territory, quota)
    }

    /// The work on the copies of a document.
    #[must_use]
    pub fn copies(&self, wanted: &Wanted, present: PresentCopies<'_>) -> CopyCalls {
        plan_copies(wanted, present, &self.territory)
    }

    /// The accounts that would lose their recorded copies of a document.
    pub fn copy_losers<'a>(
        &'a self,
        wanted: &'a Wanted,
        copies: &'a RecordedCopies,
    ) -> impl Iterator<Item = AccountId> + 'a {
        let is_wanted =
            |id: &AccountId| wanted.copies.contains_key(id) || wanted.either.contains_key(id);
        let ids = copies.keys().copied();
        ids.filter(move |id| !is_wanted(id) && self.territory.may_lose(id, wanted))
    }

    /// Whether the calls for a document can be planned only with its permissions.
    #[must_use]
    pub fn needs_permissions(&self, wanted: &Wanted, ledger: &Recorded) -> bool {
        !wanted.either.is_empty() || needs_permissions(self.owner, wanted, ledger, &self.territory)
    }
}
