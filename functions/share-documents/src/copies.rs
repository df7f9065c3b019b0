//! The copies of one document, after its shares: plans what is done in each account and does it, twenty accounts at a
//! time. That a copy is about to be made is in the ledger before it is: after a kill, it would otherwise be taken for a
//! document of the account's own.
//!
//! SSM takes the files of an attachment from a document that the account can see. So a document with attachments is
//! shared with the accounts while their copies are made; the ledger has it, and a reconcile takes back what a kill left.

use std::collections::{BTreeMap, BTreeSet};

use aws::{AwsError, AwsErrorKind};
use futures::stream::{StreamExt, iter};
use relay_core::id::{AccountId, DocumentName};
use relay_core::problem::ProblemCode;
use sharing::SharedVersion;
use sharing::plan::{
    Call, CopyCalls, CopySources, DocumentEffect, EffectCounts, FoundCopy, Holder, IDS_PER_CALL,
    PresentCopies, RecordedCopies, RecordedCopy, Wanted,
};
use store::{Ledger, LedgerChange};

use crate::calls::Refusal;
use crate::details::DocumentReport;
use crate::document::{Sharer, accounts};
use crate::progress::Progress;
use crate::source::Source;
use crate::targets::Target;

const NO_ROLE: &str = "Deploy this version of stacks/target-account.yaml in these accounts: its role makes the copies. \
                       Service-managed StackSets skip the management account.";

type Sources<'a> = BTreeMap<SharedVersion, Source<'a>>;

/// The known copies of a document before anything is done.
struct Looked<'a> {
    sources: Sources<'a>,
    digests: CopySources,
    found: BTreeMap<AccountId, FoundCopy>,
    failures: Failures,
}

/// The work in one account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    Make {
        /// The ledger knows of an earlier attempt, or of a copy that is gone.
        known: bool,
    },
    Renew,
    Delete,
}

/// The state of a copy after the work on it.
pub(crate) enum Changed {
    /// The copy is as it should be, with this hash.
    Copied(String),
    Deleted,
    /// The document there is the account's own, and stays.
    Foreign,
}

/// Accounts in which a call failed, with the first error of each code.
#[derive(Debug, Default)]
struct Failures(BTreeMap<String, (BTreeSet<AccountId>, AwsError)>);

impl Failures {
    fn add(&mut self, account: AccountId, error: AwsError) {
        let (accounts, _) =
            self.0.entry(error.code.clone()).or_insert_with(|| (BTreeSet::new(), error));
        accounts.insert(account);
    }

    /// Adds a problem for each code; returns how many accounts failed.
    fn report(self, sharer: &Sharer<'_>, report: &mut DocumentReport) -> usize {
        let mut failed = 0;
        for (ids, error) in self.0.into_values() {
            failed += ids.len();
            let ids: Vec<AccountId> = ids.into_iter().collect();
            let what = format!("the copies of {}: {error}", accounts(&ids));
            let problem = sharer.problem(ProblemCode::CopyFailed, &report.document, what);
            report.problems.push(match error.kind {
                AwsErrorKind::RoleNotAssumable => problem.with_hint(NO_ROLE),
                _ => problem,
            });
        }
        failed
    }
}

