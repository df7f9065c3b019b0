//! Executions of share-runbooks that wait for each other, so that one of them does the work of all:
//! `place#gathering` / the execution's name. `input` is what it was started for, `execution` its ARN, `at` since when
//! it waits and `settlesUntil` how long its outcome waits (epoch milliseconds), `by` the ARN of the execution that
//! speaks for it. Kept for two days.
//!
//! Written and read by `plan-shares`.

use std::collections::HashMap;

use aws::AwsError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sharing::Waiting;

use crate::item::{DAY, Item, Key};
use crate::{StoreError, Table};

const PARTITION: &str = "place#gathering";

impl Table {
    /// All executions that wait, or did within two days. Entries that cannot be read are left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let what = "read which executions wait for each other";
        let items = self.query(what, PARTITION.to_owned(), "").await?;
        Ok(items.into_iter().filter_map(|(name, item)| read(name, &item)).collect())
    }

    /// Lets the others see an execution; nothing changes where they do.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn register_waiting(&self, waiting: &Waiting) -> Result<(), StoreError> {
        self.put_waiting(waiting, "attribute_not_exists(pk)", None).await.map(drop)
    }

    /// Stores that the execution `by` speaks for another one; `false` when somebody does already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn speak_for(&self, waiting: &Waiting, by: &str) -> Result<bool, StoreError> {
        let waiting = Waiting { by: Some(by.to_owned()), ..waiting.clone() };
        self.put_waiting(&waiting, "attribute_not_exists(#by)", None).await
    }

    /// Stores something else about an execution, as long as the one that was read speaks for it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn restore_waiting(
        &self,
        waiting: &Waiting,
        held_by: &str,
    ) -> Result<bool, StoreError> {
        self.put_waiting(waiting, "#by = :before", Some(held_by)).await
    }

    async fn put_waiting(
        &self,
        waiting: &Waiting,
        condition: &str,
        before: Option<&str>,
    ) -> Result<bool, StoreError> {
        let what = || format!("store that {} waits", waiting.name);
        let failed = |error: AwsError| StoreError::new(what(), error);
        let input = serde_json::to_string(&waiting.input)
            .map_err(|error| failed(AwsError::invalid_request(&error)))?;
        let mut item: HashMap<String, AttributeValue> = key(&waiting.name).into_values();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: i64| AttributeValue::N(number.to_string());
        item.insert("input".to_owned(), AttributeValue::S(input));
        item.insert("execution".to_owned(), text(&waiting.execution));
        item.insert("at".to_owned(), number(waiting.at.as_millisecond()));
        item.insert("expires".to_owned(), number(waiting.at.as_second() + 2 * DAY));
        if let Some(by) = &waiting.by {
            item.insert("by".to_owned(), text(by));
        }
        if let Some(until) = waiting.settles_until {
            item.insert("settlesUntil".to_owned(), number(until.as_millisecond()));
        }
        let mut put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put = put.condition_expression(condition);
        if condition.contains("#by") {
            put = put.expression_attribute_names("#by", "by");
        }
        if let Some(before) = before {
            put = put.expression_attribute_values(":before", text(before));
        }
        match put.send().await.map_err(AwsError::from) {
            Ok(_) => Ok(true),
            Err(error) if error.is("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }
}

fn read(name: String, item: &Item) -> Option<Waiting> {
    let time = |name: &str| Timestamp::from_millisecond(item.number(name)?).ok();
    Some(Waiting {
        name,
        execution: item.text("execution")?.to_owned(),
        input: serde_json::from_str(item.text("input")?).ok()?,
        at: time("at")?,
        by: item.text("by").map(str::to_owned),
        settles_until: time("settlesUntil"),
    })
}

fn key(name: &str) -> Key {
    Key::new(PARTITION, name)
}
