//! The inputs of each action.

use expect_test::expect;

use super::{check_inputs, said, sound, with_inputs, with_steps};
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
