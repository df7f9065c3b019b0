//! Comparisons.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::substitution::Names;
use super::{check, sound, with_steps};
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

fn with_branch(inputs: &str) -> String {
    with_steps(&format!(
        "- name: a\n  action: aws:branch\n  inputs: {inputs}\n- {{name: a2, action: 'aws:pause'}}\n"
    ))
}

#[test]
fn conditions_have_one_comparison_that_is_known() {
    let branch = |choice: &str| format!("{{Choices: [{choice}]}}");
    const VARIABLE: &str = "Variable: '{{ global:REGION }}'";
    let choice = |rest: &str| branch(&format!("{{NextStep: a2, {rest}}}"));
    let said = |inputs: &str, expected: &Expect| check(&with_branch(inputs), expected);
    for operator in Operator::ALL {
        let operand = match operator.name() {
            name if name.starts_with("Numeric") => "3",
            "BooleanEquals" => "true",
            _ => "x",
        };
        sound(&with_branch(&choice(&format!("{VARIABLE}, {}: {operand}", operator.name()))));
    }
    said(
        &choice(&format!(
            "And: [{{{VARIABLE}, StringEquals: x}}, {{Not: {{{VARIABLE}, Contains: y}}}}]"
        )),
        &expect![[r#"
            sound, 2 steps
        "#]],
    );
    said(
        &choice(&format!("Or: [{{{VARIABLE}, NumericGreater: 0}}]")),
        &expect![[r#"
        5:41 mainSteps[0].inputs.Choices[0].Or: Expect at lease two expressions for operator: Or in step: a. Provided: 1
    "#]],
    );
    said(
        &choice(&format!("Not: [{{{VARIABLE}, StringEquals: ''}}]")),
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
    said(
        &choice("StringEquals: x"),
        &expect![[r#"
        5:22 mainSteps[0].inputs.Choices[0]: Missing "Variable" of StringEquals
    "#]],
    );
    said(
        &choice(VARIABLE),
        &expect![[r#"
        5:22 mainSteps[0].inputs.Choices[0]: Exactly one comparison is expected: Variable with an operator, And, Or or Not
    "#]],
    );
    said(
        &choice(&format!("{VARIABLE}, StringEquals: x, StartsWith: y")),
        &expect![[r#"
        5:22 mainSteps[0].inputs.Choices[0]: Exactly one comparison is expected: Variable with an operator, And, Or or Not
    "#]],
    );
    said(
        &choice(&format!("{VARIABLE}, NumericLessThan: 3")),
        &expect![[r#"
        5:70 mainSteps[0].inputs.Choices[0].NumericLessThan: Unsupported operator: NumericLessThan
    "#]],
    );
    said(
        &choice(&format!("{VARIABLE}, NumericLesser: three")),
        &expect![[r#"
            5:85 mainSteps[0].inputs.Choices[0].NumericLesser: Input three is of type String, but expected type is Integer.
        "#]],
    );
    said(
        &choice(&format!("{VARIABLE}, BooleanEquals: maybe")),
        &expect![[r#"
            5:85 mainSteps[0].inputs.Choices[0].BooleanEquals: Input maybe is of type String, but expected type is Boolean.
        "#]],
    );
    said(
        &choice(&format!("{VARIABLE}, NumericLesser: '{{{{ global:REGION }}}}'")),
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
    said(
        &choice("And: []"),
        &expect![[r#"
        5:42 mainSteps[0].inputs.Choices[0].And: And has no conditions
    "#]],
    );
    said(
        &choice("And: {}"),
        &expect![[r#"
        5:42 mainSteps[0].inputs.Choices[0].And: Found a mapping, expected a list of conditions
    "#]],
    );
    said(
        &choice("Not: []"),
        &expect![[r#"
        5:42 mainSteps[0].inputs.Choices[0].Not: Not takes one condition
    "#]],
    );
    said(
        &choice("Or: [x]"),
        &expect![[r#"
            5:41 mainSteps[0].inputs.Choices[0].Or: Expect at lease two expressions for operator: Or in step: a. Provided: 1
            5:42 mainSteps[0].inputs.Choices[0].Or[0]: Found "x", expected a mapping
        "#]],
    );
    said(
        &branch(&format!("{{{VARIABLE}, StringEquals: x}}")),
        &expect![[r#"
        5:22 mainSteps[0].inputs.Choices[0]: Missing "NextStep" in choice.
    "#]],
    );
    said(
        "{Choices: []}",
        &expect![[r#"
        5:21 mainSteps[0].inputs.Choices: At least one choice is required
    "#]],
    );
    said(
        "{Choices: x}",
        &expect![[r#"
        5:21 mainSteps[0].inputs.Choices: Found "x", expected a list of choices
    "#]],
    );
    said(
        "{Choices: [x], Default: a2}",
        &expect![[r#"
        5:22 mainSteps[0].inputs.Choices[0]: Found "x", expected a mapping
    "#]],
    );
}

#[test]
fn operands_of_another_type_are_refused_in_the_words_of_aws() {
    const VARIABLE: &str = "Variable: '{{ global:REGION }}'";
    let said = |rest: &str, expected: &Expect| {
        let choice = format!("{{Choices: [{{NextStep: a2, {VARIABLE}, {rest}}}]}}");
        check(&with_branch(&choice), expected);
    };
    said(
        "BooleanEquals: 'true'",
        &expect![[r#"
        5:85 mainSteps[0].inputs.Choices[0].BooleanEquals: Input true is of type String, but expected type is Boolean.
    "#]],
    );
    said(
        "BooleanEquals: 1",
        &expect![[r#"
        5:85 mainSteps[0].inputs.Choices[0].BooleanEquals: Input 1 is of type Integer, but expected type is Boolean.
    "#]],
    );
    said(
        "NumericGreater: '3'",
        &expect![[r#"
        5:86 mainSteps[0].inputs.Choices[0].NumericGreater: Input 3 is of type String, but expected type is Integer.
    "#]],
    );
    said(
        "NumericEquals: [3]",
        &expect![[r#"
        5:85 mainSteps[0].inputs.Choices[0].NumericEquals: Input [3] is of type ArrayList, but expected type is Integer.
    "#]],
    );
    said(
        "StringEquals: [a, b]",
        &expect![[r#"
        5:84 mainSteps[0].inputs.Choices[0].StringEquals: Input [a, b] is of type ArrayList, but expected type is String.
    "#]],
    );
    said(
        "Contains: {a: b}",
        &expect![[r#"
        5:80 mainSteps[0].inputs.Choices[0].Contains: Input {a=b} is of type LinkedHashMap, but expected type is String.
    "#]],
    );
    said(
        "StringEquals: true",
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
    said(
        "BooleanEquals: '{{ global:DATE }}'",
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
}
