//! DynamoDB: the one table, with its index `by-account`. What a condition holds is what it says: the
//! expressions are evaluated.
//!
//! Every read is consistent, unless it is one of the index, which cannot be. A page of a query ends at 1 MB. A request
//! that DynamoDB refuses as malformed is a panic.

mod expression;
mod items;
mod update;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Call, Refusal, Reply, Served, TABLE};
use expression::{Expressions, tokens};
use items::{Items, size};

pub use items::Units;

/// A query reads no more at once.
const MOST_READ: usize = 1024 * 1024;

/// An item in DynamoDB's JSON, its key included.
pub type Item = Map<String, Value>;
type Key = (String, String);

/// Items by `pk` and `sk`.
#[derive(Debug, Clone, Default)]
pub struct Table {
    items: Items,
    /// How many items the next batch writes leave unprocessed.
    pub leave_unprocessed: usize,
}

impl Table {
    #[must_use]
    pub fn get(&self, pk: &str, sk: &str) -> Option<&Item> {
        self.items.get(&(pk.to_owned(), sk.to_owned()))
    }

    /// Puts an item in DynamoDB's JSON.
    pub fn put(&mut self, item: &Value) {
        self.items.insert(item.as_object().unwrap().clone());
    }

    /// The cost of reads and writes so far.
    #[must_use]
    pub fn units(&self) -> Units {
        self.items.units
    }

    pub fn remove(&mut self, pk: &str, sk: &str) -> Option<Item> {
        self.items.remove(&(pk.to_owned(), sk.to_owned()))
    }

