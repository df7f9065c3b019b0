//! The append-only log: the truth about every execution.

use futures::future::BoxFuture;
use thiserror::Error;

/// One entry of the log, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The execution's id; for a document, a hash of its content.
    pub key: String,
    /// What happened, as JSON.
    pub body: Vec<u8>,
}

/// Why the log could not be read or written.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct LogError {
    /// What was wrong.
    pub message: String,
}

/// The append-only log.
pub trait Log: Send + Sync {
    /// Appends entries, all or none. Resolves when they are committed.
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>>;

    /// Reads the whole log in the order of writing.
    ///
    /// # Errors
    /// When it cannot be read.
    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError>;
}
