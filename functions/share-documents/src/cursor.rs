//! Where the next invocation continues: a page of the listing and which of its documents are done.
//!
//! A cursor travels through the state of the state machine, so it carries no document names, only
//! short hashes of those that are done on a page that was opened and not finished.

use std::collections::BTreeSet;

use relay_core::id::DocumentName;
use relay_core::name::sha256_hex;
use serde::{Deserialize, Serialize};

/// How many hexadecimal digits of a name's SHA-256 stand for it: with at most some hundred names
/// in a cursor, a collision (which would leave a document out) is less likely than 1 in 10^9.
const DIGITS: usize = 12;

/// Where to go on. Opaque to everyone else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cursor {
    /// The listing's token for the first page that is not done; none for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// Hashes of the documents on that page, or later ones, that are done.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) done: BTreeSet<String>,
    /// An earlier invocation wrote details that are to be added to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) details: bool,
    /// How many invocations in a row were throttled so hard that they finished nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) stalled: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Cursor {
    /// Reads what [`Cursor::write`] wrote.
    ///
    /// # Errors
    /// When the text is not a cursor of this version.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// The cursor as the state machine carries it.
    pub(crate) fn write(&self) -> String {
        // Strings, a set of strings and a number: serialization has nothing to fail on.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether an earlier invocation finished this document.
    pub(crate) fn has_done(&self, document: &DocumentName) -> bool {
        !self.done.is_empty() && self.done.contains(&short_hash(document.as_str()))
    }
}

/// Represents a document's name in a cursor.
pub(crate) fn short_hash(name: &str) -> String {
    let mut hash = sha256_hex(name.as_bytes());
    hash.truncate(DIGITS);
    hash
}

/// A number from 0 to 1 by the hash of a text: jitter without randomness.
pub(crate) fn jitter(text: &str) -> f64 {
    let hash = u16::from_str_radix(short_hash(text).get(..4).unwrap_or_default(), 16);
    f64::from(hash.unwrap_or_default()) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_trip_through_the_state_and_names_no_document() {
        let name: DocumentName = "Org-PatchEverything".parse().unwrap();
        let cursor = Cursor {
            page: Some("token=".to_owned()),
            done: BTreeSet::from([short_hash(name.as_str())]),
            details: true,
            stalled: 1,
        };
        let text = cursor.write();
        assert!(!text.contains("Org-"), "{text}");
        let back = Cursor::read(Some(&text)).unwrap();
        assert_eq!(back, cursor);
        assert!(back.has_done(&name));
    }

    #[test]
    fn no_cursor_is_the_beginning_and_nonsense_is_refused() {
        assert_eq!(Cursor::read(None).unwrap(), Cursor::default());
        assert!(Cursor::read(Some("page 2")).is_err());
    }
}
