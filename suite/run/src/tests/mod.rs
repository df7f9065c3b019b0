//! Tests of the start: every way to run.

use expect_test::{Expect, expect};
use relay_core::id::InstallationId;
use relay_core::organization::testing::organization;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::Glob;
use serde_json::{Value, json};

use super::*;

mod inputs;
mod refusals;

fn hub() -> Hub {
    Hub {
        installation: InstallationId::default(),
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        service_role: Some("arn:aws:iam::111122223333:role/runbook-relay/Run".parse().unwrap()),
        execution_role: "runbook-relay-execution".to_owned(),
        shared_runbooks: vec![Glob::new("arn:aws:ssm:*:222233334444:document/Org-*")],
        allowed_runbooks: vec![Glob::new("Relay-*"), Glob::new("AWS-*")],
        approval_topic: Some("arn:aws:sns:us-east-1:111122223333:Automation-relay".into()),
    }
}

/// A runbook that takes an instance and a role, as the suite's own do.
fn reboot() -> RunbookFacts {
    RunbookFacts {
        exists: true,
        by_amazon: false,
        shared: false,
        parameters: [("InstanceId".into(), true), (ASSUME_ROLE.into(), false)].into(),
        tags: [("runbook-relay".into(), ALLOWED.into())].into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` stands in the call itself")]
fn input(more: Value) -> RunAutomationInput {
    let mut input = json!({
        "runbook": "Relay-RebootInstance", "parameters": {"InstanceId": ["{resource}"]},
        "resources": ["i-0123456789abcdef0"]
    });
    for (key, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(input.as_object_mut().unwrap().remove(key)),
            value => input[key] = value.clone(),
        }
    }
    serde_json::from_value(input).unwrap()
}

fn plan_with(
    input: &RunAutomationInput,
    runbook: &RunbookFacts,
) -> Result<StartPlan, Vec<Problem>> {
    plan(PlanInput {
        input,
        rung: 0,
        execution: "manual-1",
        hub: &hub(),
        runbook,
        organization: Some(&organization()),
    })
}

/// The call that starts it, without what is the same for all.
#[expect(clippy::needless_pass_by_value, reason = "`json!` and `expect!` stand in the call")]
#[track_caller]
fn starts(more: Value, expected: Expect) {
    let plan =
        plan_with(&input(more), &reboot()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut start = serde_json::to_value(&plan.start).unwrap();
    let object = start.as_object_mut().unwrap();
    object.shift_remove("ClientToken");
    object.shift_remove("Tags");
    if start["Parameters"][ASSUME_ROLE][0] == "arn:aws:iam::111122223333:role/runbook-relay/Run" {
        start["Parameters"].as_object_mut().unwrap().shift_remove(ASSUME_ROLE);
    }
    let approval = if plan.approval { " after an approval" } else { "" };
    let text =
        format!("{}{approval}\n{}", plan.region, serde_json::to_string_pretty(&start).unwrap());
    expected.assert_eq(&text);
}

#[track_caller]
fn refused(more: Value, runbook: &RunbookFacts, expected: &[&str]) {
    let problems = plan_with(&input(more), runbook).unwrap_err();
    let found: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {}: {}", problem.code, problem.place, problem.what))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn in_the_hubs_own_account_it_is_a_simple_execution_in_the_region_of_the_resource() {
    starts(
        json!({"region": "eu-west-1"}),
        expect![[r#"
        eu-west-1
        {
          "DocumentName": "Relay-RebootInstance",
          "Parameters": {
            "InstanceId": [
              "i-0123456789abcdef0"
            ]
          },
          "Mode": "Auto"
        }"#]],
    );
}

#[test]
fn in_another_account_it_goes_through_target_locations_from_the_hub() {
    starts(
        json!({"account": "444455556666", "region": "eu-west-1"}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {
                "InstanceId": [
                  "i-0123456789abcdef0"
                ]
              },
              "Mode": "Auto",
              "TargetLocations": [
                {
                  "Accounts": [
                    "444455556666"
                  ],
                  "Regions": [
                    "eu-west-1"
                  ],
                  "TargetLocationMaxConcurrency": "1",
                  "TargetLocationMaxErrors": "0",
                  "ExecutionRoleName": "runbook-relay-execution"
                }
              ]
            }"#]],
    );
}

#[test]
fn several_resources_with_rate_controls_are_one_run_with_a_child_for_each() {
    starts(
        json!({"resources": ["i-1", "i-2"], "run": {"maxErrors": "0"}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {},
              "Mode": "Auto",
              "TargetParameterName": "InstanceId",
              "Targets": [
                {
                  "Key": "ParameterValues",
                  "Values": [
                    "i-1",
                    "i-2"
                  ]
                }
              ],
              "MaxConcurrency": "10%",
              "MaxErrors": "0"
            }"#]],
    );
}

#[test]
fn targets_are_tags_groups_or_values_with_the_usual_rates() {
    starts(
        json!({"resources": [], "parameters": null, "run": {"targets":
            {"parameter": "InstanceId", "key": "tag:App", "values": ["web"]}}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {},
              "Mode": "Auto",
              "TargetParameterName": "InstanceId",
              "Targets": [
                {
                  "Key": "tag:App",
                  "Values": [
                    "web"
                  ]
                }
              ],
              "MaxConcurrency": "10%",
              "MaxErrors": "1"
            }"#]],
    );
    starts(
        json!({"resources": [], "parameters": null, "run": {"maxConcurrency": "3", "maxErrors": "50%",
            "targets": {"parameter": "InstanceId", "resourceGroup": "web"}}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {},
              "Mode": "Auto",
              "TargetParameterName": "InstanceId",
              "Targets": [
                {
                  "Key": "ResourceGroup",
                  "Values": [
                    "web"
                  ]
                }
              ],
              "MaxConcurrency": "3",
              "MaxErrors": "50%"
            }"#]],
    );
}

#[test]
fn many_accounts_and_regions_are_named_by_units_with_what_is_below_and_what_is_left_out() {
    starts(
        json!({"run": {"executionRole": "Fixer", "stopOnAlarm": "payments-down", "locations": {
            "accounts": ["/Workloads", "000000000004"], "includeChildUnits": true,
            "exclude": ["ou-abcd-00000003", "000000000001"],
            "regions": ["eu-west-1", "us-east-1"], "maxConcurrency": "25%", "maxErrors": "2"}}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {
                "InstanceId": [
                  "i-0123456789abcdef0"
                ]
              },
              "Mode": "Auto",
              "TargetLocations": [
                {
                  "Accounts": [
                    "ou-abcd-00000001",
                    "000000000004"
                  ],
                  "Regions": [
                    "eu-west-1",
                    "us-east-1"
                  ],
                  "TargetLocationMaxConcurrency": "25%",
                  "TargetLocationMaxErrors": "2",
                  "ExecutionRoleName": "Fixer",
                  "IncludeChildOrganizationUnits": true,
                  "ExcludeAccounts": [
                    "ou-abcd-00000003",
                    "000000000001"
                  ]
                }
              ],
              "AlarmConfiguration": {
                "Alarms": [
                  {
                    "Name": "payments-down"
                  }
                ],
                "IgnorePollAlarmFailure": false
              }
            }"#]],
    );
    starts(
        json!({"run": {"locations": {"accounts": ["organization"], "regions": ["us-east-1"]}}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {
                "InstanceId": [
                  "i-0123456789abcdef0"
                ]
              },
              "Mode": "Auto",
              "TargetLocations": [
                {
                  "Accounts": [
                    "r-abcd"
                  ],
                  "Regions": [
                    "us-east-1"
                  ],
                  "TargetLocationMaxConcurrency": "1",
                  "TargetLocationMaxErrors": "0",
                  "ExecutionRoleName": "runbook-relay-execution",
                  "IncludeChildOrganizationUnits": true
                }
              ]
            }"#]],
    );
}

#[test]
fn it_runs_step_by_step_and_stops_when_another_alarm_rings() {
    starts(
        json!({"run": {"mode": "Interactive", "stopOnAlarm": "payments-down"}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {
                "InstanceId": [
                  "i-0123456789abcdef0"
                ]
              },
              "Mode": "Interactive",
              "AlarmConfiguration": {
                "Alarms": [
                  {
                    "Name": "payments-down"
                  }
                ],
                "IgnorePollAlarmFailure": false
              }
            }"#]],
    );
    starts(
        json!({"account": "444455556666", "run": {"stopOnAlarm": "payments-down"}}),
        expect![[r#"
            us-east-1
            {
              "DocumentName": "Relay-RebootInstance",
              "Parameters": {
                "InstanceId": [
                  "i-0123456789abcdef0"
                ]
              },
              "Mode": "Auto",
              "TargetLocations": [
                {
                  "Accounts": [
                    "444455556666"
                  ],
                  "Regions": [
                    "us-east-1"
                  ],
                  "TargetLocationMaxConcurrency": "1",
                  "TargetLocationMaxErrors": "0",
                  "ExecutionRoleName": "runbook-relay-execution",
                  "TargetLocationAlarmConfiguration": {
                    "Alarms": [
                      {
                        "Name": "payments-down"
                      }
                    ],
                    "IgnorePollAlarmFailure": false
                  }
                }
              ]
            }"#]],
    );
}

#[test]
fn an_approval_is_ssms_own_and_hands_on_what_is_to_be_run() {
    let approval = json!({"approvers": ["arn:aws:iam::111122223333:role/OnCall"], "within": "1h"});
    starts(
        json!({"approval": approval}),
        expect![[r#"
            us-east-1 after an approval
            {
              "DocumentName": "Relay-ApproveThenRun",
              "Parameters": {
                "Approvers": [
                  "arn:aws:iam::111122223333:role/OnCall"
                ],
                "Message": [
                  "A runbook waits for your approval. Resources: i-0123456789abcdef0."
                ],
                "MinRequiredApprovals": [
                  "1"
                ],
                "Parameters": [
                  "{\"AutomationAssumeRole\":[\"arn:aws:iam::111122223333:role/runbook-relay/Run\"],\"InstanceId\":[\"i-0123456789abcdef0\"]}"
                ],
                "RunbookName": [
                  "Relay-RebootInstance"
                ],
                "Start": [
                  "here"
                ],
                "TopicArn": [
                  "arn:aws:sns:us-east-1:111122223333:Automation-relay"
                ],
                "WithinSeconds": [
                  "3600"
                ]
              },
              "Mode": "Auto"
            }"#]],
    );
    starts(
        json!({"approval": approval, "account": "444455556666", "documentVersion": "3",
               "resources": ["i-1", "i-2"], "run": {"maxConcurrency": "1"}}),
        expect![[r#"
            us-east-1 after an approval
            {
              "DocumentName": "Relay-ApproveThenRun",
              "Parameters": {
                "Approvers": [
                  "arn:aws:iam::111122223333:role/OnCall"
                ],
                "MaxConcurrency": [
                  "1"
                ],
                "MaxErrors": [
                  "1"
                ],
                "Message": [
                  "A runbook waits for your approval. Resources: i-1, i-2."
                ],
                "MinRequiredApprovals": [
                  "1"
                ],
                "Parameters": [
                  "{\"AutomationAssumeRole\":[\"arn:aws:iam::111122223333:role/runbook-relay/Run\"]}"
                ],
                "RunbookName": [
                  "Relay-RebootInstance"
                ],
                "RunbookVersion": [
                  "3"
                ],
                "Start": [
                  "on-targets-in-locations"
                ],
                "TargetLocations": [
                  "{\"Accounts\":[\"444455556666\"],\"Regions\":[\"us-east-1\"],\"TargetLocationMaxConcurrency\":\"1\",\"TargetLocationMaxErrors\":\"0\",\"ExecutionRoleName\":\"runbook-relay-execution\"}"
                ],
                "TargetParameterName": [
                  "InstanceId"
                ],
                "Targets": [
                  "{\"Key\":\"ParameterValues\",\"Values\":[\"i-1\",\"i-2\"]}"
                ],
                "TopicArn": [
                  "arn:aws:sns:us-east-1:111122223333:Automation-relay"
                ],
                "WithinSeconds": [
                  "3600"
                ]
              },
              "Mode": "Auto"
            }"#]],
    );
}

#[test]
fn a_repeat_carries_the_same_token_and_another_start_another() {
    let installation = InstallationId::default();
    let token = |input: &RunAutomationInput, rung, execution: &str| {
        input.token(&installation, rung, execution)
    };
    let by_hand = input(json!({}));
    let one = token(&by_hand, 0, "a");
    assert_eq!(one, token(&by_hand, 0, "a"));
    assert_eq!(one.get_version_num(), 5);
    let alarm = json!({"lock": {"trigger": "0069b69a-eacb-5237-bc7a-0af40b1bc499", "rule": "web",
                                "keys": [], "coolDown": "30m"}});
    let by_alarm = input(alarm);
    assert_eq!(token(&by_alarm, 0, "a"), token(&by_alarm, 0, "b"), "of the trigger");
    let tokens = [
        one,
        token(&by_hand, 1, "a"),
        token(&by_hand, 0, "b"),
        token(&input(json!({"resources": ["i-2"]})), 0, "a"),
        token(&by_alarm, 0, "a"),
        by_alarm.token(&"other".parse().unwrap(), 0, "a"),
    ];
    let distinct: std::collections::BTreeSet<_> = tokens.iter().collect();
    assert_eq!(distinct.len(), tokens.len());
}

#[test]
fn a_run_carries_at_most_five_tags_and_its_token_is_one() {
    let input = input(json!({"run": {"tags": {"a": "1", "b": "2", "c": "3"}}}));
    let plan = plan_with(&input, &reboot()).unwrap();
    let tags: Vec<&str> = plan.start.tags.iter().map(|tag| tag.key.as_str()).collect();
    assert_eq!(tags, ["a", "b", "c", "relay:token", "runbook-relay:execution"]);
    assert_eq!(plan.start.tags[3].value, format!("runbook-relay/{}", plan.start.client_token));
    assert_eq!(plan.start.tags[4].value, "manual-1");
}
