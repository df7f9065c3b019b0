//! The inputs of each action.

use expect_test::{Expect, expect};

use super::{check, check_inputs, said, sound, with_inputs, with_steps};
use crate::ActionKind;

#[test]
fn every_action_names_the_inputs_that_are_missing() {
    let mut all = String::new();
    for action in ActionKind::ALL {
        let text = with_steps(&format!("- name: a\n  action: {}\n", action.name()));
        all.push_str(&format!("{}\n{}", action.name(), said(&text)));
    }
    expect![[r#"
        aws:approve
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Approvers] ], Provided =[ [] ].
        aws:assertAwsResourceProperty
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Service, Api, PropertySelector, DesiredValues] ], Provided =[ [] ].
        aws:branch
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Choices] ], Provided =[ [] ].
        aws:changeInstanceState
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [InstanceIds, DesiredState] ], Provided =[ [] ].
        aws:copyImage
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [SourceRegion, SourceImageId, ImageName] ], Provided =[ [] ].
        aws:createImage
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [InstanceId, ImageName] ], Provided =[ [] ].
        aws:createStack
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [StackName] ], Provided =[ [] ].
        aws:createTags
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [ResourceIds, Tags] ], Provided =[ [] ].
        aws:deleteImage
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [ImageId] ], Provided =[ [] ].
        aws:deleteStack
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [StackName] ], Provided =[ [] ].
        aws:executeAutomation
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [DocumentName] ], Provided =[ [] ].
        aws:executeAwsApi
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Service, Api] ], Provided =[ [] ].
        aws:executeScript
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Runtime] ], Provided =[ [] ].
        3:3 mainSteps[0].inputs: Either Script or Attachment is required
        aws:executeStateMachine
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [stateMachineArn] ], Provided =[ [] ].
        aws:invokeLambdaFunction
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [FunctionName] ], Provided =[ [] ].
        aws:invokeWebhook
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [IntegrationName] ], Provided =[ [] ].
        aws:loop
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Steps] ], Provided =[ [] ].
        3:3 mainSteps[0].inputs: Either Iterators or LoopCondition is required
        aws:pause
        sound, 1 steps
        aws:runCommand
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [DocumentName] ], Provided =[ [] ].
        aws:runInstances
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [ImageId] ], Provided =[ [] ].
        aws:sleep
        3:3 mainSteps[0].inputs: Either Duration or Timestamp is required
        aws:updateVariable
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Name, Value] ], Provided =[ [] ].
        aws:waitForAwsResourceProperty
        3:3 mainSteps[0].inputs: Missing required input names. Required=[ [Service, Api, PropertySelector, DesiredValues] ], Provided =[ [] ].
    "#]].assert_eq(&all);
}

