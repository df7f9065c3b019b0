//! One document: plans its calls, makes them one after the other, and reports the result. Copies come after shares
//! (`copies.rs`).
//!
//! Permissions are read only when they are needed: before the first share with an account, unless the account
//! was created minutes ago; when SSM refuses more accounts; and when a rule claims every share of the
//! document. What is found there and is not in the ledger is somebody else's, and stays so.

use crate::calls::{Caller, Refusal};
use std::collections::{BTreeSet, VecDeque};

use aws::AwsError;
use futures::FutureExt;
use relay_core::id::{AccountId, DocumentName};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::text::error_chain;
use sharing::SharedVersion;
use sharing::plan::{
    Call, DEFAULT_QUOTA, DocumentCalls, Holder, Present, RecordedShare, ReplicaCall, Wanted,
    WorkView,
};
use store::{Ledger, LedgerChange};

use crate::changes::Changes;
use crate::details::DocumentReport;
use crate::later::LaterPlans;
use crate::owner_account::OwnerAccount;
use crate::permissions::Permissions;
use crate::progress::{Progress, Work};
use crate::targets::Targets;
use crate::turns::Turns;

/// How many accounts a problem names.
const NAMED: usize = 5;

/// How the work on a document ended. The report counts what was done in either case.
#[derive(Debug)]
pub(crate) enum DocumentResult {
    /// Everything was done, or failed for good.
    Finished(DocumentReport),
    /// Time or lock ran out before everything was done.
    Unfinished(DocumentReport),
    /// The failure concerns every other document, too.
    Everywhere(DocumentReport, ProblemCode, AwsError),
}

/// Works on documents of one owner in one Region.
#[derive(Debug)]
pub(crate) struct Sharer<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) permissions: Permissions<'a>,
    pub(crate) targets: &'a Targets<'a>,
    /// The value of the tag on copies.
    pub(crate) copy_tag: String,
    /// Where replicas are, and what they are of.
    pub(crate) owner: &'a OwnerAccount<'a>,
    pub(crate) turns: Turns,
    pub(crate) view: &'a WorkView<'a>,
    pub(crate) ledger: &'a Ledger,
    pub(crate) later: &'a LaterPlans,
    /// To the ledger's writer.
    pub(crate) changes: Changes,
    /// Permissions are read of every document that concerns the suite, and every copy is looked at.
    pub(crate) drift: bool,
    /// Nothing is changed: what would be is reported.
    pub(crate) looks: bool,
}

