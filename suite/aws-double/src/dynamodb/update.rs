//! Update expressions: SET, REMOVE, ADD and DELETE.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html>

use serde_json::{Value, json};

use super::Item;
use super::expression::{Expressions, tokens};

/// Changes an item as an expression says. Operands are attributes of the item as it was before.
pub(super) fn apply(item: &mut Item, expressions: &Expressions, update: &str) {
    let before = item.clone();
    let words = tokens(update);
    let mut words = words.iter().map(String::as_str).filter(|word| *word != ",").peekable();
    let mut clause = "";
    while let Some(word) = words.next() {
        if ["SET", "REMOVE", "ADD", "DELETE"].contains(&word) {
            clause = word;
            continue;
        }
        let name = expressions.name(word).to_owned();
        assert!(!["pk", "sk"].contains(&name.as_str()), "the key of an item cannot be updated");
        if clause == "REMOVE" {
            item.remove(&name);
            continue;
        }
        let operand = |words: &mut dyn Iterator<Item = &str>| {
            let word = words.next().expect("the expression ends too early");
            if word != "if_not_exists" {
                return expressions.operand(word, Some(&before)).expect("the operand exists");
            }
            // `if_not_exists ( name value )`: the comma is gone.
            let [_, name, value, _] = [(); 4].map(|()| words.next().unwrap());
            let there = expressions.operand(name, Some(&before));
            there.unwrap_or_else(|| expressions.operand(value, Some(&before)).unwrap())
        };
        match clause {
            "SET" => {
                assert_eq!(words.next(), Some("="));
                let mut value = operand(&mut words);
                while let Some(sign) = words.next_if(|word| ["+", "-"].contains(word)) {
                    let other = number(&operand(&mut words));
                    let other = if sign == "-" { -other } else { other };
                    value = json!({ "N": (number(&value) + other).to_string() });
                }
                item.insert(name, value);
            }
            "ADD" => {
                let value = operand(&mut words);
                let old = item.remove(&name);
                let new = if value["SS"].is_array() {
                    json!({ "SS": union(old.as_ref(), &value) })
                } else {
                    let old = old.as_ref().map_or(0, number);
                    json!({ "N": (old + number(&value)).to_string() })
                };
                item.insert(name, new);
            }
            "DELETE" => {
                let gone = operand(&mut words);
                let mut left = set(item.remove(&name).as_ref());
                left.retain(|one| !set(Some(&gone)).contains(one));
                // DynamoDB keeps no empty set.
                if !left.is_empty() {
                    item.insert(name, json!({ "SS": left }));
                }
            }
            other => panic!("{other:?} is not a clause of an update"),
        }
    }
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().expect("a number").parse().unwrap()
}

fn set(value: Option<&Value>) -> Vec<Value> {
    value.and_then(|value| value["SS"].as_array()).cloned().unwrap_or_default()
}

fn union(old: Option<&Value>, new: &Value) -> Vec<Value> {
    let mut all = set(old);
    all.extend(set(Some(new)).into_iter().filter(|one| !set(old).contains(one)));
    all
}
