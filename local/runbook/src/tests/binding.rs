//! The values given to an execution.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::sound;
use crate::bind;

/// Binds to a document with one parameter `P`.
fn check(definition: &str, given: &[&str], expected: &Expect) {
    let runbook = sound(&format!(
        "schemaVersion: '0.3'\nparameters:\n  P: {definition}\nmainSteps: [{{name: a, action: 'aws:pause'}}]\n"
    ));
    let values = given.iter().map(|text| (*text).to_owned()).collect();
    let said = match bind(&runbook, &BTreeMap::from([("P".to_owned(), values)])) {
        Ok(bound) => bound.get("P").map(ToString::to_string).unwrap_or_default(),
        Err(message) => message,
    };
    expected.assert_eq(&said);
}

#[test]
fn every_type_is_read_from_its_list_of_texts() {
    check("{type: String}", &["x"], &expect![[r#""x""#]]);
    check("{type: String}", &[""], &expect![[r#""""#]]);
    check("{type: String}", &["{{ x }}"], &expect![[r#""{{ x }}""#]]);
    check("{type: Boolean}", &["true"], &expect!["true"]);
    check("{type: Integer}", &["-3"], &expect!["-3"]);
    check("{type: StringList}", &["a", "b"], &expect![[r#"["a","b"]"#]]);
    check("{type: StringList}", &[], &expect!["[]"]);
    check("{type: StringMap}", &["{\"a\": 1}"], &expect![[r#"{"a":1}"#]]);
    check("{type: MapList}", &["{\"a\": 1}", "{}"], &expect![[r#"[{"a":1},{}]"#]]);
    check("{type: MapList}", &["[{\"a\": 1}, {}]"], &expect![[r#"[{"a":1},{}]"#]]);
    check(
        "{type: 'AWS::EC2::Instance::Id'}",
        &["i-0123456789abcdef0"],
        &expect![[r#""i-0123456789abcdef0""#]],
    );
    check(
        "{type: 'List<AWS::EC2::Instance::Id>'}",
        &["i-01234567", "mi-01234567"],
        &expect![[r#"["i-01234567","mi-01234567"]"#]],
    );
    check(
        "{type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'}",
        &["anything"],
        &expect![[r#""anything""#]],
    );
}

#[test]
fn a_value_of_another_type_is_refused() {
    check("{type: String}", &[], &expect![[r#"Parameter "P" has value [], expected String."#]]);
    check(
        "{type: String}",
        &["a", "b"],
        &expect![[r#"Parameter "P" has value [a, b], expected String."#]],
    );
    check(
        "{type: Boolean}",
        &["True"],
        &expect![[r#"Parameter "P" has value [True], expected Boolean."#]],
    );
    check(
        "{type: Integer}",
        &["3.0"],
        &expect![[r#"Parameter "P" has value [3.0], expected Integer."#]],
    );
    check(
        "{type: StringMap}",
        &["a=b"],
        &expect![[r#"Parameter "P" has value [a=b], expected StringMap."#]],
    );
    check(
        "{type: StringMap}",
        &["[]"],
        &expect![[r#"Parameter "P" has value [[]], expected StringMap."#]],
    );
    check(
        "{type: MapList}",
        &["{}", "x"],
        &expect![[r#"Parameter "P" has value [{}, x], expected MapList."#]],
    );
    check(
        "{type: MapList}",
        &["[1]"],
        &expect![[r#"Parameter "P" has value [[1]], expected MapList."#]],
    );
}

#[test]
fn a_value_that_is_not_allowed_is_refused_in_words_of_aws() {
    check(
        "{type: String, allowedValues: [Install, Uninstall]}",
        &["install"],
        &expect![[r#"Parameter "P" has value "install" not found in [Install, Uninstall]."#]],
    );
    check(
        "{type: String, allowedValues: [Install, Uninstall]}",
        &["Install"],
        &expect![[r#""Install""#]],
    );
    check(
        "{type: StringList, allowedValues: [a, b]}",
        &["a", "c"],
        &expect![[r#"Parameter "P" has value "c" not found in [a, b]."#]],
    );
    check("{type: StringList, allowedValues: [a, b]}", &["b", "a"], &expect![[r#"["b","a"]"#]]);
    check(
        "{type: Boolean, allowedValues: [true]}",
        &["false"],
        &expect![[r#"Parameter "P" has value "false" not found in [true]."#]],
    );
    check("{type: Integer, allowedValues: ['1', 2]}", &["2"], &expect!["2"]);
    check(
        "{type: String, allowedPattern: '^a+$'}",
        &["ab"],
        &expect![[r#"Parameter "P" has value "ab" not matching ^a+$."#]],
    );
    check(
        "{type: StringList, allowedPattern: '^a+$'}",
        &["a", "b"],
        &expect![[r#"Parameter "P" has value "b" not matching ^a+$."#]],
    );
    check(
        "{type: Integer, allowedPattern: '^([1-5]?\\d{1,2}|600)$'}",
        &["601"],
        &expect![[r#"Parameter "P" has value "601" not matching ^([1-5]?\d{1,2}|600)$."#]],
    );
    check(
        "{type: MapList, allowedPattern: '^\\{\\}$|^\\{\"Cidr\":\".*\"\\}$'}",
        &["{\"Cidr\": \"10.0.0.0/8\"}", "{}"],
        &expect![[r#"[{"Cidr":"10.0.0.0/8"},{}]"#]],
    );
    check(
        "{type: 'AWS::EC2::Instance::Id'}",
        &["i-1"],
        &expect![[
            r#"Parameter "P" has value "i-1" not matching ^m?i-([a-z0-9]{8}|[a-z0-9]{17})$."#
        ]],
    );
    check(
        "{type: 'List<AWS::S3::Bucket::Name>'}",
        &["good-name", "Bad"],
        &expect![[r#"Parameter "P" has value "Bad" not matching ^[0-9a-z][a-z0-9\-\.]{3,63}$."#]],
    );
    check("{type: 'AWS::IAM::Role::Arn', default: ''}", &[""], &expect![[r#""""#]]);
    check(
        "{type: 'AWS::IAM::Role::Arn', default: 'x'}",
        &[""],
        &expect![[
            r#"Parameter "P" has value "" not matching ^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.*$."#
        ]],
    );
}

#[test]
fn a_value_is_neither_too_small_nor_too_large() {
    check(
        "{type: String, minChars: 2}",
        &["a"],
        &expect![[r#"Parameter "P" has value "a" of 1 characters, at least 2 are required."#]],
    );
    check(
        "{type: String, maxChars: 2}",
        &["äöü"],
        &expect![[r#"Parameter "P" has value "äöü" of 3 characters, at most 2 are allowed."#]],
    );
    check("{type: String, minChars: 2, maxChars: 2}", &["äö"], &expect![[r#""äö""#]]);
    check(
        "{type: StringList, minItems: 1}",
        &[],
        &expect![[r#"Parameter "P" has 0 items, at least 1 are required."#]],
    );
    check(
        "{type: StringList, maxItems: 1}",
        &["a", "b"],
        &expect![[r#"Parameter "P" has 2 items, at most 1 are allowed."#]],
    );
    check(
        "{type: StringList, maxChars: 1}",
        &["a", "bb"],
        &expect![[r#"Parameter "P" has value "bb" of 2 characters, at most 1 are allowed."#]],
    );
    check(
        "{type: StringMap, maxItems: 1}",
        &["{\"a\": 1, \"b\": 2}"],
        &expect![[r#"Parameter "P" has 2 items, at most 1 are allowed."#]],
    );
    check(
        "{type: Integer, minValue: 1}",
        &["0"],
        &expect![[r#"Parameter "P" has value 0, at least 1 are required."#]],
    );
    check(
        "{type: Integer, maxValue: 3}",
        &["4"],
        &expect![[r#"Parameter "P" has value 4, at most 3 are allowed."#]],
    );
}

#[test]
fn what_is_required_is_given_and_only_what_is_declared() {
    let runbook = sound(
        "schemaVersion: '0.3'\nparameters:\n  InstanceIds: {type: StringList}\n  Role: {type: String, default: 'x{{global:REGION}}'}\n  Wait: {type: Integer, default: '5'}\nmainSteps: [{name: a, action: 'aws:pause'}]\n",
    );
    let given = |names: &[&str]| -> BTreeMap<String, Vec<String>> {
        names.iter().map(|name| ((*name).to_owned(), vec!["1".to_owned()])).collect()
    };
    let said = |names: &[&str]| match bind(&runbook, &given(names)) {
        Ok(bound) => serde_json::to_string(&bound).unwrap(),
        Err(message) => message,
    };
    expect!["Missing required parameter: InstanceIds in user inputs."].assert_eq(&said(&[]));
    expect![[r#"{"InstanceIds":["1"],"Role":"x{{global:REGION}}","Wait":5}"#]]
        .assert_eq(&said(&["InstanceIds"]));
    expect![[r#"{"InstanceIds":["1"],"Role":"x{{global:REGION}}","Wait":1}"#]]
        .assert_eq(&said(&["InstanceIds", "Wait"]));
    expect![[r#"Parameter "instanceIds" is not declared in the document."#]]
        .assert_eq(&said(&["InstanceIds", "instanceIds"]));
}
