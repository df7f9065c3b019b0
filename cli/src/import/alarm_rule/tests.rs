//! Rules as AWS documents them, and what becomes of them.

use expect_test::{Expect, expect};

use super::*;

/// The pattern of AWS's page about events of alarms, for one alarm that goes into ALARM.
const PATTERN: &str = r#"{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"],
    "resources": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:ServerCpuTooHigh"],
    "detail": {"state": {"value": ["ALARM"]}}}"#;

fn converted(rule: Value, targets: Value, is_hub: bool) -> Option<Result<Draft, LeftOut>> {
    let region = "us-east-1".parse().unwrap();
    let origin = Origin { account: "123456789012".parse().unwrap(), region: &region, is_hub };
    let rule: BusRule = serde_json::from_value(rule).unwrap();
    let targets: Vec<Target> = serde_json::from_value(targets).unwrap();
    convert(&rule, &targets, origin)
}

fn enabled(pattern: &str) -> Value {
    json!({"Name": "restart", "State": "ENABLED", "EventPattern": pattern,
        "Arn": "arn:aws:events:us-east-1:123456789012:rule/restart", "EventBusName": "default"})
}

/// The rule of a hub, which `relay rules lint` takes.
#[expect(clippy::needless_pass_by_value, reason = "`json!` and `expect!` stand in the call")]
fn check(rule: Value, targets: Value, expected: Expect) {
    let draft = converted(rule, targets, true).unwrap().unwrap();
    assert_eq!(draft.problems(), [], "{}", draft.text);
    expected.assert_eq(&draft.text);
}

fn refusal(rule: Value, targets: Value) -> LeftOut {
    let left_out = converted(rule, targets, true).unwrap().unwrap_err();
    assert!(!left_out.help.is_empty(), "{left_out:?}");
    left_out
}

