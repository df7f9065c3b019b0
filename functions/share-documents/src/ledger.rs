//! The share ledger: what *we* shared of one owner's documents in one Region.
//!
//! An entry is written after the share was made and deleted after it was taken away, so a kill in
//! between leaves a share that is repeated once (adding is idempotent), never one that is
//! forgotten. Layout: `ARCHITECTURE.md`, "The table".
//!
//! Retries: errors are the SDK's to retry. What a batch leaves unprocessed is no error to the SDK;
//! [`Ledger`] owns repeating that.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws::{AwsError, AwsErrorKind};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use relay_core::id::{AccountId, DocumentName, Region};
use sharing::SharedVersion;

use crate::error::LedgerError;

/// Keys a `BatchGetItem` takes.
const KEYS_PER_READ: usize = 100;
/// Items a `BatchWriteItem` takes.
pub(crate) const ITEMS_PER_WRITE: usize = 25;
/// How often what a batch left unprocessed is tried again before giving up; with the growing
/// pauses some 13 seconds.
const ATTEMPTS: u32 = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

type Item = HashMap<String, AttributeValue>;

/// One share that we made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) document: DocumentName,
    pub(crate) account: AccountId,
    pub(crate) version: SharedVersion,
    /// ARN of the execution that made it.
    pub(crate) execution: String,
}

/// A change to the ledger, made after the share it records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Shared { document: DocumentName, account: AccountId, version: SharedVersion },
    Unshared { document: DocumentName, account: AccountId },
}

/// The ledger of one owner in one Region, written on behalf of one execution.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) owner: AccountId,
    pub(crate) region: Region,
    /// ARN of the execution that entries written now name.
    pub(crate) execution: String,
}

impl Ledger {
    /// The entries of these documents for these accounts, read consistently: one key each, so
    /// meant for few accounts.
    pub(crate) async fn of_accounts(
        &self,
        documents: &[DocumentName],
        accounts: &BTreeSet<AccountId>,
    ) -> Result<Vec<Entry>, LedgerError> {
        let keys = documents
            .iter()
            .flat_map(|document| accounts.iter().map(|account| self.key(document, account)));
        let keys: Vec<Item> = keys.collect();
        let batches = keys.chunks(KEYS_PER_READ).map(|batch| self.read_batch(batch.to_vec()));
        let items = futures::future::try_join_all(batches).await?;
        Ok(items.iter().flatten().filter_map(|item| self.entry(item)).collect())
    }

    /// All entries of one document, read consistently.
    pub(crate) async fn of_document(
        &self,
        document: &DocumentName,
    ) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(self.partition(document)))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|source| LedgerError::Read(source.into()))?;
            entries.extend(page.items().iter().filter_map(|item| self.entry(item)));
            match page.last_evaluated_key {
                Some(key) if !key.is_empty() => from = Some(key),
                _ => return Ok(entries),
            }
        }
    }

    /// The names of this owner's documents in this Region that the ledger has for an account.
    ///
    /// By the index, which lags behind: whoever acts on it reads the entries again with
    /// [`Ledger::of_accounts`].
    pub(crate) async fn documents_of(
        &self,
        account: &AccountId,
    ) -> Result<Vec<DocumentName>, LedgerError> {
        let prefix = format!("{}#{}#", self.owner, self.region);
        let mut names = Vec::new();
        let mut from = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("by-account")
                .key_condition_expression("account = :account AND begins_with(sk2, :prefix)")
                .expression_attribute_values(":account", AttributeValue::S(account.to_string()))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|source| LedgerError::Read(source.into()))?;
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
    pub(crate) async fn record(&self, changes: &[Change], at: &str) -> Result<(), LedgerError> {
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
                .client
                .batch_write_item()
                .request_items(&self.table, left)
                .send()
                .await
                .map_err(|source| LedgerError::Write(source.into()))?;
            left = unprocessed(answer.unprocessed_items);
        }
        if left.is_empty() { Ok(()) } else { Err(LedgerError::Unprocessed { items: left.len() }) }
    }

    async fn read_batch(&self, mut left: Vec<Item>) -> Result<Vec<Item>, LedgerError> {
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
                .map_err(|source| LedgerError::Read(incomplete(&source)))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .send()
                .await
                .map_err(|source| LedgerError::Read(source.into()))?;
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
        Err(LedgerError::Unprocessed { items: left.len() })
    }

    fn write_request(&self, change: &Change, at: &str) -> Result<WriteRequest, LedgerError> {
        let request = match change {
            Change::Shared { document, account, version } => {
                let sk2 = format!("{}#{}#{document}", self.owner, self.region);
                let mut item = self.key(document, account);
                item.insert("account".to_owned(), AttributeValue::S(account.to_string()));
                item.insert("sk2".to_owned(), AttributeValue::S(sk2));
                item.insert("version".to_owned(), AttributeValue::S(version.to_string()));
                item.insert("execution".to_owned(), AttributeValue::S(self.execution.clone()));
                item.insert("at".to_owned(), AttributeValue::S(at.to_owned()));
                let put = PutRequest::builder().set_item(Some(item)).build();
                let put = put.map_err(|source| LedgerError::Write(incomplete(&source)))?;
                WriteRequest::builder().put_request(put)
            }
            Change::Unshared { document, account } => {
                let key = self.key(document, account);
                let delete = DeleteRequest::builder().set_key(Some(key)).build();
                let delete = delete.map_err(|source| LedgerError::Write(incomplete(&source)))?;
                WriteRequest::builder().delete_request(delete)
            }
        };
        Ok(request.build())
    }

    fn partition(&self, document: &DocumentName) -> String {
        format!("share#{}#{}#{document}", self.owner, self.region)
    }

    fn key(&self, document: &DocumentName, account: &AccountId) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.partition(document))),
            ("sk".to_owned(), AttributeValue::S(account.to_string())),
        ])
    }

    /// An item as an entry. What is not one of ours (someone edited the table) is no entry, and
    /// what is not in the ledger is never removed.
    fn entry(&self, item: &Item) -> Option<Entry> {
        let prefix = format!("share#{}#{}#", self.owner, self.region);
        let entry = || {
            Some(Entry {
                document: text(item, "pk")?.strip_prefix(&prefix)?.parse().ok()?,
                account: text(item, "sk")?.parse().ok()?,
                version: SharedVersion::parse(text(item, "version")?)?,
                execution: text(item, "execution").unwrap_or_default().to_owned(),
            })
        };
        let entry = entry();
        if entry.is_none() {
            tracing::warn!(pk = text(item, "pk"), sk = text(item, "sk"), "not a ledger entry");
        }
        entry
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn unprocessed(items: Option<HashMap<String, Vec<WriteRequest>>>) -> Vec<WriteRequest> {
    items.unwrap_or_default().into_values().flatten().collect()
}

/// A request that the SDK's builder found incomplete: a mistake of this file.
fn incomplete(error: &BuildError) -> AwsError {
    let message = error.to_string();
    AwsError { kind: AwsErrorKind::Other, code: "InvalidRequest".to_owned(), message }
}