#[test]
fn inputs_that_are_unknown_are_refused_where_the_known_ones_are_all() {
    check_inputs(
        "runCommand",
        "{DocumentName: x, commands: [a]}",
        &expect![[r#"
        5:29 mainSteps[0].inputs.commands: Unknown input names provided. Known=[ [DocumentName, DocumentVersion, DocumentHash, DocumentHashType, InstanceIds, Targets, Parameters, Comment, TimeoutSeconds, MaxConcurrency, MaxErrors, OutputS3BucketName, OutputS3KeyPrefix, ServiceRoleArn, NotificationConfig, CloudWatchOutputConfig] ], Provided=[ [DocumentName, commands] ].
    "#]],
    );
    check_inputs(
        "sleep",
        "{Duration: PT1S, Until: x}",
        &expect![[r#"
        5:28 mainSteps[0].inputs.Until: Unknown input names provided. Known=[ [Duration, Timestamp] ], Provided=[ [Duration, Until] ].
    "#]],
    );
    check_inputs(
        "loop",
        "{Iterator: [a], Steps: [{name: b, action: 'aws:pause'}]}",
        &expect![[r#"
            5:11 mainSteps[0].inputs: Either Iterators or LoopCondition is required
            5:12 mainSteps[0].inputs.Iterator: Unknown input names provided. Known=[ [Steps, Iterators, IteratorDataType, LoopCondition, MaxIterations] ], Provided=[ [Iterator, Steps] ].
        "#]],
    );
    check_inputs(
        "executeAwsApi",
        "{Service: s3, Api: PutObject, Bucket: b, Anything: 1}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "runInstances",
        "{ImageId: ami-1, MetadataOptions: {}}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
}

#[test]
fn approvals_keep_to_the_documented_limits() {
    check_inputs(
        "approve",
        "{Approvers: [a, b], MinRequiredApprovals: 2}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_inputs(
        "approve",
        "{Approvers: [a, b], MinRequiredApprovals: 3}",
        &expect![[r#"
        5:53 mainSteps[0].inputs.MinRequiredApprovals: Found 3, expected a number from 1 to 2
    "#]],
    );
    check_inputs(
        "approve",
        "{Approvers: ['{{ global:REGION }}'], MinRequiredApprovals: 3}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "approve",
        "{Approvers: '{{ global:REGION }}', MinRequiredApprovals: '{{ global:REGION }}'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "approve",
        "{Approvers: [], MinRequiredApprovals: 0}",
        &expect![[r#"
        5:23 mainSteps[0].inputs.Approvers: Approvers has 0 items, 1 to 10 are allowed
        5:49 mainSteps[0].inputs.MinRequiredApprovals: Found 0, expected a number from 1 to 1
    "#]],
    );
    check_inputs(
        "approve",
        "{Approvers: [a,b,c,d,e,f,g,h,i,j,k]}",
        &expect![[r#"
        5:23 mainSteps[0].inputs.Approvers: Approvers has 11 items, 1 to 10 are allowed
    "#]],
    );
    check_inputs(
        "approve",
        "{EnhancedApprovals: {Approvers: []}}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    let message = "x".repeat(4_097);
    check_inputs(
        "approve",
        &format!("{{Approvers: [a], Message: {message}}}"),
        &expect![[r#"
        5:37 mainSteps[0].inputs.Message: Message is longer than 4096 characters
    "#]],
    );
}

#[test]
fn a_sleep_has_a_duration_or_a_timestamp() {
    for good in [
        "PT0S",
        "PT10M",
        "P1DT2H3M4S",
        "P6DT23H59M59S",
        "PT604799S",
        "PT1.5S",
        "'{{ global:REGION }}'",
    ] {
        sound(&with_inputs("sleep", &format!("{{Duration: {good}}}")));
    }
    let bad = [
        "P7D",
        "-PT1S",
        "PT",
        "P",
        "10",
        "PT1M1H",
        "P1M",
        "P1Y",
        "P1W",
        "PT1.5M",
        "pt1s",
        "PT1S2",
        "PT99999999999999999999S",
        "P213503982334602D",
    ];
    for bad in bad {
        let said = said(&with_inputs("sleep", &format!("{{Duration: {bad}}}")));
        assert!(
            said.ends_with(
                "expected an ISO 8601 duration up to 604799 seconds, e.g. PT10M
"
            ),
            "{bad}: {said}"
        );
    }
    for good in ["2030-01-01T01:00:00Z", "'2030-01-01T01:00:00+02:00'", "2030-01-01T01:00:00"] {
        sound(&with_inputs("sleep", &format!("{{Timestamp: {good}}}")));
    }
    check_inputs(
        "sleep",
        "{Timestamp: tomorrow}",
        &expect![[r#"
        5:23 mainSteps[0].inputs.Timestamp: Found "tomorrow", expected an ISO 8601 timestamp, e.g. 2030-01-01T01:00:00Z
    "#]],
    );
    check_inputs(
        "sleep",
        "{Timestamp: 2030-01-01T01:00:00Z, Duration: PT1S}",
        &expect![[r#"
        5:23 mainSteps[0].inputs.Timestamp: Duration and Timestamp should not exist in same step.
    "#]],
    );
    check_inputs(
        "sleep",
        "{}",
        &expect![[r#"
        5:11 mainSteps[0].inputs: Either Duration or Timestamp is required
    "#]],
    );
}

#[test]
fn a_loop_has_iterators_or_a_condition_and_steps() {
    const BODY: &str = "Steps: [{name: b, action: 'aws:pause'}]";
    const CONDITION: &str = "LoopCondition: {Variable: '{{ global:REGION }}', StringEquals: x}";
    let looped = |inputs: &str| format!("{{{inputs}}}");
    check_inputs(
        "loop",
        &looped(&format!("Iterators: [a], {BODY}")),
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_inputs(
        "loop",
        &looped(&format!("{CONDITION}, {BODY}, MaxIterations: 100")),
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "loop",
        &looped(&format!("Iterators: [a], {CONDITION}, {BODY}")),
        &expect![[r#"
        5:11 mainSteps[0].inputs: Iterators and LoopCondition should not exist in same step.
    "#]],
    );
    check_inputs(
        "loop",
        &looped(BODY),
        &expect![[r#"
        5:11 mainSteps[0].inputs: Either Iterators or LoopCondition is required
    "#]],
    );
    check_inputs(
        "loop",
        &looped("Iterators: [a], Steps: []"),
        &expect![[r#"
        5:35 mainSteps[0].inputs.Steps: Missing "Steps" in the document.
    "#]],
    );
    check_inputs(
        "loop",
        &looped("Iterators: [a], Steps: [{name: b}]"),
        &expect![[r#"
        5:36 mainSteps[0].inputs.Steps[0]: Missing "action" in step detail.
    "#]],
    );
    for bad in ["0", "101", "many"] {
        let said = said(&with_inputs(
            "loop",
            &looped(&format!("Iterators: [a], MaxIterations: {bad}, {BODY}")),
        ));
        assert!(
            said.ends_with(
                "expected a number from 1 to 100
"
            ),
            "{bad}: {said}"
        );
    }
    check_inputs(
        "loop",
        &looped(&format!("Iterators: [a], MaxIterations: '{{{{ global:REGION }}}}', {BODY}")),
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    for good in ["Boolean", "Integer", "String", "StringMap"] {
        sound(&with_inputs(
            "loop",
            &looped(&format!("Iterators: [a], IteratorDataType: {good}, {BODY}")),
        ));
    }
    check_inputs(
        "loop",
        &looped(&format!("Iterators: [a], IteratorDataType: MapList, {BODY}")),
        &expect![[r#"
            5:46 mainSteps[0].inputs.IteratorDataType: Found "MapList", expected Boolean, Integer, String or StringMap
        "#]],
    );
    let many = vec!["a"; 101].join(", ");
    check_inputs(
        "loop",
        &looped(&format!("Iterators: [{many}], {BODY}")),
        &expect![[r#"
        5:23 mainSteps[0].inputs.Iterators: Iterators has 101 items, 0 to 100 are allowed
    "#]],
    );
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
    for operator in crate::Operator::ALL {
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
fn scripts_come_as_text_or_as_attachment_or_as_both() {
    check_inputs(
        "executeScript",
        "{Runtime: python3.11, Handler: f, Script: 'def f(e, c): pass'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: python3.11, Handler: m.f, Attachment: a.zip}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: python3.11, Handler: f, Script: 'import a', Attachment: a.zip}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: PowerShell 7.4, Script: 'Get-Date'}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: python3.11, Script: x}",
        &expect![[r#"
        5:11 mainSteps[0].inputs: Missing required input names. Required=[ [Runtime, Handler] ], Provided =[ [Runtime, Script] ].
    "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: python3.11, Handler: f}",
        &expect![[r#"
        5:11 mainSteps[0].inputs: Either Script or Attachment is required
    "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: ruby3.4, Handler: f, Script: x}",
        &expect![[r#"
        5:21 mainSteps[0].inputs.Runtime: Found "ruby3.4", expected a version of python or PowerShell
    "#]],
    );
    check_inputs(
        "executeScript",
        "{Runtime: '{{ global:REGION }}', Script: x}",
        &expect![[r#"
        sound, 1 steps
    "#]],
    );
}

#[test]
fn literal_values_are_held_against_what_the_action_documents() {
    check_inputs(
        "changeInstanceState",
        "{InstanceIds: [i-1], DesiredState: reboot}",
        &expect![[r#"
            5:46 mainSteps[0].inputs.DesiredState: Found "reboot", expected one of running, stopped, terminated
        "#]],
    );
    check_inputs(
        "changeInstanceState",
        "{InstanceIds: [i-1], DesiredState: '{{ global:REGION }}'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    check_inputs(
        "createStack",
        "{StackName: s, TemplateBody: b, TemplateURL: u, DisableRollback: true, OnFailure: KEEP}",
        &expect![[r#"
            5:56 mainSteps[0].inputs.TemplateURL: TemplateBody and TemplateURL should not exist in same step.
            5:93 mainSteps[0].inputs.OnFailure: DisableRollback and OnFailure should not exist in same step.
            5:93 mainSteps[0].inputs.OnFailure: Found "KEEP", expected one of DO_NOTHING, ROLLBACK, DELETE
        "#]],
    );
    check_inputs(
        "createStack",
        "{StackName: s, NotificationARNs: [a, b, c, d, e, f]}",
        &expect![[r#"
            5:44 mainSteps[0].inputs.NotificationARNs: NotificationARNs has 6 items, 0 to 5 are allowed
        "#]],
    );
    check_inputs(
        "createTags",
        "{ResourceIds: [a], Tags: [], ResourceType: Bucket}",
        &expect![[r#"
            5:54 mainSteps[0].inputs.ResourceType: Found "Bucket", expected one of EC2, ManagedInstance, MaintenanceWindow, Parameter
        "#]],
    );
    check_inputs(
        "executeAutomation",
        "{DocumentName: d, TargetLocations: []}",
        &expect![[r#"
        5:46 mainSteps[0].inputs.TargetLocations: TargetLocations has 0 items, 1 to 100 are allowed
    "#]],
    );
    check_inputs(
        "executeAutomation",
        "{DocumentName: d, Tags: [1, 2, 3, 4, 5, 6]}",
        &expect![[r#"
            5:35 mainSteps[0].inputs.Tags: Tags has 6 items, 0 to 5 are allowed
        "#]],
    );
    check_inputs(
        "invokeLambdaFunction",
        "{FunctionName: f, LogType: All}",
        &expect![[r#"
        5:38 mainSteps[0].inputs.LogType: Found "All", expected one of None, Tail
    "#]],
    );
    let many = vec!["i-1"; 51].join(", ");
    check_inputs(
        "runCommand",
        &format!("{{DocumentName: d, InstanceIds: [{many}]}}"),
        &expect![[r#"
            5:42 mainSteps[0].inputs.InstanceIds: InstanceIds has 51 items, 0 to 50 are allowed
        "#]],
    );
    check_inputs(
        "updateVariable",
        "{Name: x, Value: 1}",
        &expect![[r#"
        5:18 mainSteps[0].inputs.Name: Found "x", expected variable:NAME
    "#]],
    );
    check_inputs(
        "updateVariable",
        "{Name: 'variable:x', Value: 1}",
        &expect![[r#"
        5:18 mainSteps[0].inputs.Name: Variable "x" is not declared.
    "#]],
    );
}

/// The sentences about a list for a Script and about text for a Boolean are AWS's; the others are made
/// like them.
#[test]
fn literals_of_another_type_are_refused_in_the_words_of_aws() {
    let said =
        |action: &str, inputs: &str, expected: &Expect| check_inputs(action, inputs, expected);
    said(
        "executeScript",
        "{Runtime: python3.11, Handler: go, Script: ['def go(events, context):', '  return 1'], InputPayload: [1]}",
        &expect![[r#"
            5:54 mainSteps[0].inputs.Script: Input [def go(events, context):,   return 1] is of type ArrayList, but expected type is String.
            5:112 mainSteps[0].inputs.InputPayload: Input [1] is of type ArrayList, but expected type is StringMap.
        "#]],
    );
    said(
        "changeInstanceState",
        "{InstanceIds: {a: b}, DesiredState: running, Force: maybe}",
        &expect![[r#"
            5:25 mainSteps[0].inputs.InstanceIds: Input {a=b} is of type LinkedHashMap, but expected type is StringList.
            5:63 mainSteps[0].inputs.Force: Input maybe is of type String, but expected type is Boolean.
        "#]],
    );
    said(
        "changeInstanceState",
        "{InstanceIds: i-1, DesiredState: running, Force: 'True'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    said(
        "runCommand",
        "{DocumentName: [d], Parameters: [ls], TimeoutSeconds: soon, Targets: here, CloudWatchOutputConfig: 'yes'}",
        &expect![[r#"
            5:26 mainSteps[0].inputs.DocumentName: Input [d] is of type ArrayList, but expected type is String.
            5:43 mainSteps[0].inputs.Parameters: Input [ls] is of type ArrayList, but expected type is StringMap.
            5:65 mainSteps[0].inputs.TimeoutSeconds: Input soon is of type String, but expected type is Integer.
            5:80 mainSteps[0].inputs.Targets: Input here is of type String, but expected type is MapList.
            5:110 mainSteps[0].inputs.CloudWatchOutputConfig: Input yes is of type String, but expected type is StringMap.
        "#]],
    );
    said(
        "runCommand",
        "{DocumentName: 1, InstanceIds: i-1, TimeoutSeconds: '60', CloudWatchOutputConfig: '{}', MaxErrors: 0}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    said(
        "createImage",
        "{InstanceId: ['{{ global:REGION }}'], ImageName: '{{ global:DATE }}', NoReboot: '{{ global:DATE }}'}",
        &expect![[r#"
            sound, 1 steps
        "#]],
    );
    said(
        "executeAutomation",
        "{DocumentName: d, RuntimeParameters: 'x', MaxErrors: {a: 1}}",
        &expect![[r#"
            5:48 mainSteps[0].inputs.RuntimeParameters: Input x is of type String, but expected type is StringMap.
            5:64 mainSteps[0].inputs.MaxErrors: Input {a=1} is of type LinkedHashMap, but expected type is String.
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
