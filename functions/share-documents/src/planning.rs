//! From a page of documents to what is to be done with each: what the plan wants, and what the
//! ledger remembers.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName};
use sharing::Document;
use sharing::plan::{PlannedWork, SharePlan, WorkView};

use crate::details::DocumentReport;
use crate::document::Work;
use crate::error::LedgerError;
use crate::ledger::{Entry, Ledger};
use crate::listing::Listing;

/// Up to so many accounts the ledger is asked for each of them (a key a document and account, a
/// hundred keys a call); beyond that for all entries of each document (a call a document).
const FEW_ACCOUNTS: usize = 40;

/// Plans the documents of one owner in one Region.
#[derive(Debug)]
pub(crate) struct Planner<'a> {
    view: &'a WorkView<'a>,
    ledger: &'a Ledger,
    /// The accounts in scope, where they are few.
    few: Option<BTreeSet<AccountId>>,
    /// Whether any rule wants something here.
    wants: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        plan: &'a SharePlan,
        work: &PlannedWork,
        view: &'a WorkView<'a>,
        ledger: &'a Ledger,
    ) -> Self {
        let few = (!plan.organization && plan.accounts.len() <= FEW_ACCOUNTS)
            .then(|| plan.accounts.iter().copied().collect());
        Self { view, ledger, few, wants: !work.rules.is_empty() }
    }

    /// Which documents are to be looked at. Where no rule wants anything any more, a few accounts'
    /// documents are known to the ledger; otherwise what the owner lists decides.
    pub(crate) fn listing<'b>(&'b self, client: &'b aws_sdk_ssm::Client) -> Listing<'b> {
        match &self.few {
            Some(accounts) if !self.wants => Listing::Remembered(self.ledger, accounts),
            _ => Listing::Owned(client),
        }
    }

    /// Reads what the ledger has on these documents, wanted or not: what is wanted no longer is
    /// found so.
    pub(crate) async fn plan(&self, documents: Vec<Document>) -> Result<Vec<Work>, LedgerError> {
        let mut remembered = self.remembered(&documents).await?;
        let works = documents.into_iter().map(|document| {
            let entries = remembered.remove(&document.name).unwrap_or_default();
            self.plan_document(document, entries)
        });
        Ok(works.collect())
    }

    fn plan_document(&self, document: Document, entries: Vec<Entry>) -> Work {
        let wanted = self.view.wanted(&document);
        let mut report = DocumentReport::new(document.name);
        report.selected = wanted.is_selected();
        let mut ledger = BTreeMap::new();
        for entry in entries {
            // Made by an attempt of this execution that was killed before it could say so.
            let ours = entry.execution == self.ledger.execution;
            if ours && wanted.accounts.get(&entry.account) == Some(&entry.version) {
                report.added.insert(entry.account);
            }
            ledger.insert(entry.account, entry.version);
        }
        Work { report, wanted, ledger }
    }

    /// The ledger's entries on these documents, for the accounts in scope.
    async fn remembered(
        &self,
        documents: &[Document],
    ) -> Result<BTreeMap<DocumentName, Vec<Entry>>, LedgerError> {
        let names: Vec<DocumentName> =
            documents.iter().map(|document| document.name.clone()).collect();
        let entries = match &self.few {
            Some(accounts) => self.ledger.of_accounts(&names, accounts).await?,
            None => {
                let reads = names.iter().map(|name| self.ledger.of_document(name));
                futures::future::try_join_all(reads).await?.into_iter().flatten().collect()
            }
        };
        let mut by_document: BTreeMap<DocumentName, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            by_document.entry(entry.document.clone()).or_default().push(entry);
        }
        Ok(by_document)
    }
}
