//! The log on disk.
//!
//! One thread writes. Whatever waits when it is free goes into one transaction, so that a busy
//! engine pays for a commit once for hundreds of entries. WAL with `synchronous=NORMAL` survives
//! the death of the process, not a power cut. The events of one execution that are appended together
//! share a row, one line each.

use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{Entry, EntryKind, Log, LogError};

/// How many entries a transaction takes at most: bounds how long the first of them waits.
const GROUP: usize = 8_192;

/// Rowid tables: the log is appended to at its end, whatever the execution. A table clustered by
/// execution takes a tenth of the entries a second.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA cache_size = -32768;
    CREATE TABLE IF NOT EXISTS documents (key BLOB PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, key BLOB NOT NULL, body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS events_of_execution ON events (key);
";

struct Append {
    entries: Vec<Entry>,
    done: oneshot::Sender<Result<(), LogError>>,
}

/// The log in an SQLite file. Dropping it waits for what was handed over.
pub struct SqliteLog {
    reader: Mutex<Connection>,
    /// `None` only while it is dropped.
    writer: Option<mpsc::Sender<Append>>,
    thread: Option<JoinHandle<()>>,
}

impl SqliteLog {
    /// Opens the log in a file, which is created if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or is not a log of the engine.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let reader = Mutex::new(Connection::open(path)?);
        let (writer, inbox) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("automation-log".into())
            .spawn(move || write(connection, &inbox))
            .map_err(|error| LogError { message: error.to_string() })?;
        Ok(Self { reader, writer: Some(writer), thread: Some(thread) })
    }
}

impl Log for SqliteLog {
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>> {
        let (done, committed) = oneshot::channel();
        // Sent here, not when the future is polled: the order of the calls is the log's.
        let append = Append { entries, done };
        let sent = self.writer.as_ref().is_some_and(|writer| writer.send(append).is_ok());
        async move {
            let gone = || LogError { message: "its writer has ended".into() };
            if !sent {
                return Err(gone());
            }
            committed.await.map_err(|_| gone())?
        }
        .boxed()
    }

    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, query) in [
            (EntryKind::Document, "SELECT key, body FROM documents"),
            (EntryKind::Event, "SELECT key, body FROM events ORDER BY seq"),
        ] {
            let mut statement = reader.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let key: [u8; 16] = row.get(0)?;
                let (key, body) = (Uuid::from_bytes(key), row.get::<_, Vec<u8>>(1)?);
                match kind {
                    EntryKind::Document => each(Entry { kind, key, body })?,
                    EntryKind::Event => events(key, &body).try_for_each(&mut *each)?,
                }
            }
        }
        Ok(())
    }

    fn read(&self, run: Uuid) -> Result<Vec<Entry>, LogError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement =
            reader.prepare_cached("SELECT body FROM events WHERE key = ?1 ORDER BY seq")?;
        let mut rows = statement.query([run.as_bytes()])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.extend(events(run, &row.get::<_, Vec<u8>>(0)?));
        }
        Ok(entries)
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.writer = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say; a panic of it has been printed.
            let _ = thread.join();
        }
    }
}

/// The events of a row. JSON as the engine writes it has no line break.
fn events(key: Uuid, body: &[u8]) -> impl Iterator<Item = Entry> + '_ {
    let lines = body.split(|byte| *byte == b'\n');
    lines.map(move |line| Entry { kind: EntryKind::Event, key, body: line.to_vec() })
}

fn write(mut connection: Connection, inbox: &mpsc::Receiver<Append>) {
    while let Ok(first) = inbox.recv() {
        let mut size = first.entries.len();
        let mut group = vec![first];
        while size < GROUP
            && let Ok(next) = inbox.try_recv()
        {
            size += next.entries.len();
            group.push(next);
        }
        let written = commit(&mut connection, &group);
        for append in group {
            // A caller that has stopped waiting needs no answer.
            let _ = append.done.send(written.clone());
        }
    }
}

fn commit(connection: &mut Connection, group: &[Append]) -> Result<(), LogError> {
    let transaction = connection.transaction()?;
    {
        let mut document = transaction
            .prepare_cached("INSERT OR IGNORE INTO documents (key, body) VALUES (?1, ?2)")?;
        let mut event =
            transaction.prepare_cached("INSERT INTO events (key, body) VALUES (?1, ?2)")?;
        let mut row = Vec::new();
        for append in group {
            let together = |one: &Entry, next: &Entry| {
                one.kind == EntryKind::Event && next.kind == one.kind && next.key == one.key
            };
            for entries in append.entries.chunk_by(together) {
                let Some(first) = entries.first() else { continue };
                let statement = match first.kind {
                    EntryKind::Document => &mut document,
                    EntryKind::Event => &mut event,
                };
                row.clear();
                for entry in entries {
                    if !row.is_empty() {
                        row.push(b'\n');
                    }
                    row.extend_from_slice(&entry.body);
                }
                statement.execute(params![first.key.as_bytes(), row])?;
            }
        }
    }
    Ok(transaction.commit()?)
}

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        Self { message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: u128, body: &str) -> Entry {
        Entry { kind: EntryKind::Event, key: Uuid::from_u128(key), body: body.into() }
    }

    fn read(log: &SqliteLog) -> Vec<Entry> {
        let mut entries = Vec::new();
        log.replay(&mut |entry| {
            entries.push(entry);
            Ok(())
        })
        .unwrap();
        entries
    }

    #[tokio::test]
    async fn what_was_committed_is_there_when_the_file_is_opened_again_in_the_order_of_writing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("executions.sqlite");
        let document = Entry { kind: EntryKind::Document, ..event(9, "document") };
        {
            let log = SqliteLog::open(&path).unwrap();
            log.append(vec![event(2, "a"), event(1, "b")]).await.unwrap();
            log.append(vec![document.clone(), event(2, "c")]).await.unwrap();
            log.append(vec![document.clone()]).await.unwrap();
        }
        let log = SqliteLog::open(&path).unwrap();
        assert_eq!(read(&log), [document, event(2, "a"), event(1, "b"), event(2, "c")]);
        assert_eq!(log.read(Uuid::from_u128(2)).unwrap(), [event(2, "a"), event(2, "c")]);
        assert_eq!(log.read(Uuid::from_u128(3)).unwrap(), []);
    }

    #[tokio::test]
    async fn the_order_of_the_calls_is_the_order_of_the_log_even_if_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(&folder.path().join("executions.sqlite")).unwrap();
        let first = log.append(vec![event(1, "first")]);
        log.append(vec![event(1, "second")]).await.unwrap();
        first.await.unwrap();
        assert_eq!(read(&log), [event(1, "first"), event(1, "second")]);
    }

    #[tokio::test]
    async fn events_that_are_appended_together_are_read_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(&folder.path().join("executions.sqlite")).unwrap();
        let document = Entry { kind: EntryKind::Document, ..event(9, "several\nlines") };
        let events = [event(1, "a"), event(1, "b"), event(2, "c"), event(1, "d")];
        let all: Vec<_> = [document].into_iter().chain(events.clone()).collect();
        log.append(all.clone()).await.unwrap();
        assert_eq!(read(&log), all);
        let [a, b, _, d] = events;
        assert_eq!(log.read(Uuid::from_u128(1)).unwrap(), [a, b, d]);
    }

    #[test]
    fn a_file_that_is_no_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("executions.sqlite");
        std::fs::write(&path, "this is not a database, however long it may be ".repeat(40))
            .unwrap();
        assert!(SqliteLog::open(&path).is_err());
    }
}
