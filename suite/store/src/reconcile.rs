//! Which execution brings the whole organization into line: `place#reconcile` / `holder`. `execution` is its
//! ARN. One that has ended holds nothing any more, so the entry is never deleted: Step Functions knows whether
//! it runs.
//!
//! Written and read by `plan-shares`.

use aws::AwsError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Key;
use crate::{StoreError, Table};

impl Table {
    /// The ARN of the last execution that set out to bring the organization into line.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn reconciling(&self) -> Result<Option<String>, StoreError> {
        let item = self.get("read which execution reconciles", key()).await?;
        Ok(item.and_then(|item| item.text("execution").map(str::to_owned)))
    }

    /// Stores that this execution does so now, in place of the one that was read; `false` when another one was
    /// faster.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn reconcile(
        &self,
        execution: &str,
        instead_of: Option<&str>,
    ) -> Result<bool, StoreError> {
        let me = AttributeValue::S(execution.to_owned());
        let before = AttributeValue::S(instead_of.unwrap_or(execution).to_owned());
        let put = self.client.put_item().table_name(&self.name);
        let written = put
            .set_item(Some(key().into_values()))
            .item("execution", me.clone())
            .condition_expression(
                "attribute_not_exists(pk) OR #execution = :me OR #execution = :before",
            )
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_values(":me", me)
            .expression_attribute_values(":before", before)
            .send()
            .await
            .map_err(AwsError::from);
        match written {
            Ok(_) => Ok(true),
            Err(error) if error.is("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(StoreError::new("store which execution reconciles", error)),
        }
    }
}

fn key() -> Key {
    Key::new("place#reconcile", "holder")
}
