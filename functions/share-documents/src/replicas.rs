//! The replica that a document may be: made or brought up to date before the document is shared, deleted after nobody sees it
//! any more. That it is about to be made is in the ledger before it is: after a kill, it would otherwise be taken for the
//! owner's own document.

use relay_core::id::{AccountId, DocumentName};
use relay_core::problem::ProblemCode;
use sharing::plan::{
    DocumentEffect, EffectCounts, Holder, LeftBecause, Present, PresentReplica, RecordedCopies,
    RecordedCopy, RecordedReplica, ReplicaCall, Standing, Wanted,
};
use store::LedgerChange;

use crate::calls::Refusal;
use crate::copies::{Changed, Task, change_one};
use crate::details::DocumentReport;
use crate::document::Sharer;
use crate::progress::Progress;
use crate::source::Source;

const NO_BUCKET: &str = "Deploy this version of stacks/owner-account.yaml in the owner account in this Region: its bucket takes the files.";
const NO_ACTION: &str = "Deploy this version of stacks/owner-account.yaml in the owner account: its role makes replicas. Then look for service control policies.";

/// The replica of one document, and what is to be done about it.
pub(crate) struct LookedReplica<'a> {
    pub(crate) call: ReplicaCall,
    /// The document at home, where its content may be needed.
    source: Option<Source<'a>>,
}

impl<'a> Sharer<'a> {
    /// Brings the replica into line that a document is, before it is shared. Answers whether the document is there.
    pub(crate) async fn replicate(&self, progress: &mut Progress) -> Result<bool, Refusal> {
        let Progress { wanted, replica, .. } = &*progress;
        let document = progress.report.document.clone();
        let standing = progress.standing;
        let looked = self.look_at_replica(&document, wanted, standing, replica.as_ref()).await;
        let LookedReplica { call, source } = match looked {
            Ok(looked) => looked,
            Err(Refusal::Later) => return Err(Refusal::Later),
            Err(refusal) => {
                self.replica_failed(progress, refusal);
                return Ok(standing != Standing::Absent);
            }
        };
        progress.replica_call = call;
        let owner = self.ledger.owner;
        match (call, source) {
            (ReplicaCall::Make { .. } | ReplicaCall::Renew, Some(source)) => {
                match self.write_replica(progress, source, call).await {
                    Ok(()) => return Ok(true),
                    Err(Refusal::Later) => return Err(Refusal::Later),
                    Err(refusal) => self.replica_failed(progress, refusal),
                }
            }
            (ReplicaCall::Keep, _) => drop(progress.report.copies.insert(owner)),
            (ReplicaCall::Forget, _) => self.forget_replica(progress).await?,
            (ReplicaCall::Leave(LeftBecause::Conflict), _) => {
                progress.report.failed += 1;
                let conflict = self.conflict(&progress.wanted, &document);
                progress.report.problems.extend(conflict);
            }
            _ => {}
        }
        Ok(standing != Standing::Absent)
    }

