//! The shares and failures at one owner in one Region, document by document: an object in
//! S3, because no state carries document names.
//!
//! A loop of invocations writes one object: each reads what the ones before it wrote, and replaces
//! what it says about a document when it handled that document again.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::Problem;
use serde::{Deserialize, Serialize};
use sharing::plan::{DocumentEffect, EffectCounts};
use sharing::{ClaimFindings, Claims, ShareCounts, ShareDetails};

use crate::progress::Work;

/// How many accounts are named for one document; the counts are always whole. Five hundred
/// documents and a thousand accounts would make an object of many megabytes.
const ACCOUNTS_NAMED: usize = 50;

/// The object: the contract's [`ShareDetails`] and, beside it, what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The failures, for the outcome.
    #[serde(flatten)]
    pub failures: ShareDetails,
    /// The documents on which something was changed, for people.
    #[serde(default)]
    pub documents: BTreeMap<DocumentName, DocumentDetails>,
    /// Documents that this installation does not have to itself.
    #[serde(default, skip_serializing_if = "ClaimFindings::is_empty")]
    pub claims: ClaimFindings,
}

/// The work that was done on one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentDetails {
    /// How many accounts it was newly shared with.
    pub added: u64,
    /// How many accounts it was taken from.
    pub removed: u64,
    /// The first of the accounts it was shared with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_accounts: Vec<AccountId>,
    /// The first of the accounts it was taken from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_accounts: Vec<AccountId>,
    /// The first of the accounts in which a copy was made or brought up to date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copied_accounts: Vec<AccountId>,
    /// The first of the accounts in which the copy was deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted_accounts: Vec<AccountId>,
}

/// How one document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentReport {
    pub(crate) document: DocumentName,
    /// Whether a rule selects it.
    pub(crate) selected: bool,
    pub(crate) added: BTreeSet<AccountId>,
    pub(crate) removed: BTreeSet<AccountId>,
    /// Wanted accounts that had it before, the added ones not counted.
    pub(crate) present: BTreeSet<AccountId>,
    /// Accounts in which a copy was made or brought up to date, was deleted, or was as it should be.
    pub(crate) copied: BTreeSet<AccountId>,
    pub(crate) deleted: BTreeSet<AccountId>,
    pub(crate) copies: BTreeSet<AccountId>,
    pub(crate) failed: u64,
    /// Whether it is left in part: it is not this installation's alone, or somebody else has shares of it.
    pub(crate) disputed: bool,
    /// Accounts with which somebody else shares it and that no rule names.
    pub(crate) foreign: u64,
    /// The effect of an execution on it, where it is only looked at.
    pub(crate) effect: Option<(DocumentEffect, EffectCounts)>,
    pub(crate) problems: Vec<Problem>,
}

impl DocumentReport {
    pub(crate) fn new(document: DocumentName) -> Self {
        Self {
            document,
            selected: false,
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            present: BTreeSet::new(),
            copied: BTreeSet::new(),
            deleted: BTreeSet::new(),
            copies: BTreeSet::new(),
            failed: 0,
            disputed: false,
            foreign: 0,
            effect: None,
            problems: Vec::new(),
        }
    }

    pub(crate) fn counts(&self) -> ShareCounts {
        let shares = self.present.difference(&self.added).count();
        let copies = self.copies.difference(&self.copied).count();
        ShareCounts {
            documents: u64::from(self.selected),
            added: self.added.len() as u64,
            removed: self.removed.len() as u64,
            present: (shares + copies) as u64,
            copied: self.copied.len() as u64,
            deleted: self.deleted.len() as u64,
            failed: self.failed,
            disputed: u64::from(self.disputed),
        }
    }
}

impl Details {
    pub(crate) fn new(owner: AccountId, region: Region) -> Self {
        let failures = ShareDetails { owner, region, problems: Vec::new() };
        Self { failures, documents: BTreeMap::new(), claims: ClaimFindings::default() }
    }

    /// Whether there is anything worth an object.
    pub(crate) fn is_empty(&self) -> bool {
        self.failures.problems.is_empty() && self.documents.is_empty() && self.claims.is_empty()
    }

    /// Adds whose a document is that is going to be worked on.
    pub(crate) fn look_at(&mut self, work: &Work) {
        if !work.wanted.claim.is_ours() && work.report.disputed {
            self.claims.add(&work.report.document, &work.wanted.claim);
        }
    }

    /// Writes what the documents have in common into the problems.
    pub(crate) fn settle(&mut self, claims: &Claims) {
        let problems = claims.problems(self.failures.owner, &self.claims);
        self.failures.problems.retain(|known| problems.iter().all(|new| new.code != known.code));
        self.failures.problems.extend(problems);
    }

    /// Adds how a document ended.
    pub(crate) fn add(&mut self, report: &DocumentReport) {
        if report.foreign > 0 {
            self.claims.add_foreign(&report.document);
        }
        if report.counts().changed() > 0 {
            let first =
                |ids: &BTreeSet<AccountId>| ids.iter().copied().take(ACCOUNTS_NAMED).collect();
            let done = DocumentDetails {
                added: report.added.len() as u64,
                removed: report.removed.len() as u64,
                added_accounts: first(&report.added),
                removed_accounts: first(&report.removed),
                copied_accounts: first(&report.copied),
                deleted_accounts: first(&report.deleted),
            };
            self.documents.insert(report.document.clone(), done);
        }
        for problem in &report.problems {
            self.add_problem(problem.clone());
        }
    }

    /// Adds a problem, once.
    pub(crate) fn add_problem(&mut self, problem: Problem) {
        if !self.failures.problems.contains(&problem) {
            self.failures.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use relay_core::problem::ProblemCode;

    use super::*;

    fn details() -> Details {
        Details::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    #[test]
    fn the_object_reads_as_the_contract_that_the_publisher_knows() {
        let mut details = details();
        let mut report = DocumentReport::new("Org-Patch".parse().unwrap());
        report.added.insert("444455556666".parse().unwrap());
        report.problems.push(Problem::new(ProblemCode::ShareFailed, "here", "broken"));
        details.add(&report);
        let text = serde_json::to_string(&details).unwrap();
        let contract: ShareDetails = serde_json::from_str(&text).unwrap();
        assert_eq!(contract, details.failures);
        assert_eq!(serde_json::from_str::<Details>(&text).unwrap(), details);
    }

    #[test]
    fn the_same_problem_is_listed_once_however_often_its_document_is_tried() {
        let mut details = details();
        for _ in 0..3 {
            details.add_problem(Problem::new(ProblemCode::Throttled, "here", "slow down"));
        }
        assert_eq!(details.failures.problems.len(), 1);
    }

    #[test]
    fn a_thousand_accounts_are_counted_and_fifty_named() {
        let mut details = details();
        let mut report = DocumentReport::new("Org-Patch".parse().unwrap());
        report.added = (0..1000).map(|n| format!("{n:012}").parse().unwrap()).collect();
        details.add(&report);
        let done = details.documents.values().next().unwrap();
        assert_eq!((done.added, done.added_accounts.len()), (1000, 50));
    }
}