impl Sharer<'_> {
    /// Brings the copies of a document into line. A repeat after any interruption does only what did not reach the
    /// ledger.
    pub(crate) async fn copy(&self, progress: &mut Progress) -> Result<(), Refusal> {
        if progress.wanted.copies.is_empty() && progress.copies.is_empty() {
            return Ok(());
        }
        let _turn = self.turns.wait(progress.wanted.copies.len().max(progress.copies.len())).await;
        let document = progress.report.document.clone();
        let (wanted, copies) = (&progress.wanted, &progress.copies);
        let looked = self.look_at_copies(&document, wanted, copies, true).await?;
        let calls = self.view.copies(&progress.wanted, looked.present(&progress.copies));
        let Looked { sources, digests, mut failures, .. } = looked;
        progress.report.copies.extend(&calls.present);
        for account in &calls.forget {
            self.forget_copy(progress, *account).await?;
        }
        let mut taken: BTreeSet<AccountId> = calls.taken.iter().copied().collect();
        let tasks = tasks(&calls, &progress.copies);
        // A deletion makes room, and needs no source.
        let (deleted, made): (Vec<_>, Vec<_>) =
            tasks.into_iter().partition(|(_, task)| matches!(task, Task::Delete));
        let mut rounds = vec![(None, deleted)];
        for (version, source) in &sources {
            let is_wanted =
                |id: &AccountId| progress.wanted.copies.get(id).is_some_and(|v| v == version);
            let made = made.iter().filter(|(id, _)| is_wanted(id)).copied().collect();
            rounds.push((Some((*version, source)), made));
        }
        for (source, tasks) in rounds {
            let digest = source.and_then(|(version, _)| digests.get(&version));
            let digest = digest.map(String::as_str).unwrap_or_default();
            for chunk in tasks.chunks(IDS_PER_CALL) {
                let changed = self.change(progress, source, digest, chunk).await?;
                let mut ended = Ok(());
                for ((account, task), changed) in chunk.iter().zip(changed) {
                    match changed {
                        Ok(changed) => {
                            let foreign = self.changed(progress, *account, changed, digest).await?;
                            if foreign && !matches!(task, Task::Delete) {
                                taken.insert(*account);
                            }
                        }
                        Err(Refusal::Later) => ended = Err(Refusal::Later),
                        Err(refusal) => {
                            if refusal.is_definite() && matches!(task, Task::Make { known: false })
                            {
                                self.forget_copy(progress, *account).await?;
                            }
                            let error = refusal.explain().1;
                            let no_role = error.kind == AwsErrorKind::RoleNotAssumable;
                            if no_role && self.view.is_fresh(account) {
                                // Its stack is on its way. The recheck makes the copy, or says why not.
                                tracing::info!(%account, %error, "no role for copies yet");
                            } else {
                                failures.add(*account, error);
                            }
                        }
                    }
                }
                ended?;
            }
        }
        let failed = failures.report(self, &mut progress.report) + taken.len();
        progress.report.failed += failed as u64;
        self.report_taken(&taken, &mut progress.report);
        Ok(())
    }

    /// Adds to an effect what would be done about the copies of a document; `there` says whether there is the document already.
    pub(crate) async fn copy_effect(
        &self,
        effect: &mut (DocumentEffect, EffectCounts),
        (wanted, there): (&Wanted, bool),
        copies: &RecordedCopies,
        report: &mut DocumentReport,
    ) -> Result<(), Refusal> {
        if wanted.copies.is_empty() && copies.is_empty() {
            return Ok(());
        }
        let _turn = self.turns.wait(wanted.copies.len().max(copies.len())).await;
        let looked = self.look_at_copies(&report.document, wanted, copies, there).await?;
        let calls = self.view.copies(wanted, looked.present(copies));
        self.view.add_copies(effect, wanted, copies, &calls);
        self.report_taken(&calls.taken.iter().copied().collect(), report);
        looked.failures.report(self, report);
        // Where nothing is to be done, the look's report is the only one.
        report.disputed |= !report.problems.is_empty();
        Ok(())
    }

    fn report_taken(&self, taken: &BTreeSet<AccountId>, report: &mut DocumentReport) {
        if taken.is_empty() {
            return;
        }
        let ids: Vec<AccountId> = taken.iter().copied().collect();
        let have = if ids.len() == 1 { "has" } else { "have" };
        let what = format!("{} {have} a document of their own of this name", accounts(&ids));
        let problem = self.problem(ProblemCode::CopyNameTaken, &report.document, what);
        report.problems.push(problem);
    }

    /// Reads the document in each version that is copied and, where drift is looked for, every copy.
    async fn look_at_copies(
        &self,
        document: &DocumentName,
        wanted: &Wanted,
        copies: &RecordedCopies,
        there: bool,
    ) -> Result<Looked<'_>, Refusal> {
        let Ledger { owner, region, .. } = self.ledger;
        let versions: BTreeSet<SharedVersion> = wanted.copies.values().copied().collect();
        let (mut sources, mut digests) = (Sources::new(), CopySources::new());
        for version in versions.into_iter().filter(|_| there) {
            let client = self.permissions.client.clone();
            let place = (*owner, region);
            let source = Source::read(client, self.caller, place, document, version).await?;
            digests.insert(version, source.digest());
            sources.insert(version, source);
        }
        let (mut found, mut failures) = (BTreeMap::new(), Failures::default());
        if self.drift {
            let ids: BTreeSet<AccountId> =
                wanted.copies.keys().chain(copies.keys()).copied().collect();
            let present: Vec<AccountId> =
                ids.into_iter().filter(|id| self.view.is_present(id)).collect();
            let mut looks = iter(present)
                .map(|id| async move { (id, self.copy_in(id, document).describe().await) })
                .buffer_unordered(self.caller.pace.most());
            while let Some((id, look)) = looks.next().await {
                match look {
                    Ok(None) => found.insert(id, FoundCopy::Nothing),
                    Ok(Some(copy)) if copy.tagged => found.insert(id, FoundCopy::Tagged(copy.hash)),
                    Ok(Some(_)) => found.insert(id, FoundCopy::Untagged),
                    Err(Refusal::Later) => return Err(Refusal::Later),
                    Err(refusal) => {
                        failures.add(id, refusal.explain().1);
                        None
                    }
                };
            }
        }
        Ok(Looked { sources, digests, found, failures })
    }

    /// The copy of a document in an account.
    fn copy_in<'b>(&'b self, account: AccountId, document: &'b DocumentName) -> Target<'b> {
        self.targets.of(account, document, self.copy_tag.clone())
    }

    /// Does what is to be done in some accounts, side by side.
    async fn change(
        &self,
        progress: &mut Progress,
        source: Option<(SharedVersion, &Source<'_>)>,
        digest: &str,
        chunk: &[(AccountId, Task)],
    ) -> Result<Vec<Result<Changed, Refusal>>, Refusal> {
        let new = chunk.iter().filter(|(_, task)| matches!(task, Task::Make { known: false }));
        self.intend_copies(progress, new.map(|(id, _)| *id).collect(), digest).await?;
        let lent = match source {
            Some((version, source)) if !source.files().is_empty() => {
                let ids: Vec<AccountId> = chunk.iter().map(|(id, _)| *id).collect();
                match self.lend(progress, &ids, version).await {
                    Ok(lent) => lent,
                    Err(Refusal::Later) => return Err(Refusal::Later),
                    Err(refusal) => {
                        return Ok(chunk.iter().map(|_| Err(refusal.clone())).collect());
                    }
                }
            }
            _ => Vec::new(),
        };
        let document = &progress.report.document;
        let source = source.map(|(_, source)| source);
        let changes = chunk.iter().map(|(id, task)| async move {
            change_one(&self.copy_in(*id, document), *task, source).await
        });
        let changed = futures::future::join_all(changes).await;
        self.take_back(progress, lent).await?;
        Ok(changed)
    }

    /// Records what was done in an account; answers whether the document there is the account's own.
    async fn changed(
        &self,
        progress: &mut Progress,
        account: AccountId,
        changed: Changed,
        digest: &str,
    ) -> Result<bool, Refusal> {
        match changed {
            Changed::Copied(hash) => {
                progress.report.copied.insert(account);
                let copy = RecordedCopy { holder: Holder::Ours, source: digest.to_owned(), hash };
                progress.copies.insert(account, copy.clone());
                let document = progress.report.document.clone();
                self.changes.soon(LedgerChange::Copied { document, account, copy }).await?;
            }
            Changed::Deleted => {
                progress.report.deleted.insert(account);
                self.forget_copy(progress, account).await?;
            }
            Changed::Foreign => {
                self.forget_copy(progress, account).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Records copies before they are made, and waits until that is written.
    async fn intend_copies(
        &self,
        progress: &mut Progress,
        new: Vec<AccountId>,
        digest: &str,
    ) -> Result<(), Refusal> {
        if new.is_empty() {
            return Ok(());
        }
        let document = &progress.report.document;
        let copy = RecordedCopy {
            holder: Holder::Intended,
            source: digest.to_owned(),
            hash: String::new(),
        };
        let copies = new.iter().map(|account| LedgerChange::Copied {
            document: document.clone(),
            account: *account,
            copy: copy.clone(),
        });
        let has_copies = LedgerChange::HasCopies { document: document.clone() };
        self.changes.now(copies.chain([has_copies]).collect()).await?;
        progress.copies.extend(new.into_iter().map(|account| (account, copy.clone())));
        Ok(())
    }

    async fn forget_copy(
        &self,
        progress: &mut Progress,
        account: AccountId,
    ) -> Result<(), Refusal> {
        progress.copies.remove(&account);
        let document = progress.report.document.clone();
        self.changes.soon(LedgerChange::CopyDeleted { document, account }).await
    }

    /// Shares a document with accounts that do not see it, for as long as their copies are made; returns these.
    async fn lend(
        &self,
        progress: &mut Progress,
        ids: &[AccountId],
        version: SharedVersion,
    ) -> Result<Vec<AccountId>, Refusal> {
        let document = progress.report.document.clone();
        let there = self.permissions.read(self.caller, &document).await?;
        let add: Vec<AccountId> =
            ids.iter().filter(|id| !there.contains_key(id)).copied().collect();
        if add.is_empty() {
            return Ok(add);
        }
        let call = Call { add, version, remove: Vec::new() };
        self.intend(progress, &call).await?;
        match self.permissions.modify(self.caller, &document, &call).await {
            Ok(()) => Ok(call.add),
            Err(refusal) => {
                if refusal.is_definite() {
                    self.withdraw(progress, &call.add).await?;
                }
                Err(refusal)
            }
        }
    }

    async fn take_back(
        &self,
        progress: &mut Progress,
        lent: Vec<AccountId>,
    ) -> Result<(), Refusal> {
        if lent.is_empty() {
            return Ok(());
        }
        let document = progress.report.document.clone();
        let call = Call { remove: lent, ..Call::default() };
        self.permissions.modify(self.caller, &document, &call).await?;
        let forgotten = call.remove.into_iter().map(|account| {
            progress.ledger.remove(&account);
            LedgerChange::Deleted { document: document.clone(), account }
        });
        self.changes.now(forgotten.collect()).await
    }
}

/// Makes, changes or deletes one document. One that has not the suite's tag, or that the ledger does not know, is left.
pub(crate) async fn change_one(
    target: &Target<'_>,
    task: Task,
    source: Option<&Source<'_>>,
) -> Result<Changed, Refusal> {
    let known = match (task, source) {
        (Task::Make { known }, Some(source)) => {
            if let Some(hash) = target.create(source).await? {
                return Ok(Changed::Copied(hash));
            }
            known
        }
        _ => true,
    };
    let found = target.describe().await?;
    match (found, source) {
        (Some(copy), Some(source)) if copy.tagged && known => {
            target.update(&copy, source).await.map(Changed::Copied)
        }
        (Some(copy), None) if copy.tagged => target.delete().await.map(|()| Changed::Deleted),
        (Some(_), _) => Ok(Changed::Foreign),
        (None, Some(source)) => {
            let hash = target.create(source).await?;
            Ok(hash.map_or(Changed::Foreign, Changed::Copied))
        }
        (None, None) => Ok(Changed::Deleted),
    }
}

impl Looked<'_> {
    fn present<'b>(&'b self, ledger: &'b RecordedCopies) -> PresentCopies<'b> {
        PresentCopies { ledger, found: &self.found, sources: &self.digests }
    }
}

/// The work, account by account.
fn tasks(calls: &CopyCalls, ledger: &RecordedCopies) -> Vec<(AccountId, Task)> {
    let make = calls.make.iter().map(|id| (*id, Task::Make { known: ledger.contains_key(id) }));
    let renew = calls.renew.iter().map(|id| (*id, Task::Renew));
    let delete = calls.delete.iter().map(|id| (*id, Task::Delete));
    make.chain(renew).chain(delete).collect()
}