#[test]
fn the_instance_of_the_alarm_is_the_resource() {
    check(
        enabled(PATTERN),
        json!([{
            "Id": "restart",
            "Arn": "arn:aws:ssm:us-east-1::automation-definition/AWS-RestartEC2Instance:$DEFAULT",
            "RoleArn": "arn:aws:iam::123456789012:role/AmazonEventBridge",
            "InputTransformer": {
                "InputPathsMap": {
                    "instance": "$.detail.configuration.metrics[0].metricStat.metric.dimensions.InstanceId",
                },
                "InputTemplate": "{\"InstanceId\": [<instance>]}",
            },
        }]),
        expect![[r#"
            # From the EventBridge rule restart of 123456789012, us-east-1.
            # Disable it there before this rule is `mode: active`, or both answer.
            mode: observe
            alarm:
              names: [ServerCpuTooHigh]
              accounts: ["123456789012"]
              regions: [us-east-1]
            resource:
              dimension: InstanceId
            ladder:
              - runbook: AWS-RestartEC2Instance
                parameters: {InstanceId: ["{resource}"]}
        "#]],
    );
}

#[test]
fn a_constant_instance_is_the_resource_and_a_disabled_rule_is_off() {
    let mut rule = enabled(
        r#"{"source": ["aws.cloudwatch"], "detail": {"alarmName": [{"prefix": "disk-"}]}}"#,
    );
    rule["State"] = json!("DISABLED");
    check(
        rule,
        json!([
            {
                "Arn": "arn:aws:ssm:us-east-1:123456789012:automation-definition/Org-GrowDisk:3",
                "Input": "{\"InstanceId\":[\"i-0123456789abcdef0\"],\"AutomationAssumeRole\":[\"arn:aws:iam::123456789012:role/Automation\"]}",
            },
            {"Arn": "arn:aws:sns:us-east-1:123456789012:operators"},
        ]),
        expect![[r#"
            # From the EventBridge rule restart of 123456789012, us-east-1.
            # It is disabled there, so this rule is off.
            # Its other targets start no runbook and stay in EventBridge.
            # Left out: AutomationAssumeRole arn:aws:iam::123456789012:role/Automation. The suite passes its own service role; another one is `run.serviceRole`.
            mode: "off"
            alarm:
              names: ["disk-*"]
              accounts: ["123456789012"]
              regions: [us-east-1]
            resource:
              literal: i-0123456789abcdef0
            ladder:
              - runbook: Org-GrowDisk
                documentVersion: "3"
                parameters: {InstanceId: [i-0123456789abcdef0]}
        "#]],
    );
}

#[test]
fn several_runbooks_become_a_ladder_and_one_that_destroys_is_allowed_to() {
    check(
        enabled(PATTERN),
        json!([
            {"Arn": "arn:aws:ssm:us-east-1::automation-definition/AWS-TerminateEC2Instance", "Input": "{\"InstanceId\":[\"i-0123456789abcdef0\"]}"},
            {"Arn": "arn:aws:ssm:us-east-1:123456789012:automation-definition/Org-Report:$LATEST", "Input": "{\"Who\":[\"i-1123456789abcdef0\"]}"},
        ]),
        expect![[r#"
            # From the EventBridge rule restart of 123456789012, us-east-1.
            # Disable it there before this rule is `mode: active`, or both answer.
            # It starts 2 runbooks at once; a ladder tries one after the other, until the alarm returns to OK.
            # The parameters do not name one resource, so `resource` names the rule: it runs once at a time.
            # EventBridge asks nobody, so `destructive: true` lets a runbook run that destroys something. Better: `approval`.
            mode: observe
            alarm:
              names: [ServerCpuTooHigh]
              accounts: ["123456789012"]
              regions: [us-east-1]
            resource:
              literal: restart
            ladder:
              - runbook: AWS-TerminateEC2Instance
                parameters: {InstanceId: [i-0123456789abcdef0]}
                destructive: true
              - runbook: Org-Report
                documentVersion: "$LATEST"
                parameters: {Who: [i-1123456789abcdef0]}
        "#]],
    );
}

#[test]
fn a_runbook_of_an_account_that_is_not_the_hub_is_named_by_its_arn() {
    let target = json!([{"Arn": "arn:aws:ssm:us-east-1:123456789012:automation-definition/Org-GrowDisk", "Input": "{}"}]);
    let draft = converted(enabled(PATTERN), target, false).unwrap().unwrap();
    assert_eq!(draft.problems(), []);
    let arn = "runbook: \"arn:aws:ssm:us-east-1:123456789012:document/Org-GrowDisk\"";
    assert!(draft.text.contains(arn), "{}", draft.text);
    assert!(draft.text.contains("AllowedSharedRunbookArns"), "{}", draft.text);
}

#[test]
fn a_rule_that_starts_no_runbook_is_nothing_to_the_suite() {
    for targets in [
        json!([]),
        json!([{"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}]),
        json!([{"Arn": "arn:aws:ssm:us-east-1:123456789012:opsitem"}]),
    ] {
        assert_eq!(converted(enabled(PATTERN), targets, true), None);
    }
}

#[test]
fn what_no_rule_can_say_is_named_with_what_to_do() {
    let runbook = |input: &str| json!([{"Arn": "arn:aws:ssm:us-east-1::automation-definition/AWS-StopEC2Instance", "Input": input}]);
    let schedule = json!({"Name": "nightly", "ScheduleExpression": "cron(0 3 * * ? *)"});
    let command = json!([{
        "Arn": "arn:aws:ssm:us-east-1::document/AWS-RunShellScript",
        "RunCommandParameters": {"RunCommandTargets": [{"Key": "tag:a", "Values": ["b"]}]},
    }]);
    for (rule, targets, says) in [
        (schedule, runbook("{}"), "on a schedule (cron(0 3 * * ? *))"),
        (enabled(PATTERN), command, "it runs commands"),
        (
            enabled(r#"{"source": ["aws.ec2"], "detail": {"state": ["stopped"]}}"#),
            runbook("{}"),
            "no CloudWatch alarm starts it",
        ),
        (enabled("{"), runbook("{}"), "cannot be read"),
        (enabled(PATTERN), runbook("[]"), "not a JSON object"),
    ] {
        let left_out = refusal(rule, targets);
        assert!(left_out.why.contains(says), "{left_out:?}");
        assert!(left_out.what.starts_with("EventBridge rule "), "{left_out:?}");
    }
}
