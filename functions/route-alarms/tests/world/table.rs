//! A table that understands the expressions that are written, as DynamoDB does: what holds is what
//! the conditions say.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Answer;

type Key = (String, String);

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) items: BTreeMap<Key, Map<String, Value>>,
}

impl Table {
    pub(crate) fn keys(&self, prefix: &str) -> Vec<Key> {
        self.items.keys().filter(|(pk, _)| pk.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn get(&self, pk: &str, sk: &str) -> Option<&Map<String, Value>> {
        self.items.get(&(pk.to_owned(), sk.to_owned()))
    }

    pub(crate) fn serve(&mut self, operation: &str, body: &Value) -> Answer {
        match operation {
            "GetItem" => {
                assert_eq!(body["ConsistentRead"], true);
                match self.items.get(&key(&body["Key"])) {
                    Some(item) => Answer::json(&json!({ "Item": item })),
                    None => Answer::json(&json!({})),
                }
            }
            "UpdateItem" => self.update(body),
            "Query" => {
                let value = |name: &str| body["ExpressionAttributeValues"][name]["S"].as_str();
                let (pk, begin) = (value(":pk").unwrap(), value(":begin").unwrap());
                let found: Vec<_> = self
                    .items
                    .iter()
                    .filter(|((of, sk), _)| of == pk && sk.starts_with(begin))
                    .map(|(_, item)| item)
                    .collect();
                Answer::json(&json!({ "Items": found, "Count": found.len() }))
            }
            other => panic!("no answer to {other}"),
        }
    }

    fn update(&mut self, body: &Value) -> Answer {
        let key = key(&body["Key"]);
        let old = self.items.get(&key).cloned();
        let given = body["Key"].as_object().unwrap();
        let mut item = old.clone().unwrap_or_else(|| given.clone());
        let scope = Scope { exists: old.is_some(), item: &item, body };
        if let Some(condition) = body["ConditionExpression"].as_str() {
            let tokens = tokens(condition);
            if !(Parser { tokens, at: 0, scope: &scope }).or() {
                assert_eq!(body["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
                let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
                let old = old.unwrap_or_default();
                let error = json!({ "__type": code, "message": "no", "Item": old });
                return Answer::Reply(400, error.to_string().into_bytes());
            }
        }
        change(&mut item, body);
        self.items.insert(key, item);
        Answer::json(&json!({}))
    }
}

fn key(key: &Value) -> Key {
    let part = |name: &str| key[name]["S"].as_str().unwrap().to_owned();
    (part("pk"), part("sk"))
}

fn change(item: &mut Map<String, Value>, body: &Value) {
    let update = body["UpdateExpression"].as_str().unwrap();
    let parts = update.split([' ', ',']).filter(|part| !part.is_empty() && *part != "=");
    let (mut parts, mut clause) = (parts, "");
    while let Some(part) = parts.next() {
        if ["SET", "REMOVE", "ADD", "DELETE"].contains(&part) {
            clause = part;
            continue;
        }
        let name = body["ExpressionAttributeNames"][part].as_str().unwrap().to_owned();
        if clause == "REMOVE" {
            item.remove(&name);
            continue;
        }
        let value = body["ExpressionAttributeValues"][parts.next().unwrap()].clone();
        let set = |value: Option<&Value>| -> Vec<Value> {
            value.and_then(|value| value["SS"].as_array()).cloned().unwrap_or_default()
        };
        match clause {
            "SET" => drop(item.insert(name, value)),
            "ADD" => {
                let mut all = set(item.get(&name));
                all.extend(
                    set(Some(&value)).into_iter().filter(|new| !set(item.get(&name)).contains(new)),
                );
                item.insert(name, json!({ "SS": all }));
            }
            "DELETE" => {
                let mut all = set(item.remove(&name).as_ref());
                all.retain(|one| !set(Some(&value)).contains(one));
                if !all.is_empty() {
                    item.insert(name, json!({ "SS": all }));
                }
            }
            other => panic!("{other}"),
        }
    }
}

struct Scope<'a> {
    exists: bool,
    item: &'a Map<String, Value>,
    body: &'a Value,
}

impl Scope<'_> {
    fn value(&self, operand: &str) -> Option<Value> {
        match operand.starts_with('#') {
            true => {
                let name = self.body["ExpressionAttributeNames"][operand].as_str().unwrap();
                self.item.get(name).cloned()
            }
            false => Some(self.body["ExpressionAttributeValues"][operand].clone()),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    scope: &'a Scope<'a>,
}

impl Parser<'_> {
    fn take(&mut self) -> String {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn next_is(&self, token: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|next| next == token)
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.next_is("OR") {
            self.at += 1;
            let other = self.and();
            holds |= other;
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.primary();
        while self.next_is("AND") {
            self.at += 1;
            let other = self.primary();
            holds &= other;
        }
        holds
    }

    /// What stands between parentheses, without commas.
    fn arguments(&mut self) -> Vec<String> {
        assert_eq!(self.take(), "(");
        let mut all = Vec::new();
        loop {
            match self.take().as_str() {
                ")" => return all,
                "," => {}
                argument => all.push(argument.to_owned()),
            }
        }
    }

    fn primary(&mut self) -> bool {
        match self.take().as_str() {
            "(" => {
                let holds = self.or();
                assert_eq!(self.take(), ")");
                holds
            }
            "attribute_not_exists" => match self.arguments()[0].as_str() {
                "pk" => !self.scope.exists,
                name => self.scope.value(name).is_none(),
            },
            "contains" => {
                let arguments = self.arguments();
                let set = self.scope.value(&arguments[0]).unwrap_or_default();
                let one = self.scope.value(&arguments[1]).unwrap_or_default();
                set["SS"].as_array().is_some_and(|set| set.contains(&one["S"]))
            }
            "size" => {
                let name = self.arguments().remove(0);
                let set = self.scope.value(&name);
                let size = set.and_then(|set| set["SS"].as_array().map(Vec::len));
                self.compare(size.map(|size| json!({ "N": size.to_string() })))
            }
            operand => {
                let left = self.scope.value(operand);
                self.compare(left)
            }
        }
    }

    fn compare(&mut self, left: Option<Value>) -> bool {
        let (operator, right) = (self.take(), self.take());
        let (Some(left), Some(right)) = (left, self.scope.value(&right)) else { return false };
        let number = |value: &Value| value["N"].as_str().unwrap().parse::<i64>().unwrap();
        match operator.as_str() {
            "=" => left == right,
            "<>" => left != right,
            "<" => number(&left) < number(&right),
            other => panic!("{other}"),
        }
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
    spaced.split_whitespace().map(str::to_owned).collect()
}
