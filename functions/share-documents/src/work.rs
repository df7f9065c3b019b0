//! The work on one owner in one Region: documents are read page by page, planned against the ledger, and
//! shared concurrently, while the next page is already being read.
//!
//! Three loops run at once, connected by bounded channels, so that memory stays flat: one reads pages and
//! plans, one shares, one writes the ledger.

use crate::calls::{Caller, Refusal};
use crate::cursor::{Cursor, short_hash};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws::AwsError;
use futures::stream::{FuturesUnordered, StreamExt};
use relay_core::problem::{Problem, ProblemCode};
use runtime::Clock;
use sharing::ShareCounts;
use store::{ITEMS_PER_WRITE, Ledger, LedgerChange, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::changes::{Unwritten, Urgent};
use crate::claims::RecordedClaims;
use crate::details::{Details, DocumentReport};
use crate::document::{DocumentResult, Sharer};
use crate::listing::{Listing, PageError};
use crate::planning::Planner;
use crate::progress::Work;
use crate::survey::Found;

/// Documents that may wait for their turn: a page is read ahead, not more.
pub(crate) const READ_AHEAD: usize = 50;
/// Changes that may wait for the ledger's writer, and how many writes are made side by side.
pub(crate) const UNWRITTEN: usize = 400;
const WRITES: usize = 8;
/// How long a change waits to be written together with others. If the function is killed first, the document
/// is shared again (harmless).
const LINGER: Duration = Duration::from_millis(300);

/// The work of one invocation, and where the next one continues.
#[derive(Debug)]
pub(crate) struct WorkResult {
    pub(crate) cursor: Option<Cursor>,
    pub(crate) counts: ShareCounts,
}

/// Everything the loops share.
pub(crate) struct Worker<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) listing: Listing<'a>,
    pub(crate) planner: &'a Planner<'a>,
    pub(crate) claims: &'a RecordedClaims<'a>,
    pub(crate) ledger: &'a Ledger,
    pub(crate) clock: &'a Clock,
    /// The work so far, earlier invocations included.
    pub(crate) counts: ShareCounts,
}

/// A page whose documents are being shared.
#[derive(Debug, Default)]
struct OpenPage {
    token: Option<String>,
    /// How many documents are on it; `None` until the page is read.
    documents: Option<usize>,
    /// Those that are done, as in a cursor.
    done: BTreeSet<String>,
}

impl OpenPage {
    fn is_done(&self) -> bool {
        self.documents == Some(self.done.len())
    }
}

/// State that the loops share.
struct Tally<'a> {
    counts: ShareCounts,
    details: &'a mut Details,
    /// Where nothing is changed: what would be.
    found: Option<&'a mut Found>,
    pages: Vec<OpenPage>,
    finished: usize,
    /// Nothing more can be done for this owner in this Region.
    halted: bool,
}

impl Tally<'_> {
    /// Counts what could not be done, once.
    fn fail(&mut self, problem: Problem) {
        if !self.details.failures.problems.contains(&problem) {
            self.counts.failed += 1;
            self.details.add_problem(problem);
        }
    }

    /// Adds how a document ended.
    fn add(&mut self, report: &DocumentReport) {
        self.details.add(report);
        if let Some(found) = &mut self.found {
            found.add(report);
        }
    }
}

