//! Documents, parsed once for each content, and stored in the log as executions run them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::Document;
use crate::error::StartError;
use crate::log::{Entry, EntryKind, LogError};
use crate::ports::FoundDocument;

#[derive(Default)]
pub(super) struct Library {
    state: Mutex<LibraryState>,
}

#[derive(Default)]
struct LibraryState {
    by_key: HashMap<Uuid, Arc<Document>>,
    contents: HashMap<Uuid, StoredDocument>,
    /// Those that are in the log.
    logged: HashSet<Uuid>,
    /// The last content of each name and version: comparing texts is cheaper than hashing them.
    recent: HashMap<(String, String, String), (FoundDocument, Arc<Document>)>,
}

/// A document in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredDocument {
    content: String,
    /// Base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attachments: BTreeMap<String, String>,
}

impl Library {
    /// The document that was found, parsed.
    ///
    /// # Errors
    /// When the content is not a runbook.
    pub(super) fn take_in(&self, found: &FoundDocument) -> Result<Arc<Document>, StartError> {
        let name = (found.owner.clone(), found.name.clone(), found.version.clone());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((same, document)) = state.recent.get(&name)
            && same.content == found.content
            && same.attachments == found.attachments
        {
            return Ok(Arc::clone(document));
        }
        let stored = StoredDocument::from(found);
        let document = state.keep(stored).map_err(StartError::InvalidParameters)?;
        state.recent.insert(name, (found.clone(), Arc::clone(&document)));
        Ok(document)
    }

    /// The log's entry of a document that is not in it yet.
    pub(super) fn unlogged(&self, key: Uuid) -> Result<Option<Entry>, LogError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.logged.contains(&key) {
            return Ok(None);
        }
        let Some(stored) = state.contents.get(&key) else {
            return Ok(None);
        };
        let body = serde_json::to_vec(stored).map_err(|error| unreadable(&error))?;
        Ok(Some(Entry { kind: EntryKind::Document, key, body }))
    }

    /// Marks a document as logged, and drops its text.
    pub(super) fn logged(&self, key: Uuid) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.logged.insert(key) {
            state.contents.remove(&key);
        }
    }

    /// Reads an entry of the log.
    pub(super) fn restore(&self, entry: &Entry) -> Result<(), LogError> {
        let stored: StoredDocument =
            serde_json::from_slice(&entry.body).map_err(|error| unreadable(&error))?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keep(stored).map_err(|message| LogError { message })?;
        state.logged.insert(entry.key);
        state.contents.remove(&entry.key);
        Ok(())
    }

    pub(super) fn get(&self, key: Uuid) -> Option<Arc<Document>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.by_key.get(&key).cloned()
    }
}

impl LibraryState {
    fn keep(&mut self, stored: StoredDocument) -> Result<Arc<Document>, String> {
        let key = stored.key();
        if let Some(document) = self.by_key.get(&key) {
            return Ok(Arc::clone(document));
        }
        let runbook = runbook::parse(&stored.content).map_err(|defects| defects.to_string())?;
        let document = Arc::new(Document::new(key, runbook, stored.files()));
        self.by_key.insert(key, Arc::clone(&document));
        self.contents.insert(key, stored);
        Ok(document)
    }
}

impl StoredDocument {
    fn key(&self) -> Uuid {
        let mut name = self.content.clone().into_bytes();
        for (file, content) in &self.attachments {
            for part in [file, content] {
                name.push(0);
                name.extend_from_slice(part.as_bytes());
            }
        }
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &name)
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.attachments
            .iter()
            .map(|(name, text)| (name.clone(), STANDARD.decode(text).unwrap_or_default()))
            .collect()
    }
}

impl From<&FoundDocument> for StoredDocument {
    fn from(found: &FoundDocument) -> Self {
        let attachments = found.attachments.iter();
        Self {
            content: found.content.clone(),
            attachments: attachments
                .map(|(name, content)| (name.clone(), STANDARD.encode(content)))
                .collect(),
        }
    }
}

fn unreadable(error: &serde_json::Error) -> LogError {
    LogError { message: format!("a document entry cannot be read: {error}") }
}
