//! Tests of the outcomes of runs, case by case.

use expect_test::expect;
use relay_core::flow::Severity;
use relay_core::id::AccountId;
use relay_core::problem::ProblemCode;
use serde_json::{Value, json};

use super::*;
use crate::tests::decide as sharing_decide;
use crate::{PublishOutcomeInput, Published};

const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:run-automation:alarm-1";

const ID: &str = "333ba70b-2333-48db-b17e-a5e69c6f4d1c";

fn request(more: &Value) -> PublishOutcomeInput {
    let mut request = json!({
        "execution": {"arn": ARN, "name": "alarm-web-2", "startTime": "2026-01-02T03:04:05.500Z"},
        "flow": "remediation",
        "input": {
            "ladder": [{"runbook": "Relay-RebootInstance"}, {"runbook": "Org-Replace"}],
            "resources": ["i-0123456789abcdef0"], "account": "444455556666", "region": "eu-west-1",
            "alarm": {"arn": "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:ec2-status"},
            "rule": {"name": "web", "rulesVersion": "sha256:1"}, "severity": "critical",
            "trigger": {"kind": "alarm", "eventIds": ["e-1"]}
        },
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

fn run(rung: u32, end: &Value, seen: Option<&str>, more: &Value) -> Value {
    let mut run = json!({
        "rung": rung, "runbook": "Relay-RebootInstance", "executionId": ID,
        "account": "444455556666", "region": "eu-west-1", "end": end, "seen": seen
    });
    for (key, value) in more.as_object().unwrap() {
        run[key] = value.clone();
    }
    run
}

fn verdict(more: &Value) -> Verdict {
    decide(Evidence {
        request: &request(more),
        plan: None,
        details: &[],
        standing: None,
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:14:05.500Z".parse().unwrap(),
        stored: None,
    })
}

#[track_caller]
fn told(more: &Value) -> Outcome {
    verdict(more).outcome.unwrap()
}

fn codes(outcome: &Outcome) -> Vec<ProblemCode> {
    outcome.problems.iter().map(|problem| problem.code).collect()
}

fn ran(ending: &str) -> Value {
    json!({"ran": ending})
}

#[test]
fn the_last_rung_decides_by_what_was_seen_and_by_how_it_ended() {
    use ProblemCode::{
        AlarmNotRecovered, ApprovalRefused, AutomationCancelled, AutomationFailed,
        AutomationTimedOut, RecoveryUnverified, StartRefused,
    };
    for (end, seen, published, problems) in [
        (ran("succeeded"), Some("recovered"), Published::Succeeded, &[][..]),
        (ran("succeeded"), Some("notRecovered"), Published::Failed, &[AlarmNotRecovered]),
        (ran("succeeded"), Some("unverified"), Published::Partial, &[RecoveryUnverified]),
        (ran("succeeded"), None, Published::Succeeded, &[]),
        (ran("failed"), Some("recovered"), Published::Partial, &[AutomationFailed]),
        (
            ran("failed"),
            Some("notRecovered"),
            Published::Failed,
            &[AutomationFailed, AlarmNotRecovered],
        ),
        (ran("failed"), None, Published::Failed, &[AutomationFailed]),
        (ran("timedOut"), None, Published::Failed, &[AutomationTimedOut]),
        (ran("cancelled"), None, Published::Failed, &[AutomationCancelled]),
        (ran("rejected"), None, Published::Failed, &[ApprovalRefused]),
        (json!("notStarted"), None, Published::Failed, &[StartRefused]),
    ] {
        let more = json!({"runs": [run(1, &end, seen, &json!({}))]});
        let verdict = verdict(&more);
        assert_eq!(verdict.published, published, "{end} {seen:?}");
        assert_eq!(codes(&verdict.outcome.unwrap()), problems, "{end} {seen:?}");
    }
}

#[test]
fn an_earlier_rung_that_did_not_help_is_told_and_changes_nothing() {
    let outcome = told(&json!({"runs": [
        run(1, &ran("failed"), Some("notRecovered"),
            &json!({"failedStep": "reboot", "reason": "Unauthorized", "status": "Failed"})),
        run(2, &ran("succeeded"), Some("recovered"), &json!({"runbook": "Org-Replace"})),
    ]}));
    assert_eq!(outcome.outcome, OutcomeStatus::Succeeded);
    assert_eq!(outcome.severity, Severity::Low, "something to look at");
    assert_eq!(codes(&outcome), [ProblemCode::AutomationFailed, ProblemCode::AlarmNotRecovered]);
    assert_eq!(
        outcome.summary,
        "Alarm ec2-status: Org-Replace on i-0123456789abcdef0 succeeded (rung 2), and the alarm returned to OK."
    );
    assert_eq!(outcome.duration_seconds, 600.0);
    assert_eq!(outcome.attempt, 1, "a remediation is started once; a name may end in -2");
    assert_eq!(outcome.rules, ["web"]);
    assert_eq!(outcome.rules_version.as_deref(), Some("sha256:1"));
    assert_eq!(outcome.runs[0].failed_step.as_deref(), Some("reboot"));
    assert_eq!(
        outcome.runs[0].console.as_deref(),
        Some(
            "https://eu-west-1.console.aws.amazon.com/systems-manager/automation/execution/\
             333ba70b-2333-48db-b17e-a5e69c6f4d1c?region=eu-west-1"
        )
    );
}

#[test]
fn children_are_told_with_their_step_message_and_link_and_some_of_them_are_partial() {
    let child = json!({"executionId": ID, "account": "777788889999", "region": "us-east-1",
                       "status": "Failed", "failedStep": "stop", "reason": "not there"});
    let children = |failed: u32, succeeded: u32| json!({"children": [child], "childrenFailed": failed, "childrenSucceeded": succeeded});
    for (end, failed, succeeded, status) in [
        ("succeeded", 1, 9, OutcomeStatus::Partial),
        ("failed", 2, 8, OutcomeStatus::Partial),
        ("failed", 2, 0, OutcomeStatus::Failed),
    ] {
        let run = run(1, &ran(end), None, &children(failed, succeeded));
        let outcome = told(&json!({"runs": [run]}));
        assert_eq!(outcome.outcome, status, "{end} {failed} {succeeded}");
        assert_eq!(outcome.runs.len(), 2);
        assert_eq!(outcome.runs[1].failed_step.as_deref(), Some("stop"));
        assert!(outcome.runs[1].console.as_deref().unwrap().contains("us-east-1"));
        assert_eq!(outcome.accounts.len(), 2);
    }
}

#[test]
fn what_stood_against_the_start_is_the_problem_and_its_place_is_the_rules() {
    let problem = json!({"code": "RunbookNotFound", "where": "web (ladder[0].runbook)",
                         "what": "it is not there", "hint": "Correct the name."});
    let more = json!({"problems": [problem], "executionId": null});
    let outcome = told(&json!({"runs": [run(1, &json!("notStarted"), None, &more)]}));
    assert_eq!(codes(&outcome), [ProblemCode::RunbookNotFound]);
    assert_eq!(outcome.severity, Severity::Critical, "the rule's own");
    assert_eq!(outcome.runs[0].status, "NotStarted");
    assert_eq!(
        (outcome.runs[0].execution_id.as_str(), outcome.runs[0].console.as_ref()),
        ("", None)
    );
}

#[test]
fn an_execution_that_broke_off_says_so_first() {
    let error = json!({"Error": "ExecutionAborted", "Cause": "by hand"});
    let outcome = told(&json!({"error": error}));
    assert_eq!(outcome.outcome, OutcomeStatus::Failed);
    assert_eq!(codes(&outcome), [ProblemCode::ExecutionAborted]);
    let done = run(1, &ran("succeeded"), Some("recovered"), &json!({}));
    let outcome = told(&json!({"error": error, "runs": [done]}));
    assert_eq!(outcome.outcome, OutcomeStatus::Partial, "something was done");
}

#[test]
fn a_run_that_waits_says_how_to_answer_and_has_an_id_of_its_own() {
    let pending = |waiting_for: &str, rung: u32| {
        json!({"pending": {"rung": rung, "runbook": "Org-Replace", "executionId": ID,
               "account": "111122223333", "region": "us-east-1", "waitingFor": waiting_for}})
    };
    let approval = verdict(&pending("approval", 2));
    assert_eq!(approval.published, Published::PendingApproval);
    let outcome = approval.outcome.unwrap();
    assert_eq!(outcome.outcome, OutcomeStatus::PendingApproval);
    assert_eq!(outcome.runs[0].execution_id, ID);
    assert_eq!(
        outcome.problems[0].hint,
        format!(
            "Approve it, or write Reject for Approve: aws ssm send-automation-signal --region us-east-1 \
             --automation-execution-id {ID} --signal-type Approve"
        )
    );
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    let line = format!(
        "\n        aws ssm send-automation-signal --region us-east-1 --automation-execution-id {ID} \
         --signal-type Approve\n"
    );
    assert!(message["email"].as_str().unwrap().contains(&line), "one line, as a shell takes it");
    let step = told(&pending("step", 1));
    assert_eq!(codes(&step), [ProblemCode::StepWaiting]);
    assert_eq!(
        step.problems[0].hint,
        format!(
            "Write the step's name for STEP, or at a pause Resume for StartStep, without the payload: \
             aws ssm send-automation-signal --region us-east-1 --automation-execution-id {ID} \
             --signal-type StartStep --payload StepName=STEP"
        )
    );
    let ids = [approval.id, verdict(&pending("approval", 1)).id, verdict(&json!({"runs": []})).id];
    assert_eq!(std::collections::BTreeSet::from(ids).len(), 3);
    assert_eq!(approval.id, verdict(&pending("approval", 2)).id, "a repeat");
}

#[test]
fn a_run_that_waits_is_published_again_before_the_deadline_with_an_id_of_its_own() {
    let input = json!({
        "ladder": [{"runbook": "Org-Replace", "approval": {
            "approvers": ["arn:aws:iam::111122223333:role/on-call"], "within": "2h"}}],
        "resources": ["i-1"], "trigger": {"kind": "manual"}
    });
    let pending = |reminder: bool| {
        verdict(&json!({"input": input, "pending": {"rung": 1, "runbook": "Org-Replace",
            "executionId": ID, "account": "111122223333", "region": "us-east-1",
            "waitingFor": "approval", "deadline": "2026-01-02T05:04:05Z", "reminder": reminder}}))
    };
    let (first, again) = (pending(false), pending(true));
    assert_ne!(first.id, again.id);
    assert_eq!(again.id, pending(true).id, "a repeat");
    let (first, again) = (first.outcome.unwrap(), again.outcome.unwrap());
    assert_eq!(again.outcome, OutcomeStatus::PendingApproval);
    let summaries = [first.summary, again.summary];
    assert_eq!(
        summaries,
        [
            "Org-Replace on i-1 waits for 1 of arn:aws:iam::111122223333:role/on-call to approve it, within 2h.",
            "Reminder: Org-Replace on i-1 waits for 1 of arn:aws:iam::111122223333:role/on-call to approve it, not later than 2026-01-02T05:04:05Z.",
        ]
    );
    let deadline = again.approval.unwrap().deadline.unwrap().to_string();
    assert_eq!(deadline, "2026-01-02T05:04:05Z");
}

#[test]
fn an_approval_is_pending_then_given_or_refused_and_only_where_the_rung_asks_for_one() {
    let input = json!({
        "ladder": [{"runbook": "Relay-RebootInstance"},
                   {"runbook": "Org-Replace", "approval": {
                       "approvers": ["arn:aws:iam::111122223333:role/on-call"], "within": "2h"}}],
        "trigger": {"kind": "manual"}
    });
    let with = |more: Value| {
        let mut more = more;
        more["input"] = input.clone();
        let outcome = told(&more);
        if let Some(waits) =
            outcome.approval.as_ref().filter(|one| one.status == ApprovalStatus::Pending)
        {
            let who = waits.approvers.join(", ");
            let what = format!("Org-Replace waits for 1 of {who} to approve it, within 2h");
            assert_eq!(outcome.problems[0].what, what);
        }
        outcome.approval
    };
    let waiting = |rung: u32| {
        with(json!({"pending": {"rung": rung, "runbook": "Org-Replace", "executionId": ID,
            "account": "111122223333", "region": "us-east-1", "waitingFor": "approval"}}))
    };
    let pending = waiting(2).unwrap();
    assert_eq!(pending.status, ApprovalStatus::Pending);
    assert_eq!(pending.approvers, ["arn:aws:iam::111122223333:role/on-call"]);
    assert_eq!((pending.minimum, pending.within_seconds), (1, 7_200));
    assert_eq!(pending.execution_id, ID);
    assert_eq!(waiting(1), None, "that rung asks nobody");
    let ended =
        |rung: u32, end: &str| with(json!({"runs": [run(rung, &ran(end), None, &json!({}))]}));
    assert_eq!(ended(2, "succeeded").unwrap().status, ApprovalStatus::Approved);
    assert_eq!(ended(2, "rejected").unwrap().status, ApprovalStatus::Rejected);
    let unanswered = json!({"unanswered": true});
    let expired = with(json!({"runs": [run(2, &ran("rejected"), None, &unanswered)]})).unwrap();
    assert_eq!(expired.status, ApprovalStatus::Expired);
    assert_eq!(ended(2, "failed"), None, "whether it was given cannot be seen");
    let decided = json!({"decisions": [{
        "approver": "arn:aws:sts::111122223333:assumed-role/on-call/alice", "answer": "approved",
        "at": "2026-01-02T03:04:05Z", "comment": "go on"}]});
    let failed = with(json!({"runs": [run(2, &ran("failed"), None, &decided)]})).unwrap();
    assert_eq!(failed.status, ApprovalStatus::Approved, "it was given, and the runbook failed");
    assert_eq!(serde_json::to_value(&failed.decisions).unwrap(), decided["decisions"]);
    assert_eq!(ended(1, "succeeded"), None);
}

#[test]
fn who_decided_is_said_though_a_later_rung_asks_nobody_or_is_not_started() {
    let approval = json!({"approvers": ["alice"]});
    let ladder = json!([{"runbook": "Org-Replace", "approval": approval},
                        {"runbook": "Relay-RebootInstance"},
                        {"runbook": "Org-Replace", "approval": approval}]);
    let decided = json!({"decisions": [{"approver": "alice", "answer": "approved",
        "at": "2026-01-02T03:04:05Z", "comment": "go on"}]});
    let outcome = told(&json!({
        "input": {"ladder": ladder, "trigger": {"kind": "manual"}},
        "runs": [
            run(1, &ran("failed"), Some("notRecovered"), &decided),
            run(2, &ran("succeeded"), Some("notRecovered"), &json!({})),
            run(3, &json!("notStarted"), None, &json!({"executionId": null})),
        ],
    }));
    let approval = outcome.approval.unwrap();
    assert_eq!(
        (approval.status, approval.runbook.as_str()),
        (ApprovalStatus::Approved, "Org-Replace")
    );
    assert_eq!(approval.execution_id, ID);
    assert_eq!(serde_json::to_value(&approval.decisions).unwrap(), decided["decisions"]);
}

#[test]
fn an_approval_that_nobody_answered_is_not_called_a_refusal() {
    let outcome = told(&json!({
        "input": {"ladder": [{"runbook": "Org-Replace", "approval": {"approvers": ["alice"], "within": "2h"}}],
                  "severity": "critical", "trigger": {"kind": "manual"}},
        "runs": [run(1, &ran("rejected"), None,
                     &json!({"runbook": "Org-Replace", "unanswered": true}))],
    }));
    assert_eq!(codes(&outcome), [ProblemCode::ApprovalExpired]);
    assert_eq!((outcome.outcome, outcome.severity), (OutcomeStatus::Failed, Severity::Critical));
    assert_eq!(
        outcome.summary,
        "Org-Replace: was not run: nobody decided by the deadline, 2h after the request."
    );
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    let text = message["email"].as_str().unwrap();
    assert!(
        text.contains("Approval of Org-Replace: expired: nobody decided by the deadline"),
        "{text}"
    );
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn the_text_for_people_says_who_approved() {
    let decisions = json!([
        {"approver": "alice", "answer": "approved", "at": "2026-01-02T03:04:05Z", "comment": "go on"},
        {"approver": "bob", "answer": "rejected"},
    ]);
    let outcome = told(&json!({
        "input": {"ladder": [{"runbook": "Org-Replace", "approval": {"approvers": ["alice", "bob"]}}],
                  "trigger": {"kind": "manual"}},
        "runs": [run(1, &ran("rejected"), None, &json!({"decisions": decisions}))],
    }));
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    let text = message["email"].as_str().unwrap();
    let lines = "  1 of: alice, bob\n  approved by alice at 2026-01-02T03:04:05Z: go on\n  \
                 rejected by bob\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn the_alarm_and_the_pages_to_look_at_are_in_the_outcome() {
    let outcome =
        told(&json!({"runs": [run(1, &ran("succeeded"), Some("recovered"), &json!({}))]}));
    let alarm = outcome.alarm.unwrap();
    assert_eq!((alarm.name.as_str(), alarm.account.as_str()), ("ec2-status", "444455556666"));
    let links: Vec<(LinkKind, &str)> =
        outcome.links.iter().map(|link| (link.kind, link.href.as_str())).collect();
    assert_eq!(links.len(), 3, "{links:?}");
    assert_eq!(links[0].0, LinkKind::Execution);
    assert_eq!(
        links[1],
        (
            LinkKind::Alarm,
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1\
             #alarmsV2:alarm/ec2-status"
        )
    );
    assert_eq!(links[2].0, LinkKind::Automation);
}

#[test]
fn the_page_of_a_run_is_in_the_account_and_region_where_it_was_started() {
    let started_in = json!({"account": "111122223333", "region": "us-east-1"});
    let child = json!({"executionId": ID, "account": "444455556666", "region": "eu-west-1",
        "status": "Failed"});
    let more = json!({"startedIn": started_in, "children": [child]});
    let outcome = told(&json!({"runs": [run(1, &ran("failed"), None, &more)]}));
    assert_eq!(outcome.runs[0].region.as_str(), "eu-west-1", "where it acts");
    let page = |region: &str| {
        format!(
            "https://{region}.console.aws.amazon.com/systems-manager/automation/execution/{ID}\
             ?region={region}"
        )
    };
    assert_eq!(outcome.runs[0].console, Some(page("us-east-1")));
    let automations: Vec<(Option<AccountId>, String)> =
        outcome.links[2..].iter().map(|link| (link.account, link.href.clone())).collect();
    let (hub, member) = ("111122223333".parse().unwrap(), "444455556666".parse().unwrap());
    assert_eq!(automations, [(Some(hub), page("us-east-1")), (Some(member), page("eu-west-1"))]);
}

#[test]
fn links_lead_through_the_access_portal_where_there_is_one() {
    let runs = [run(1, &ran("succeeded"), Some("recovered"), &json!({}))];
    let outcome = told(&json!({"runs": runs}));
    assert!(outcome.links.iter().all(|link| link.shortcut.is_none()));
    let portal = "https://d-1234567890.awsapps.com/start".parse().unwrap();
    let outcome = outcome.through(Some(&portal));
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    let text = message["email"].as_str().unwrap();
    for (link, account) in
        outcome.links.iter().zip(["111122223333", "444455556666", "444455556666"])
    {
        let shortcut = link.shortcut.as_deref().unwrap();
        let begin = format!(
            "https://d-1234567890.awsapps.com/start/#/console?account_id={account}&destination=https"
        );
        assert!(shortcut.starts_with(&begin), "{shortcut}");
        assert!(text.contains(shortcut) && !text.contains(&link.href), "{text}");
    }
}

#[test]
fn the_text_for_people_says_which_alarm_why_and_the_names_of_resources() {
    let mut input = serde_json::to_value(request(&json!({})).input).unwrap();
    input["alarm"]["reason"] = json!("Threshold Crossed: 2 datapoints were greater than 0.0.");
    input["resourceNames"] = json!({"i-0123456789abcdef0": "web-1"});
    let outcome =
        told(&json!({"input": input, "runs": [run(1, &ran("succeeded"), None, &json!({}))]}));
    assert_eq!(
        outcome.summary,
        "Alarm ec2-status: Relay-RebootInstance on i-0123456789abcdef0 (web-1) succeeded."
    );
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    let text = message["email"].as_str().unwrap();
    let lines = "Resources i-0123456789abcdef0 (web-1)\n\
                 Alarm     ec2-status, in 444455556666 eu-west-1\n          \
                 Threshold Crossed: 2 datapoints were greater than 0.0.\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn the_text_for_people_tells_what_ran_and_where_to_look() {
    let mut outcome = told(&json!({"runs": [run(1, &ran("failed"), Some("notRecovered"), &json!({
        "status": "Failed", "failedStep": "waitForChecks",
        "reason": "Step timed out while step is verifying the status checks of the instance."
    }))]}));
    outcome.suite_version = "1.2.3".into();
    let message: Value = serde_json::from_str(&Message::render(&outcome).body).unwrap();
    expect![[r#"
        Alarm ec2-status: Relay-RebootInstance on i-0123456789abcdef0: failed in step
        waitForChecks: Step timed out while step is verifying the status checks of the
        instance.

        Outcome   failed (severity critical)
        When      2026-01-02T03:14:05Z, after 600.0 s
        Cause     alarm
        Accounts  444455556666
        Regions   eu-west-1
        Rules     web
        Resources i-0123456789abcdef0
        Alarm     ec2-status, in 444455556666 eu-west-1

        What was run

          rung 1  Relay-RebootInstance: Failed, in 444455556666 eu-west-1
                  step waitForChecks
                  Step timed out while step is verifying the status checks of the
                  instance.
                  https://eu-west-1.console.aws.amazon.com/systems-manager/automation/execution/333ba70b-2333-48db-b17e-a5e69c6f4d1c?region=eu-west-1

        What went wrong, and what to do

          1. web (ladder[0]) [AutomationFailed]
             Relay-RebootInstance failed in step waitForChecks: Step timed out while
             step is verifying the status checks of the instance.
             -> Read the step's message, at the console link.
          2. web (ladder[0]) [AlarmNotRecovered]
             the alarm is still in ALARM after Relay-RebootInstance
             -> Look at the resource: the runbooks of the ladder do not cure this.

        Where to look

          Execution    https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:run-automation:alarm-1
          Alarm        https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/ec2-status
          Rules        sha256:1
          Outcome id   37915dab-3b6f-5d9b-8cd7-af9113278d55
          Published by runbook-relay 1.2.3
    "#]].assert_eq(message["email"].as_str().unwrap());
}

#[test]
fn the_other_flow_is_decided_as_before() {
    let request = tests::request(json!({"shares": []}));
    let evidence = Evidence {
        request: &request,
        plan: None,
        details: &[],
        standing: None,
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
        stored: None,
    };
    assert_eq!(decide(evidence), sharing_decide(&request, None));
}
