//! The standing problems that outcomes have named: `outcome#standing` / `sharing`. `problems` is their JSON,
//! `at` when it was written.
//!
//! Written and read by the publisher. Two executions that end at the same time may name a problem twice.

use jiff::Timestamp;
use relay_core::problem::Problem;

use crate::item::Key;
use crate::{StoreError, Table};
use aws_sdk_dynamodb::types::AttributeValue;

impl Table {
    /// The problems that were published and, as far as is known, still stand.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_problems(&self) -> Result<Vec<Problem>, StoreError> {
        let item = self.get("read the standing problems", key()).await?;
        let text = item.and_then(|item| item.text("problems").map(str::to_owned));
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Stores what the next outcome is compared with.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_standing_problems(
        &self,
        problems: &[Problem],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::new("store the standing problems", error);
        let text = serde_json::to_string(problems)
            .map_err(|error| failed(aws::AwsError::invalid_request(&error)))?;
        let put = self.client.put_item().table_name(&self.name);
        put.set_item(Some(key().into_values()))
            .item("problems", AttributeValue::S(text))
            .item("at", AttributeValue::S(at.to_string()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failed(error.into()))
    }
}

fn key() -> Key {
    Key::new("outcome#standing", "sharing")
}
