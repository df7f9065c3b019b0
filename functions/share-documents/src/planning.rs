//! Plans a page of documents: what the plan wants for each, and what the ledger has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use aws_sdk_ssm::Client;
use jiff::Timestamp;
use relay_core::id::{AccountId, DocumentName, Region};
use sharing::plan::{
    Holder, LeftBecause, OnlyPairs, PartEffect, PlannedWork, Recorded, RecordedCopies, Removals,
    SharePlan, Standing, Wanted, WorkView,
};
use sharing::{Claims, Distribution, ListedDocument, SharedVersion};
use store::{CopyEntry, Ledger, LedgerEntries, LedgerEntry, StoreError};
use tokio::sync::OnceCell;

use crate::details::DocumentReport;
use crate::homes::{HomeListing, is_replica};
use crate::later::{LaterPlans, is_later};
use crate::listing::Listing;
use crate::owner_account::OwnerAccount;
use crate::progress::Work;
use crate::survey::is_again;

/// Up to this many accounts the ledger is read by key (a key for each document and account, a hundred keys a
/// call); beyond that, all entries of each document are read (a call a document).
const FEW_ACCOUNTS: usize = 40;

/// Plans the documents of one owner in one Region.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    view: &'a WorkView<'a>,
    ledger: &'a Ledger,
    /// The accounts in scope, where they are few.
    few: Option<BTreeSet<AccountId>>,
    /// Every account of the organization is in scope.
    whole: bool,
    /// Whether any rule wants something here.
    wants: bool,
    /// When what the plan rests on was seen.
    seen_at: Timestamp,
    later: &'a LaterPlans,
    owner: &'a OwnerAccount<'a>,
    /// It is the plan of a join, which removes nothing.
    joins: bool,
    /// There may be copies: a rule makes some, or some may be deleted.
    copies: bool,
    /// After a look at all documents: those that need work.
    again: Option<BTreeSet<DocumentName>>,
    /// The part of the plan that is applied, if one is: nothing but its pairs is changed.
    applied: Option<&'a PartEffect>,
    /// After a change: the only documents to look at.
    touched: Option<&'a BTreeSet<DocumentName>>,
    /// The documents that the owner has listed so far.
    listed: Mutex<BTreeSet<DocumentName>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        plan: &'a SharePlan,
        work: &'a PlannedWork,
        view: &'a WorkView<'a>,
        ledger: &'a Ledger,
        later: &'a LaterPlans,
        owner: &'a OwnerAccount<'a>,
    ) -> Self {
        let few = (!plan.organization && plan.accounts.len() <= FEW_ACCOUNTS)
            .then(|| plan.accounts.iter().copied().collect());
        let wants = !work.rules.is_empty();
        let joins = plan.removals == Removals::Nobody;
        let mut rules = work.rules.iter().filter_map(|index| plan.rules.get(*index));
        let copies = !joins || rules.any(|rule| rule.distribution != Distribution::Share);
        Self {
            view,
            ledger,
            few,
            whole: plan.organization,
            wants,
            seen_at: plan.seen_at,
            later,
            owner,
            joins,
            copies,
            again: None,
            applied: None,
            touched: work.only.as_ref(),
            listed: Mutex::default(),
        }
    }

    /// Changes nothing but the pairs of a plan, where one is applied.
    pub(crate) fn applying(self, applied: Option<&'a PartEffect>) -> Self {
        Self { applied, ..self }
    }

    /// Leaves out all documents but these.
    pub(crate) fn only(self, again: BTreeSet<DocumentName>) -> Self {
        Self { again: Some(again), ..self }
    }

    /// Which documents to look at: those the owner lists or, where no rule wants anything any longer and the
    /// accounts are few, those in the ledger.
    pub(crate) fn listing<'b>(
        &'b self,
        client: &'b Client,
        homes: Vec<(Region, Client)>,
    ) -> Listing<'b> {
        match &self.few {
            Some(accounts) if !self.wants => Listing::Remembered(self.ledger, accounts),
            _ if homes.is_empty() => Listing::Owned(client),
            _ => Listing::WithHomes(HomeListing {
                ledger: self.ledger,
                view: self.view,
                here: client,
                homes,
                read: OnceCell::new(),
            }),
        }
    }

    /// Whether documents come with their tags, by which replicas are known.
    fn knows_tags(&self) -> bool {
        self.few.is_none() || self.wants
    }

    /// Reads the ledger's entries on these documents, wanted or not: so shares that are no longer wanted are
    /// found.
    pub(crate) async fn plan(
        &self,
        documents: Vec<ListedDocument>,
        claims: &Claims,
    ) -> Result<Vec<Work>, StoreError> {
        let again = self.again.as_ref();
        let mut documents: Vec<ListedDocument> = documents
            .into_iter()
            .filter(|document| is_again(again, &document.name) && self.is_touched(&document.name))
            .collect();
        let mut remembered = self.remembered(&documents).await?;
        for document in &mut documents {
            let entries = remembered.get(&document.name);
            if entries.is_some_and(|entries| !entries.replicas.is_empty()) {
                self.make_sure(document).await;
            }
        }
        let mut works: Vec<Work> = documents
            .into_iter()
            .map(|document| {
                let entries = remembered.remove(&document.name).unwrap_or_default();
                self.plan_document(document, entries, claims)
            })
            .collect();
        let losers = works.iter().flat_map(|work| {
            let shares = self.view.losers(&work.wanted, &work.ledger);
            let losers = shares.chain(self.view.copy_losers(&work.wanted, &work.copies));
            losers.chain(work.loses_replica().then_some(self.ledger.owner))
        });
        let barred = self.later.bar_removal(losers.collect()).await?;
        // A later plan may have removed what this one would make again: then there is no entry. After a join
        // comes a recheck, so a join shares at once, unless the account has left meanwhile.
        let new = works.iter().flat_map(|work| {
            let everybody = work.wanted.everybody().into_iter();
            everybody.filter(move |account| work.is_new(account))
        });
        let planned = if self.joins {
            self.later.departed(new.collect()).await?
        } else {
            self.later.planned_for(&new.collect()).await?
        };
        for work in &mut works {
            for account in &barred {
                if *account == self.ledger.owner && work.loses_replica() {
                    work.wanted.replica_left = Some(LeftBecause::Later);
                }
                if work.loses(account) {
                    work.wanted.leave(*account);
                }
            }
            for account in &planned {
                if !work.is_recorded(account) || work.is_new(account) {
                    work.wanted.leave(*account);
                }
            }
        }
        Ok(works)
    }

    /// Looks at a replica itself, or at its document at home, where a listing lacks it: listings lag behind, and much follows
    /// from it. What cannot be looked at is not known.
    async fn make_sure(&self, document: &mut ListedDocument) {
        if !self.knows_tags() {
            return;
        }
        let homes = self.view.homes();
        if document.here.is_none() {
            match self.owner.find(&self.ledger.region, &document.name).await {
                Ok(found) => document.here = found,
                Err(_) => document.unread = homes.clone(),
            }
        }
        for home in homes {
            if document.homes.contains_key(&home) || document.unread.contains(&home) {
                continue;
            }
            match self.owner.find(&home, &document.name).await {
                Ok(None) => {}
                Ok(Some(found)) if !is_replica(&found) => {
                    document.homes.insert(home, found);
                }
                // It was the owner's own when its replica was made.
                Ok(Some(_)) => drop(document.unread.insert(home)),
                Err(_) => drop(document.unread.insert(home)),
            }
        }
    }

    /// Whether a document is to be looked at; notes that the owner has it.
    fn is_touched(&self, document: &DocumentName) -> bool {
        let touched = self.touched.is_none_or(|only| only.contains(document));
        if touched {
            let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            listed.insert(document.clone());
        }
        touched
    }

    /// Documents that were touched, or that have copies, and that the owner has not listed: they may be deleted, and
    /// their shares with them. Only those of which the ledger has something.
    pub(crate) async fn missing(&self) -> Result<Vec<Work>, StoreError> {
        let copied = match self.touched {
            None if self.whole => self.ledger.copied_documents().await?,
            _ => BTreeSet::new(),
        };
        let names: Vec<DocumentName> = {
            let listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
            let missing = self.touched.unwrap_or(&copied).difference(&listed).cloned();
            missing.filter(|name| is_again(self.again.as_ref(), name)).collect()
        };
        let mut remembered = self.remembered_of(&names).await?;
        let works = names.into_iter().filter_map(|name| {
            let LedgerEntries { shares, copies, replicas } = remembered.remove(&name)?;
            let wanted = Wanted { only: self.only_pairs(&name), ..Wanted::default() };
            Some(Work {
                report: DocumentReport::new(name),
                wanted,
                ledger: shares.into_iter().map(|entry| (entry.account, entry.share)).collect(),
                copies: copies.into_iter().map(|entry| (entry.account, entry.copy)).collect(),
                replica: replicas.into_iter().next().map(|entry| entry.replica),
                standing: Standing::Absent,
                begun: BTreeSet::new(),
                missing: true,
            })
        });
        Ok(works.collect())
    }

    /// The pairs of the plan that is applied, if one is.
    fn only_pairs(&self, document: &DocumentName) -> Option<OnlyPairs> {
        let pairs = |part: &PartEffect| part.documents.get(document).map(OnlyPairs::from);
        self.applied.map(|part| pairs(part).unwrap_or_default())
    }

    fn plan_document(
        &self,
        document: ListedDocument,
        entries: LedgerEntries,
        claims: &Claims,
    ) -> Work {
        let replica = entries.replicas.into_iter().next().filter(|_| self.knows_tags());
        let recorded = replica.as_ref().map(|entry| &entry.replica);
        let standing = document.standing(recorded, |home| self.owner.tag(home));
        let wanted = self.view.wanted_of(&document, standing);
        let mut wanted = wanted.under(claims.of(&document.name));
        wanted.only = self.only_pairs(&document.name);
        let mut report = DocumentReport::new(document.name);
        report.selected = wanted.is_selected();
        // A document that is nothing to this installation is anybody's.
        let concerns = report.selected
            || !entries.shares.is_empty()
            || !entries.copies.is_empty()
            || standing == Standing::Replica;
        report.disputed = concerns && !wanted.claim.is_ours();
        let (mut ledger, mut begun) = (Recorded::new(), BTreeSet::new());
        for LedgerEntry { account, share, execution, seen_at, .. } in entries.shares {
            let same = wanted.accounts.get(&account) == Some(&share.version);
            if execution == self.ledger.execution {
                // Made by an attempt of this execution that was killed before it could report it.
                match share.holder {
                    Holder::Ours if same => {
                        report.added.insert(account);
                    }
                    Holder::Intended => {
                        begun.insert(account);
                    }
                    _ => {}
                }
            } else if is_later(seen_at, self.seen_at) && share.holder != Holder::Foreign {
                // Recorded for a plan that knows more than this one.
                if same {
                    report.present.insert(account);
                }
                wanted.leave(account);
            }
            ledger.insert(account, share);
        }
        let mut copies = RecordedCopies::new();
        for CopyEntry { account, copy, execution, seen_at, .. } in entries.copies {
            let made = copy.holder == Holder::Ours;
            if execution == self.ledger.execution && made {
                report.copied.insert(account);
            } else if is_later(seen_at, self.seen_at) {
                if made && wanted.copies.contains_key(&account) {
                    report.copies.insert(account);
                }
                wanted.leave(account);
            }
            copies.insert(account, copy);
        }
        if let Some(entry) = &replica {
            let made = entry.replica.copy.holder == Holder::Ours;
            if entry.execution == self.ledger.execution && made {
                report.copied.insert(self.ledger.owner);
            } else if is_later(entry.seen_at, self.seen_at) {
                wanted.replica = None;
                wanted.replica_left = Some(LeftBecause::Later);
            }
        }
        let replica = replica.map(|entry| entry.replica);
        Work { report, wanted, ledger, copies, replica, standing, begun, missing: false }
    }

    /// The ledger's entries on these documents, for the accounts in scope.
    async fn remembered(
        &self,
        documents: &[ListedDocument],
    ) -> Result<BTreeMap<DocumentName, LedgerEntries>, StoreError> {
        let names: Vec<DocumentName> =
            documents.iter().map(|document| document.name.clone()).collect();
        self.remembered_of(&names).await
    }

    async fn remembered_of(
        &self,
        names: &[DocumentName],
    ) -> Result<BTreeMap<DocumentName, LedgerEntries>, StoreError> {
        let parts = match &self.few {
            Some(accounts) => {
                // For a few accounts nothing but what a rule with a home Region wants is done about replicas.
                let replicas = !self.view.homes().is_empty();
                vec![self.ledger.of_accounts(names, accounts, self.copies, replicas).await?]
            }
            None => {
                let reads = names.iter().map(|name| self.ledger.of_document(name));
                futures::future::try_join_all(reads).await?
            }
        };
        let mut by_document: BTreeMap<DocumentName, LedgerEntries> = BTreeMap::new();
        for LedgerEntries { shares, copies, replicas } in parts {
            for entry in replicas {
                by_document.entry(entry.document.clone()).or_default().replicas.push(entry);
            }
            for entry in shares {
                by_document.entry(entry.document.clone()).or_default().shares.push(entry);
            }
            for entry in copies {
                by_document.entry(entry.document.clone()).or_default().copies.push(entry);
            }
        }
        Ok(by_document)
    }
}

impl Work {
    /// Whether an account has neither the share nor the copy that it should have.
    fn is_new(&self, account: &AccountId) -> bool {
        let Wanted { accounts, copies, either, .. } = &self.wanted;
        accounts.contains_key(account) && !self.ledger.contains_key(account)
            || copies.contains_key(account) && !self.copies.contains_key(account)
            || either.contains_key(account) && !self.is_recorded(account)
    }

    /// Whether an account has something that no rule wants it to have.
    fn loses(&self, account: &AccountId) -> bool {
        let Wanted { accounts, copies, either, .. } = &self.wanted;
        let wanted = |list: &BTreeMap<AccountId, SharedVersion>| {
            list.contains_key(account) || either.contains_key(account)
        };
        self.ledger.contains_key(account) && !wanted(accounts)
            || self.copies.contains_key(account) && !wanted(copies)
    }

    /// Whether the document is a replica that no rule wants.
    fn loses_replica(&self) -> bool {
        self.standing == Standing::Replica && self.wanted.replica.is_none()
    }

    fn is_recorded(&self, account: &AccountId) -> bool {
        self.ledger.contains_key(account) || self.copies.contains_key(account)
    }
}
