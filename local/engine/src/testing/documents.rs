//! Documents, settings and the organization in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::ports::{Directory, DocumentError, Documents, FoundDocument};

/// Documents that accounts see.
#[derive(Default)]
pub struct FakeDocuments {
    /// By account (`*` for all) and name or ARN.
    documents: Mutex<HashMap<(String, String), FoundDocument>>,
    settings: Mutex<HashMap<String, String>>,
}

impl FakeDocuments {
    /// A runbook that every account sees by its name, owned by Amazon; version 1.
    pub fn add(&self, name: &str, content: &str) {
        self.add_to("*", name, "", content);
    }

    /// A runbook that one account sees (`*`: every one).
    pub fn add_to(&self, account: &str, name: &str, owner: &str, content: &str) {
        self.put(
            account,
            FoundDocument {
                name: name.to_owned(),
                owner: owner.to_owned(),
                version: "1".to_owned(),
                document_type: "Automation".to_owned(),
                target_type: None,
                content: content.to_owned(),
                attachments: BTreeMap::new(),
            },
        );
    }

    /// Any document that one account sees (`*`: every one).
    pub fn put(&self, account: &str, document: FoundDocument) {
        let key = (account.to_owned(), document.name.clone());
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(key, document);
    }

    /// Sets a service setting, for every account and Region.
    pub fn set(&self, id: &str, value: &str) {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.insert(id.to_owned(), value.to_owned());
    }
}

impl Documents for FakeDocuments {
    fn find(
        &self,
        account: &str,
        _region: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<FoundDocument, DocumentError> {
        let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |account: &str| documents.get(&(account.to_owned(), name.to_owned()));
        let found = seen(account).or_else(|| seen("*")).ok_or(DocumentError::NotFound)?;
        match version {
            None | Some("$DEFAULT" | "$LATEST") => Ok(found.clone()),
            Some(version) if version == found.version => Ok(found.clone()),
            Some(_) => Err(DocumentError::VersionNotFound),
        }
    }

    fn setting(&self, _account: &str, _region: &str, id: &str) -> Option<String> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// An organization that one account may look at.
#[derive(Default)]
pub struct FakeDirectory {
    /// By viewer and parent.
    units: Mutex<HashMap<(String, String), Unit>>,
}

/// The accounts directly in an OU, and those in units below it.
#[derive(Default)]
struct Unit {
    direct: Vec<String>,
    below: Vec<String>,
}

impl FakeDirectory {
    /// Sets the accounts that a viewer sees in an OU or the root: those directly in it, those further below.
    pub fn add(&self, viewer: &str, parent: &str, direct: &[&str], below: &[&str]) {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = Unit { direct: owned(direct), below: owned(below) };
        units.insert((viewer.to_owned(), parent.to_owned()), unit);
    }
}

impl Directory for FakeDirectory {
    fn accounts(&self, viewer: &str, parent: &str, with_child_units: bool) -> Option<Vec<String>> {
        let units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = units.get(&(viewer.to_owned(), parent.to_owned()))?;
        let below = unit.below.iter().filter(|_| with_child_units);
        Some(unit.direct.iter().chain(below).cloned().collect())
    }
}
