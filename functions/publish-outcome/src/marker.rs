//! The published marker: `outcome#<execution arn>` / `final`, written after the message; for a run
//! that waits for somebody `pending-<rung>`, since another outcome follows.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use outcome::{PublishOutcomeInput, PublishOutcomeOutput, Published};

use crate::{Error, Publisher};

/// The end of an execution.
const FINAL: &str = "final";
/// Markers outlive the 90 days for which Step Functions keeps a closed execution.
const KEPT_SECONDS: i64 = 100 * 24 * 60 * 60;

impl Publisher {
    /// What was published as the end of an execution. Consistent: a marker that was written is seen.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn marker(&self, execution: &str) -> Result<Option<PublishOutcomeOutput>, Error> {
        self.marked(execution, FINAL).await
    }

    pub(crate) async fn marked(
        &self,
        execution: &str,
        kind: &str,
    ) -> Result<Option<PublishOutcomeOutput>, Error> {
        let found = self
            .dynamodb
            .get_item()
            .table_name(&self.config.table)
            .set_key(Some(key(execution, kind)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| Error::Marker {
                execution: execution.to_owned(),
                source: error.into(),
            })?;
        Ok(found.item.and_then(|item| {
            let text = |name: &str| item.get(name)?.as_s().ok().cloned();
            let outcome = serde_json::from_value(text("outcome")?.into());
            Some(PublishOutcomeOutput {
                outcome: outcome.unwrap_or(Published::Failed),
                id: text("id")?.parse().ok()?,
            })
        }))
    }

    /// Writes the marker. The message is out already: a marker that cannot be written costs one
    /// repeat of the same id by the sweep, no more, so it is logged and not an error.
    pub(crate) async fn mark(&self, execution: &str, kind: &str, published: &PublishOutcomeOutput) {
        let at = self.clock.now();
        let outcome = serde_json::to_value(published.outcome).unwrap_or_default();
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.config.table)
            .set_item(Some(key(execution, kind)))
            .item("id", text(&published.id.to_string()))
            .item("outcome", text(outcome.as_str().unwrap_or_default()))
            .item("at", text(&at.to_string()))
            .item("expires", AttributeValue::N((at.as_second() + KEPT_SECONDS).to_string()));
        if let Err(error) = put.send().await {
            let error = aws::AwsError::from(error);
            tracing::error!(%error, id = %published.id, "published, but not marked");
        }
    }
}

/// Which outcome of its execution a request is for.
pub(crate) fn kind(request: &PublishOutcomeInput) -> String {
    match &request.pending {
        Some(pending) => format!("pending-{}", pending.rung),
        None => FINAL.to_owned(),
    }
}

fn key(execution: &str, kind: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("outcome#{execution}"))),
        ("sk".to_owned(), AttributeValue::S(kind.to_owned())),
    ])
}
