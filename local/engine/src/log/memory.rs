//! A log that ends with the process: for tests, and to measure what the log on disk costs.

use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Entry, EntryKind, Log, LogError};

/// The log in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl MemoryLog {
    /// A log that holds these entries.
    pub fn holding(entries: Vec<Entry>) -> Self {
        Self { entries: Arc::new(Mutex::new(entries)) }
    }

    /// All entries, in the order they were appended.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Log for MemoryLog {
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
        async { Ok(()) }.boxed()
    }

    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError> {
        let (documents, events): (Vec<_>, Vec<_>) =
            self.entries().into_iter().partition(|entry| entry.kind == EntryKind::Document);
        documents.into_iter().chain(events).try_for_each(each)
    }
}
