//! The share ledger: what the suite shared and copied of one owner's documents in one Region, and what was shared
//! before. `share#<owner>#<region>#<document>` / `<account>`; in the index `by-account` `<account>` and
//! `<owner>#<region>#<document>`. `holder` is `intended` or `foreign`; entries without one are the suite's.
//!
//! An entry is written after the share was made and deleted after it was removed. A kill in between leaves
//! a share that is repeated once (adding is idempotent), never one that is forgotten. Where a share of the
//! same pair by somebody else is possible, the entry is written as `intended` before: after a kill, a share
//! that exists would otherwise look like somebody else's.
//! Written by `share-documents`, read by it and by `plan-shares`.
//!
//! Retries: errors are the SDK's to retry. What a batch leaves unprocessed is not an error to the
//! SDK; [`Ledger`] owns repeating that.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws::{AwsError, AwsErrorKind};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use jiff::Timestamp;
use relay_core::id::{AccountId, DocumentName, Region};
use sharing::plan::{Holder, RecordedShare};
use sharing::{SharedVersion, WorkItem};

use crate::item::Key;
use crate::{StoreError, Table};

mod change;
mod copies;
mod replicas;

pub use change::LedgerChange;
pub use copies::CopyEntry;
pub use replicas::ReplicaEntry;

/// Keys a `BatchGetItem` takes.
const KEYS_PER_READ: usize = 100;
/// Items a `BatchWriteItem` takes.
pub const ITEMS_PER_WRITE: usize = 25;
/// How often what a batch left unprocessed is tried again before giving up; with the growing
/// pauses some 13 seconds.
const ATTEMPTS: u32 = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The index of the ledger by account. It lags behind.
const BY_ACCOUNT: &str = "by-account";
/// Sorts before every `sk2`, which begins with a digit.
const BEGINNING: &str = "#";

const READ: &str = "read the share ledger";
const WRITE: &str = "write the share ledger";

type Values = HashMap<String, AttributeValue>;

/// A share as the ledger records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The document that is shared.
    pub document: DocumentName,
    /// The account that it is shared with.
    pub account: AccountId,
    /// Which version the account sees, and whose the share is.
    pub share: RecordedShare,
    /// ARN of the execution that recorded it.
    pub execution: String,
    /// When what that execution's plan rests on was seen; `None` where the entry does not say.
    pub seen_at: Option<Timestamp>,
}

/// The ledger of some documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerEntries {
    /// With whom they are shared, by the suite or by others.
    pub shares: Vec<LedgerEntry>,
    /// In which accounts the suite keeps copies of them.
    pub copies: Vec<CopyEntry>,
    /// Which of them are replicas.
    pub replicas: Vec<ReplicaEntry>,
}

/// The ledger of one owner in one Region, written on behalf of one execution.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The table that holds the ledger.
    pub table: Table,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region that they lie in.
    pub region: Region,
    /// ARN of the execution that entries written now name.
    pub execution: String,
    /// When what its plan rests on was seen.
    pub seen_at: Timestamp,
}

impl Table {
    /// The owners and Regions where the ledger has shares with an account, by the index.
    ///
    /// One query for each pair and one more, each reading one item: the cost does not depend on how
    /// many documents were shared.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn shared_pairs(&self, account: AccountId) -> Result<BTreeSet<WorkItem>, StoreError> {
        let what = || format!("read the ledger's entries of account {account}");
        let mut pairs = BTreeSet::new();
        let mut after = BEGINNING.to_owned();
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(BY_ACCOUNT)
                .key_condition_expression("account = :account AND sk2 > :after")
                .expression_attribute_values(":account", AttributeValue::S(account.to_string()))
                .expression_attribute_values(":after", AttributeValue::S(after))
                .projection_expression("sk2")
                .limit(1)
                .send()
                .await
                .map_err(|error| StoreError::new(what(), error))?;
            let Some(key) = page.items().first().and_then(|item| text(item, "sk2")) else {
                return Ok(pairs);
            };
            after = match pair(key) {
                Some(pair) => {
                    // `$` is the character after `#`: past every document of this pair.
                    let end = format!("{}#{}$", pair.owner, pair.region);
                    pairs.insert(pair);
                    end
                }
                None => {
                    tracing::warn!(sk2 = key, "an entry of the ledger cannot be read");
                    key.to_owned()
                }
            };
        }
    }
}

