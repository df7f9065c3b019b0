//! The suite's table, as far as the brakes and the runs use it: single conditional writes that
//! [`remediation::guard`] describes as data, and reads of their items.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use relay_core::item::{Attribute, Item, Key, Write};
use remediation::guard::TakeAnswer;

use aws::AwsError;

#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Performs a write, or says what stands in the item that refused it.
    ///
    /// # Errors
    /// When the table does not answer, or refuses for another reason than the condition.
    pub async fn write(&self, write: &Write) -> Result<TakeAnswer, AwsError> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_of(&write.key)))
            .update_expression(write.update)
            .set_condition_expression(write.condition.map(str::to_owned))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, attribute) in &write.names {
            update = update.expression_attribute_names(*name, attribute);
        }
        for (name, value) in &write.values {
            update = update.expression_attribute_values(*name, value_of(value));
        }
        match update.send().await {
            Ok(_) => Ok(TakeAnswer::Taken),
            Err(SdkError::ServiceError(refusal))
                if refusal.err().is_conditional_check_failed_exception() =>
            {
                use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
                let item = match refusal.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(refused) => refused.item,
                    _ => None,
                };
                Ok(TakeAnswer::Refused(item_of(item.unwrap_or_default())))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The item, read consistently; `None` when there is none.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, AwsError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key_of(key)));
        Ok(get.consistent_read(true).send().await?.item.map(item_of))
    }

    /// Every item of a partition whose sort key begins so (with nothing: every item), in the order of
    /// the sort keys, with it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn query(&self, pk: &str, begin: &str) -> Result<Vec<(String, Item)>, AwsError> {
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
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
            for mut item in page?.items.unwrap_or_default() {
                if let Some(AttributeValue::S(sk)) = item.remove("sk") {
                    found.push((sk, item_of(item)));
                }
            }
        }
        Ok(found)
    }
}

fn key_of(key: &Key) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

fn value_of(attribute: &Attribute) -> AttributeValue {
    match attribute {
        Attribute::Text(text) => AttributeValue::S(text.clone()),
        Attribute::Number(number) => AttributeValue::N(number.to_string()),
        Attribute::Texts(texts) => AttributeValue::Ss(texts.iter().cloned().collect()),
    }
}

/// What the brakes do not know the type of is left out.
fn item_of(item: HashMap<String, AttributeValue>) -> Item {
    let attribute = |value| match value {
        AttributeValue::S(text) => Some(Attribute::Text(text)),
        AttributeValue::N(number) => number.parse().ok().map(Attribute::Number),
        AttributeValue::Ss(texts) => Some(Attribute::Texts(texts.into_iter().collect())),
        _ => None,
    };
    let keyless = item.into_iter().filter(|(name, _)| name != "pk" && name != "sk");
    keyless.filter_map(|(name, value)| Some((name, attribute(value)?))).collect()
}
