//! Tests of the start: every way to run, and what stands against one.

use expect_test::{Expect, expect};
use relay_core::flow::Flow;
use relay_core::id::InstallationId;
use relay_core::organization::testing::organization;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::Glob;
use serde_json::{Value, json};

use super::*;

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

/// Reads an input as `start-automation` reads it first.
fn first_read(input: &Value) -> Result<RunAutomationInput, String> {
    let request = json!({
        "execution": {"arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:a",
                      "name": "a", "startTime": "2026-01-02T03:04:05Z"},
        "input": input, "rung": 0
    });
    let request: Result<StartAutomationInput, _> = serde_json::from_value(request);
    request.map(|request| request.input).map_err(|error| error.to_string())
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

#[test]
fn a_service_role_is_passed_as_the_parameter_that_takes_it() {
    let role = |more: Value, facts: &RunbookFacts| {
        let plan = plan_with(&input(more), facts).unwrap();
        plan.start.parameters.get(ASSUME_ROLE).map(|role| role[0].clone())
    };
    let (own, stacks) = (
        "arn:aws:iam::111122223333:role/runbook-relay/Own",
        "arn:aws:iam::111122223333:role/runbook-relay/Run",
    );
    assert_eq!(role(json!({}), &reboot()).as_deref(), Some(stacks));
    assert_eq!(role(json!({"run": {"serviceRole": own}}), &reboot()).as_deref(), Some(own));
    let mut without = reboot();
    without.parameters.remove(ASSUME_ROLE);
    assert_eq!(role(json!({}), &without), None, "its own `assumeRole` holds");
    refused(
        json!({"run": {"serviceRole": own}}),
        &without,
        &["AssumeRoleNotTaken input (run.serviceRole): Relay-RebootInstance has no parameter \
         AutomationAssumeRole"],
    );
    for foreign in
        ["arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::444455556666:role/runbook-relay/Own"]
    {
        refused(
            json!({"run": {"serviceRole": foreign}}),
            &reboot(),
            &[&format!(
                "RoleNotPassable input (run.serviceRole): {foreign} is not a role of account \
             111122223333 under /runbook-relay/"
            )],
        );
    }
}

#[test]
fn an_approval_has_the_stacks_role_where_the_runbook_behind_it_takes_none() {
    let mut without = reboot();
    without.parameters.remove(ASSUME_ROLE);
    let approval = json!({"approvers": ["arn:aws:iam::111122223333:role/OnCall"]});
    let plan = plan_with(&input(json!({"approval": approval})), &without).unwrap();
    let parameters = &plan.start.parameters;
    assert_eq!(parameters[ASSUME_ROLE], ["arn:aws:iam::111122223333:role/runbook-relay/Run"]);
    assert_eq!(parameters["Parameters"], [r#"{"InstanceId":["i-0123456789abcdef0"]}"#]);
}

#[test]
fn a_runbook_that_must_be_given_a_role_is_not_started_without_one() {
    let mut facts = reboot();
    facts.parameters.insert(ASSUME_ROLE.into(), true);
    assert!(plan_with(&input(json!({})), &facts).is_ok(), "the stack's own");
    let bare = Hub { service_role: None, ..hub() };
    let input = input(json!({}));
    let planned = plan(PlanInput {
        input: &input,
        rung: 0,
        execution: "manual-1",
        hub: &bare,
        runbook: &facts,
        organization: None,
    });
    let problems = planned.unwrap_err();
    assert_eq!(problems[0].what, "Relay-RebootInstance needs `AutomationAssumeRole`");
}

#[test]
fn a_member_of_a_group_is_put_on_standby_by_a_runbook_that_can() {
    let mut facts = reboot();
    facts.parameters.insert("AutoScaling".into(), false);
    let input_ = input(json!({"standby": "web"}));
    let plan = plan_with(&input_, &facts).unwrap();
    assert_eq!(plan.start.parameters["AutoScaling"], ["standby"]);
    refused(
        json!({"standby": "web"}),
        &reboot(),
        &["ResourceRefused input (resource.autoScaling): Relay-RebootInstance has no parameter \
         AutoScaling: it cannot put a member of web on standby"],
    );
}

#[test]
fn a_runbook_of_another_account_has_to_be_named_by_its_arn() {
    let mut shared = reboot();
    shared.shared = true;
    shared.tags.clear();
    let named = "arn:aws:ssm:us-east-1:222233334444:document/Org-Restart";
    let plan = plan_with(&input(json!({"runbook": named})), &shared).unwrap();
    assert_eq!(plan.start.document_name, named);
    // Whose runbook has an allowed name, but another owner.
    let other = "arn:aws:ssm:us-east-1:333344445555:document/Relay-RebootInstance";
    refused(
        json!({"runbook": other}),
        &shared,
        &["RunbookNotAllowed input (ladder[0].runbook): AllowedSharedRunbookArns does not name \
         arn:aws:ssm:us-east-1:333344445555:document/Relay-RebootInstance"],
    );
}

#[test]
fn the_runbook_of_the_approval_is_started_by_the_suite_alone() {
    let approval = json!({"approvers": ["arn:aws:iam::111122223333:role/OnCall"], "within": "1h"});
    for runbook in [
        APPROVE_THEN_RUN,
        "Relay-ApproveThenRun:1",
        "arn:aws:ssm:us-east-1:222233334444:document/Relay-ApproveThenRun",
    ] {
        for approval in [Value::Null, approval.clone()] {
            let by_hand = input(json!({"runbook": runbook, "approval": approval}));
            let problems = plan_with(&by_hand, &reboot()).unwrap_err();
            let [problem] = &problems[..] else { panic!("{problems:#?}") };
            assert_eq!(problem.code, ProblemCode::RunbookNotAllowed);
            assert_eq!(problem.hint, "Write `approval:` in the rung instead.");
        }
    }
    let asks = plan_with(&input(json!({"approval": approval})), &reboot()).unwrap();
    assert_eq!(asks.start.document_name, APPROVE_THEN_RUN);
}

#[test]
fn what_stands_against_a_start_names_rule_and_field() {
    let rule = json!({"name": "web", "rulesVersion": "sha256:1"});
    let missing = RunbookFacts::default();
    refused(
        json!({"rule": rule, "documentVersion": "7"}),
        &missing,
        &[
            "RunbookNotFound web (ladder[0].runbook): Relay-RebootInstance is not there in version 7, \
         in account 111122223333 and Region us-east-1",
        ],
    );
    let mut untagged = reboot();
    untagged.tags.clear();
    refused(
        json!({"rule": rule}),
        &untagged,
        &["RunbookNotAllowed web (ladder[0].runbook): Relay-RebootInstance lacks the tag \
         runbook-relay: allowed"],
    );
    refused(
        json!({"runbook": "Org-Other"}),
        &reboot(),
        &[
            "RunbookNotAllowed input (ladder[0].runbook): AllowedRunbookNames does not name Org-Other",
        ],
    );
    let mut destructive = reboot();
    destructive.tags.insert("runbook-relay".into(), DESTRUCTIVE.into());
    refused(
        json!({}),
        &destructive,
        &["DestructiveWithoutApproval input (ladder[0].runbook): Relay-RebootInstance is tagged \
         runbook-relay: destructive"],
    );
    assert!(plan_with(&input(json!({"destructive": true})), &destructive).is_ok());
    refused(
        json!({"parameters": {"Instance": ["x"]}}),
        &reboot(),
        &[
            "RunbookParameters input (ladder[0].parameters): Relay-RebootInstance takes no `Instance`; \
         it takes AutomationAssumeRole, InstanceId",
            "RunbookParameters input (ladder[0].parameters): Relay-RebootInstance needs `InstanceId`",
        ],
    );
    let alarm = json!({"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu"});
    refused(
        json!({"alarm": alarm, "run": {"stopOnAlarm": "cpu"}}),
        &reboot(),
        &["StopAlarmIsOwn input (run.stopOnAlarm): `cpu` is the alarm that set this off"],
    );
    refused(
        json!({"parameters": {"InstanceId": ["{dimension.x}"]}}),
        &reboot(),
        &[
            "ParameterUnfilled input (ladder[0].parameters.InstanceId): nothing is known to put in the \
         place of `{dimension.x}`",
        ],
    );
    refused(
        json!({"resources": ["a", "b"]}),
        &reboot(),
        &["SeveralResources input (resources): 2 resources, and no rate controls"],
    );
    refused(
        json!({"run": {"locations": {"accounts": ["/Elsewhere"], "regions": ["us-east-1"]}}}),
        &reboot(),
        &[
            "UnknownOrganizationalUnit input (run.locations.accounts[0]): the organization has no OU \
           /Elsewhere",
        ],
    );
}

#[test]
fn an_input_is_one_runbook_or_a_ladder_and_keeps_what_it_says() {
    let one = input(json!({"timeout": "2h", "destructive": true}));
    assert_eq!(one.ladder.len(), 1);
    assert_eq!(one.ladder[0].timeout.as_secs(), 7_200);
    assert_eq!(one.flow(), Flow::Run);
    assert_eq!(one.trigger.kind, relay_core::execution::TriggerKind::Manual);
    let again: RunAutomationInput =
        serde_json::from_value(serde_json::to_value(&one).unwrap()).unwrap();
    assert_eq!(again, one);
    let alarm = input(json!({
        "rule": {"name": "web", "rulesVersion": "sha256:1"},
        "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu"}
    }));
    assert_eq!(alarm.flow(), Flow::Remediation);
    for (wrong, expected) in [
        (json!({}), "expected exactly one of `runbook`, `ladder`, found none. Add one of them."),
        (json!({"ladder": []}), "ladder: expected 1 to 10 entries, found none."),
        (
            json!({"runbook": "Org-A", "ladder": [{"runbook": "Org-B"}]}),
            "found `runbook`, `ladder`",
        ),
        (
            json!({"parameters": {"a": ["b"]}, "ladder": [{"runbook": "Org-B"}]}),
            "parameters: `parameters` belongs to a rung of `ladder`.",
        ),
        (json!({"runbook": "a b"}), "expected a runbook's name or ARN"),
        (json!({"runbook": "Org-A", "parametrs": {}}), "Did you mean `parameters`?"),
        (json!({"runbook": "Org-A", "account": 111122223333u64}), "Quote it: \"111122223333\"."),
    ] {
        let error = first_read(&wrong).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_a_person_wrote_has_no_unknown_fields_and_what_the_suite_wrote_may_be_of_a_later_version() {
    let alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
    for (input, path) in [
        (json!({"runbook": "Org-A"}), ""),
        (json!({"ladder": [{"runbook": "Org-A"}]}), "/ladder/0"),
        (json!({"runbook": "Org-A", "run": {"tags": {"a": "b"}}}), "/run"),
        (
            json!({"runbook": "Org-A", "run": {"targets": {"parameter": "a", "values": ["b"]}}}),
            "/run/targets",
        ),
        (json!({"runbook": "Org-A", "approval": {"approvers": ["a"]}}), "/approval"),
        (json!({"runbook": "Org-A", "alarm": {"arn": alarm}}), "/alarm"),
    ] {
        let with = |kind: &str, later: bool| {
            let mut input = input.clone();
            input["trigger"] = json!({"kind": kind});
            if later {
                input.pointer_mut(path).unwrap()["later"] = json!({"a": 1});
            }
            input
        };
        for kind in ["manual", "schedule", "association"] {
            let error = first_read(&with(kind, true)).unwrap_err();
            assert!(error.contains("unknown field `later`"), "{kind}: {error}");
        }
        for kind in ["alarm", "onboarding"] {
            let read = first_read(&with(kind, true)).unwrap();
            assert_eq!(read, first_read(&with(kind, false)).unwrap(), "{kind}");
        }
        let mut input = with("manual", true);
        input.as_object_mut().unwrap().remove("trigger");
        let error = first_read(&input).unwrap_err();
        assert!(error.contains("unknown field `later`"), "{error}");
        // Every other function reads it after that one.
        assert!(serde_json::from_value::<RunAutomationInput>(input).is_ok());
    }
}

#[test]
fn executions_that_began_before_an_update_are_read_by_their_words() {
    for (before, now) in [("cleared", Seen::Recovered), ("notCleared", Seen::NotRecovered)] {
        assert_eq!(serde_json::from_value::<Seen>(json!(before)).unwrap(), now);
        assert_ne!(serde_json::to_value(now).unwrap(), json!(before));
    }
    let follow = json!({
        // words: quoted
        "told": true,
        "execution": {"arn": "arn:aws:states:us-east-1:111122223333:execution:run-automation:a",
                      "name": "a", "startTime": "2026-01-02T03:04:05Z"},
        "input": input(json!({})), "rung": 0, "token": "t",
        "run": {"executionId": "333ba70b-2333-48db-b17e-a5e69c6f4d1c", "account": "111122223333",
                "region": "us-east-1", "at": "2026-01-02T03:04:05Z", "limit": 3600}
    });
    let follow: FollowAutomationInput = serde_json::from_value(follow).unwrap();
    assert!(follow.pending_published);
}

#[test]
fn alarm_names_never_become_references_of_ssm() {
    refused(
        json!({"parameters": {"InstanceId": ["{alarm}"]},
               "alarm": {"arn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:{{ssm:/key}}"}}),
        &reboot(),
        &[
            "ParameterUnfilled input (ladder[0].parameters.InstanceId): the value of `{alarm}` holds \
           `{{`, which SSM takes for a reference of its own",
        ],
    );
}
