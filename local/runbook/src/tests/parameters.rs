//! Declarations of parameters and variables.

use expect_test::{Expect, expect};

use super::{check, sound};

fn check_parameter(definition: &str, expected: &Expect) {
    check(&with_parameter(definition), expected);
}

fn with_parameter(definition: &str) -> String {
    format!(
        "schemaVersion: '0.3'\nparameters:\n  P: {definition}\nmainSteps: [{{name: a, action: 'aws:pause'}}]\n"
    )
}

#[test]
fn a_parameter_has_an_alpha_numeric_name_a_type_and_known_properties() {
    check(
        "schemaVersion: '0.3'\nparameters:\n  event_type: {type: String}\n  Größe: {type: String}\n  '': {type: String}\n  3: {type: String}\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
        &expect![[r#"
            3:3 parameters.event_type: Parameter name "event_type" is not alpha-numeric.
            4:3 parameters.Größe: Parameter name "Größe" is not alpha-numeric.
            5:3 parameters.: Parameter name "" is not alpha-numeric.
        "#]],
    );
    check_parameter(
        "{}",
        &expect![[r#"
        3:6 parameters.P: Missing "type" in parameter definition.
    "#]],
    );
    check_parameter(
        "",
        &expect![[r#"
        3:4 parameters.P: Found nothing, expected a mapping
    "#]],
    );
    check_parameter(
        "{type: string}",
        &expect![[r#"
        3:13 parameters.P.type: Parameter type: string is invalid.
    "#]],
    );
    check_parameter(
        "{type: [String]}",
        &expect![[r#"
        3:13 parameters.P.type: Parameter type:  is invalid.
    "#]],
    );
    check_parameter(
        "{type: String, defaultValue: x}",
        &expect![[r#"
        3:21 parameters.P.defaultValue: Unknown property "defaultValue". Expected one of type, description, default, allowedValues, allowedPattern, displayType, minItems, maxItems, minChars, maxChars, minValue, maxValue
    "#]],
    );
    check_parameter(
        "{type: String, displayType: textbox}",
        &expect![[r#"
        3:34 parameters.P.displayType: Found "textbox", expected textfield or textarea
    "#]],
    );
}

#[test]
fn every_type_of_the_language_and_of_resources_is_taken() {
    for kind in [
        "String",
        "StringList",
        "Boolean",
        "Integer",
        "StringMap",
        "MapList",
        "AWS::EC2::Instance::Id",
        "List<AWS::EC2::Instance::Id>",
        "AWS::S3::Bucket::Name",
        "List<AWS::S3::Bucket::Name>",
        "AWS::IAM::Role::Arn",
        "List<AWS::IAM::Role::Arn>",
        "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "AWS::Some::New::Resource",
    ] {
        sound(&with_parameter(&format!("{{type: '{kind}'}}")));
    }
    check_parameter(
        "{type: 'List<String>'}",
        &expect![[r#"
        3:13 parameters.P.type: Parameter type: List<String> is invalid.
    "#]],
    );
    check_parameter(
        "{type: 'AWS::'}",
        &expect![[r#"
        3:13 parameters.P.type: Parameter type: AWS:: is invalid.
    "#]],
    );
    check_parameter(
        "{type: 'List<AWS::EC2::Instance::Id'}",
        &expect![[r#"
        3:13 parameters.P.type: Parameter type: List<AWS::EC2::Instance::Id is invalid.
    "#]],
    );
}

#[test]
fn a_default_has_the_type_of_its_parameter() {
    for (kind, good) in [
        ("String", "x"),
        ("String", "''"),
        ("String", "0123"),
        ("StringList", "[]"),
        ("StringList", "[a, 1]"),
        ("Boolean", "true"),
        ("Boolean", "'False'"),
        ("Integer", "3"),
        ("Integer", "'-3'"),
        ("StringMap", "{}"),
        ("StringMap", "{a: {b: 1}}"),
        ("StringMap", "'{\"a\": 1}'"),
        ("MapList", "[]"),
        ("MapList", "[{}]"),
        ("AWS::EC2::Instance::Id", "''"),
        ("List<AWS::EC2::Instance::Id>", "[i-1]"),
    ] {
        sound(&with_parameter(&format!("{{type: '{kind}', default: {good}}}")));
    }
    check_parameter(
        "{type: String, default: [a]}",
        &expect![[r#"
        3:30 parameters.P.default: Wrong default value for a "String" parameters
    "#]],
    );
    check_parameter(
        "{type: String, default: {a: b}}",
        &expect![[r#"
        3:30 parameters.P.default: Wrong default value for a "String" parameters
    "#]],
    );
    check_parameter(
        "{type: StringList, default: a}",
        &expect![[r#"
        3:34 parameters.P.default: Wrong default value for a "StringList" parameters
    "#]],
    );
    check_parameter(
        "{type: StringList, default: {}}",
        &expect![[r#"
        3:34 parameters.P.default: Wrong default value for a "StringList" parameters
    "#]],
    );
    check_parameter(
        "{type: Boolean, default: maybe}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "Boolean" parameters
    "#]],
    );
    check_parameter(
        "{type: Boolean, default: 1}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "Boolean" parameters
    "#]],
    );
    check_parameter(
        "{type: Integer, default: 1.5}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "Integer" parameters
    "#]],
    );
    check_parameter(
        "{type: Integer, default: many}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "Integer" parameters
    "#]],
    );
    check_parameter(
        "{type: StringMap, default: [a]}",
        &expect![[r#"
        3:33 parameters.P.default: Wrong default value for a "StringMap" parameters
    "#]],
    );
    check_parameter(
        "{type: MapList, default: {a: b}}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "MapList" parameters
    "#]],
    );
    check_parameter(
        "{type: MapList, default: [a]}",
        &expect![[r#"
        3:31 parameters.P.default: Wrong default value for a "MapList" parameters
    "#]],
    );
    check_parameter(
        "{type: 'AWS::IAM::Role::Arn', default: [a]}",
        &expect![[r#"
        3:45 parameters.P.default: Wrong default value for a "AWS::IAM::Role::Arn" parameters
    "#]],
    );
}

#[test]
fn a_default_that_refers_to_something_has_any_type_and_only_known_references() {
    check_parameter(
        "{type: Integer, default: '{{ P }}'}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_parameter(
        "{type: StringList, default: '{{ ssm:/my/list }}'}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_parameter(
        "{type: String, default: 'x_{{global:DATE_TIME}}_{{automation:EXECUTION_ID}}'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_parameter(
        "{type: String, default: '{{ Other }}'}",
        &expect![[r#"
            3:31 parameters.P.default: Parameter "Other" is not declared.
        "#]],
    );
    check_parameter(
        "{type: String, default: '{{ global:NOTHING }}'}",
        &expect![[r#"
            3:31 parameters.P.default: Parameter "global:NOTHING" is not declared.
        "#]],
    );
}

#[test]
fn a_default_is_held_against_neither_its_pattern_nor_its_allowed_values() {
    check_parameter(
        "{type: String, default: '', allowedPattern: '^a+$'}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_parameter(
        "{type: String, default: c, allowedValues: [a, b]}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_parameter(
        "{type: String, default: '', minChars: 3}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
}

#[test]
fn a_default_and_allowed_values_have_their_type_whatever_the_document_wrote() {
    let runbook = sound(
        "schemaVersion: '0.3'\nparameters:\n  A: {type: String, default: 1.10, allowedValues: [1.10, 007, true]}\n  B: {type: Boolean, default: 'true'}\n  C: {type: Integer, default: '5', allowedValues: ['5', 6]}\n  D: {type: StringMap, default: '{\"a\": 1}'}\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
    );
    let shown: Vec<_> = runbook
        .parameters
        .iter()
        .map(|parameter| {
            let default = parameter.default.as_ref().unwrap();
            let allowed = serde_json::to_string(&parameter.allowed_values).unwrap();
            format!("{} {default} {allowed}", parameter.name)
        })
        .collect();
    expect![[r#"
        A "1.10" ["1.10","007","true"]
        B true null
        C 5 [5,6]
        D {"a":1} null"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn what_restricts_a_value_is_itself_checked() {
    check_parameter(
        "{type: String, allowedValues: a}",
        &expect![[r#"
        3:36 parameters.P.allowedValues: Found "a", expected a list of values
    "#]],
    );
    check_parameter(
        "{type: Integer, allowedValues: [1, two]}",
        &expect![[r#"
        3:41 parameters.P.allowedValues[1]: Found "two", expected a value of type Integer
    "#]],
    );
    check_parameter(
        "{type: StringList, allowedValues: [a, [b]]}",
        &expect![[r#"
        3:44 parameters.P.allowedValues[1]: Found a list, expected a value of type String
    "#]],
    );
    check_parameter(
        "{type: String, allowedPattern: '('}",
        &expect![[r#"
            3:37 parameters.P.allowedPattern: ( is not a regular expression: a group is not closed
        "#]],
    );
    check_parameter(
        "{type: String, allowedPattern: []}",
        &expect![[r#"
        3:37 parameters.P.allowedPattern: Found a list, expected a regular expression
    "#]],
    );
    check_parameter(
        "{type: String, minChars: few, maxChars: -1}",
        &expect![[r#"
        3:31 parameters.P.minChars: Found "few", expected a number
        3:46 parameters.P.maxChars: Found -1, expected a number
    "#]],
    );
    check_parameter(
        "{type: String, minChars: 3, maxChars: 2}",
        &expect![[r#"
        3:31 parameters.P.minChars: minChars is greater than maxChars
    "#]],
    );
    check_parameter(
        "{type: StringList, minItems: 3, maxItems: 2}",
        &expect![[r#"
        3:35 parameters.P.minItems: minItems is greater than maxItems
    "#]],
    );
    check_parameter(
        "{type: Integer, minValue: -3, maxValue: '-4'}",
        &expect![[r#"
        3:32 parameters.P.minValue: minValue is greater than maxValue
    "#]],
    );
    check_parameter(
        "{type: Integer, minValue: -4, maxValue: '-3'}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
}

#[test]
fn variables_are_declared_like_parameters_but_with_the_types_of_the_language() {
    let variable = |definition: &str| {
        format!(
            "schemaVersion: '0.3'\nvariables:\n  my_variable: {definition}\nmainSteps: [{{name: a, action: 'aws:pause'}}]\n"
        )
    };
    for kind in ["Boolean", "Integer", "MapList", "String", "StringList", "StringMap"] {
        sound(&variable(&format!("{{type: {kind}}}")));
    }
    check(
        &variable("{type: Integer, default: 0, description: x, allowedValues: [0, 1]}"),
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check(
        &variable("{type: 'AWS::EC2::Instance::Id'}"),
        &expect![[r#"
        3:23 variables.my_variable.type: Variable type: AWS::EC2::Instance::Id is invalid.
    "#]],
    );
    check(
        &variable("{default: x}"),
        &expect![[r#"
        3:16 variables.my_variable: Missing "type" in variable definition.
    "#]],
    );
    check(
        &variable("{type: Boolean, default: x, colour: red}"),
        &expect![[r#"
        3:41 variables.my_variable.default: Wrong default value for a "Boolean" parameters
        3:44 variables.my_variable.colour: Unknown property "colour". Expected one of type, description, default, allowedValues, allowedPattern, displayType, minItems, maxItems, minChars, maxChars, minValue, maxValue
    "#]],
    );
    check(
        &variable("x"),
        &expect![[r#"
        3:16 variables.my_variable: Found "x", expected a mapping
    "#]],
    );
    check(
        "schemaVersion: '0.3'\nvariables: {a-b: {type: String}}\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
        &expect![[r#"
            2:13 variables.a-b: Variable name "a-b" is invalid.
        "#]],
    );
}
