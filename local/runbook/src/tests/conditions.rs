//! Comparisons.

use expect_test::expect;
use serde_json::{Value, json};

use super::substitution::Names;
use crate::{Condition, Operator};

fn test(variable: Value, operator: &str, operand: Value) -> Condition {
    Condition::Test { variable, operator: Operator::parse(operator).unwrap(), operand }
}

fn holds(variable: &Value, operator: &str, operand: &Value) -> String {
    let said = match test(variable.clone(), operator, operand.clone()).holds(&Names) {
        Ok(holds) => holds.to_string(),
        Err(error) => error.to_string(),
    };
    format!("{variable} {operator} {operand}: {said}\n")
}

#[test]
fn texts_compare_as_texts_whatever_their_type() {
    let all = [
        holds(&json!("a"), "StringEquals", &json!("a")),
        holds(&json!("a"), "StringEquals", &json!("A")),
        holds(&json!("a"), "EqualsIgnoreCase", &json!("A")),
        holds(&json!("{{ Flag }}"), "StringEquals", &json!("true")),
        holds(&json!("{{ Number }}"), "StringEquals", &json!("3")),
        holds(&json!("abc"), "StartsWith", &json!("ab")),
        holds(&json!("abc"), "EndsWith", &json!("bc")),
        holds(&json!("abc"), "EndsWith", &json!("ab")),
        holds(&json!("abc"), "Contains", &json!("b")),
        holds(&json!("{{ List }}"), "Contains", &json!("\"b\"")),
        holds(&json!("{{ Empty }}"), "StringEquals", &json!("")),
        holds(&json!("x"), "StringEquals", &json!("{{ Text }}")),
    ];
    expect![[r#"
        "a" StringEquals "a": true
        "a" StringEquals "A": false
        "a" EqualsIgnoreCase "A": true
        "{{ Flag }}" StringEquals "true": true
        "{{ Number }}" StringEquals "3": true
        "abc" StartsWith "ab": true
        "abc" EndsWith "bc": true
        "abc" EndsWith "ab": false
        "abc" Contains "b": true
        "{{ List }}" Contains "\"b\"": true
        "{{ Empty }}" StringEquals "": true
        "x" StringEquals "{{ Text }}": false
    "#]]
    .assert_eq(&all.concat());
}

#[test]
fn numbers_compare_as_numbers_or_not_at_all() {
    let all = [
        holds(&json!(3), "NumericEquals", &json!("3")),
        holds(&json!("3.0"), "NumericEquals", &json!(3)),
        holds(&json!(2), "NumericLesser", &json!(10)),
        holds(&json!("10"), "NumericGreater", &json!("9")),
        holds(&json!(9007199254740993_i64), "NumericEquals", &json!(9007199254740992_i64)),
        holds(&json!(1.5), "NumericGreaterOrEquals", &json!(1.5)),
        holds(&json!(-1), "NumericLesserOrEquals", &json!(-2)),
        holds(&json!(u64::MAX), "NumericGreater", &json!(i64::MAX)),
        holds(&json!("many"), "NumericEquals", &json!(3)),
        holds(&json!(true), "NumericEquals", &json!(1)),
        holds(&json!("{{ Null }}"), "NumericEquals", &json!(1)),
    ];
    expect![[r#"
        3 NumericEquals "3": true
        "3.0" NumericEquals 3: true
        2 NumericLesser 10: true
        "10" NumericGreater "9": true
        9007199254740993 NumericEquals 9007199254740992: false
        1.5 NumericGreaterOrEquals 1.5: true
        -1 NumericLesserOrEquals -2: false
        18446744073709551615 NumericGreater 9223372036854775807: true
        "many" NumericEquals 3: NumericEquals compares numbers, not "many"
        true NumericEquals 1: NumericEquals compares numbers, not true
        "{{ Null }}" NumericEquals 1: NumericEquals compares numbers, not null
    "#]]
    .assert_eq(&all.concat());
}

#[test]
fn flags_compare_as_flags_or_not_at_all() {
    let all = [
        holds(&json!("{{ Flag }}"), "BooleanEquals", &json!(true)),
        holds(&json!("True"), "BooleanEquals", &json!("true")),
        holds(&json!(false), "BooleanEquals", &json!(true)),
        holds(&json!("yes"), "BooleanEquals", &json!(true)),
        holds(&json!(1), "BooleanEquals", &json!(true)),
    ];
    expect![[r#"
        "{{ Flag }}" BooleanEquals true: true
        "True" BooleanEquals "true": true
        false BooleanEquals true: false
        "yes" BooleanEquals true: BooleanEquals compares true and false, not "yes"
        1 BooleanEquals true: BooleanEquals compares true and false, not 1
    "#]]
    .assert_eq(&all.concat());
}

#[test]
fn and_or_and_not_look_no_further_than_they_have_to() {
    let yes = || test(json!("a"), "StringEquals", json!("a"));
    let no = || test(json!("a"), "StringEquals", json!("b"));
    let error = || test(json!("{{ Unknown }}"), "StringEquals", json!("b"));
    for (condition, expected) in [
        (Condition::And(vec![yes(), yes()]), Some(true)),
        (Condition::And(vec![yes(), no(), error()]), Some(false)),
        (Condition::And(vec![yes(), error()]), None),
        (Condition::Or(vec![no(), yes(), error()]), Some(true)),
        (Condition::Or(vec![no(), no()]), Some(false)),
        (Condition::Or(vec![error(), yes()]), None),
        (Condition::Not(Box::new(no())), Some(true)),
        (
            Condition::Not(Box::new(Condition::And(vec![yes(), Condition::Or(vec![no(), yes()])]))),
            Some(false),
        ),
        (Condition::Not(Box::new(error())), None),
    ] {
        assert_eq!(condition.holds(&Names).ok(), expected, "{condition:?}");
    }
}

#[test]
fn a_comparison_with_an_output_that_is_not_there_does_not_hold() {
    for operator in Operator::ALL {
        for (variable, operand) in [("{{ b.Missing }}", "1"), ("1", "{{ b.Missing }}")] {
            let compares = test(json!(variable), operator.name(), json!(operand));
            assert_eq!(compares.holds(&Names), Ok(false), "{compares:?}");
            assert_eq!(Condition::Not(Box::new(compares)).holds(&Names), Ok(true));
        }
    }
    assert!(test(json!("{{ Unknown }}"), "StringEquals", json!("1")).holds(&Names).is_err());
}
