//! A log that ends with the process: for tests, and to measure what the log on disk costs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use uuid::Uuid;

use super::{Entry, EntryKind, Log, LogError};

/// The log in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    entries: Vec<Entry>,
    /// The places of each execution's entries.
    places: HashMap<Uuid, Vec<usize>>,
}

impl MemoryLog {
    /// A log that holds these entries.
    pub fn holding(entries: Vec<Entry>) -> Self {
        let mut content = Content::default();
        content.extend(entries);
        Self { content: Arc::new(Mutex::new(content)) }
    }

    /// All entries, in the order they were appended.
    pub fn entries(&self) -> Vec<Entry> {
        self.content().entries.clone()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn extend(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.places.entry(entry.key).or_default().push(self.entries.len());
            self.entries.push(entry);
        }
    }
}

impl Log for MemoryLog {
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>> {
        self.content().extend(entries);
        async { Ok(()) }.boxed()
    }

    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError> {
        let (documents, events): (Vec<_>, Vec<_>) =
            self.entries().into_iter().partition(|entry| entry.kind == EntryKind::Document);
        documents.into_iter().chain(events).try_for_each(each)
    }

    fn read(&self, run: Uuid) -> Result<Vec<Entry>, LogError> {
        let content = self.content();
        let places = content.places.get(&run).map(Vec::as_slice).unwrap_or_default();
        Ok(places.iter().filter_map(|place| content.entries.get(*place)).cloned().collect())
    }
}
