//! A step's own properties.

use expect_test::expect;

use super::{check_steps, sound, with_steps};
use crate::{OnCancel, OnFailure};

#[test]
fn a_step_has_a_name_and_a_known_action() {
    check_steps(
        "- action: aws:pause\n",
        &expect![[r#"
        3:3 mainSteps[0]: Missing "name" in step detail.
    "#]],
    );
    check_steps(
        "- name: a\n",
        &expect![[r#"
        3:3 mainSteps[0]: Missing "action" in step detail.
    "#]],
    );
    check_steps(
        "- name: a-b\n  action: aws:pause\n",
        &expect![[r#"
        3:9 mainSteps[0].name: StepName: a-b is invalid.
    "#]],
    );
    check_steps(
        "- name: ''\n  action: aws:pause\n",
        &expect![[r#"
        3:9 mainSteps[0].name: StepName:  is invalid.
    "#]],
    );
    check_steps(
        "- name: [a]\n  action: [aws:pause]\n",
        &expect![[r#"
        3:9 mainSteps[0].name: Found a list, expected a name
        4:11 mainSteps[0].action: Found a list, expected an action
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:runScript\n",
        &expect![[r#"
        4:11 mainSteps[0].action: Unknown action: aws:runScript
    "#]],
    );
    check_steps(
        "- name: a\n  action: pause\n",
        &expect![[r#"
        4:11 mainSteps[0].action: Unknown action: pause
    "#]],
    );
    check_steps(
        "- name: 1\n  action: aws:pause\n",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
}

#[test]
fn names_are_unique_in_the_whole_document() {
    check_steps(
        "- {name: a, action: 'aws:pause'}\n- {name: a, action: 'aws:pause'}\n- {name: b, action: 'aws:pause'}\n- {name: a, action: 'aws:pause'}\n",
        &expect![[r#"
            4:10 mainSteps[1].name: Duplicate step names found in mainSteps of the document.
            6:10 mainSteps[3].name: Duplicate step names found in mainSteps of the document.
        "#]],
    );
    check_steps(
        "- {name: a, action: 'aws:pause'}\n- name: l\n  action: aws:loop\n  inputs:\n    Iterators: [x]\n    Steps:\n    - {name: a, action: 'aws:pause'}\n    - {name: l, action: 'aws:pause'}\n",
        &expect![[r#"
            9:14 mainSteps[1].inputs.Steps[0].name: Duplicate step names found in mainSteps of the document.
            10:14 mainSteps[1].inputs.Steps[1].name: Duplicate step names found in mainSteps of the document.
        "#]],
    );
}

#[test]
fn numbers_and_flags_may_be_texts_or_references() {
    let step =
        |key: &str, value: &str| format!("- name: a\n  action: aws:pause\n  {key}: {value}\n");
    for good in ["3", "'3'", "'{{ global:REGION }}'"] {
        sound(&with_steps(&step("maxAttempts", good)));
        sound(&with_steps(&step("timeoutSeconds", good)));
    }
    for good in ["true", "'false'", "'True'", "'{{ global:REGION }}'"] {
        sound(&with_steps(&step("isEnd", good)));
        sound(&with_steps(&step("isCritical", good)));
    }
    check_steps(
        &step("maxAttempts", "0"),
        &expect![[r#"
        5:16 mainSteps[0].maxAttempts: Found 0, expected a number from 1
    "#]],
    );
    check_steps(
        &step("maxAttempts", "many"),
        &expect![[r#"
        5:16 mainSteps[0].maxAttempts: Found "many", expected a number from 1
    "#]],
    );
    check_steps(
        &step("timeoutSeconds", "1.5"),
        &expect![[r#"
        5:19 mainSteps[0].timeoutSeconds: Found 1.5, expected a number from 1
    "#]],
    );
    check_steps(
        &step("timeoutSeconds", "[1]"),
        &expect![[r#"
        5:19 mainSteps[0].timeoutSeconds: Found a list, expected a number from 1
    "#]],
    );
    check_steps(
        &step("timeoutSeconds", "'{{ Timeout }}'"),
        &expect![[r#"
            5:20 mainSteps[0].timeoutSeconds: Parameter "Timeout" is not declared.
        "#]],
    );
    check_steps(
        &step("isEnd", "yes"),
        &expect![[r#"
        5:10 mainSteps[0].isEnd: Found "yes", expected true or false
    "#]],
    );
    check_steps(
        &step("isCritical", "1"),
        &expect![[r#"
        5:15 mainSteps[0].isCritical: Found 1, expected true or false
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:approve\n  timeoutSeconds: 2592001\n  inputs: {Approvers: [Alice]}\n",
        &expect![[r#"
            5:19 mainSteps[0].timeoutSeconds: Found 2592001, expected a number from 1 to 2592000
        "#]],
    );
}

#[test]
fn what_follows_a_failure_is_written_in_one_of_three_ways() {
    let step = |key: &str, value: &str| {
        format!(
            "- name: a\n  action: aws:pause\n  {key}: {value}\n- name: b\n  action: aws:deleteImage\n  inputs: {{ImageId: x}}\n"
        )
    };
    for good in ["Abort", "Continue", "step:b"] {
        sound(&with_steps(&step("onFailure", good)));
    }
    check_steps(
        &step("onFailure", "abort"),
        &expect![[r#"
        5:14 mainSteps[0].onFailure: Found "abort", expected Abort, Continue or step:NAME
    "#]],
    );
    check_steps(
        &step("onFailure", "b"),
        &expect![[r#"
        5:14 mainSteps[0].onFailure: Found "b", expected Abort, Continue or step:NAME
    "#]],
    );
    check_steps(
        &step("onFailure", "'step:'"),
        &expect![[r#"
        5:14 mainSteps[0].onFailure: Found "step:", expected Abort, Continue or step:NAME
    "#]],
    );
    check_steps(
        &step("onFailure", "'step: b'"),
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
    check_steps(
        &step("onFailure", "[Abort]"),
        &expect![[r#"
        5:14 mainSteps[0].onFailure: Found a list, expected Abort, Continue or step:NAME
    "#]],
    );
    for good in ["Abort", "step:b"] {
        sound(&with_steps(&step("onCancel", good)));
    }
    check_steps(
        &step("onCancel", "Continue"),
        &expect![[r#"
        5:13 mainSteps[0].onCancel: Found "Continue", expected Abort or step:NAME
    "#]],
    );
    check_steps(
        &step("onCancel", "true"),
        &expect![[r#"
        5:13 mainSteps[0].onCancel: Found true, expected Abort or step:NAME
    "#]],
    );
}

#[test]
fn the_last_step_has_no_next_one() {
    let step = |is_end: &str| {
        format!(
            "- name: a\n  action: aws:pause\n  isEnd: {is_end}\n  nextStep: b\n- name: b\n  action: aws:pause\n"
        )
    };
    check_steps(
        &step("true"),
        &expect![[r#"
        6:13 mainSteps[0].nextStep: "isEnd == true" and nextStep should not exist in same step.
    "#]],
    );
    check_steps(
        &step("'true'"),
        &expect![[r#"
        6:13 mainSteps[0].nextStep: "isEnd == true" and nextStep should not exist in same step.
    "#]],
    );
    check_steps(
        &step("false"),
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
    check_steps(
        &step("'{{ global:REGION }}'"),
        &expect![[r#"
        sound, 2 steps
    "#]],
    );
}

#[test]
fn an_output_has_a_name_a_selector_and_a_type() {
    let step = |output: &str| {
        format!(
            "- name: a\n  action: aws:executeAwsApi\n  inputs: {{Service: ec2, Api: DescribeInstances}}\n  outputs: [{output}]\n"
        )
    };
    check_steps(
        &step("{Name: x, Selector: $.A, Type: StringList}"),
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_steps(
        &step("{Name: x, Selector: $.A}"),
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_steps(
        &step("{}"),
        &expect![[r#"
        6:13 mainSteps[0].outputs[0]: Missing "Name" in output of step.
        6:13 mainSteps[0].outputs[0]: Missing "Selector" in output of step.
    "#]],
    );
    check_steps(
        &step("{Name: x, Selector: '$.A[?]', Type: List, As: y}"),
        &expect![[r#"
            6:33 mainSteps[0].outputs[0].Selector: Selector "$.A[?]" is invalid: the path cannot be read: at position 8, in long-hand segment, parser error
            6:49 mainSteps[0].outputs[0].Type: Found "List", expected one of String, StringList, Boolean, Integer, StringMap, MapList
            6:55 mainSteps[0].outputs[0].As: Unknown property "As". Expected one of Name, Selector, Type
        "#]],
    );
    check_steps(
        &step("x"),
        &expect![[r#"
        6:13 mainSteps[0].outputs[0]: Found "x", expected a mapping
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:pause\n  outputs: {Name: x}\n",
        &expect![[r#"
        5:12 mainSteps[0].outputs: Found a mapping, expected a list of outputs with Name, Selector and Type
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:invokeLambdaFunction\n  inputs: {FunctionName: f}\n  outputs: [{Name: LogResult, Selector: $.LogResult, Type: String}]\n",
        &expect![[r#"
            6:20 mainSteps[0].outputs[0].Name: In step a, name: LogResult is conflicting with one of the following reserved output names: [LogResult, OutputPayload, FunctionError, Payload, StatusCode]
        "#]],
    );
}

#[test]
fn inputs_are_a_mapping_that_may_be_left_out_where_nothing_is_required() {
    check_steps(
        "- name: a\n  action: aws:pause\n",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:pause\n  inputs:\n",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:pause\n  inputs: []\n",
        &expect![[r#"
        5:11 mainSteps[0].inputs: Found a list, expected a mapping
    "#]],
    );
    check_steps(
        "- name: a\n  action: aws:deleteImage\n",
        &expect![[r#"
            3:3 mainSteps[0].inputs: Missing required input names. Required=[ [ImageId] ], Provided =[ [] ].
        "#]],
    );
}

#[test]
fn what_is_not_written_has_a_meaning() {
    let runbook = sound(
        "schemaVersion: '0.3'\nmainSteps:\n- {name: a, action: 'aws:pause'}\n- {name: b, action: 'aws:pause', onFailure: Continue}\n- {name: c, action: 'aws:pause', onFailure: Continue, isCritical: true}\n- {name: d, action: 'aws:sleep', inputs: {Duration: PT1S}, isCritical: 'false'}\n",
    );
    let meaning: Vec<_> = runbook
        .steps
        .iter()
        .map(|step| {
            format!(
                "{} {:?} {:?} critical {} timeout {:?}",
                step.name,
                step.effective_on_failure(),
                step.effective_on_cancel(),
                step.effective_is_critical(),
                step.default_timeout().map(|timeout| timeout.as_secs())
            )
        })
        .collect();
    expect![[r#"
        a Abort Abort critical true timeout None
        b Continue Abort critical false timeout None
        c Continue Abort critical true timeout None
        d Abort Abort critical "false" timeout Some(604799)"#]]
    .assert_eq(&meaning.join("\n"));
    assert_eq!(runbook.steps[0].on_failure, None);
    assert_eq!(*runbook.steps[0].effective_on_failure(), OnFailure::Abort);
    assert_eq!(*runbook.steps[0].effective_on_cancel(), OnCancel::Abort);
}