    /// Reads what a decision about the replica of a document needs, and decides. Nothing is read of the owner's own documents.
    async fn look_at_replica(
        &self,
        document: &DocumentName,
        wanted: &Wanted,
        standing: Standing,
        recorded: Option<&RecordedReplica>,
    ) -> Result<LookedReplica<'a>, Refusal> {
        let intended = recorded.is_some_and(|known| known.copy.holder == Holder::Intended);
        // For a few accounts, a replica that is there is good enough: changes have executions of their own.
        let compares = standing == Standing::Replica && (self.view.is_about_everyone() || intended);
        let mut source = None;
        if let Some(replica) = &wanted.replica
            && (compares || standing == Standing::Absent)
        {
            match self.owner.source(&replica.home, document, replica.version).await {
                Ok(read) => source = Some(read),
                // Deleted meanwhile: the next execution decides.
                Err(Refusal::Gone(_)) if standing == Standing::Absent => {
                    return Ok(LookedReplica { call: ReplicaCall::Nothing, source: None });
                }
                Err(Refusal::Gone(_)) => {
                    let call = ReplicaCall::Leave(LeftBecause::Later);
                    return Ok(LookedReplica { call, source: None });
                }
                Err(refusal) => return Err(refusal),
            }
        }
        let mut hash = None;
        if let (true, true, Some(recorded)) = (self.drift, compares, recorded) {
            let found = self.owner.replica(document, &recorded.home).describe().await?;
            hash = found.map(|found| found.hash);
        }
        let digest = source.as_ref().map(Source::digest);
        let present =
            PresentReplica { standing, recorded, source: digest.as_deref(), hash: hash.as_deref() };
        Ok(LookedReplica { call: self.view.replica(wanted, present), source })
    }

    /// Makes the replica, or gives it the content of the document at home.
    async fn write_replica(
        &self,
        progress: &mut Progress,
        mut source: Source<'_>,
        call: ReplicaCall,
    ) -> Result<(), Refusal> {
        let document = progress.report.document.clone();
        let recorded = progress.replica.as_ref();
        let home = recorded.map(|recorded| &recorded.home);
        let home = home.or(progress.wanted.replica.as_ref().map(|replica| &replica.home));
        let Some(home) = home.cloned() else { return Ok(()) };
        if !source.files().is_empty() {
            self.owner.bring_files(&mut source).await?;
        }
        let digest = source.digest();
        let known = recorded.is_some();
        if !known {
            self.intend_replica(progress, &home, &digest).await?;
        }
        let task = match call {
            ReplicaCall::Make { .. } => Task::Make { known },
            _ => Task::Renew,
        };
        let target = self.owner.replica(&document, &home);
        let hash = match change_one(&target, task, Some(&source)).await {
            Ok(Changed::Copied(hash)) => hash,
            // The owner has made the document meanwhile: it is used as it is.
            Ok(Changed::Foreign | Changed::Deleted) => return self.forget_replica(progress).await,
            Err(refusal) => {
                if refusal.is_definite() && !known {
                    self.forget_replica(progress).await?;
                }
                return Err(refusal);
            }
        };
        progress.report.copied.insert(self.ledger.owner);
        let copy = RecordedCopy { holder: Holder::Ours, source: digest, hash };
        let replica = RecordedReplica { home, copy };
        progress.replica = Some(replica.clone());
        self.changes.soon(LedgerChange::Replicated { document, replica }).await
    }

    /// Deletes the replica that no rule selects any more, unless somebody still sees it.
    pub(crate) async fn delete_replica(&self, progress: &mut Progress) -> Result<(), Refusal> {
        let shared = !progress.ledger.is_empty() || !progress.copies.is_empty();
        let Some(recorded) = &progress.replica else { return Ok(()) };
        if progress.replica_call != ReplicaCall::Delete || shared {
            return Ok(());
        }
        let document = progress.report.document.clone();
        match self.permissions.read(self.caller, &document).await {
            // Somebody else shares it, and decides.
            Ok(there) if !there.is_empty() => return Ok(()),
            Ok(_) | Err(Refusal::Gone(_)) => {}
            Err(refusal) => return Err(refusal),
        }
        let target = self.owner.replica(&document, &recorded.home);
        match change_one(&target, Task::Delete, None).await {
            Ok(Changed::Deleted) => {
                progress.report.deleted.insert(self.ledger.owner);
                self.forget_replica(progress).await
            }
            Ok(Changed::Foreign | Changed::Copied(_)) => self.forget_replica(progress).await,
            Err(Refusal::Later) => Err(Refusal::Later),
            Err(refusal) => {
                self.replica_failed(progress, refusal);
                Ok(())
            }
        }
    }

    /// Plans what would be done about the replica of a document; what keeps it from being known is a problem.
    pub(crate) async fn replica_call(
        &self,
        wanted: &Wanted,
        standing: Standing,
        recorded: Option<&RecordedReplica>,
        report: &mut DocumentReport,
    ) -> Result<ReplicaCall, Refusal> {
        match self.look_at_replica(&report.document, wanted, standing, recorded).await {
            Ok(looked) => Ok(looked.call),
            Err(Refusal::Later) => Err(Refusal::Later),
            Err(refusal) => {
                self.report_replica(report, refusal);
                // A look that is not whole is repeated by the execution.
                report.failed += 1;
                Ok(if standing == Standing::Absent {
                    ReplicaCall::Nothing
                } else {
                    ReplicaCall::Keep
                })
            }
        }
    }

    /// Adds to an effect what would be done about the replica. It is deleted only if nobody sees it after that.
    pub(crate) fn replica_effect(
        &self,
        effect: &mut (DocumentEffect, EffectCounts),
        wanted: &Wanted,
        (recorded, call): (Option<&RecordedReplica>, ReplicaCall),
        (present, copies): (Present<'_>, &RecordedCopies),
    ) {
        let DocumentEffect { unshare, delete, .. } = &effect.0;
        let sees = |id: &AccountId| !unshare.contains(id);
        let shared = present.ledger.keys().any(sees)
            || present.permissions.is_some_and(|there| there.keys().any(sees))
            || copies.keys().any(|id| !delete.contains(id));
        let call = if call == ReplicaCall::Delete && shared { ReplicaCall::Keep } else { call };
        self.view.add_replica(effect, wanted, recorded, call);
    }

    async fn intend_replica(
        &self,
        progress: &mut Progress,
        home: &relay_core::id::Region,
        digest: &str,
    ) -> Result<(), Refusal> {
        let document = &progress.report.document;
        let copy = RecordedCopy {
            holder: Holder::Intended,
            source: digest.to_owned(),
            hash: String::new(),
        };
        let replica = RecordedReplica { home: home.clone(), copy };
        let intended =
            LedgerChange::Replicated { document: document.clone(), replica: replica.clone() };
        let has_copies = LedgerChange::HasCopies { document: document.clone() };
        self.changes.now(vec![intended, has_copies]).await?;
        progress.replica = Some(replica);
        Ok(())
    }

    /// Forgets the replica: the document is gone, or is the owner's own.
    pub(crate) async fn forget_replica(&self, progress: &mut Progress) -> Result<(), Refusal> {
        if progress.replica.take().is_none() {
            return Ok(());
        }
        let document = progress.report.document.clone();
        self.changes.soon(LedgerChange::ReplicaDeleted { document }).await
    }

    /// Counts what could not be done about a replica, and says why. Where there is no document, nobody gets it.
    fn replica_failed(&self, progress: &mut Progress, refusal: Refusal) {
        let absent = progress.standing == Standing::Absent;
        let pairs = if absent { progress.wanted.everybody().len() } else { 0 };
        progress.report.failed += 1 + pairs as u64;
        self.report_replica(&mut progress.report, refusal);
    }

    fn report_replica(&self, report: &mut DocumentReport, refusal: Refusal) {
        let error = refusal.explain().1;
        let hint = match error.code.as_str() {
            "NoSuchBucket" => Some(NO_BUCKET),
            code if code.starts_with("AccessDenied") => Some(NO_ACTION),
            _ => None,
        };
        let what = format!("the replica: {error}");
        let problem = self.problem(ProblemCode::ReplicaFailed, &report.document, what);
        report.problems.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }
}
