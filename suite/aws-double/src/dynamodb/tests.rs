//! Expressions mean what DynamoDB's documentation says.

use serde_json::{Value, json};

use super::*;

fn table() -> Table {
    let mut table = Table::default();
    table.put(&json!({
        "pk": { "S": "a" }, "sk": { "S": "1" }, "owner": { "S": "me" }, "until": { "N": "100" },
        "takers": { "SS": ["x", "y"] },
    }));
    table
}

fn holds(sk: &str, condition: &str) -> bool {
    let all = json!({
        ":me": { "S": "me" }, ":you": { "S": "you" }, ":20": { "N": "20" }, ":100": { "N": "100.0" },
        ":x": { "S": "x" }, ":set": { "SS": ["y", "x"] }, ":2": { "N": "2" },
    });
    let used = |name: &&String| condition.split([' ', '(', ')', ',']).any(|word| word == *name);
    let values: Map<String, Value> = all
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| used(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let body = json!({
        "Key": { "pk": { "S": "a" }, "sk": { "S": sk } },
        "ConditionExpression": condition, "ExpressionAttributeValues": values,
    });
    table().perform("DeleteItem", &body).is_ok()
}

#[test]
fn conditions_are_evaluated_with_their_precedence() {
    for (condition, expected) in [
        ("attribute_not_exists(pk)", false),
        ("attribute_exists(owner) AND owner = :me", true),
        ("owner = :you OR owner = :me AND until < :20", false),
        ("(owner = :you OR owner = :me) AND NOT until < :20", true),
        ("until = :100 AND until <= :100 AND until >= :100 AND until > :20", true),
        ("until BETWEEN :20 AND :100 AND owner <> :you", true),
        ("contains(takers, :x) AND size(takers) = :2 AND takers = :set", true),
        ("begins_with(owner, :me)", true),
        ("until < :me", false),
        ("gone = :me OR gone <> :me OR gone < :20", false),
    ] {
        assert_eq!(holds("1", condition), expected, "{condition}");
    }
    assert!(holds("none", "attribute_not_exists(pk)"));
    assert!(!holds("none", "owner <> :me"));
}

#[test]
fn a_refusal_shows_the_item_only_where_that_is_asked_for() {
    for (asked, shown) in [("ALL_OLD", true), ("NONE", false)] {
        let body = json!({
            "Item": { "pk": { "S": "a" }, "sk": { "S": "1" } },
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": asked,
        });
        let refusal = table().perform("PutItem", &body).unwrap_err();
        assert_eq!(format!("{refusal:?}").contains("takers"), shown);
    }
}

#[test]
fn an_update_sets_counts_adds_and_deletes() {
    let mut table = table();
    let mut update = |expression: &str, values: Value| {
        let body = json!({
            "Key": { "pk": { "S": "a" }, "sk": { "S": "1" } }, "UpdateExpression": expression,
            "ExpressionAttributeNames": { "#takers": "takers" }, "ExpressionAttributeValues": values,
        });
        table.perform("UpdateItem", &body).unwrap();
        table.get("a", "1").unwrap().clone()
    };
    let one = |text: &str| json!({ "SS": [text] });
    let item = update(
        "SET until = until + :one, seen = if_not_exists(seen, :one) REMOVE owner ADD #takers :z, total :one",
        json!({ ":one": { "N": "1" }, ":z": one("z") }),
    );
    assert_eq!(item["until"]["N"], "101");
    assert_eq!((&item["seen"], &item["total"]), (&json!({ "N": "1" }), &json!({ "N": "1" })));
    assert!(!item.contains_key("owner"));
    assert_eq!(item["takers"], json!({ "SS": ["x", "y", "z"] }));
    for taker in ["x", "y", "z", "z"] {
        let item = update("DELETE #takers :t", json!({ ":t": one(taker) }));
        assert_eq!(item.contains_key("takers"), taker != "z", "no empty set is kept");
    }
}

#[test]
fn a_query_pages_through_a_partition_or_the_index_in_order() {
    let mut table = Table::default();
    for n in [3, 1, 2] {
        table.put(&json!({
            "pk": { "S": "p" }, "sk": { "S": format!("s#{n}") }, "account": { "S": "a" },
            "sk2": { "S": format!("{}", 9 - n) },
        }));
    }
    table.put(&json!({ "pk": { "S": "p" }, "sk": { "S": "other" } }));
    let mut body = json!({
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :begin)", "ConsistentRead": true,
        "ExpressionAttributeValues": { ":pk": { "S": "p" }, ":begin": { "S": "s#" } }, "Limit": 2,
    });
    let first = table.perform("Query", &body).unwrap();
    let shown = |page: &Value| -> Vec<String> {
        let items = page["Items"].as_array().unwrap();
        items.iter().map(|item| item["sk"]["S"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(shown(&first), ["s#1", "s#2"]);
    body["ExclusiveStartKey"] = first["LastEvaluatedKey"].clone();
    let last = table.perform("Query", &body).unwrap();
    assert_eq!((shown(&last), &last["LastEvaluatedKey"]), (vec!["s#3".to_owned()], &Value::Null));
    let index = json!({
        "IndexName": "by-account", "KeyConditionExpression": "account = :a AND sk2 > :after",
        "ExpressionAttributeValues": { ":a": { "S": "a" }, ":after": { "S": "6" } },
        "ProjectionExpression": "sk2", "ScanIndexForward": false,
    });
    let found = table.perform("Query", &index).unwrap();
    assert_eq!(found["Items"], json!([{ "sk2": { "S": "8" } }, { "sk2": { "S": "7" } }]));
}

#[test]
#[should_panic(expected = "no expression uses")]
fn a_value_that_no_expression_uses_is_refused_as_dynamodb_refuses_it() {
    let body = json!({
        "Key": { "pk": { "S": "a" }, "sk": { "S": "1" } },
        "ExpressionAttributeValues": { ":unused": { "S": "x" } },
    });
    let _ = table().perform("DeleteItem", &body);
}

#[test]
fn a_page_ends_at_a_megabyte_and_reads_and_writes_cost_by_size() {
    let mut table = Table::default();
    for n in 0..5 {
        let filler = "x".repeat(400 * 1024);
        let sk = format!("s#{n}");
        table.put(&json!({ "pk": { "S": "p" }, "sk": { "S": sk }, "filler": { "S": filler } }));
    }
    let mut body = json!({
        "KeyConditionExpression": "pk = :pk", "ConsistentRead": true,
        "ExpressionAttributeValues": { ":pk": { "S": "p" } },
    });
    let mut pages = Vec::new();
    loop {
        let page = table.perform("Query", &body).unwrap();
        pages.push(page["Count"].as_u64().unwrap());
        if page["LastEvaluatedKey"].is_null() {
            break;
        }
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
    assert_eq!(pages, [3, 2]);
    let Units { read, written } = table.units();
    assert_eq!((read, written), (502.0, 2005.0));
}

#[test]
fn an_item_that_leaves_the_index_is_found_there_no_more() {
    let mut table = Table::default();
    let item = |sk2: &str| json!({ "pk": { "S": "p" }, "sk": { "S": "s" }, "account": { "S": "a" }, "sk2": { "S": sk2 } });
    let found = |table: &mut Table| {
        let body = json!({
            "IndexName": "by-account", "KeyConditionExpression": "account = :a",
            "ExpressionAttributeValues": { ":a": { "S": "a" } },
        });
        table.perform("Query", &body).unwrap()["Items"].as_array().unwrap().len()
    };
    table.put(&item("1"));
    table.put(&item("2"));
    assert_eq!(found(&mut table), 1);
    table.remove("p", "s");
    assert_eq!(found(&mut table), 0);
}
