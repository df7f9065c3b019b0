//! Values that a document writes out, held against what the action takes.

use expect_test::{Expect, expect};

use super::check_inputs;

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
