//! Whose copies are worked on: documents with many accounts take turns. Side by side, none of them would come to its end
//! within the time budget, and a look, which records nothing, would begin with the same documents for ever.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A line of documents, served in the order in which they arrive.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Accounts that may be worked on side by side.
    most: usize,
    room: Semaphore,
}

impl Turns {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, room: Semaphore::new(most) }
    }

    /// Waits until there is room for so many accounts, or for as many as there can be. The turn ends when the permit is
    /// dropped.
    pub(crate) async fn wait(&self, accounts: usize) -> Option<SemaphorePermit<'_>> {
        let accounts = accounts.clamp(1, self.most);
        // Nobody closes the semaphore: there is no error.
        self.room.acquire_many(u32::try_from(accounts).unwrap_or(u32::MAX)).await.ok()
    }
}
