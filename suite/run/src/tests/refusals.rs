//! Roles that a run has, and what stands against a start.

use super::*;

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
