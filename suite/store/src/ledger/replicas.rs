//! Replicas in the ledger: `share#<owner>#<region>#<document>` / `replica`, beside the document's shares and, with the owner as
//! the account, in the index `by-account` like them: so a Region that no rule names any more is still looked at. `home` is
//! the Region that the replica's tag names; the other attributes are those of copies. An entry is written as `intended`
//! before a replica is made, and deleted after the replica was.
//!
//! The document is also among those with copies: by that, a replica that somebody deleted is found.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use relay_core::id::DocumentName;
use sharing::plan::{Holder, RecordedCopy, RecordedReplica};

use super::{Ledger, Values, holder, seen_at, text};
use crate::item::Key;

/// The sort key of a replica's entry. An older version of the suite does not take it for an account.
const KEY: &str = "replica";

/// A replica as the ledger records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaEntry {
    /// The document that is a replica.
    pub document: DocumentName,
    /// The source that it was made from, and whether it is there yet.
    pub replica: RecordedReplica,
    /// ARN of the execution that recorded it.
    pub execution: String,
    /// When what that execution's plan rests on was seen; `None` where the entry does not say.
    pub seen_at: Option<Timestamp>,
}

impl Ledger {
    pub(super) fn replica_key(&self, document: &DocumentName) -> Values {
        Key::new(self.partition(document), KEY.to_owned()).into_values()
    }

    /// The item of a replica.
    pub(super) fn replica_item(
        &self,
        document: &DocumentName,
        replica: &RecordedReplica,
        at: &str,
    ) -> Values {
        let mut item = self.replica_key(document);
        item.insert("home".to_owned(), AttributeValue::S(replica.home.to_string()));
        Self::describe_copy(&mut item, &replica.copy);
        self.attributed(item, document, &self.owner, replica.copy.holder, at)
    }

    /// An item as the entry of a replica; `None` for one that is not of this form.
    pub(super) fn replica_entry(&self, item: &Values) -> Option<ReplicaEntry> {
        let holder = holder(text(item, "holder")).filter(|holder| *holder != Holder::Foreign)?;
        let copy = RecordedCopy {
            holder,
            source: text(item, "source")?.to_owned(),
            hash: text(item, "hash")?.to_owned(),
        };
        Some(ReplicaEntry {
            document: self.document_of(item)?,
            replica: RecordedReplica { home: text(item, "home")?.parse().ok()?, copy },
            execution: text(item, "execution").unwrap_or_default().to_owned(),
            seen_at: seen_at(item),
        })
    }

    /// Whether an item is about a replica.
    pub(super) fn is_replica(item: &Values) -> bool {
        text(item, "sk") == Some(KEY)
    }
}
