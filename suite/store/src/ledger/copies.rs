//! Copies in the ledger: `share#<owner>#<region>#<document>` / `copy#<account>`, beside the document's shares and in the
//! index `by-account` like them. `source` is the digest of the owner's document as it was copied, `hash` SSM's hash of
//! the copy. An entry is written as `intended` before a copy is made, and deleted after the copy was.
//!
//! `share#<owner>#<region>#` / `<document>`: a document that has or had copies. By these a document that its owner has
//! deleted is found, whose copies are still there.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use relay_core::id::{AccountId, DocumentName};
use sharing::plan::{Holder, RecordedCopy};

use super::{Ledger, READ, Values, holder, seen_at, text};
use crate::StoreError;
use crate::item::Key;

/// Begins the sort key of a copy's entry. An older version of the suite does not take it for an account.
const PREFIX: &str = "copy#";

/// A copy as the ledger records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyEntry {
    /// The document that is copied.
    pub document: DocumentName,
    /// The account that the copy is in.
    pub account: AccountId,
    /// The source of the copy, and whether the copy is there yet.
    pub copy: RecordedCopy,
    /// ARN of the execution that recorded it.
    pub execution: String,
    /// When what that execution's plan rests on was seen; `None` where the entry does not say.
    pub seen_at: Option<Timestamp>,
}

impl Ledger {
    /// The documents of this owner in this Region that have or had copies, read consistently.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn copied_documents(&self) -> Result<BTreeSet<DocumentName>, StoreError> {
        let mut names = BTreeSet::new();
        let mut from = None;
        loop {
            let partition = AttributeValue::S(self.copied_partition());
            let page = self
                .table
                .client
                .query()
                .table_name(&self.table.name)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", partition)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| StoreError::new(READ, error))?;
            let items = page.items().iter();
            names.extend(items.filter_map(|item| text(item, "sk")?.parse::<DocumentName>().ok()));
            match page.last_evaluated_key {
                Some(key) if !key.is_empty() => from = Some(key),
                _ => return Ok(names),
            }
        }
    }

    fn copied_partition(&self) -> String {
        format!("share#{}#{}#", self.owner, self.region)
    }

    /// The item that says that a document has copies.
    pub(super) fn copied_document(&self, document: &DocumentName) -> Values {
        Key::new(self.copied_partition(), document.to_string()).into_values()
    }

    pub(super) fn copy_key(&self, document: &DocumentName, account: &AccountId) -> Values {
        Key::new(self.partition(document), format!("{PREFIX}{account}")).into_values()
    }

    /// Adds what an item says of a copy.
    pub(super) fn describe_copy(item: &mut Values, copy: &RecordedCopy) {
        item.insert("source".to_owned(), AttributeValue::S(copy.source.clone()));
        item.insert("hash".to_owned(), AttributeValue::S(copy.hash.clone()));
    }

    /// An item as the entry of a copy; `None` for one that is not of this form.
    pub(super) fn copy_entry(&self, item: &Values) -> Option<CopyEntry> {
        let holder = holder(text(item, "holder")).filter(|holder| *holder != Holder::Foreign)?;
        Some(CopyEntry {
            document: self.document_of(item)?,
            account: text(item, "sk")?.strip_prefix(PREFIX)?.parse().ok()?,
            copy: RecordedCopy {
                holder,
                source: text(item, "source")?.to_owned(),
                hash: text(item, "hash")?.to_owned(),
            },
            execution: text(item, "execution").unwrap_or_default().to_owned(),
            seen_at: seen_at(item),
        })
    }

    /// Whether an item is about a copy.
    pub(super) fn is_copy(item: &Values) -> bool {
        text(item, "sk").is_some_and(|key| key.starts_with(PREFIX))
    }
}
