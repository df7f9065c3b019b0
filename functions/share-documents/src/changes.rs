//! The way of changes to the ledger's writer: soon and in batches, or now and waited for.

use store::LedgerChange;
use tokio::sync::{mpsc, oneshot};

use crate::calls::Refusal;
use crate::work::UNWRITTEN;

/// Changes that have to be written before anything else happens, and who waits for it.
#[derive(Debug)]
pub(crate) struct Urgent {
    pub(crate) changes: Vec<LedgerChange>,
    pub(crate) written: oneshot::Sender<()>,
}

/// Where the workers put the changes that they make.
#[derive(Debug)]
pub(crate) struct Changes {
    soon: mpsc::Sender<LedgerChange>,
    now: mpsc::Sender<Urgent>,
}

/// Where the ledger's writer finds them.
#[derive(Debug)]
pub(crate) struct Unwritten {
    pub(crate) soon: mpsc::Receiver<LedgerChange>,
    pub(crate) now: mpsc::Receiver<Urgent>,
}

impl Changes {
    pub(crate) fn channel() -> (Self, Unwritten) {
        let (soon, unwritten) = mpsc::channel(UNWRITTEN);
        let (now, urgent) = mpsc::channel(1);
        (Self { soon, now }, Unwritten { soon: unwritten, now: urgent })
    }

    /// To be written with others. If the writer has failed, the invocation ends.
    pub(crate) async fn soon(&self, change: LedgerChange) -> Result<(), Refusal> {
        self.soon.send(change).await.map_err(|_| Refusal::Later)
    }

    /// Returns when the changes are written. If the writer has failed, the invocation ends.
    pub(crate) async fn now(&self, changes: Vec<LedgerChange>) -> Result<(), Refusal> {
        if changes.is_empty() {
            return Ok(());
        }
        let (written, done) = oneshot::channel();
        self.now.send(Urgent { changes, written }).await.map_err(|_| Refusal::Later)?;
        done.await.map_err(|_| Refusal::Later)
    }
}
