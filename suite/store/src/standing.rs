//! The standing problems that outcomes have named: `outcome#standing` / `sharing`. `problems` is their JSON,
//! `seenAt` when the last plan among them saw the world, in epoch milliseconds, `at` when it was written.
//!
//! Written and read by the publisher. Two executions that end at the same time may name a problem twice.

use jiff::Timestamp;
use relay_core::problem::Problem;

use crate::item::Key;
use crate::{StoreError, Table};
use aws_sdk_dynamodb::types::AttributeValue;

impl Table {
    /// The problems that were published and, as far as is known, still stand; and when the last plan among
    /// those that named them saw the world.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_problems(&self) -> Result<(Vec<Problem>, Option<Timestamp>), StoreError> {
        let Some(item) = self.get("read the standing problems", key()).await? else {
            return Ok((Vec::new(), None));
        };
        let problems = item.text("problems").and_then(|text| serde_json::from_str(text).ok());
        let seen_at = item.number("seenAt").and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok((problems.unwrap_or_default(), seen_at))
    }

    /// Stores what the next outcome is compared with, unless a plan that saw the world later did so before.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_standing_problems(
        &self,
        problems: &[Problem],
        seen_at: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::new("store the standing problems", error);
        let text = serde_json::to_string(problems)
            .map_err(|error| failed(aws::AwsError::invalid_request(&error)))?;
        let seen_at = AttributeValue::N(seen_at.as_millisecond().to_string());
        let put = self.client.put_item().table_name(&self.name);
        let written = put
            .set_item(Some(key().into_values()))
            .item("problems", AttributeValue::S(text))
            .item("seenAt", seen_at.clone())
            .item("at", AttributeValue::S(at.to_string()))
            .condition_expression("attribute_not_exists(seenAt) OR seenAt <= :seenAt")
            .expression_attribute_values(":seenAt", seen_at)
            .send()
            .await
            .map_err(aws::AwsError::from);
        match written {
            Err(error) if !error.is("ConditionalCheckFailedException") => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

fn key() -> Key {
    Key::new("outcome#standing", "sharing")
}
