//! Executions and steps on the wire, whole, and held against botocore's model.

use std::collections::BTreeMap;

use api::model::Model;
use engine::actions::{FailureStage, FailureType};
use engine::{
    Alarm, AlarmConfiguration, ExecutionView, FailureDetails, Mode, ParentStep, Progress, Status,
    StepView, Target, TargetLocation, TriggeredAlarm,
};
use expect_test::{Expect, expect};
use runbook::ActionKind;
use serde_json::{Value, json};

use super::{described, listed, step};
use crate::samples::{at, execution, members, pending};

const ID: &str = "4105a4fc-f944-11e6-9d32-0a1b2c3d495h";

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is used")]
fn shows(value: &Value, expected: Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(value).unwrap());
}

fn fits(operation: &str, reply: &Value) {
    // AWS itself sends empty maps of parameters, which its model forbids.
    let model = Model::read(include_str!("../../model/ssm-automation.json"))
        .unbounded("AutomationParameterMap");
    assert_eq!(model.reply_defects(operation, reply), Vec::<String>::new());
}

#[test]
fn an_execution_in_progress_is_described_as_aws_does() {
    let shown = described(&execution(ID));
    fits("GetAutomationExecution", &json!({"AutomationExecution": shown}));
    shows(
        &shown,
        expect![[r#"
        {
          "AutomationExecutionId": "4105a4fc-f944-11e6-9d32-0a1b2c3d495h",
          "DocumentName": "AWS-RestartEC2Instance",
          "DocumentVersion": "1",
          "ExecutionStartTime": 1700000000.134,
          "AutomationExecutionStatus": "InProgress",
          "Outputs": {
            "stopInstances.InstanceStates": [
              "stopped"
            ],
            "startInstances.InstanceStates": [
              "No output available yet because the step is not successfully executed"
            ]
          },
          "Mode": "Auto",
          "ExecutedBy": "arn:aws:iam::111122223333:user/op",
          "CurrentStepName": "startInstances",
          "CurrentAction": "aws:changeInstanceState",
          "Targets": [],
          "ResolvedTargets": {
            "ParameterValues": [],
            "Truncated": false
          },
          "StepExecutions": [
            {
              "StepName": "stopInstances",
              "Action": "aws:changeInstanceState",
              "ExecutionStartTime": 1700000000.134,
              "ExecutionEndTime": 1700000001.134,
              "StepStatus": "Success",
              "Inputs": {
                "DesiredState": "\"stopped\"",
                "InstanceIds": "[\"i-0cb99161f6\"]",
                "CheckStateOnly": "false"
              },
              "Outputs": {
                "InstanceStates": [
                  "stopped"
                ],
                "OutputPayload": [
                  "{\"InstanceStates\":[\"stopped\"]}"
                ]
              },
              "StepExecutionId": "00000000-0000-0000-0000-000000000013",
              "OverriddenParameters": {},
              "NextStep": "startInstances",
              "ValidNextSteps": [
                "startInstances"
              ]
            },
            {
              "StepName": "startInstances",
              "Action": "aws:changeInstanceState",
              "StepStatus": "Pending",
              "Inputs": {},
              "StepExecutionId": "00000000-0000-0000-0000-000000000014",
              "OverriddenParameters": {}
            }
          ],
          "StepExecutionsTruncated": false,
          "Parameters": {
            "AutomationAssumeRole": [],
            "InstanceId": [
              "i-0cb99161f6"
            ]
          }
        }"#]],
    );
}

#[test]
fn a_list_shows_less_and_a_log_file_that_is_empty() {
    let shown = listed(&execution(ID));
    fits("DescribeAutomationExecutions", &json!({"AutomationExecutionMetadataList": [shown]}));
    let absent = ["StepExecutions", "Parameters", "ProgressCounters", "Variables"];
    assert!(absent.iter().all(|member| shown.get(member).is_none()));
    assert_eq!(shown["LogFile"], "");
    assert_eq!(shown["AutomationType"], "Local");
    let elsewhere = listed(&ExecutionView { cross_account: true, ..execution(ID) });
    assert_eq!(elsewhere["AutomationType"], "CrossAccount");
}

#[test]
fn an_execution_over_targets_shows_targets_and_counters() {
    let view = ExecutionView {
        status: Status::Failed,
        ended_at: Some(at(9)),
        failure_message: Some("Step fails when it is Executing. Boom.".into()),
        mode: Mode::Interactive,
        parent: Some(ID.into()),
        target_parameter_name: Some("InstanceId".into()),
        targets: vec![Target { key: "tag:Env".into(), values: vec!["prod".into()] }],
        resolved_targets: (0..101).map(|n| format!("i-{n}")).collect(),
        max_concurrency: Some("10%".into()),
        max_errors: Some("1".into()),
        progress: Progress { total: 3, success: 1, failed: 1, cancelled: 1, timed_out: 0 },
        target_locations: vec![TargetLocation {
            accounts: vec!["444455556666".into()],
            regions: vec!["eu-west-1".into()],
            ..TargetLocation::default()
        }],
        alarms: Some(AlarmConfiguration {
            ignore_poll_alarm_failure: false,
            alarms: vec![Alarm { name: "stop".into() }],
        }),
        triggered_alarms: vec![TriggeredAlarm { name: "stop".into(), state: "ALARM".into() }],
        variables: BTreeMap::from([("count".into(), json!(3))]),
        steps: (0..101).map(|n| pending(&format!("s{n}"), ActionKind::Sleep)).collect(),
        ..execution(ID)
    };
    let mut shown = described(&view);
    fits("GetAutomationExecution", &json!({"AutomationExecution": shown}));
    assert_eq!(shown["StepExecutionsTruncated"], true);
    assert_eq!(shown["StepExecutions"].as_array().unwrap().len(), 100);
    assert_eq!(shown["ResolvedTargets"]["ParameterValues"].as_array().unwrap().len(), 100);
    let members = shown.as_object_mut().unwrap();
    members.retain(|name, _| !["StepExecutions", "ResolvedTargets"].contains(&name.as_str()));
    shows(
        &shown,
        expect![[r#"
        {
          "AutomationExecutionId": "4105a4fc-f944-11e6-9d32-0a1b2c3d495h",
          "DocumentName": "AWS-RestartEC2Instance",
          "DocumentVersion": "1",
          "ExecutionStartTime": 1700000000.134,
          "ExecutionEndTime": 1700000009.134,
          "AutomationExecutionStatus": "Failed",
          "Outputs": {
            "stopInstances.InstanceStates": [
              "stopped"
            ],
            "startInstances.InstanceStates": [
              "No output available yet because the step is not successfully executed"
            ]
          },
          "FailureMessage": "Step fails when it is Executing. Boom.",
          "Mode": "Interactive",
          "ParentAutomationExecutionId": "4105a4fc-f944-11e6-9d32-0a1b2c3d495h",
          "ExecutedBy": "arn:aws:iam::111122223333:user/op",
          "CurrentStepName": "startInstances",
          "CurrentAction": "aws:changeInstanceState",
          "TargetParameterName": "InstanceId",
          "Targets": [
            {
              "Key": "tag:Env",
              "Values": [
                "prod"
              ]
            }
          ],
          "MaxConcurrency": "10%",
          "MaxErrors": "1",
          "AlarmConfiguration": {
            "Alarms": [
              {
                "Name": "stop"
              }
            ]
          },
          "TriggeredAlarms": [
            {
              "Name": "stop",
              "State": "ALARM"
            }
          ],
          "StepExecutionsTruncated": true,
          "Parameters": {
            "AutomationAssumeRole": [],
            "InstanceId": [
              "i-0cb99161f6"
            ]
          },
          "TargetLocations": [
            {
              "Accounts": [
                "444455556666"
              ],
              "Regions": [
                "eu-west-1"
              ]
            }
          ],
          "ProgressCounters": {
            "TotalSteps": 3,
            "SuccessSteps": 1,
            "FailedSteps": 1,
            "CancelledSteps": 1,
            "TimedOutSteps": 0
          },
          "Variables": {
            "count": [
              "3"
            ]
          }
        }"#]],
    );
}

#[test]
fn a_failed_step_tells_its_stage_and_a_loops_step_its_parent() {
    let view = StepView {
        started_at: Some(at(0)),
        ended_at: Some(at(2)),
        status: Status::Failed,
        timeout_seconds: Some(30),
        on_failure: Some("step:cleanUp".into()),
        max_attempts: 3,
        is_end: Some(true),
        is_critical: Some(false),
        response_code: Some("1".into()),
        response: Some("{}".into()),
        inputs: members(json!({"Script": "a = 'b'", "InputPayload": {"n": 1}, "On": true})),
        failure_message: Some("Step fails when it is Poll action status for completion.".into()),
        failure_details: Some(FailureDetails {
            stage: FailureStage::Invocation,
            kind: FailureType::Action,
            details: BTreeMap::from([("VerificationErrorMessage".into(), vec!["x".into()])]),
        }),
        parent: Some(ParentStep {
            id: "00000000-0000-0000-0000-000000000009".into(),
            name: "repeat".into(),
            action: ActionKind::Loop,
            iteration: 2,
            iterator_value: Some(json!({"k": "v"})),
        }),
        ..pending("script", ActionKind::ExecuteScript)
    };
    let shown = step(&view);
    fits("DescribeAutomationStepExecutions", &json!({"StepExecutions": [shown]}));
    shows(
        &shown,
        expect![[r#"
        {
          "StepName": "script",
          "Action": "aws:executeScript",
          "TimeoutSeconds": 30,
          "OnFailure": "step:cleanUp",
          "MaxAttempts": 3,
          "ExecutionStartTime": 1700000000.134,
          "ExecutionEndTime": 1700000002.134,
          "StepStatus": "Failed",
          "ResponseCode": "1",
          "Inputs": {
            "Script": "\"a \\u003d \\u0027b\\u0027\"",
            "InputPayload": "{\"n\":1}",
            "On": "true"
          },
          "Response": "{}",
          "FailureMessage": "Step fails when it is Poll action status for completion.",
          "FailureDetails": {
            "FailureStage": "Invocation",
            "FailureType": "Action",
            "Details": {
              "VerificationErrorMessage": [
                "x"
              ]
            }
          },
          "StepExecutionId": "00000000-0000-0000-0000-000000000006",
          "OverriddenParameters": {},
          "IsEnd": true,
          "IsCritical": false,
          "ParentStepDetails": {
            "StepExecutionId": "00000000-0000-0000-0000-000000000009",
            "StepName": "repeat",
            "Action": "aws:loop",
            "Iteration": 2,
            "IteratorValue": "{\"k\":\"v\"}"
          }
        }"#]],
    );
}