impl Worker<'_> {
    /// Works from `cursor` on, until nothing is left, the time is up, or the lock is lost.
    ///
    /// # Errors
    /// When the ledger fails: what was shared by then and is not recorded is shared once more by
    /// the next attempt.
    pub(crate) async fn run(
        &self,
        cursor: &Cursor,
        sharer: Sharer<'_>,
        changes: Unwritten,
        details: &mut Details,
        found: Option<&mut Found>,
    ) -> Result<WorkResult, StoreError> {
        let counts = self.counts;
        let pages = vec![OpenPage { token: cursor.page.clone(), ..OpenPage::default() }];
        let tally = Mutex::new(Tally { counts, details, found, pages, finished: 0, halted: false });
        let (send, works) = mpsc::channel(READ_AHEAD);
        let (planned, (), written) = futures::join!(
            self.plan(cursor, &tally, send),
            self.share(&tally, sharer, works),
            self.write(changes),
        );
        written?;
        planned?;
        let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(WorkResult { counts: tally.counts, cursor: self.next(cursor, &tally) })
    }

    /// Reads pages and plans their documents.
    async fn plan(
        &self,
        cursor: &Cursor,
        tally: &Mutex<Tally<'_>>,
        send: mpsc::Sender<(usize, Work)>,
    ) -> Result<(), StoreError> {
        let mut from = cursor.clone();
        let mut token = from.page.clone();
        let mut number = 0;
        while !self.caller.must_stop() {
            let page = self.listing.page(self.caller, token.as_deref());
            // The claims are read with the first page, and are there for the others.
            let (page, claims) = futures::join!(page, self.claims.get());
            let page = match page {
                Ok(page) => page,
                Err(PageError::TokenExpired) if number == 0 => {
                    tracing::info!("the listing's token expired, listing from the start");
                    let mut tally = lock(tally);
                    // A share that this execution added is in the ledger under its name and is counted as
                    // added when it is listed again; what it removed is not listed any more.
                    let ShareCounts { removed, deleted, .. } = tally.counts;
                    tally.counts = ShareCounts { removed, deleted, ..ShareCounts::default() };
                    tally.pages = vec![OpenPage::default()];
                    if let Some(found) = &mut tally.found {
                        found.restart();
                    }
                    (from, token) = (Cursor::default(), None);
                    continue;
                }
                // Expired between two pages of one invocation: the next one begins again.
                Err(PageError::TokenExpired | PageError::Refused(Refusal::Later)) => {
                    self.caller.stop();
                    return Ok(());
                }
                Err(PageError::Refused(refusal)) => {
                    let (code, error) = listing_refused(refusal);
                    self.halt(&mut lock(tally), code, &error);
                    return Ok(());
                }
                Err(PageError::Ledger(error)) => {
                    self.caller.stop();
                    return Err(error);
                }
            };
            let Ok(claims) = claims else {
                self.caller.stop();
                return Ok(());
            };
            let (before, documents): (Vec<_>, Vec<_>) =
                page.documents.into_iter().partition(|document| from.has_done(&document.name));
            let planned = async {
                let mut works = self.planner.plan(documents, claims).await?;
                if page.next.is_none() {
                    let missing = self.planner.missing().await?.into_iter();
                    works.extend(missing.filter(|work| !from.has_done(&work.report.document)));
                }
                Ok(works)
            };
            let works = match planned.await {
                Ok(works) => works,
                Err(error) => {
                    self.caller.stop();
                    return Err(error);
                }
            };
            {
                let mut tally = lock(tally);
                page.problems.into_iter().for_each(|problem| tally.fail(problem));
                works.iter().for_each(|work| tally.details.look_at(work));
                let done = before.iter().map(|document| short_hash(document.name.as_str()));
                if let Some(opened) = tally.pages.get_mut(number) {
                    opened.done = done.collect();
                    opened.documents = Some(opened.done.len() + works.len());
                }
                if page.next.is_some() {
                    tally.pages.push(OpenPage { token: page.next.clone(), ..OpenPage::default() });
                }
            }
            for work in works {
                if send.send((number, work)).await.is_err() {
                    return Ok(());
                }
            }
            if page.next.is_none() {
                return Ok(());
            }
            (token, number) = (page.next, number + 1);
        }
        Ok(())
    }

    /// Shares what was planned, several documents side by side.
    async fn share(
        &self,
        tally: &Mutex<Tally<'_>>,
        sharer: Sharer<'_>,
        mut works: mpsc::Receiver<(usize, Work)>,
    ) {
        let mut running = FuturesUnordered::new();
        let mut open = true;
        while open || !running.is_empty() {
            let (page, ended) = tokio::select! {
                work = works.recv(), if open && running.len() < self.caller.pace.most() => {
                    match work {
                        Some((page, work)) => running.push(one(&sharer, page, work)),
                        None => open = false,
                    }
                    continue;
                }
                Some(ended) = running.next() => ended,
            };
            let mut tally = lock(tally);
            match ended {
                DocumentResult::Finished(report) => {
                    tally.counts += report.counts();
                    tally.finished += 1;
                    tally.add(&report);
                    if let Some(opened) = tally.pages.get_mut(page) {
                        opened.done.insert(short_hash(report.document.as_str()));
                    }
                }
                // It will be planned again. Then its additions are found in the ledger and counted;
                // its removals are not there to be found.
                DocumentResult::Unfinished(report) => {
                    tally.counts.removed += report.removed.len() as u64;
                    tally.counts.deleted += report.deleted.len() as u64;
                }
                DocumentResult::Everywhere(report, code, error) => {
                    tally.counts += report.counts();
                    tally.add(&report);
                    self.halt(&mut tally, code, &error);
                }
            }
        }
        // Dropping the sharer here lets the ledger's writer come to its end.
    }

    /// Writes the ledger as the shares come in: full batches, or what there is after a while; several
    /// writes go side by side when much has gathered. What is urgent is written at once.
    async fn write(&self, changes: Unwritten) -> Result<(), StoreError> {
        let Unwritten { mut soon, mut now } = changes;
        let mut writes = FuturesUnordered::new();
        let (mut batch, mut open, mut urgent) = (Vec::new(), true, true);
        let mut due = Instant::now();
        while open || urgent || !batch.is_empty() || !writes.is_empty() {
            let full = batch.len() >= ITEMS_PER_WRITE;
            let ripe = full || !batch.is_empty() && (!open || Instant::now() >= due);
            if ripe && writes.len() < WRITES {
                writes.push(self.record(std::mem::take(&mut batch), None));
                continue;
            }
            let (first, room) = (batch.is_empty(), ITEMS_PER_WRITE - batch.len());
            tokio::select! {
                received = now.recv(), if urgent => match received {
                    Some(Urgent { changes, written }) => {
                        writes.push(self.record(changes, Some(written)));
                    }
                    None => urgent = false,
                },
                received = soon.recv_many(&mut batch, room), if open && !full => {
                    open = received > 0;
                    if first {
                        due = Instant::now() + LINGER;
                    }
                }
                () = tokio::time::sleep_until(due), if !ripe && !first => {}
                Some(written) = writes.next() => {
                    if let Err(error) = written {
                        self.caller.stop();
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    async fn record(
        &self,
        changes: Vec<LedgerChange>,
        written: Option<oneshot::Sender<()>>,
    ) -> Result<(), StoreError> {
        let at = self.clock.now().to_string();
        self.ledger.record(&changes, &at).await?;
        if let Some(written) = written {
            // Nobody waits for it any more where the invocation ends.
            let _ = written.send(());
        }
        Ok(())
    }

    /// Ends the work with one problem for the whole of it.
    fn halt(&self, tally: &mut Tally<'_>, code: ProblemCode, error: &AwsError) {
        self.caller.stop();
        if std::mem::replace(&mut tally.halted, true) {
            return;
        }
        tally.counts.failed += 1;
        let place = format!("{}/{}", self.ledger.owner, self.ledger.region);
        tracing::warn!(owner = %self.ledger.owner, region = %self.ledger.region, %error, "nothing can be done for this owner in this Region");
        tally.details.add_problem(Problem::new(code, place, error.to_string()));
    }

    /// Where the next invocation continues.
    fn next(&self, cursor: &Cursor, tally: &Tally<'_>) -> Option<Cursor> {
        if tally.halted {
            return None;
        }
        let first = tally.pages.iter().position(|page| !page.is_done())?;
        let pages = tally.pages.get(first..).unwrap_or_default();
        let stalled = tally.finished == 0 && self.caller.was_throttled();
        Some(Cursor {
            page: pages.first().and_then(|page| page.token.clone()),
            done: pages.iter().flat_map(|page| page.done.iter().cloned()).collect(),
            details: cursor.details || !tally.details.is_empty(),
            stalled: if stalled { cursor.stalled + 1 } else { 0 },
        })
    }
}

/// The problem of a refused listing, without which nothing can go on.
fn listing_refused(refusal: Refusal) -> (ProblemCode, AwsError) {
    match refusal.explain() {
        // No answer from an endpoint, tried several times, while other Regions go on.
        (_, error, _) if error.is("NoAnswer") => (ProblemCode::RegionNotEnabled, error),
        // About a request without an account in it.
        (ProblemCode::AccountNotReady, error, _) => (ProblemCode::ShareFailed, error),
        (code, error, _) => (code, error),
    }
}

async fn one(sharer: &Sharer<'_>, page: usize, work: Work) -> (usize, DocumentResult) {
    (page, if sharer.looks { sharer.look(work).await } else { sharer.share(work).await })
}

fn lock<'a, 'b>(tally: &'a Mutex<Tally<'b>>) -> MutexGuard<'a, Tally<'b>> {
    // Held for a few assignments at a time, none of which can panic halfway.
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