    /// The keys of the partitions that begin so.
    #[must_use]
    pub fn keys(&self, prefix: &str) -> Vec<(String, String)> {
        self.items.keys().filter(|(pk, _)| pk.starts_with(prefix)).cloned().collect()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Performs an operation with parameters in DynamoDB's JSON.
    ///
    /// # Errors
    /// `ConditionalCheckFailedException`.
    pub fn perform(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let expressions = Expressions::read(body);
        match operation {
            "GetItem" => {
                assert_eq!(body["ConsistentRead"], true, "a read of the table is consistent");
                let key = key_of(&body["Key"]);
                self.items.read(self.items.get(&key).map_or(0, size), true);
                let item = self.items.get(&key);
                Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item })))
            }
            "PutItem" => {
                let item = body["Item"].as_object().unwrap();
                self.check(&expressions, body, &key(item))?;
                self.put(&body["Item"]);
                Ok(json!({}))
            }
            "UpdateItem" => {
                let key = key_of(&body["Key"]);
                self.check(&expressions, body, &key)?;
                let given = body["Key"].as_object().unwrap();
                let mut item = self.items.get(&key).unwrap_or(given).clone();
                let update = body["UpdateExpression"].as_str().unwrap();
                update::apply(&mut item, &expressions, update);
                // As much of UPDATED_NEW as there is to read: attributes that stayed do no harm.
                let answer = match body["ReturnValues"].as_str() {
                    Some("UPDATED_NEW") => json!({ "Attributes": item }),
                    _ => json!({}),
                };
                self.items.insert(item);
                Ok(answer)
            }
            "DeleteItem" => {
                let key = key_of(&body["Key"]);
                self.check(&expressions, body, &key)?;
                self.items.remove(&key);
                Ok(json!({}))
            }
            "BatchGetItem" => Ok(self.batch_get(body)),
            "BatchWriteItem" => Ok(self.batch_write(body)),
            "Query" => Ok(self.query(&expressions, body)),
            other => panic!("aws-double does not know {other} of dynamodb"),
        }
    }

    fn check(&self, expressions: &Expressions, body: &Value, key: &Key) -> Result<(), Refusal> {
        let Some(condition) = body["ConditionExpression"].as_str() else { return Ok(()) };
        let item = self.items.get(key);
        if expressions.holds(condition, item) {
            return Ok(());
        }
        let refusal = Refusal::new(
            "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "The conditional request failed",
        );
        let shown = body["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
        Err(match item.filter(|_| shown) {
            Some(item) => refusal.with("Item", json!(item)),
            None => refusal,
        })
    }

    fn batch_get(&mut self, body: &Value) -> Value {
        let (table, request) = only(&body["RequestItems"]);
        assert_eq!(request["ConsistentRead"], true, "a read of the table is consistent");
        let keys = request["Keys"].as_array().unwrap();
        assert!((1..=100).contains(&keys.len()), "BatchGetItem takes no {} keys", keys.len());
        for key in keys {
            self.items.read(self.items.get(&key_of(key)).map_or(0, size), true);
        }
        let found: Vec<&Item> =
            keys.iter().filter_map(|key| self.items.get(&key_of(key))).collect();
        json!({ "Responses": { table: found }, "UnprocessedKeys": {} })
    }

    fn batch_write(&mut self, body: &Value) -> Value {
        let (table, requests) = only(&body["RequestItems"]);
        let mut requests = requests.as_array().unwrap().clone();
        assert!((1..=25).contains(&requests.len()), "no BatchWriteItem of {}", requests.len());
        let left = self.leave_unprocessed.min(requests.len());
        self.leave_unprocessed -= left;
        let left = requests.split_off(requests.len() - left);
        for request in requests {
            match request.pointer("/PutRequest/Item") {
                Some(item) => self.put(item),
                None => drop(self.items.remove(&key_of(&request["DeleteRequest"]["Key"]))),
            }
        }
        if left.is_empty() {
            json!({ "UnprocessedItems": {} })
        } else {
            json!({ "UnprocessedItems": { table: left } })
        }
    }

    fn query(&mut self, expressions: &Expressions, body: &Value) -> Value {
        let condition = body["KeyConditionExpression"].as_str().unwrap();
        let words = tokens(condition);
        let [partition, equals, value, rest @ ..] = &words[..] else { panic!("{condition}") };
        assert_eq!(equals, "=", "a query is about one partition");
        let operand = |word: &str| {
            let value = expressions.operand(word, None);
            value.and_then(|value| Some(value["S"].as_str()?.to_owned())).unwrap_or_default()
        };
        let value = operand(value);
        let consistent = body["IndexName"].is_null();
        let all: Box<dyn Iterator<Item = &Item>> = match body["IndexName"].as_str() {
            None => {
                assert_eq!(body["ConsistentRead"], true, "a read of the table is consistent");
                assert_eq!(expressions.name(partition), "pk");
                Box::new(self.items.of_partition(&value))
            }
            Some(index) => {
                assert_eq!(index, "by-account");
                assert_ne!(body["ConsistentRead"], true, "an index has no consistent reads");
                assert_eq!(expressions.name(partition), "account");
                // Items that sort before are not read.
                let from = match rest {
                    [_, _, above, word] if above == ">" => operand(word),
                    _ => String::new(),
                };
                Box::new(self.items.of_account(&value, &from))
            }
        };
        let holds = |item: &&Item| rest.is_empty() || expressions.holds(condition, Some(*item));
        let limit = body["Limit"].as_u64().map_or(usize::MAX, |limit| limit as usize);
        let (mut found, mut bytes, mut more) = (Vec::new(), 0, false);
        let mut held: Box<dyn Iterator<Item = &Item>> = Box::new(all.filter(holds));
        if body["ScanIndexForward"] == false {
            let all: Vec<&Item> = held.collect();
            held = Box::new(all.into_iter().rev());
        }
        if let Some(start) = body["ExclusiveStartKey"].as_object() {
            let (start, all) = (key(start), held.collect::<Vec<_>>());
            let after = all.iter().position(|item| key(item) == start).map_or(0, |at| at + 1);
            held = Box::new(all.into_iter().skip(after));
        }
        for item in held {
            if found.len() == limit || bytes > MOST_READ {
                more = true;
                break;
            }
            bytes += size(item);
            found.push(item);
        }
        let shown: Vec<Item> = found.iter().map(|item| expressions.project(body, item)).collect();
        let mut answer = json!({ "Items": shown, "Count": shown.len() });
        if let Some(last) = found.last().filter(|_| more) {
            let of_key = |name: &&String| ["pk", "sk"].contains(&name.as_str());
            let key = last.iter().filter(|(name, _)| of_key(name));
            answer["LastEvaluatedKey"] = json!(key.collect::<BTreeMap<_, _>>());
        }
        self.items.read(bytes, consistent);
        answer
    }
}

pub(crate) fn serve(table: &mut Table, call: &Call) -> Served {
    let named = call.body["TableName"].as_str();
    let named = named.or_else(|| Some(only(&call.body["RequestItems"]).0));
    if named != Some(TABLE) {
        let code = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
        return Err(Refusal::new(code, "Requested resource not found"));
    }
    table.perform(&call.operation, &call.body).map(Reply::Data)
}

fn text(item: &Item, name: &str) -> Option<String> {
    Some(item.get(name)?["S"].as_str()?.to_owned())
}

fn key(item: &Item) -> Key {
    let part = |name| text(item, name).filter(|part| !part.is_empty());
    let (Some(pk), Some(sk)) = (part("pk"), part("sk")) else { panic!("no key: {item:?}") };
    (pk, sk)
}

fn key_of(value: &Value) -> Key {
    key(value.as_object().unwrap())
}

fn only(map: &Value) -> (&str, &Value) {
    let (name, value) = map.as_object().unwrap().iter().next().unwrap();
    (name, value)
}

#[cfg(test)]
mod tests;
