//! The history of outcomes: `history#outcome#<outcome id>` / `outcome` is an outcome as its subscribers got it, and
//! `history#<list>` / `<epoch milliseconds>#<outcome id>` its short form in each list under which it is found:
//! `day#<date>`, `account#<account>`, `rule#<rule>`, `resource#<resource>`, `alarm#<ARN or name>`.
//!
//! Written before the message is published, the outcome first, then the lists. A writer that dies in between has not
//! published, so the repeat writes the rest. The first moment at which an outcome was stored stays its place in the
//! lists; the text of an outcome that grows (a digest with one more trigger) is replaced.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use outcome::{HistoryEntry, HistoryIndex, Outcome};
use uuid::Uuid;

use crate::item::{DAY, Item, Key, Update};
use crate::table::Written;
use crate::{StoreError, Table};

/// How long outcomes are kept: longer than a year, so that two years' same month can be compared.
const KEPT: i64 = 400 * DAY;
/// Lists written at once.
const AT_ONCE: usize = 16;

/// One page of a list, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryPage {
    /// The outcomes in their short form.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<HistoryPosition>,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryPosition(String);

impl Table {
    /// Stores an outcome, as it is published, and enters it into the lists. A repeat stores the same.
    ///
    /// # Errors
    /// When the table does not answer: the outcome must not be published then.
    pub async fn store_outcome(&self, outcome: &Outcome, json: &str) -> Result<(), StoreError> {
        let at = self.store_text(outcome, json).await?;
        let entry = serde_json::to_string(&HistoryEntry::of(outcome));
        let entry = entry.map_err(|error| StoreError::malformed("store an outcome", &error))?;
        let lists = HistoryIndex::of(outcome, at).into_iter().map(|list| {
            let key = Key::new(pk(&list), sk(at, outcome.id));
            Update::new(key, "SET #entry = :entry, #expires = :expires")
                .name("#entry", "entry")
                .name("#expires", "expires")
                .text(":entry", &*entry)
                .number(":expires", at.as_second() + KEPT)
        });
        iter(lists)
            .map(|update| async {
                self.update("enter an outcome into the history", update).await.map(drop)
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Stores the outcome itself; answers when it was stored first.
    async fn store_text(&self, outcome: &Outcome, json: &str) -> Result<Timestamp, StoreError> {
        const WHAT: &str = "store an outcome";
        let key = outcome_key(outcome.id);
        let first = Update::new(
            key.clone(),
            "SET #outcome = :outcome, #count = :count, #at = :at, #expires = :expires",
        );
        let first = first
            .when("attribute_not_exists(pk)")
            .name("#outcome", "outcome")
            .name("#count", "count")
            .name("#at", "at")
            .name("#expires", "expires")
            .text(":outcome", json)
            .number(":count", i64::from(outcome.count))
            .text(":at", outcome.at.to_string())
            .number(":expires", outcome.at.as_second() + KEPT);
        let stored = match self.update(WHAT, first).await? {
            Written::Done => return Ok(outcome.at),
            Written::Refused(stored) => stored,
        };
        // A digest with more triggers is newer, in whatever order they are written.
        let again = Update::new(key, "SET #outcome = :outcome, #count = :count")
            .when("#count <= :count")
            .name("#outcome", "outcome")
            .name("#count", "count")
            .text(":outcome", json)
            .number(":count", i64::from(outcome.count));
        self.update(WHAT, again).await?;
        Ok(stored.text("at").and_then(|at| at.parse().ok()).unwrap_or(outcome.at))
    }

    /// An outcome by its id, as its subscribers got it.
    ///
    /// # Errors
    /// When the table does not answer, or the item is malformed.
    pub async fn outcome(&self, id: Uuid) -> Result<Option<Outcome>, StoreError> {
        let what = format!("read the outcome {id}");
        let item = self.get(&what, outcome_key(id)).await?;
        let parse = |item: Item| {
            let text = item.text("outcome").unwrap_or_default();
            serde_json::from_str(text).map_err(|error| StoreError::malformed(&*what, &error))
        };
        item.map(parse).transpose()
    }

    /// A page of a list: at most `most` outcomes that were stored in this time, the newest first, from a position on.
    /// Entries of another shape are left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn history(
        &self,
        list: &HistoryIndex,
        (since, until): (Timestamp, Timestamp),
        from: Option<HistoryPosition>,
        most: i32,
    ) -> Result<HistoryPage, StoreError> {
        let text = |text: String| AttributeValue::S(text);
        let pk = pk(list);
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(most)
            .key_condition_expression("pk = :pk AND sk BETWEEN :since AND :until")
            .expression_attribute_values(":pk", text(pk.clone()))
            .expression_attribute_values(":since", text(millis(since)))
            // `~` comes after every id.
            .expression_attribute_values(":until", text(format!("{}#~", millis(until))));
        let query = match from {
            None => query,
            Some(HistoryPosition(sk)) => {
                query.exclusive_start_key("pk", text(pk)).exclusive_start_key("sk", text(sk))
            }
        };
        let answer = query.send().await.map_err(|e| StoreError::new("read the history", e))?;
        let entries =
            answer.items.unwrap_or_default().into_iter().filter_map(|item| {
                serde_json::from_str(Item::from_values(item).text("entry")?).ok()
            });
        let next = answer.last_evaluated_key.and_then(|mut key| match key.remove("sk") {
            Some(AttributeValue::S(sk)) => Some(HistoryPosition(sk)),
            _ => None,
        });
        Ok(HistoryPage { entries: entries.collect(), next })
    }
}

fn outcome_key(id: Uuid) -> Key {
    Key::new(format!("history#outcome#{id}"), "outcome")
}

fn pk(list: &HistoryIndex) -> String {
    match list {
        HistoryIndex::Day(day) => format!("history#day#{day}"),
        HistoryIndex::Account(account) => format!("history#account#{account}"),
        HistoryIndex::Rule(rule) => format!("history#rule#{rule}"),
        HistoryIndex::Resource(resource) => format!("history#resource#{resource}"),
        HistoryIndex::Alarm(alarm) => format!("history#alarm#{alarm}"),
    }
}

fn sk(at: Timestamp, id: Uuid) -> String {
    format!("{}#{id}", millis(at))
}

/// As texts they are in the order of time, until the year 2286.
fn millis(at: Timestamp) -> String {
    format!("{:013}", at.as_millisecond().max(0))
}
