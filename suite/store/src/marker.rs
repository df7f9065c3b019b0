//! The published marker: `outcome#<execution arn>` / `final`, or `pending-<rung>` for a run that waits
//! for somebody, since another outcome follows, and `reminder-<rung>` for the reminder of it. `outcome` is its status,
//! `id` its id, `reason` why it failed, `at` when it was written.
//!
//! Written by the publisher, after the message.

use std::fmt;

use jiff::Timestamp;
use outcome::{PublishOutcomeOutput, Published};

use crate::item::{DAYS_100, Key};
use crate::{StoreError, Table};
use aws_sdk_dynamodb::types::AttributeValue;

/// Which outcome of an execution a marker is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerKind {
    /// The end of the execution.
    Final,
    /// A run that waits for somebody, by its rung, counted from 1.
    Pending(u32),
    /// The reminder that it still waits, shortly before the deadline.
    Reminder(u32),
}

impl fmt::Display for MarkerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => f.write_str("final"),
            Self::Pending(rung) => write!(f, "pending-{rung}"),
            Self::Reminder(rung) => write!(f, "reminder-{rung}"),
        }
    }
}

impl Table {
    /// The outcome that was published for an execution. Consistent: a marker that was written is seen.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn marker(
        &self,
        execution_arn: &str,
        kind: MarkerKind,
    ) -> Result<Option<PublishOutcomeOutput>, StoreError> {
        let what = format!("look for the marker of {execution_arn}");
        let item = self.get(&what, key(execution_arn, kind)).await?;
        Ok(item.and_then(|item| {
            let outcome = serde_json::from_value(item.text("outcome")?.into());
            Some(PublishOutcomeOutput {
                outcome: outcome.unwrap_or(Published::Failed),
                id: item.text("id")?.parse().ok()?,
                reason: item.text("reason").map(str::to_owned),
            })
        }))
    }

    /// Marks what was published for an execution.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mark(
        &self,
        execution_arn: &str,
        kind: MarkerKind,
        published: &PublishOutcomeOutput,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let what = format!("mark the outcome {} as published", published.id);
        let outcome = serde_json::to_value(published.outcome).unwrap_or_default();
        let mut attributes = key(execution_arn, kind).into_values();
        if let Some(reason) = &published.reason {
            attributes.insert("reason".to_owned(), AttributeValue::S(reason.clone()));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(attributes))
            .item("id", AttributeValue::S(published.id.to_string()))
            .item("outcome", AttributeValue::S(outcome.as_str().unwrap_or_default().to_owned()))
            .item("at", AttributeValue::S(at.to_string()))
            .item("expires", AttributeValue::N((at.as_second() + DAYS_100).to_string()));
        put.send().await.map(drop).map_err(|error| StoreError::new(what, error))
    }
}

fn key(execution_arn: &str, kind: MarkerKind) -> Key {
    Key::new(format!("outcome#{execution_arn}"), kind.to_string())
}
