//! The work lock while it is held: at most one execution at a time shares one owner's documents in one
//! Region. Its lease is renewed while the work goes on.

use std::time::Duration;

use relay_core::text::error_chain;
use runtime::Clock;
use store::{StoreError, WorkLock};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a lease lasts without being renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed: two renewals may fail before it runs out.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);

/// A lock that is held and renewed until it is released or dropped.
///
/// Dropping it stops the renewal, so that the lease runs out by itself.
#[derive(Debug)]
pub(crate) struct HeldLock {
    lock: WorkLock,
    renewal: JoinHandle<()>,
    lost: watch::Receiver<bool>,
}

/// Takes the lock, or answers `None` when somebody else holds it.
pub(crate) async fn try_take(
    lock: &WorkLock,
    clock: &Clock,
) -> Result<Option<HeldLock>, StoreError> {
    if !lock.take(clock.now(), LEASE).await? {
        return Ok(None);
    }
    let (tell, lost) = watch::channel(false);
    let renewal = tokio::spawn(renew(lock.clone(), clock.clone(), tell));
    Ok(Some(HeldLock { lock: lock.clone(), renewal, lost }))
}

/// Renews the lease until the task is aborted, or until the lock is someone else's or can no longer
/// be said to be ours.
async fn renew(lock: WorkLock, clock: Clock, lost: watch::Sender<bool>) {
    let name = lock.name();
    let mut lease_ends = tokio::time::Instant::now() + LEASE;
    loop {
        tokio::time::sleep(RENEWAL).await;
        // The lease counts from before the write: its reply may be late.
        let begun = tokio::time::Instant::now();
        let renewal = lock.renew(clock.now(), LEASE);
        match tokio::time::timeout_at(lease_ends, renewal).await {
            Ok(Ok(true)) => lease_ends = begun + LEASE,
            Ok(Ok(false)) => {
                tracing::error!(lock = name, "the work lock is no longer ours");
                break;
            }
            Ok(Err(error)) if tokio::time::Instant::now() + RENEWAL < lease_ends => {
                let error = error_chain(&error);
                tracing::warn!(lock = name, error, "could not renew the work lock, trying again");
            }
            Ok(Err(error)) => {
                tracing::error!(lock = name, error = error_chain(&error), "the lease runs out");
                break;
            }
            Err(_) => {
                tracing::error!(lock = name, "the lease ran out before it was renewed");
                break;
            }
        }
    }
    lost.send_replace(true);
}

impl HeldLock {
    /// Turns `true` when the lock was lost: nothing may be changed after that.
    pub(crate) fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    /// Releases the lock. A failure is logged and no more: the lease runs out by itself.
    pub(crate) async fn release(self) {
        self.renewal.abort();
        if let Err(error) = self.lock.release().await {
            tracing::warn!(error = error_chain(&error), "could not release the work lock");
        }
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
