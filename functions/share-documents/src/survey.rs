//! A look at an owner's documents that changes nothing: neither a document, nor a copy, nor the ledger. It plans the calls as
//! an execution would and writes down their effect instead of making them.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use relay_core::id::{AccountId, DocumentName, Region};
use sharing::plan::{
    DEFAULT_QUOTA, DocumentEffect, EffectCounts, PartEffect, Present, ReplicaCall, Standing,
};
use sharing::{ShareCounts, SharedVersion};

use crate::calls::Refusal;
use crate::details::DocumentReport;
use crate::document::{DocumentResult, Sharer};
use crate::progress::Work;

/// The findings so far of the look at one owner in one Region.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) part: PartEffect,
    pub(crate) counts: EffectCounts,
    /// The part of the plan that is applied, if one is.
    pub(crate) applied: Option<PartEffect>,
}

/// A part of an effect in which there is nothing yet.
pub(crate) fn empty_part(owner: AccountId, region: Region) -> PartEffect {
    PartEffect {
        owner,
        region,
        documents: BTreeMap::new(),
        again: BTreeSet::new(),
        incomplete: false,
        compared: BTreeSet::new(),
        problems: Vec::new(),
    }
}

impl Found {
    pub(crate) fn new(owner: AccountId, region: Region, applied: Option<PartEffect>) -> Self {
        Self { part: empty_part(owner, region), counts: EffectCounts::default(), applied }
    }

    /// Adds how the look at a document ended.
    pub(crate) fn add(&mut self, report: &DocumentReport) {
        let Some((effect, counts)) = &report.effect else { return };
        self.counts += *counts;
        let name = || report.document.clone();
        let applied = self.applied.as_ref();
        if applied.is_some_and(|part| part.documents.contains_key(&report.document)) {
            self.part.compared.insert(name());
        }
        if counts.needs_work() || report.disputed || !report.problems.is_empty() {
            self.part.again.insert(name());
        }
        if !effect.is_empty() {
            self.part.documents.insert(name(), effect.clone());
        }
    }

    /// At the end of a look: counts as moved what the plan that is applied would share of documents that are not there
    /// any more, or could not be looked at.
    pub(crate) fn compare(&mut self) {
        let documents = self.applied.iter().flat_map(|part| &part.documents);
        let unseen = documents
            .filter(|(name, planned)| !self.part.compared.contains(*name) && planned.adds())
            .map(|(_, planned)| planned.outdated());
        for effect in unseen {
            // A replica alone has no accounts.
            self.counts.moved += effect.moved.len().max(1) as u64;
            self.part.documents.insert(effect.document.clone(), effect);
        }
    }

    /// Forgets what was counted: the documents are listed from the start.
    pub(crate) fn restart(&mut self) {
        let applied = self.applied.take();
        *self = Self::new(self.part.owner, self.part.region.clone(), applied);
    }

    /// The counts with those that a share has as well.
    pub(crate) fn counts(&self, counts: ShareCounts) -> EffectCounts {
        EffectCounts { failed: counts.failed, disputed: counts.disputed, ..self.counts }
    }
}

impl Sharer<'_> {
    /// Plans the calls for a document and reports their effect.
    pub(crate) async fn look(&self, work: Work) -> DocumentResult {
        let mut report = work.report.clone();
        let ended = self.effect(work, &mut report).await;
        self.end(report, ended, 1)
    }

    async fn effect(&self, work: Work, report: &mut DocumentReport) -> Result<(), Refusal> {
        let Work { mut wanted, ledger, copies, replica, standing, missing, .. } = work;
        let document = report.document.clone();
        if missing {
            if self.is_deleted(&document).await? {
                let recorded = ledger.len() as u64 + u64::from(replica.is_some());
                let counts = EffectCounts { recorded, ..EffectCounts::default() };
                let mut effect = (DocumentEffect::nothing(document), counts);
                self.copy_effect(&mut effect, (&wanted, false), &copies, report).boxed().await?;
                report.effect = Some(effect);
            }
            return Ok(());
        }
        let conflict = self.conflict(&wanted, &document);
        // Where nothing is to be done, the look's report is the only one.
        report.disputed |= conflict.is_some();
        report.problems.extend(conflict);
        let replica = replica.as_ref();
        let call = self.replica_call(&wanted, standing, replica, report).boxed().await?;
        let there = standing != Standing::Absent;
        if !call.is_there(standing) {
            let mut effect = (DocumentEffect::nothing(document), EffectCounts::default());
            self.view.add_replica(&mut effect, &wanted, replica, call);
            report.effect = Some(effect);
            return Ok(());
        }
        let concerns = wanted.is_selected() || !ledger.is_empty();
        let reads = self.drift && concerns
            || call == ReplicaCall::Delete
            || self.view.needs_permissions(&wanted, &ledger);
        let shares: Option<BTreeMap<AccountId, SharedVersion>> = if !reads {
            None
        } else if there {
            Some(self.permissions.read(self.caller, &document).await?)
        } else {
            // A document that is not there is shared with nobody.
            Some(BTreeMap::new())
        };
        if let (true, Some(shares)) = (wanted.exclusive, &shares) {
            self.leave_to_later_plans(&mut wanted, shares.keys().copied().collect()).await?;
        }
        if let Some(shares) = &shares {
            let there = shares.keys().copied().collect();
            wanted.distribute(&there, &copies, DEFAULT_QUOTA.max(shares.len()));
        }
        let present = Present { ledger: &ledger, permissions: shares.as_ref() };
        // Only SSM knows the quota: a call that it refuses is reported when it is made.
        let calls = self.view.calls(&wanted, present, usize::MAX);
        let mut effect = self.view.effect(&document, &wanted, present, &calls);
        report.foreign = effect.0.foreign();
        report.disputed |= report.foreign > 0;
        self.copy_effect(&mut effect, (&wanted, there), &copies, report).boxed().await?;
        self.replica_effect(&mut effect, &wanted, (replica, call), (present, &copies));
        report.effect = Some(effect);
        Ok(())
    }
}

/// Whether an execution works on a document after a look at all of them.
pub(crate) fn is_again(again: Option<&BTreeSet<DocumentName>>, document: &DocumentName) -> bool {
    again.is_none_or(|again| again.contains(document))
}