impl Ledger {
    /// The entries of these documents for these accounts, read consistently: one key each, and another one where
    /// `copies` are asked for, so meant for few accounts; and a key a document where `replicas` are.
    ///
    /// # Errors
    /// When the table does not answer, or throttles beyond all retries.
    pub async fn of_accounts(
        &self,
        documents: &[DocumentName],
        accounts: &BTreeSet<AccountId>,
        copies: bool,
        replicas: bool,
    ) -> Result<LedgerEntries, StoreError> {
        let pairs = documents
            .iter()
            .flat_map(|document| accounts.iter().map(move |account| (document, account)));
        let keys = pairs.flat_map(|(document, account)| {
            let copy = copies.then(|| self.copy_key(document, account));
            std::iter::once(self.key(document, account)).chain(copy)
        });
        let marked =
            documents.iter().filter(|_| replicas).map(|document| self.replica_key(document));
        let keys: Vec<Values> = keys.chain(marked).collect();
        let batches = keys.chunks(KEYS_PER_READ).map(|batch| self.read_batch(batch.to_vec()));
        let items = futures::future::try_join_all(batches).await?;
        let mut entries = LedgerEntries::default();
        items.iter().flatten().for_each(|item| self.add_entry(&mut entries, item));
        Ok(entries)
    }

    /// All entries of one document, read consistently.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_document(&self, document: &DocumentName) -> Result<LedgerEntries, StoreError> {
        let mut entries = LedgerEntries::default();
        let mut from = None;
        loop {
            let page = self
                .table
                .client
                .query()
                .table_name(&self.table.name)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(self.partition(document)))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| StoreError::new(READ, error))?;
            page.items().iter().for_each(|item| self.add_entry(&mut entries, item));
            match page.last_evaluated_key {
                Some(key) if !key.is_empty() => from = Some(key),
                _ => return Ok(entries),
            }
        }
    }

    /// The names of this owner's documents in this Region that the ledger has for an account.
    ///
    /// By the index, which lags behind: a caller that acts on it reads the entries again with
    /// [`Ledger::of_accounts`].
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn documents_of(&self, account: &AccountId) -> Result<Vec<DocumentName>, StoreError> {
        let prefix = format!("{}#{}#", self.owner, self.region);
        let mut names = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .table
                .client
                .query()
                .table_name(&self.table.name)
                .index_name(BY_ACCOUNT)
                .key_condition_expression("account = :account AND begins_with(sk2, :prefix)")
                .expression_attribute_values(":account", AttributeValue::S(account.to_string()))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| StoreError::new(READ, error))?;
            names.extend(page.items().iter().filter_map(|item| {
                text(item, "sk2")?.strip_prefix(&prefix)?.parse::<DocumentName>().ok()
            }));
            match page.last_evaluated_key {
                Some(key) if !key.is_empty() => from = Some(key),
                _ => return Ok(names),
            }
        }
    }

    /// Records at most [`ITEMS_PER_WRITE`] changes, each of another document and account.
    /// Idempotent.
    ///
    /// # Errors
    /// When the table does not answer, or throttles beyond all retries. Some of them may be recorded:
    /// the others are shared already and will be shared once more.
    pub async fn record(&self, changes: &[LedgerChange], at: &str) -> Result<(), StoreError> {
        let mut left: Vec<WriteRequest> = changes
            .iter()
            .map(|change| self.write_request(change, at))
            .collect::<Result<_, _>>()?;
        let mut pause = FIRST_PAUSE;
        for attempt in 0..ATTEMPTS {
            if left.is_empty() {
                return Ok(());
            }
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let answer = self
                .table
                .client
                .batch_write_item()
                .request_items(&self.table.name, left)
                .send()
                .await
                .map_err(|error| StoreError::new(WRITE, error))?;
            left = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
        }
        if left.is_empty() { Ok(()) } else { Err(unprocessed(left.len())) }
    }

    async fn read_batch(&self, mut left: Vec<Values>) -> Result<Vec<Values>, StoreError> {
        let mut found = Vec::new();
        let mut pause = FIRST_PAUSE;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(left))
                .consistent_read(true)
                .build()
                .map_err(|error| StoreError::new(READ, AwsError::invalid_request(&error)))?;
            let answer = self
                .table
                .client
                .batch_get_item()
                .request_items(&self.table.name, keys)
                .send()
                .await
                .map_err(|error| StoreError::new(READ, error))?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten());
            left = answer
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|keys| keys.keys)
                .collect();
            if left.is_empty() {
                return Ok(found);
            }
        }
        Err(unprocessed(left.len()))
    }

    fn write_request(&self, change: &LedgerChange, at: &str) -> Result<WriteRequest, StoreError> {
        let request = match change {
            LedgerChange::Recorded { document, account, share } => {
                let mut item = self.key(document, account);
                item.insert("version".to_owned(), AttributeValue::S(share.version.to_string()));
                put(self.attributed(item, document, account, share.holder, at))?
            }
            LedgerChange::Copied { document, account, copy } => {
                let mut item = self.copy_key(document, account);
                Self::describe_copy(&mut item, copy);
                put(self.attributed(item, document, account, copy.holder, at))?
            }
            LedgerChange::Replicated { document, replica } => {
                put(self.replica_item(document, replica, at))?
            }
            LedgerChange::ReplicaDeleted { document } => delete(self.replica_key(document))?,
            LedgerChange::HasCopies { document } => put(self.copied_document(document))?,
            LedgerChange::Deleted { document, account } => delete(self.key(document, account))?,
            LedgerChange::CopyDeleted { document, account } => {
                delete(self.copy_key(document, account))?
            }
        };
        Ok(request)
    }

    /// An item with what shares and copies have in common.
    fn attributed(
        &self,
        mut item: Values,
        document: &DocumentName,
        account: &AccountId,
        holder: Holder,
        at: &str,
    ) -> Values {
        let sk2 = format!("{}#{}#{document}", self.owner, self.region);
        item.insert("account".to_owned(), AttributeValue::S(account.to_string()));
        item.insert("sk2".to_owned(), AttributeValue::S(sk2));
        if let Some(holder) = word(holder) {
            item.insert("holder".to_owned(), AttributeValue::S(holder.to_owned()));
        }
        item.insert("execution".to_owned(), AttributeValue::S(self.execution.clone()));
        let seen_at = self.seen_at.as_millisecond().to_string();
        item.insert("seenAt".to_owned(), AttributeValue::N(seen_at));
        item.insert("at".to_owned(), AttributeValue::S(at.to_owned()));
        item
    }

    fn partition(&self, document: &DocumentName) -> String {
        format!("share#{}#{}#{document}", self.owner, self.region)
    }

    fn key(&self, document: &DocumentName, account: &AccountId) -> Values {
        Key::new(self.partition(document), account.to_string()).into_values()
    }

    /// Adds an item, unless it is not ours (someone edited the table). What is not in the ledger is never removed.
    fn add_entry(&self, entries: &mut LedgerEntries, item: &Values) {
        if Self::is_replica(item) {
            entries.replicas.extend(self.replica_entry(item));
        } else if !Self::is_copy(item) {
            entries.shares.extend(self.entry(item));
        } else if let Some(copy) = self.copy_entry(item) {
            entries.copies.push(copy);
        } else {
            tracing::warn!(pk = text(item, "pk"), sk = text(item, "sk"), "not a copy's entry");
        }
    }

    fn document_of(&self, item: &Values) -> Option<DocumentName> {
        let prefix = format!("share#{}#{}#", self.owner, self.region);
        text(item, "pk")?.strip_prefix(&prefix)?.parse().ok()
    }

    fn entry(&self, item: &Values) -> Option<LedgerEntry> {
        let entry = || {
            Some(LedgerEntry {
                document: self.document_of(item)?,
                account: text(item, "sk")?.parse().ok()?,
                share: RecordedShare {
                    version: SharedVersion::parse(text(item, "version")?)?,
                    holder: holder(text(item, "holder"))?,
                },
                execution: text(item, "execution").unwrap_or_default().to_owned(),
                seen_at: seen_at(item),
            })
        };
        let entry = entry();
        if entry.is_none() {
            tracing::warn!(pk = text(item, "pk"), sk = text(item, "sk"), "not a ledger entry");
        }
        entry
    }
}

