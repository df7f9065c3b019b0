//! Tests of the status rule, case by case of the contract's table.

use relay_core::flow::Severity;
use relay_core::id::{AccountId, outcome_id};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::storage::S3Object;
use serde_json::json;
use sharing::ShareDetails;
use sharing::plan::{Removals, SharePlan};

use super::*;
use crate::{PublishOutcomeInput, Published};

pub(super) const ACCOUNT: &str = "444455556666";

const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:share-runbooks:join-1";

#[expect(clippy::needless_pass_by_value, reason = "`json!` stands in the call itself")]
pub(super) fn request(more: serde_json::Value) -> PublishOutcomeInput {
    let mut request = json!({
        "execution": {"arn": ARN, "name": "join-444455556666-1767323045-3",
                      "startTime": "2026-01-02T03:04:05.500Z"},
        "flow": "sharing",
        "input": {"accounts": [ACCOUNT], "trigger": {"kind": "join", "eventIds": ["e-1"], "attempt": 2}},
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    serde_json::from_value(request).unwrap()
}

pub(super) fn plan(valid_rules: u64, problems: Vec<Problem>) -> SharePlan {
    SharePlan {
        rules_version: "sha256:00".into(),
        seen_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        organization: false,
        accounts: vec![ACCOUNT.parse().unwrap()],
        places: vec![],
        valid_rules,
        rules: vec![],
        work: vec![],
        removals: Removals::Everybody,
        selectors_read: true,
        drift: false,
        surveyed: false,
        only: None,
        adopts: false,
        touched: false,
        problems,
    }
}

pub(super) fn decide(request: &PublishOutcomeInput, plan: Option<&SharePlan>) -> Verdict {
    sharing(Evidence {
        request,
        plan,
        details: &[],
        standing: None,
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
        stored: None,
    })
}

fn counts(added: u64, removed: u64, present: u64, failed: u64) -> serde_json::Value {
    json!({"owner": "111122223333", "region": "us-east-1", "counts": {
        "documents": 120, "added": added, "removed": removed, "present": present, "failed": failed
    }})
}

fn trigger(kind: &str) -> serde_json::Value {
    json!({"accounts": [ACCOUNT], "trigger": {"kind": kind}})
}

#[expect(clippy::needless_pass_by_value, reason = "a plan is made in the call itself")]
#[track_caller]
fn expect(request: serde_json::Value, plan: Option<SharePlan>, expected: Published) -> Verdict {
    let verdict = decide(&self::request(request), plan.as_ref());
    assert_eq!(verdict.published, expected, "{:#?}", verdict.outcome);
    assert_eq!(verdict.outcome.is_none(), expected == Published::None);
    verdict
}

#[test]
fn a_join_with_all_in_place_succeeded_also_where_it_was_there_before() {
    let verdict = expect(
        json!({"shares": [counts(100, 0, 20, 0)]}),
        Some(plan(1, vec![])),
        Published::Succeeded,
    );
    let outcome = verdict.outcome.unwrap();
    assert_eq!(outcome.severity, Severity::Info);
    assert_eq!(outcome.duration_seconds, 41.2);
    assert_eq!(outcome.attempt, 2, "as the trigger says, and not the name");
    assert_eq!(outcome.accounts, [ACCOUNT.parse::<AccountId>().unwrap()]);
    assert_eq!(outcome.shares[0].documents, 120);
    assert_eq!(
        outcome.summary,
        "Runbooks for account 444455556666: 100 added, 20 already in place."
    );
    expect(json!({"shares": [counts(0, 0, 120, 0)]}), Some(plan(1, vec![])), Published::Succeeded);
}

#[test]
fn a_join_that_wants_nothing_succeeded_with_empty_shares() {
    for shares in [json!([]), json!([counts(0, 0, 0, 0)])] {
        let verdict =
            expect(json!({"shares": shares}), Some(plan(2, vec![])), Published::Succeeded);
        assert_eq!(verdict.outcome.unwrap().shares, []);
    }
}

#[test]
fn anything_but_a_join_that_finds_nothing_to_do_tells_nothing() {
    for kind in ["move", "departure", "recheck", "backfill", "manual"] {
        for shares in [json!([]), json!([counts(0, 0, 120, 0)])] {
            expect(
                json!({"input": trigger(kind), "shares": shares}),
                Some(plan(1, vec![])),
                Published::None,
            );
        }
        expect(
            json!({"input": trigger(kind), "shares": [counts(0, 3, 0, 0)]}),
            Some(plan(1, vec![])),
            Published::Succeeded,
        );
    }
}

#[test]
fn an_invalid_rule_beside_valid_ones_is_a_success_with_a_problem() {
    let problem = Problem::new(ProblemCode::UnknownField, "c:1:2 (x)", "unknown field `x`");
    let verdict = expect(
        json!({"shares": [counts(1, 0, 0, 0)]}),
        Some(plan(1, vec![problem.clone()])),
        Published::Succeeded,
    );
    let outcome = verdict.outcome.unwrap();
    assert_eq!(outcome.problems, [problem]);
    assert_eq!(outcome.problems_total, 1);
    assert_eq!(outcome.severity, Severity::Low);
}

#[test]
fn policy_without_a_valid_rule_failed_but_no_policy_at_all_did_not() {
    let problem = |code| Some(plan(0, vec![Problem::new(code, "p", "w")]));
    expect(json!({"shares": []}), problem(ProblemCode::RuleSyntax), Published::Failed);
    expect(json!({"shares": []}), problem(ProblemCode::RulesUnreadable), Published::Failed);
    expect(json!({"shares": []}), problem(ProblemCode::RulesEmpty), Published::Succeeded);
}

#[test]
fn some_in_place_and_some_failed_is_partial_and_none_in_place_is_failed() {
    let broken = json!({"owner": "222233334444", "region": "eu-west-1",
                        "error": {"Error": "Lambda.Unknown", "Cause": "{\"errorMessage\":\"died\"}"}});
    let cases = [
        (json!([counts(1, 0, 0, 1)]), Published::Partial),
        (json!([counts(0, 0, 1, 1)]), Published::Partial),
        (json!([counts(0, 0, 0, 1)]), Published::Failed),
        (json!([counts(1, 0, 0, 0), broken]), Published::Partial),
        (json!([counts(0, 0, 0, 0), broken]), Published::Failed),
    ];
    for (shares, expected) in cases {
        expect(json!({"shares": shares}), Some(plan(1, vec![])), expected);
    }
    let verdict = expect(json!({"shares": [counts(1, 0, 0, 0), broken]}), None, Published::Partial);
    let outcome = verdict.outcome.unwrap();
    assert_eq!(outcome.problems[0].code, ProblemCode::WorkerFailed);
    assert_eq!(outcome.problems[0].place.to_string(), "222233334444/eu-west-1");
    assert_eq!(outcome.problems[0].what, "Lambda.Unknown: died");
    assert_eq!(outcome.shares[1].failed, 1);
}

#[test]
fn a_creation_that_failed_ends_in_a_failed_outcome_with_the_reason_of_aws() {
    let input = json!({"request": {"createAccountRequestId": "car-12345678"},
                       "trigger": {"kind": "join"}});
    let failed = |reason: &str, code: Option<&str>| {
        let mut membership = json!({"state": "failed", "reason": reason, "attempt": 3});
        if let Some(code) = code {
            membership["code"] = json!(code);
        }
        json!({"input": input, "membership": membership})
    };
    for reason in ["EMAIL_ALREADY_EXISTS", "EMAIL_ALREADY_EXISTS: another account has it."] {
        let failed = failed(reason, Some("EMAIL_ALREADY_EXISTS"));
        let verdict = expect(failed, None, Published::Failed);
        let outcome = verdict.outcome.unwrap();
        assert_eq!(outcome.problems[0].code, ProblemCode::AccountCreationFailed);
        assert_eq!(outcome.problems[0].place.to_string(), "car-12345678");
        assert!(outcome.summary.contains("EMAIL_ALREADY_EXISTS"), "{}", outcome.summary);
        assert!(!outcome.summary.ends_with(".."), "{}", outcome.summary);
    }
    // A code is what AWS gives, and nothing that a text looks like.
    for reason in ["nothing seen in 30 days", "NOTHING: seen"] {
        let verdict = expect(failed(reason, None), None, Published::Failed);
        let outcome = verdict.outcome.unwrap();
        assert_eq!(outcome.problems[0].code, ProblemCode::MembershipUnresolved, "{reason}");
    }
}

#[test]
fn an_invitation_that_came_to_nothing_is_cancelled_and_a_hand_over_tells_nothing() {
    let input = json!({"request": {"handshakeId": "h-12345678"}, "trigger": {"kind": "join"}});
    let membership = |membership| json!({"input": input, "membership": membership});
    let declined = json!({"state": "cancelled", "reason": "the invitation was declined",
                          "account": ACCOUNT, "attempt": 3});
    let outcome = expect(membership(declined), None, Published::Cancelled).outcome.unwrap();
    assert_eq!(
        outcome.summary,
        "No runbooks for account 444455556666: the invitation was declined."
    );
    assert_eq!(outcome.problems[0].code, ProblemCode::InvitationNotAccepted);
    let over = json!({"state": "handedOver", "account": ACCOUNT, "attempt": 3});
    expect(membership(over), None, Published::None);
}

#[test]
fn an_execution_that_broke_off_failed_whatever_set_it_off() {
    for (error, input, code) in [
        ("RulesUnreadable", trigger("move"), ProblemCode::RulesUnreadable),
        ("Lambda.Unknown", trigger("backfill"), ProblemCode::PlanFailed),
        ("States.Timeout", trigger("join"), ProblemCode::ExecutionTimedOut),
        ("ExecutionAborted", trigger("departure"), ProblemCode::ExecutionAborted),
        ("States.Runtime", json!({"acounts": 1}), ProblemCode::InvalidInput),
    ] {
        let request = json!({"input": input, "error": {"Error": error, "Cause": "because"}});
        let outcome = expect(request, None, Published::Failed).outcome.unwrap();
        assert_eq!(outcome.problems[0].code, code, "{error}");
        assert_eq!(outcome.problems[0].what, format!("{error}: because"));
    }
    let late = json!({"shares": [counts(1, 0, 0, 0)], "error": {"Error": "States.Timeout"}});
    expect(late, None, Published::Partial);
}

#[test]
fn the_id_is_the_same_for_every_repeat_and_can_be_computed_elsewhere() {
    // UUIDv5 in the namespace 72756e62-6f6f-6b2d-7265-6c61792d7631, by an independent program.
    let id = outcome_id(ARN, "final");
    assert_eq!(id.to_string(), "0472af54-dd01-5d43-9bae-bdc798260d9c");
    assert_eq!(decide(&request(json!({})), None).id, id);
    assert_ne!(outcome_id(ARN, "pendingApproval"), id);
}

#[test]
fn what_failed_is_listed_in_order_of_urgency_and_once() {
    let problem = |code, place: &str| Problem::new(code, place, "w");
    let twice = problem(ProblemCode::AccessDenied, "o/r/d");
    let request = request(json!({
        "shares": [{"owner": "222233334444", "region": "eu-west-1",
                    "error": {"Error": "RoleNotAssumable", "Cause": ""}}],
        "error": {"Error": "ExecutionFailed"}
    }));
    let details = [ShareDetails {
        owner: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        problems: vec![twice.clone(), twice],
    }];
    let plan = plan(1, vec![problem(ProblemCode::RuleSyntax, "c:1:1")]);
    let stored = S3Object { bucket: "b".into(), key: "k".into() };
    let verdict = sharing(Evidence {
        request: &request,
        plan: Some(&plan),
        details: &details,
        standing: None,
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:04:46Z".parse().unwrap(),
        stored: Some(&stored),
    });
    let outcome = verdict.outcome.unwrap();
    let codes: Vec<_> = outcome.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["ExecutionFailed", "RoleNotAssumable", "AccessDenied", "RuleSyntax"]);
    assert_eq!(outcome.details, Some(stored));
}

#[test]
fn an_onboarding_runbook_that_was_not_started_makes_it_partial_and_is_named() {
    let told = decide(
        &request(json!({
            "shares": [counts(3, 0, 0, 0)],
            "onboarding": [
                {"name": "onboard-1-a"},
                {"name": "onboard-1-b", "error": {"Error": "StepFunctions.X", "Cause": "no"}}
            ]
        })),
        Some(&plan(1, vec![])),
    );
    let outcome = told.outcome.unwrap();
    assert_eq!(outcome.outcome, OutcomeStatus::Partial);
    assert_eq!(
        outcome.summary,
        "Runbooks for account 444455556666: 3 added, 1 onboarding runbook started; 1 onboarding \
         runbook could not be started."
    );
    let [problem] = outcome.problems.as_slice() else { panic!("{:?}", outcome.problems) };
    assert_eq!(problem.code, ProblemCode::OnboardingNotStarted);
    assert_eq!(
        (problem.place.to_string().as_str(), problem.what.as_str()),
        ("onboard-1-b", "StepFunctions.X: no")
    );
    let cut = Problem::new(ProblemCode::OnboardingNotStarted, "1/Org-A", "more");
    let told = decide(&request(json!({"shares": [counts(3, 0, 0, 0)]})), Some(&plan(1, vec![cut])));
    assert_eq!(told.published, Published::Partial);
}
