//! The table, and the three ways in which most items are read and written.

use aws::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::StoreError;
use crate::item::{Item, Key, Update};

/// The suite's table. Its errors are the SDK's to retry; every write may be repeated.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// The answer to a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    /// The condition did not hold; the item as it is.
    Refused(Item),
}

impl Table {
    /// The table of this name. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self::from_client(Client::new(config), name)
    }

    /// The table of this name, through a client that is there already.
    #[must_use]
    pub fn from_client(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    pub(crate) async fn update(&self, what: &str, update: Update) -> Result<Written, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(update.key.into_values()))
            .update_expression(update.expression)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(SdkError::ServiceError(refusal))
                if refusal.err().is_conditional_check_failed_exception() =>
            {
                let item = match refusal.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(refused) => refused.item,
                    _ => None,
                };
                Ok(Written::Refused(Item::from_values(item.unwrap_or_default())))
            }
            Err(error) => Err(StoreError::new(what, error)),
        }
    }

    /// The same without a condition, and a number of the item as it is afterwards.
    pub(crate) async fn update_and_read(
        &self,
        what: &str,
        update: Update,
        attribute: &str,
    ) -> Result<i64, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(update.key.into_values()))
            .update_expression(update.expression)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::UpdatedNew);
        let answer = request.send().await.map_err(|error| StoreError::new(what, error))?;
        let item = Item::from_values(answer.attributes.unwrap_or_default());
        item.number(attribute)
            .ok_or_else(|| StoreError::malformed(what, "the answer has no number"))
    }

    /// The item, read consistently.
    pub(crate) async fn get(&self, what: &str, key: Key) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let answer = get.set_key(Some(key.into_values())).send().await;
        let answer = answer.map_err(|error| StoreError::new(what, error))?;
        Ok(answer.item.map(Item::from_values))
    }

    /// Every item of a partition whose sort key begins so (with an empty text: every item), read
    /// consistently, in the order of the sort keys, with it.
    pub(crate) async fn query(
        &self,
        what: &str,
        pk: String,
        begin: &str,
    ) -> Result<Vec<(String, Item)>, StoreError> {
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query.expression_attribute_values(":pk", AttributeValue::S(pk));
        // DynamoDB takes no empty text as a value of a key.
        let query = match begin {
            "" => query.key_condition_expression("pk = :pk"),
            begin => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :begin)")
                .expression_attribute_values(":begin", AttributeValue::S(begin.to_owned())),
        };
        let mut pages = query.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::new(what, error))?;
            for mut item in page.items.unwrap_or_default() {
                if let Some(AttributeValue::S(sk)) = item.remove("sk") {
                    found.push((sk, Item::from_values(item)));
                }
            }
        }
        Ok(found)
    }
}