impl Sharer<'_> {
    /// Plans the calls and makes them. A repeat after any interruption makes only those whose
    /// changes did not reach the ledger.
    pub(crate) async fn share(&self, work: Work) -> DocumentResult {
        let Work { report, wanted, ledger, copies, replica, standing, begun, missing } = work;
        let mut progress = Progress {
            report,
            wanted,
            ledger,
            copies,
            replica,
            standing,
            replica_call: ReplicaCall::Nothing,
            begun,
            left: VecDeque::new(),
            permissions_read: false,
            quota_met: false,
        };
        let ended = self.bring_into_line(&mut progress, missing).await;
        // Such a reason refuses all calls of a document.
        let left = progress.left.iter().map(|call| call.add.len() + call.remove.len());
        let left = left.sum::<usize>().max(1) as u64;
        self.end(progress.report, ended, left)
    }

    /// One step after the other: the document itself, its shares, its copies.
    async fn bring_into_line(&self, progress: &mut Progress, missing: bool) -> Result<(), Refusal> {
        // Type erased: the futures are too deep for the compiler in one piece.
        let goes_on = if missing {
            self.forget_deleted(progress).boxed().await?
        } else {
            self.replicate(progress).boxed().await?
        };
        if !goes_on {
            return Ok(());
        }
        if !missing {
            self.advance(progress).await?;
        }
        self.copy(progress).boxed().await?;
        self.delete_replica(progress).boxed().await
    }

    /// How the work on a document ended; `left` pairs were not reached where it was refused.
    pub(crate) fn end(
        &self,
        mut report: DocumentReport,
        ended: Result<(), Refusal>,
        left: u64,
    ) -> DocumentResult {
        match ended {
            Ok(()) => DocumentResult::Finished(report),
            Err(Refusal::Later) => DocumentResult::Unfinished(report),
            Err(refusal) => {
                report.failed += left;
                match refusal.explain() {
                    (code, error, true) => DocumentResult::Everywhere(report, code, error),
                    (code, error, false) => {
                        let problem = self.problem(code, &report.document, error.to_string());
                        report.problems.push(problem);
                        DocumentResult::Finished(report)
                    }
                }
            }
        }
    }

    async fn advance(&self, progress: &mut Progress) -> Result<(), Refusal> {
        progress.report.failed += progress.wanted.conflicts.len() as u64;
        let conflict = self.conflict(&progress.wanted, &progress.report.document);
        progress.report.problems.extend(conflict);
        let concerns = progress.wanted.is_selected() || !progress.ledger.is_empty();
        let needed = self.view.needs_permissions(&progress.wanted, &progress.ledger);
        if needed || self.drift && concerns {
            self.plan_with_permissions(progress).await?;
        } else {
            self.plan_blind(progress).await?;
        }
        while let Some(call) = progress.left.pop_front() {
            if progress.permissions_read {
                self.intend(progress, &call).await?;
            }
            let document = &progress.report.document;
            match self.permissions.modify(self.caller, document, &call).await {
                Ok(()) => self.record(progress, &call).await?,
                Err(Refusal::Limit(error)) => self.make_room(progress, call, &error).await?,
                Err(Refusal::NotReady(error)) => self.narrow_down(progress, call, &error).await?,
                Err(Refusal::Gone(error)) => self.give_up(progress, call, &error).await?,
                Err(refusal) => {
                    if refusal.is_definite() {
                        self.withdraw(progress, &call.add).await?;
                    }
                    progress.left.push_front(call);
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    /// The problem of rules that disagree about a document's version.
    pub(crate) fn conflict(&self, wanted: &Wanted, document: &DocumentName) -> Option<Problem> {
        let Ledger { owner, region, .. } = self.ledger;
        wanted.problem(*owner, region, document)
    }

    /// Plans against the ledger alone.
    async fn plan_blind(&self, progress: &mut Progress) -> Result<(), Refusal> {
        let present = Present { ledger: &progress.ledger, permissions: None };
        let mut planned = self.view.calls(&progress.wanted, present, DEFAULT_QUOTA);
        if !planned.over_quota.is_empty() {
            // The ledger shows the quota as used up, but only SSM knows.
            planned = self.view.calls(&progress.wanted, present, usize::MAX);
        }
        progress.report.present.extend(planned.present);
        progress.left = planned.calls.into();
        for account in planned.forget {
            self.forget(progress, account).await?;
        }
        Ok(())
    }

    /// Plans against SSM's permissions. Records the wanted shares that exist already and whose they are.
    async fn plan_with_permissions(&self, progress: &mut Progress) -> Result<(), Refusal> {
        let document = progress.report.document.clone();
        let shares = match self.permissions.read(self.caller, &document).await {
            Err(Refusal::Gone(error)) => return self.is_gone(progress, &error).await,
            shares => shares?,
        };
        progress.permissions_read = true;
        if progress.wanted.exclusive {
            let shared = shares.keys().copied().collect();
            self.leave_to_later_plans(&mut progress.wanted, shared).await?;
        }
        let there = shares.keys().copied().collect();
        progress.wanted.distribute(&there, &progress.copies, DEFAULT_QUOTA.max(shares.len()));
        let present = Present { ledger: &progress.ledger, permissions: Some(&shares) };
        // Only SSM knows the quota: AWS may have raised it, and no API returns the new value.
        let known = progress.quota_met && shares.len() <= DEFAULT_QUOTA;
        let quota = if known { DEFAULT_QUOTA } else { usize::MAX };
        let planned = self.view.calls(&progress.wanted, present, quota);
        if self.drift {
            let (effect, _) = self.view.effect(&document, &progress.wanted, present, &planned);
            progress.report.foreign = effect.foreign();
            progress.report.disputed |= progress.report.foreign > 0;
        }
        let DocumentCalls { calls, present, adopt, foreign, differing, forget, over_quota } =
            planned;
        progress.left = calls.into();
        progress.report.present.extend(present);
        for account in adopt {
            if progress.begun.contains(&account) {
                // Made right before a kill: nobody has counted it yet.
                progress.report.present.remove(&account);
                progress.report.added.insert(account);
            }
            let version = progress.wanted.accounts.get(&account).copied().unwrap_or_default();
            self.remember(progress, account, version, Holder::Ours).await?;
        }
        for (account, version) in foreign {
            self.remember(progress, account, version, Holder::Foreign).await?;
        }
        if !differing.is_empty() {
            let what = format!(
                "somebody else shared another version than the rules want with {}",
                accounts(&differing)
            );
            self.fail(progress, ProblemCode::ForeignShare, differing.len(), what);
        }
        for account in forget {
            self.forget(progress, account).await?;
        }
        let over_quota = progress.wanted.without_room(over_quota);
        if !over_quota.is_empty() {
            let what = format!(
                "shared with {} accounts, quota {quota}: no room for {}",
                shares.len(),
                accounts(&over_quota)
            );
            self.fail(progress, ProblemCode::DocumentPermissionLimit, over_quota.len(), what);
        }
        Ok(())
    }

    /// SSM refuses more accounts on the document.
    async fn make_room(
        &self,
        progress: &mut Progress,
        call: Call,
        error: &AwsError,
    ) -> Result<(), Refusal> {
        if !progress.quota_met {
            progress.quota_met = true;
            self.withdraw(progress, &call.add).await?;
            progress.left.push_front(call);
            // The planner removes first, counts no account twice, and adds what fits.
            return self.plan_with_permissions(progress).await;
        }
        if call.add.len() + call.remove.len() > 1 {
            progress.halve(call);
            return Ok(());
        }
        let mut refused = call.add;
        for call in &mut progress.left {
            refused.append(&mut call.add);
        }
        progress.left.retain(|call| !call.remove.is_empty());
        self.withdraw(progress, &refused).await?;
        let refused = progress.wanted.without_room(refused);
        if !refused.is_empty() {
            let what = format!("{error}: no room for {}", accounts(&refused));
            self.fail(progress, ProblemCode::DocumentPermissionLimit, refused.len(), what);
        }
        Ok(())
    }

    /// SSM does not accept an account of the call: finds out which, so that the others are shared with.
    async fn narrow_down(
        &self,
        progress: &mut Progress,
        call: Call,
        error: &AwsError,
    ) -> Result<(), Refusal> {
        if call.add.len() + call.remove.len() > 1 {
            progress.halve(call);
            return Ok(());
        }
        let refused: Vec<AccountId> = call.add.into_iter().chain(call.remove).collect();
        let what = format!("{} refused: {error}", accounts(&refused));
        self.fail(progress, ProblemCode::AccountNotReady, refused.len(), what);
        self.withdraw(progress, &refused).await
    }

    /// On an exclusive document, shares that are in no ledger may be removed: not those of accounts for which
    /// there is a later plan.
    pub(crate) async fn leave_to_later_plans(
        &self,
        wanted: &mut Wanted,
        shared: BTreeSet<AccountId>,
    ) -> Result<(), Refusal> {
        let is_wanted = |account: &AccountId| wanted.accounts.contains_key(account);
        let unwanted = shared.into_iter().filter(|account| !is_wanted(account)).collect();
        let barred = self.later.bar_removal(unwanted).await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "later plans cannot be looked up");
            Refusal::Later
        })?;
        for account in barred {
            wanted.leave(account);
        }
        Ok(())
    }

    /// A document that its owner does not list: if SSM does not know it either, its shares are gone with it, whatever
    /// the rules say. One of the same name that is made later is another document. Answers whether it is deleted.
    async fn forget_deleted(&self, progress: &mut Progress) -> Result<bool, Refusal> {
        if !self.is_deleted(&progress.report.document).await? {
            return Ok(false);
        }
        let recorded: Vec<AccountId> = progress.ledger.keys().copied().collect();
        for account in recorded {
            self.forget(progress, account).await?;
        }
        self.forget_replica(progress).await?;
        Ok(true)
    }

    /// Whether SSM does not know a document any more.
    pub(crate) async fn is_deleted(&self, document: &DocumentName) -> Result<bool, Refusal> {
        match self.permissions.read(self.caller, document).await {
            Ok(_) => Ok(false),
            Err(Refusal::Gone(_)) => Ok(true),
            Err(refusal) => Err(refusal),
        }
    }

    /// The document was deleted before its permissions were read: what the ledger has of it and no rule wants
    /// is forgotten.
    async fn is_gone(&self, progress: &mut Progress, error: &AwsError) -> Result<(), Refusal> {
        let Progress { wanted, ledger, .. } = &*progress;
        let losers: Vec<AccountId> = self.view.losers(wanted, ledger).collect();
        for account in losers {
            self.forget(progress, account).await?;
        }
        let wanted = progress.wanted.accounts.len();
        if wanted > 0 {
            self.fail(progress, ProblemCode::DocumentGone, wanted, error.to_string());
        }
        Ok(())
    }

    /// The document was deleted meanwhile, with its shares.
    async fn give_up(
        &self,
        progress: &mut Progress,
        call: Call,
        error: &AwsError,
    ) -> Result<(), Refusal> {
        progress.left.push_front(call);
        let mut failed = 0;
        for call in std::mem::take(&mut progress.left) {
            failed += call.add.len();
            self.withdraw(progress, &call.add).await?;
            for account in call.remove {
                progress.report.removed.insert(account);
                self.forget(progress, account).await?;
            }
        }
        if failed > 0 {
            self.fail(progress, ProblemCode::DocumentGone, failed, error.to_string());
        }
        Ok(())
    }

    /// Records in the ledger what a call changed.
    async fn record(&self, progress: &mut Progress, call: &Call) -> Result<(), Refusal> {
        for account in call.remove.iter().copied() {
            progress.report.removed.insert(account);
            self.forget(progress, account).await?;
        }
        for account in call.add.iter().copied() {
            progress.report.added.insert(account);
            self.remember(progress, account, call.version, Holder::Ours).await?;
        }
        Ok(())
    }

    /// Records the additions of a call before it is made, and waits until that is written: after a kill, a
    /// share that exists and is not in the ledger would be taken for somebody else's.
    pub(crate) async fn intend(&self, progress: &mut Progress, call: &Call) -> Result<(), Refusal> {
        let document = &progress.report.document;
        let share = RecordedShare { version: call.version, holder: Holder::Intended };
        let recorded = |id: &AccountId| progress.ledger.get(id).map(|share| share.holder);
        let new = call.add.iter().copied();
        let new: Vec<AccountId> =
            new.filter(|id| matches!(recorded(id), None | Some(Holder::Foreign))).collect();
        let changes = new.iter().map(|account| LedgerChange::Recorded {
            document: document.clone(),
            account: *account,
            share,
        });
        self.changes.now(changes.collect()).await?;
        progress.ledger.extend(new.into_iter().map(|account| (account, share)));
        Ok(())
    }

    /// Takes back the intention to share with accounts that SSM has refused.
    pub(crate) async fn withdraw(
        &self,
        progress: &mut Progress,
        refused: &[AccountId],
    ) -> Result<(), Refusal> {
        for account in refused {
            let intended = progress.ledger.get(account).map(|share| share.holder);
            if intended == Some(Holder::Intended) {
                self.forget(progress, *account).await?;
            }
        }
        Ok(())
    }

    async fn remember(
        &self,
        progress: &mut Progress,
        account: AccountId,
        version: SharedVersion,
        holder: Holder,
    ) -> Result<(), Refusal> {
        let share = RecordedShare { version, holder };
        progress.ledger.insert(account, share);
        let document = progress.report.document.clone();
        self.changes.soon(LedgerChange::Recorded { document, account, share }).await
    }

    async fn forget(&self, progress: &mut Progress, account: AccountId) -> Result<(), Refusal> {
        progress.ledger.remove(&account);
        let document = progress.report.document.clone();
        self.changes.soon(LedgerChange::Deleted { document, account }).await
    }

    /// Counts what could not be done, and says why.
    fn fail(&self, progress: &mut Progress, code: ProblemCode, pairs: usize, what: String) {
        progress.report.failed += pairs as u64;
        let problem = self.problem(code, &progress.report.document, what);
        progress.report.problems.push(problem);
    }

    pub(crate) fn problem(
        &self,
        code: ProblemCode,
        document: &DocumentName,
        what: String,
    ) -> Problem {
        let Ledger { owner, region, .. } = self.ledger;
        Problem::new(code, format!("{owner}/{region}/{document}"), what)
    }
}

/// The first few, and how many there are.
pub(crate) fn accounts(ids: &[AccountId]) -> String {
    let named: Vec<&str> = ids.iter().take(NAMED).map(AccountId::as_str).collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    let noun = if ids.len() == 1 { "account" } else { "accounts" };
    format!("{} {noun} ({}{more})", ids.len(), named.join(", "))
}
