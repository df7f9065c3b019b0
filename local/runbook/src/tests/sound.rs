//! A document that uses the whole language, and documents as people write them.

use expect_test::expect;

use super::{check, sound};
use crate::{Condition, StepBody};

const WHOLE: &str = include_str!("whole.yaml");

#[test]
fn a_document_that_uses_everything_is_read_field_by_field() {
    let runbook = sound(WHOLE);
    expect![[r###"
        Runbook {
            description: Some(
                "## What it does\nEverything that the language can say.",
            ),
            assume_role: Some(
                "{{ AutomationAssumeRole }}",
            ),
            parameters: [
                Parameter {
                    name: "AutomationAssumeRole",
                    kind: ParameterType {
                        name: "AWS::IAM::Role::Arn",
                        shape: String,
                    },
                    description: Some(
                        "Who acts",
                    ),
                    default: Some(
                        String(""),
                    ),
                    allowed_values: None,
                    allowed_pattern: None,
                    limits: ParameterLimits {
                        min_items: None,
                        max_items: None,
                        min_chars: None,
                        max_chars: None,
                        min_value: None,
                        max_value: None,
                    },
                },
                Parameter {
                    name: "InstanceIds",
                    kind: ParameterType {
                        name: "List<AWS::EC2::Instance::Id>",
                        shape: StringList,
                    },
                    description: None,
                    default: None,
                    allowed_values: None,
                    allowed_pattern: None,
                    limits: ParameterLimits {
                        min_items: Some(
                            1,
                        ),
                        max_items: Some(
                            50,
                        ),
                        min_chars: None,
                        max_chars: None,
                        min_value: None,
                        max_value: None,
                    },
                },
                Parameter {
                    name: "Mode",
                    kind: ParameterType {
                        name: "String",
                        shape: String,
                    },
                    description: None,
                    default: Some(
                        String("Check"),
                    ),
                    allowed_values: Some(
                        [
                            String("Check"),
                            String("Repair"),
                        ],
                    ),
                    allowed_pattern: Some(
                        Pattern(
                            "^(?i:check|repair)$",
                        ),
                    ),
                    limits: ParameterLimits {
                        min_items: None,
                        max_items: None,
                        min_chars: Some(
                            1,
                        ),
                        max_chars: Some(
                            10,
                        ),
                        min_value: None,
                        max_value: None,
                    },
                },
                Parameter {
                    name: "Image",
                    kind: ParameterType {
                        name: "String",
                        shape: String,
                    },
                    description: None,
                    default: Some(
                        String("{{ssm:/images/latest}}"),
                    ),
                    allowed_values: None,
                    allowed_pattern: None,
                    limits: ParameterLimits {
                        min_items: None,
                        max_items: None,
                        min_chars: None,
                        max_chars: None,
                        min_value: None,
                        max_value: None,
                    },
                },
                Parameter {
                    name: "Wait",
                    kind: ParameterType {
                        name: "Integer",
                        shape: Integer,
                    },
                    description: None,
                    default: Some(
                        Number(5),
                    ),
                    allowed_values: None,
                    allowed_pattern: None,
                    limits: ParameterLimits {
                        min_items: None,
                        max_items: None,
                        min_chars: None,
                        max_chars: None,
                        min_value: Some(
                            0,
                        ),
                        max_value: Some(
                            600,
                        ),
                    },
                },
                Parameter {
                    name: "Tags",
                    kind: ParameterType {
                        name: "MapList",
                        shape: MapList,
                    },
                    description: None,
                    default: Some(
                        Array [
                            Object {
                                "Key": String("a"),
                                "Value": String("b"),
                            },
                        ],
                    ),
                    allowed_values: None,
                    allowed_pattern: None,
                    limits: ParameterLimits {
                        min_items: None,
                        max_items: None,
                        min_chars: None,
                        max_chars: None,
                        min_value: None,
                        max_value: None,
                    },
                },
            ],
            variables: [
                Variable {
                    name: "seen",
                    kind: StringMap,
                    description: Some(
                        "What was found",
                    ),
                    default: Some(
                        Object {},
                    ),
                    allowed_values: None,
                    allowed_pattern: None,
                },
            ],
            steps: [
                Step {
                    name: "look",
                    action: ExecuteAwsApi,
                    description: Some(
                        "Finds it",
                    ),
                    inputs: {
                        "Service": String("ec2"),
                        "Api": String("DescribeInstances"),
                        "InstanceIds": String("{{ InstanceIds }}"),
                    },
                    max_attempts: Some(
                        Number(3),
                    ),
                    timeout_seconds: Some(
                        String("{{ Wait }}"),
                    ),
                    on_failure: Some(
                        Step(
                            "report",
                        ),
                    ),
                    on_cancel: Some(
                        Step(
                            "report",
                        ),
                    ),
                    is_critical: Some(
                        Bool(false),
                    ),
                    is_end: None,
                    next_step: None,
                    outputs: [
                        StepOutput {
                            name: "State",
                            selector: Path(
                                "$.Reservations[0].Instances[0].State.Name",
                            ),
                            kind: String,
                        },
                        StepOutput {
                            name: "Types",
                            selector: Path(
                                "$..InstanceType",
                            ),
                            kind: StringList,
                        },
                    ],
                    body: Plain,
                },
                Step {
                    name: "decide",
                    action: Branch,
                    description: None,
                    inputs: {
                        "Choices": Array [
                            Object {
                                "NextStep": String("each"),
                                "And": Array [
                                    Object {
                                        "Variable": String("{{ Mode }}"),
                                        "EqualsIgnoreCase": String("repair"),
                                    },
                                    Object {
                                        "Not": Object {
                                            "Variable": String("{{ look.State }}"),
                                            "StringEquals": String("terminated"),
                                        },
                                    },
                                    Object {
                                        "Or": Array [
                                            Object {
                                                "Variable": String("{{ Wait }}"),
                                                "NumericGreater": Number(0),
                                            },
                                            Object {
                                                "Variable": String("{{ Wait }}"),
                                                "NumericEquals": Number(0),
                                            },
                                        ],
                                    },
                                ],
                            },
                        ],
                        "Default": String("report"),
                    },
                    max_attempts: None,
                    timeout_seconds: None,
                    on_failure: None,
                    on_cancel: None,
                    is_critical: None,
                    is_end: None,
                    next_step: None,
                    outputs: [],
                    body: Branch {
                        choices: [
                            Choice {
                                condition: And(
                                    [
                                        Test {
                                            variable: String("{{ Mode }}"),
                                            operator: EqualsIgnoreCase,
                                            operand: String("repair"),
                                        },
                                        Not(
                                            Test {
                                                variable: String("{{ look.State }}"),
                                                operator: StringEquals,
                                                operand: String("terminated"),
                                            },
                                        ),
                                        Or(
                                            [
                                                Test {
                                                    variable: String("{{ Wait }}"),
                                                    operator: NumericGreater,
                                                    operand: Number(0),
                                                },
                                                Test {
                                                    variable: String("{{ Wait }}"),
                                                    operator: NumericEquals,
                                                    operand: Number(0),
                                                },
                                            ],
                                        ),
                                    ],
                                ),
                                next_step: "each",
                            },
                        ],
                        default: Some(
                            "report",
                        ),
                    },
                },
                Step {
                    name: "each",
                    action: Loop,
                    description: None,
                    inputs: {
                        "Iterators": String("{{ InstanceIds }}"),
                        "IteratorDataType": String("String"),
                        "MaxIterations": String("10"),
                        "Steps": Array [
                            Object {
                                "name": String("note"),
                                "action": String("aws:updateVariable"),
                                "isEnd": String("true"),
                                "inputs": Object {
                                    "Name": String("variable:seen"),
                                    "Value": Object {
                                        "id": String("{{ each.CurrentIteratorValue }}"),
                                        "nth": String("{{ each.CurrentIteration }}"),
                                    },
                                },
                            },
                        ],
                    },
                    max_attempts: None,
                    timeout_seconds: None,
                    on_failure: None,
                    on_cancel: None,
                    is_critical: None,
                    is_end: None,
                    next_step: Some(
                        "report",
                    ),
                    outputs: [],
                    body: Loop {
                        steps: [
                            Step {
                                name: "note",
                                action: UpdateVariable,
                                description: None,
                                inputs: {
                                    "Name": String("variable:seen"),
                                    "Value": Object {
                                        "id": String("{{ each.CurrentIteratorValue }}"),
                                        "nth": String("{{ each.CurrentIteration }}"),
                                    },
                                },
                                max_attempts: None,
                                timeout_seconds: None,
                                on_failure: None,
                                on_cancel: None,
                                is_critical: None,
                                is_end: Some(
                                    String("true"),
                                ),
                                next_step: None,
                                outputs: [],
                                body: Plain,
                            },
                        ],
                        iterators: Some(
                            String("{{ InstanceIds }}"),
                        ),
                        iterator_type: String,
                        condition: None,
                        max_iterations: Some(
                            String("10"),
                        ),
                    },
                },
                Step {
                    name: "report",
                    action: ExecuteScript,
                    description: None,
                    inputs: {
                        "Runtime": String("python3.11"),
                        "Handler": String("report"),
                        "Script": String("def report(events, context):\n    return {\"style\": \"p {{ color: red; }}\", **events[\"seen\"]}\n"),
                        "Attachment": String("helpers.zip"),
                        "InputPayload": Object {
                            "seen": String("{{ variable:seen }}"),
                            "run": String("{{ automation:EXECUTION_ID }} in {{ global:REGION }}"),
                        },
                    },
                    max_attempts: None,
                    timeout_seconds: None,
                    on_failure: None,
                    on_cancel: None,
                    is_critical: None,
                    is_end: Some(
                        Bool(true),
                    ),
                    next_step: None,
                    outputs: [
                        StepOutput {
                            name: "Style",
                            selector: Path(
                                "$.Payload.style",
                            ),
                            kind: String,
                        },
                    ],
                    body: Plain,
                },
            ],
            outputs: [
                OutputName {
                    step: "report",
                    output: "Style",
                },
                OutputName {
                    step: "look",
                    output: "Types",
                },
            ],
            files: {
                "helpers.zip": AttachmentFile {
                    sha256: Some(
                        "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999",
                    ),
                    size: Some(
                        1024,
                    ),
                },
            },
            change_template: {},
        }"###]].assert_eq(&format!("{runbook:#?}"));
}

#[test]
fn json_is_read_by_the_same_path() {
    let value: serde_json::Value = serde_saphyr::from_str(WHOLE).unwrap();
    let json = sound(&serde_json::to_string_pretty(&value).unwrap());
    assert_eq!(format!("{json:?}"), format!("{:?}", sound(WHOLE)));
    let tabs: String = json_lines(&value).collect();
    assert_eq!(format!("{:?}", sound(&tabs)), format!("{json:?}"));
}

/// As people write it with tabs.
fn json_lines(value: &serde_json::Value) -> impl Iterator<Item = String> {
    let text = serde_json::to_string_pretty(value).unwrap();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.into_iter().map(|line| {
        let written = line.trim_start();
        format!("{}{written}\n", "\t".repeat((line.len() - written.len()) / 2))
    })
}

#[test]
fn change_templates_are_read_too() {
    let text = "schemaVersion: '0.3'\nemergencyChange: false\nautoApprovable: true\ntemplateInformation: '## What'\nexecutableRunBooks: [{name: AWS-HelloWorld, version: '1'}]\nparameters: {Who: {type: String}}\nmainSteps:\n- name: Approve\n  action: aws:approve\n  timeoutSeconds: 3600\n  inputs:\n    Message: Please\n    EnhancedApprovals:\n      NotificationArn: arn:aws:sns:eu-west-1:111122223333:Automation\n      Approvers: [{approver: '{{ Who }}', type: IamUser, minRequiredApprovals: 1}]\n";
    check(
        text,
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    assert_eq!(sound(text).change_template.len(), 4);
}

#[test]
fn a_loop_within_a_loop_is_read_to_its_end() {
    let runbook = sound(
        "schemaVersion: '0.3'\nmainSteps:\n- name: a\n  action: aws:loop\n  inputs:\n    Iterators: [1, 2]\n    IteratorDataType: Integer\n    Steps:\n    - name: b\n      action: aws:loop\n      inputs:\n        LoopCondition: {Not: {Variable: '{{ c.x }}', StringEquals: ''}}\n        MaxIterations: 3\n        Steps: [{name: c, action: 'aws:pause'}]\n",
    );
    let StepBody::Loop { steps, condition: None, iterators: Some(_), .. } = &runbook.steps[0].body
    else {
        panic!("{runbook:?}");
    };
    let StepBody::Loop { steps, condition: Some(condition), iterators: None, .. } = &steps[0].body
    else {
        panic!("{runbook:?}");
    };
    assert_eq!(steps[0].name, "c");
    assert!(matches!(**condition, Condition::Not(_)));
}

#[test]
fn anchors_folded_scripts_and_comments_are_yaml_like_any_other() {
    check(
        "---\n# A runbook\nschemaVersion: \"0.3\"\nparameters:\n  A: &text\n    type: String\n    default: ''\n  B: *text\nmainSteps:\n- name: a\n  action: 'aws:executeScript'\n  inputs:\n    Runtime: python3.8\n    Handler: f\n    Script: >-\n      def f(e, c):\n        return {{}}\n    InputPayload:\n      a: '{{A}}'\n      b: \"{{ B }}\"\n...\n",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
}
