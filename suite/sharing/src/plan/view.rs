//! One owner in one Region, as `share-documents` looks at a plan.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::{Problem, ProblemCode};

use crate::plan::{
    AccountPlace, DocumentCalls, LeftBecause, OnlyPairs, PlannedRule, Present, Recorded, SharePlan,
    Territory, needs_permissions, plan_calls,
};
use crate::{Claim, Document, Ownership, SharedVersion};

/// What the rules make of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who should have it, and which version; never the owner.
    pub accounts: BTreeMap<AccountId, SharedVersion>,
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
}

impl Wanted {
    /// Leaves an account to somebody else.
    pub fn leave(&mut self, account: AccountId) {
        self.accounts.remove(&account);
        self.later.insert(account);
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
            let accounts: Vec<AccountId> = self.accounts.keys().copied().collect();
            accounts.into_iter().for_each(|account| self.leave(account));
        }
        Self { claim, ..self }
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
        let first = self.conflicts.first()?;
        let others = match self.conflicts.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Some(Problem::new(
            ProblemCode::VersionConflict,
            format!("{owner}/{region}/{document}"),
            format!(
                "the rules {} want different versions for account {first}{others}",
                self.rules.join(", ")
            ),
        ))
    }
}

/// One owner in one Region.
#[derive(Debug)]
pub struct WorkView<'a> {
    owner: AccountId,
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

    /// Whether an account is an active member of the organization.
    #[must_use]
    pub fn is_present(&self, id: &AccountId) -> bool {
        self.territory.active.contains(id)
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
        ledger
            .keys()
            .copied()
            .filter(|id| !wanted.accounts.contains_key(id) && self.territory.may_lose(id, wanted))
    }

    /// What the rules, as a union, want for a document.
    #[must_use]
    pub fn wanted(&self, document: &Document) -> Wanted {
        let mut wanted = Wanted { adopts: self.adopts, ..Wanted::default() };
        for rule in self.rules.iter().filter(|rule| rule.documents.selects(document)) {
            wanted.rules.push(rule.name.clone());
            wanted.exclusive |= rule.ownership == Ownership::Exclusive;
            wanted.doubtful |= !rule.certain;
            for account in rule.accounts.iter().filter(|account| **account != self.owner) {
                let version = wanted.accounts.entry(*account).or_insert(rule.document_version);
                if *version != rule.document_version {
                    wanted.conflicts.insert(*account);
                }
            }
        }
        wanted.accounts.retain(|account, _| !wanted.conflicts.contains(account));
        wanted
    }

    /// The calls for a document. One that no rule selects any more has `Wanted::default()`.
    #[must_use]
    pub fn calls(&self, wanted: &Wanted, present: Present<'_>, quota: usize) -> DocumentCalls {
        plan_calls(self.owner, wanted, present, &self.territory, quota)
    }

    /// Whether the calls for a document can be planned only with its permissions.
    #[must_use]
    pub fn needs_permissions(&self, wanted: &Wanted, ledger: &Recorded) -> bool {
        needs_permissions(self.owner, wanted, ledger, &self.territory)
    }
}
