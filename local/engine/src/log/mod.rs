//! The append-only log: the single source of truth about every execution.

mod memory;
mod sqlite;

use futures::future::BoxFuture;
use thiserror::Error;
use uuid::Uuid;

pub use memory::MemoryLog;
pub use sqlite::SqliteLog;

/// One entry of the log, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The execution's id; of a document, one derived from its content.
    pub key: Uuid,
    /// The event, as JSON.
    pub body: Vec<u8>,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A document that an execution runs: written once for each content.
    Document,
    /// An event of an execution.
    Event,
}

/// Why the log could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the log of executions: {message}")]
pub struct LogError {
    /// The reason, for an operator.
    pub message: String,
}

/// An append-only log of events and documents.
pub trait Log: Send + Sync {
    /// Appends entries, all or none, in the order of the calls (not of the futures). Resolves
    /// when they are committed. A document whose key is known already is left as it is.
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>>;

    /// Reads the whole log: documents first, then events in the order of writing.
    ///
    /// # Errors
    /// When it cannot be read, or `each` finds an entry that it cannot read.
    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError>;

    /// The committed events of one execution, in the order of writing; none if it is unknown.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn read(&self, run: Uuid) -> Result<Vec<Entry>, LogError>;
}
