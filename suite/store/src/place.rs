//! The place in the organization for which an account was last planned: `place#<account>` / `place`; of a
//! plan for the whole organization only the time: `place#organization` / `place`. `at` is when it was seen,
//! in epoch milliseconds.
//!
//! Written and read by `plan-shares`; read by `share-documents`, which removes nothing from an account for
//! which there is a later plan.

use std::collections::HashMap;

use aws::AwsError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use relay_core::id::AccountId;

use crate::item::Key;
use crate::{StoreError, Table};

/// When an account was last planned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedAt {
    /// When what the plan rests on was seen.
    pub at: Timestamp,
    /// Whether the account was an active member then.
    pub active: bool,
}

/// The facts that an account's last plan rested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPlace {
    /// Root and OUs that lead to the account.
    pub path: String,
    /// Whether it could be shared with.
    pub active: bool,
    /// The version of the rules: `sha256:…`.
    pub rules_version: String,
    /// The name of the execution that planned.
    pub execution: String,
    /// No plan for the account was known before: there is nothing that it could have left to be removed.
    pub first: bool,
}

impl PlannedPlace {
    /// The path of an account that is not a member of the organization.
    pub const NOWHERE: &'static str = "-";
}

impl Table {
    /// The place for which an account was last planned, if it ever was.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn place(&self, account: AccountId) -> Result<Option<PlannedPlace>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let answer = get.set_key(Some(key(account).into_values())).send().await;
        let failed = |error| StoreError::new(format!("read the last place of {account}"), error);
        let item = answer.map_err(|error| failed(AwsError::from(error)))?.item;
        Ok(item.and_then(|item| {
            Some(PlannedPlace {
                path: text(&item, "path")?,
                active: *item.get("active")?.as_bool().ok()?,
                rules_version: text(&item, "rulesVersion")?,
                execution: text(&item, "execution")?,
                first: item.get("first").and_then(|first| first.as_bool().ok()).copied()?,
            })
        }))
    }

    /// When what the last plan for an account rests on was seen, if there is such a plan.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn planned_at(&self, account: AccountId) -> Result<Option<PlannedAt>, StoreError> {
        let item = self.planned(key(account)).await?;
        Ok(item.and_then(|item| {
            let active = item.get("active").and_then(|active| active.as_bool().ok());
            Some(PlannedAt { at: seen_at(&item)?, active: active.copied().unwrap_or_default() })
        }))
    }

    /// When what the last plan for the whole organization rests on was seen, if there is one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn organization_planned_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.planned(organization()).await?.as_ref().and_then(seen_at))
    }

    /// Stores when the whole organization was seen for a plan. One that was seen later stays.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_organization_planned(&self, seen_at: Timestamp) -> Result<(), StoreError> {
        let written = self.put_unless_later(organization(), HashMap::new(), seen_at).await;
        let failed = |error| StoreError::new("store the time of the organization's plan", error);
        written.map(|_| ()).map_err(failed)
    }

    /// Writes an item with the time at which the world was seen; `false` when there is one that was seen later.
    async fn put_unless_later(
        &self,
        key: Key,
        attributes: HashMap<String, AttributeValue>,
        seen_at: Timestamp,
    ) -> Result<bool, AwsError> {
        let at = AttributeValue::N(seen_at.as_millisecond().to_string());
        let mut item = key.into_values();
        item.extend(attributes);
        let put = self.client.put_item().table_name(&self.name);
        let written = put
            .set_item(Some(item))
            .item("at", at.clone())
            .condition_expression("attribute_not_exists(pk) OR #at <= :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", at)
            .send()
            .await
            .map_err(AwsError::from);
        match written {
            Ok(_) => Ok(true),
            Err(error) if error.is("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn planned(
        &self,
        key: Key,
    ) -> Result<Option<HashMap<String, AttributeValue>>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let answer = get.set_key(Some(key.into_values())).send().await;
        let failed = |error| StoreError::new("read the time of the last plan", error);
        Ok(answer.map_err(|error| failed(AwsError::from(error)))?.item)
    }

    /// Stores the place for which an account is planned, as seen at this time; `false` when somebody
    /// has seen it later: then nothing is written.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_place(
        &self,
        account: AccountId,
        place: PlannedPlace,
        seen_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let attributes = HashMap::from([
            ("path".to_owned(), AttributeValue::S(place.path)),
            ("active".to_owned(), AttributeValue::Bool(place.active)),
            ("rulesVersion".to_owned(), AttributeValue::S(place.rules_version)),
            ("execution".to_owned(), AttributeValue::S(place.execution)),
            ("first".to_owned(), AttributeValue::Bool(place.first)),
        ]);
        let written = self.put_unless_later(key(account), attributes, seen_at).await;
        let failed = |error| StoreError::new(format!("store the place of {account}"), error);
        let latest = written.map_err(failed)?;
        if !latest {
            tracing::info!(%account, "a later plan for this account exists");
        }
        Ok(latest)
    }
}

fn key(account: AccountId) -> Key {
    Key::new(format!("place#{account}"), "place")
}

fn seen_at(item: &HashMap<String, AttributeValue>) -> Option<Timestamp> {
    let millis = item.get("at")?.as_n().ok()?.parse().ok()?;
    Timestamp::from_millisecond(millis).ok()
}

fn organization() -> Key {
    Key::new("place#organization", "place")
}

fn text(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}
