//! The suite's table in memory, as far as the suite uses DynamoDB.

use super::{Answer, Call};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Key = (String, String);

/// Items by `pk` and `sk`, in DynamoDB's JSON.
#[derive(Debug, Default)]
pub(crate) struct Table {
    items: BTreeMap<Key, Value>,
    /// How many items of the next batch writes stay unprocessed.
    pub(crate) leave_unprocessed: usize,
}

impl Table {
    pub(crate) fn get(&self, pk: &str, sk: &str) -> Option<&Value> {
        self.items.get(&(pk.to_owned(), sk.to_owned()))
    }

    /// Puts an item of string attributes.
    pub(crate) fn put(&mut self, attributes: &[(&str, &str)]) {
        let item: Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!({ "S": value })))
            .collect();
        self.insert(Value::Object(item));
    }

    /// Puts an item in DynamoDB's JSON.
    pub(crate) fn insert(&mut self, item: Value) {
        self.items.insert(key(&item), item);
    }

    pub(crate) fn keys(&self, prefix: &str) -> Vec<Key> {
        self.items.keys().filter(|(pk, _)| pk.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn remove(&mut self, pk: &str, sk: &str) {
        self.items.remove(&(pk.to_owned(), sk.to_owned()));
    }

    pub(crate) fn serve(&mut self, call: &Call) -> Answer {
        let body = &call.body;
        match call.operation.as_str() {
            "GetItem" => match self.items.get(&key(&body["Key"])) {
                Some(item) => Answer::ok(&json!({ "Item": item })),
                None => Answer::ok(&json!({})),
            },
            "PutItem" => {
                if !self.holds(body, &key(&body["Item"])) {
                    return refused();
                }
                self.insert(body["Item"].clone());
                Answer::ok(&json!({}))
            }
            "UpdateItem" => self.update(body),
            "DeleteItem" => {
                let key = key(&body["Key"]);
                if !self.holds(body, &key) {
                    return refused();
                }
                self.items.remove(&key);
                Answer::ok(&json!({}))
            }
            "BatchGetItem" => self.batch_get(body),
            "BatchWriteItem" => self.batch_write(body),
            "Query" => self.query(body),
            other => panic!("no answer to {other}"),
        }
    }

    /// The suite's conditions, by the comparisons they are made of.
    fn holds(&self, body: &Value, key: &Key) -> bool {
        let Some(condition) = body["ConditionExpression"].as_str() else { return true };
        let item = self.items.get(key);
        let value = |name: &str| &body["ExpressionAttributeValues"][name];
        condition.split(" OR ").any(|term| match (term, item) {
            ("attribute_not_exists(pk)", item) => item.is_none(),
            ("#owner = :me", Some(item)) => item["owner"] == *value(":me"),
            ("leaseUntil < :now", Some(item)) => {
                number(&item["leaseUntil"]) < number(value(":now"))
            }
            ("#owner = :me" | "leaseUntil < :now", None) => false,
            (other, _) => panic!("unknown condition {other}"),
        })
    }

    fn update(&mut self, body: &Value) -> Answer {
        let key = key(&body["Key"]);
        if !self.holds(body, &key) {
            return refused();
        }
        let mut item = self.items.get(&key).unwrap_or(&body["Key"]).clone();
        let sets = body["UpdateExpression"].as_str().unwrap().strip_prefix("SET ").unwrap();
        for set in sets.split(", ") {
            let (name, value) = set.split_once(" = ").unwrap();
            let name = body["ExpressionAttributeNames"][name].as_str().unwrap_or(name);
            item[name] = body["ExpressionAttributeValues"][value].clone();
        }
        self.items.insert(key, item);
        Answer::ok(&json!({}))
    }

    fn batch_get(&self, body: &Value) -> Answer {
        let (table, request) = only(&body["RequestItems"]);
        assert_eq!(request["ConsistentRead"], json!(true));
        let keys = request["Keys"].as_array().unwrap();
        assert!((1..=100).contains(&keys.len()), "{} keys", keys.len());
        let found: Vec<&Value> = keys.iter().filter_map(|k| self.items.get(&key(k))).collect();
        Answer::ok(&json!({ "Responses": { table: found }, "UnprocessedKeys": {} }))
    }

    fn batch_write(&mut self, body: &Value) -> Answer {
        let (table, requests) = only(&body["RequestItems"]);
        let mut requests = requests.as_array().unwrap().clone();
        assert!((1..=25).contains(&requests.len()), "{} items", requests.len());
        let keep = self.leave_unprocessed.min(requests.len());
        self.leave_unprocessed -= keep;
        let left = requests.split_off(requests.len() - keep);
        for request in requests {
            if let Some(item) = request.pointer("/PutRequest/Item") {
                self.insert(item.clone());
            } else {
                self.items.remove(&key(&request["DeleteRequest"]["Key"]));
            }
        }
        if left.is_empty() {
            Answer::ok(&json!({ "UnprocessedItems": {} }))
        } else {
            Answer::ok(&json!({ "UnprocessedItems": { table: left } }))
        }
    }

    fn query(&self, body: &Value) -> Answer {
        let value =
            |name: &str| body["ExpressionAttributeValues"][name]["S"].as_str().unwrap_or("");
        let matches = |item: &&Value| match body["IndexName"].as_str() {
            Some("by-account") => {
                item["account"]["S"] == value(":account")
                    && item["sk2"]["S"].as_str().unwrap_or("").starts_with(value(":prefix"))
            }
            _ => {
                assert_eq!(body["ConsistentRead"], json!(true));
                item["pk"]["S"] == value(":pk")
            }
        };
        let items: Vec<&Value> = self.items.values().filter(matches).collect();
        Answer::ok(&json!({ "Items": items, "Count": items.len() }))
    }
}

fn key(item: &Value) -> Key {
    let part = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
    (part("pk"), part("sk"))
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().unwrap().parse().unwrap()
}

fn only(map: &Value) -> (&String, &Value) {
    map.as_object().unwrap().iter().next().unwrap()
}

fn refused() -> Answer {
    Answer::error(
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "The conditional request failed",
    )
}