fn word(holder: Holder) -> Option<&'static str> {
    match holder {
        Holder::Ours => None,
        Holder::Intended => Some("intended"),
        Holder::Foreign => Some("foreign"),
    }
}

/// `None` for a word of a later version: such an entry is not touched.
fn holder(word: Option<&str>) -> Option<Holder> {
    match word {
        None => Some(Holder::Ours),
        Some("intended") => Some(Holder::Intended),
        Some("foreign") => Some(Holder::Foreign),
        Some(_) => None,
    }
}

fn put(item: Values) -> Result<WriteRequest, StoreError> {
    let put =
        PutRequest::builder().set_item(Some(item)).build().map_err(|error| invalid(&error))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn delete(key: Values) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    let delete = delete.map_err(|error| invalid(&error))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

fn seen_at(item: &Values) -> Option<Timestamp> {
    let at = item.get("seenAt")?.as_n().ok()?.parse().ok()?;
    Timestamp::from_millisecond(at).ok()
}

fn text<'a>(item: &'a Values, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// `<owner>#<region>#<document>`.
fn pair(sk2: &str) -> Option<WorkItem> {
    let mut parts = sk2.splitn(3, '#');
    let (owner, region) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| WorkItem { owner, region })
}

fn invalid(error: &BuildError) -> StoreError {
    StoreError::new(WRITE, AwsError::invalid_request(error))
}

/// DynamoDB left items of a batch unprocessed, again and again: it throttles.
fn unprocessed(items: usize) -> StoreError {
    let (kind, code) = (AwsErrorKind::Throttled, "Unprocessed".to_owned());
    let message = format!("{items} items were left unprocessed beyond all retries");
    StoreError::new("read or write the share ledger", AwsError { kind, code, message })
}
