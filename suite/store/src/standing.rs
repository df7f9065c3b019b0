//! The standing problems that outcomes have named: `outcome#standing` / `sharing` or `remediation`. `problems` is
//! their JSON, `seenAt` when the plan, or the reading of the rules, that saw them was made, in epoch milliseconds,
//! `at` when it was written.
//!
//! Those of sharing are written and read by the publisher: two executions that end at the same time may name a
//! problem twice. Those of the remediation rules are `route-alarms`'.

use jiff::Timestamp;
use relay_core::problem::Problem;

use crate::item::Key;
use crate::{StoreError, Table};
use aws_sdk_dynamodb::types::AttributeValue;

/// Whose problems they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingOf {
    /// The problems that plans for sharing have found.
    Sharing,
    /// The problems of the remediation rules and of the kill switch.
    RemediationRules,
}

impl Table {
    /// The problems that were published and, as far as is known, still stand; and when the last plan among
    /// those that named them saw the world.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn standing_problems(
        &self,
        of: StandingOf,
    ) -> Result<(Vec<Problem>, Option<Timestamp>), StoreError> {
        let Some(item) = self.get("read the standing problems", key(of)).await? else {
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
        of: StandingOf,
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
            .set_item(Some(key(of).into_values()))
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

fn key(of: StandingOf) -> Key {
    let whose = match of {
        StandingOf::Sharing => "sharing",
        StandingOf::RemediationRules => "remediation",
    };
    Key::new("outcome#standing", whose)
}
