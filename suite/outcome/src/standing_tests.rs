//! Tests of what becomes of problems that stand: named once, and once more when they are gone.

use relay_core::problem::{Problem, ProblemCode};
use serde_json::json;
use sharing::plan::{PlannedWork, SharePlan};
use sharing::{ShareCounts, ShareDetails, ShareReport};

use crate::tests::{plan, request};
use crate::{Evidence, Outcome, OutcomeStatus, Seen, Standing, sharing};

fn problem(code: ProblemCode, what: &str) -> Problem {
    Problem::new(code, "rule:3:17 (accounts.in[0])", what)
}

fn renamed() -> Problem {
    problem(ProblemCode::UnknownOrganizationalUnit, "the organization has no OU /Before")
}

fn outcome(kind: &str, plan: &SharePlan, before: &[Problem]) -> Option<Outcome> {
    let trigger = json!({"kind": kind, "eventIds": ["e-1"]});
    let input = json!({"accounts": ["444455556666"], "trigger": trigger});
    let standing = Standing::compare(plan, before, None);
    let verdict = sharing(Evidence {
        request: &request(json!({"input": input, "shares": []})),
        plan: Some(plan),
        details: &[],
        standing: Some(&standing),
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
        stored: None,
    });
    verdict.outcome
}

#[test]
fn a_problem_is_published_when_it_appears_although_nothing_was_to_be_done() {
    let plan = plan(1, vec![renamed()]);
    let told = outcome("recheck", &plan, &[]).unwrap();
    assert_eq!(told.problems, [renamed()]);
    assert_eq!(told.outcome, OutcomeStatus::Succeeded);
    assert_eq!(
        told.summary,
        "Runbooks for account 444455556666: nothing to share; but: the organization has no OU /Before."
    );
    assert_eq!(Standing::compare(&plan, &[], None).known, [renamed()]);
}

#[test]
fn a_problem_that_was_published_is_not_repeated_with_every_account() {
    let plan = plan(1, vec![renamed()]);
    assert_eq!(outcome("recheck", &plan, &[renamed()]), None);
    let joined = outcome("join", &plan, &[renamed()]).unwrap();
    assert_eq!(joined.problems, []);
    let other_hint = renamed().with_hint("Did you mean /After?");
    assert_eq!(outcome("recheck", &plan, &[other_hint]), None, "the hint is not news");
}

#[test]
fn an_operator_who_asks_sees_every_problem() {
    let plan = plan(1, vec![renamed()]);
    for kind in ["manual", "backfill"] {
        assert_eq!(outcome(kind, &plan, &[renamed()]).unwrap().problems, [renamed()], "{kind}");
    }
}

#[test]
fn a_join_that_failed_for_a_standing_problem_names_it() {
    let broken = problem(ProblemCode::RuleSyntax, "not a rule");
    let plan = plan(0, vec![broken.clone()]);
    let joined = outcome("join", &plan, std::slice::from_ref(&broken)).unwrap();
    assert_eq!((joined.outcome, joined.problems), (OutcomeStatus::Failed, vec![broken.clone()]));
    assert_eq!(outcome("recheck", &plan, &[broken]), None);
}

#[test]
fn that_a_problem_is_gone_is_published_once() {
    let plan = plan(1, vec![]);
    let told = outcome("recheck", &plan, &[renamed()]).unwrap();
    assert_eq!((told.problems, told.solved), (vec![], vec![renamed()]));
    assert_eq!(told.summary, "Runbooks for account 444455556666: 1 earlier problem is solved.");
    assert_eq!(Standing::compare(&plan, &[renamed()], None).known, []);
}

#[test]
fn a_plan_that_did_not_look_does_not_call_a_problem_solved() {
    let outsider = problem(ProblemCode::AccountNotInOrganization, "account 1 is not a member");
    let before = [renamed(), outsider.clone()];
    let mut plan = plan(1, vec![]);
    plan.selectors_read = false;
    let standing = Standing::compare(&plan, &before, None);
    assert!(!standing.has_changed());
    assert_eq!(standing.known, before);
    plan.selectors_read = true;
    assert_eq!(
        Standing::compare(&plan, &before, None).known,
        [outsider],
        "accounts were not listed"
    );
    plan.organization = true;
    assert_eq!(Standing::compare(&plan, &before, None).solved, before);
}

#[test]
fn a_plan_that_saw_less_than_the_last_one_has_nothing_new_to_say() {
    let later = Some("2026-01-02T03:05:00Z".parse().unwrap());
    for (now, before) in [(vec![renamed()], vec![]), (vec![], vec![renamed()])] {
        let standing = Standing::compare(&plan(1, now), &before, later);
        assert!(!standing.has_changed());
        assert_eq!(standing.known, before);
    }
}

#[test]
fn an_account_that_lost_its_shares_under_broken_rules_has_not_failed() {
    let broken = problem(ProblemCode::RuleSyntax, "not a rule");
    let plan = plan(0, vec![broken.clone()]);
    let standing = Standing::compare(&plan, std::slice::from_ref(&broken), None);
    let shares = json!([{"owner": "111122223333", "region": "us-east-1", "counts": {
        "documents": 0, "added": 0, "removed": 10, "present": 0, "failed": 0
    }}]);
    let input = json!({"accounts": ["444455556666"], "trigger": {"kind": "departure"}});
    let verdict = sharing(Evidence {
        request: &request(json!({"input": input, "shares": shares})),
        plan: Some(&plan),
        details: &[],
        standing: Some(&standing),
        drift: None,
        unlocked: None,
        at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
        stored: None,
    });
    let outcome = verdict.outcome.unwrap();
    assert_eq!(outcome.outcome, OutcomeStatus::Succeeded);
    assert_eq!(outcome.summary, "Runbooks for account 444455556666: 10 removed.");
}

#[test]
fn what_concerns_one_account_does_not_stand() {
    let onboarding = problem(ProblemCode::OnboardingNotStarted, "it is too long");
    let standing = Standing::compare(&plan(1, vec![onboarding]), &[], None);
    assert_eq!(standing, Standing::default());
}

fn seen<'a>(
    plan: &'a SharePlan,
    reports: &'a [ShareReport],
    details: &'a [ShareDetails],
) -> Seen<'a> {
    Seen { plan, reports, details }
}

#[test]
fn claims_stand_until_a_look_at_the_whole_organization_no_longer_finds_them() {
    let claimed =
        |what: &str| Problem::new(ProblemCode::DocumentsClaimedTwice, "222233334444", what);
    let details = |region: &str, problems: Vec<Problem>| ShareDetails {
        owner: "222233334444".parse().unwrap(),
        region: region.parse().unwrap(),
        problems,
    };
    let mut plan = plan(1, vec![]);
    plan.work = ["eu-west-1", "us-east-1"]
        .map(|region| PlannedWork {
            owner: "222233334444".parse().unwrap(),
            region: region.parse().unwrap(),
            rules: vec![0],
            only: None,
        })
        .to_vec();
    let reports = |disputed: u64, failed: u64| -> Vec<ShareReport> {
        let counts = ShareCounts { disputed, failed, ..ShareCounts::default() };
        let report = |work: &PlannedWork| ShareReport {
            owner: work.owner,
            region: work.region.clone(),
            counts: Some(counts),
            error: None,
        };
        plan.work.iter().map(report).collect()
    };
    let both = [
        details("eu-west-1", vec![claimed("Org-A is claimed")]),
        details("us-east-1", vec![claimed("Org-A, Org-B are claimed")]),
    ];
    let (disputed, fine, failing) = (reports(2, 0), reports(0, 0), reports(0, 1));
    let first = Standing::compare(seen(&plan, &disputed, &both), &[], None);
    assert_eq!(first.new, [claimed("Org-A is claimed")], "once for the account");
    let known = first.known;
    let other = [details("us-east-1", vec![claimed("Org-B is claimed")])];
    assert!(!Standing::compare(seen(&plan, &disputed, &other), &known, None).has_changed());
    for (organization, reports) in [(false, &fine), (true, &failing), (true, &disputed)] {
        plan.organization = organization;
        assert!(!Standing::compare(seen(&plan, reports, &[]), &known, None).has_changed());
    }
    assert!(!Standing::compare(seen(&plan, &fine[..1], &[]), &known, None).has_changed());
    plan.organization = true;
    assert_eq!(Standing::compare(seen(&plan, &fine, &[]), &known, None).solved, known);

    // And who publishes: what is known is not repeated.
    let shares: Vec<serde_json::Value> =
        disputed.iter().map(|report| serde_json::to_value(report).unwrap()).collect();
    let outcome = |kind: &str, before: &[Problem]| {
        let standing = Standing::compare(seen(&plan, &disputed, &both), before, None);
        let input = json!({"organization": true, "trigger": {"kind": kind}});
        let verdict = sharing(Evidence {
            request: &request(json!({"input": input, "shares": shares})),
            plan: Some(&plan),
            details: &both,
            standing: Some(&standing),
            drift: None,
            unlocked: None,
            at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
            stored: None,
        });
        verdict.outcome.map(|outcome| outcome.problems)
    };
    let problem = vec![claimed("Org-A is claimed")];
    assert_eq!(outcome("schedule", &[]), Some(problem.clone()));
    assert_eq!(outcome("schedule", &known), None);
    assert_eq!(outcome("join", &known), Some(vec![]));
    assert_eq!(outcome("backfill", &known), Some(problem));
}

#[test]
fn a_conflict_of_versions_stands_where_everything_is_looked_at_and_is_named_where_it_failed() {
    let conflict = |what: &str| {
        Problem::new(ProblemCode::VersionConflict, "222233334444/us-east-1/Org-A", what)
    };
    let (owner, region) = ("222233334444".parse().unwrap(), "us-east-1".parse().unwrap());
    let mut plan = plan(1, vec![]);
    plan.organization = true;
    plan.surveyed = true;
    plan.work = vec![PlannedWork { owner, region, rules: vec![0], only: None }];
    let region = &plan.work[0].region;
    let report = |counts: ShareCounts| ShareReport {
        owner,
        region: region.clone(),
        counts: Some(counts),
        error: None,
    };
    let details = [ShareDetails {
        owner,
        region: region.clone(),
        problems: vec![conflict("they want different versions for account 1 and 3 more")],
    }];
    let looked = [report(ShareCounts { disputed: 1, ..ShareCounts::default() })];
    let publish = |kind: &str, reports: &[ShareReport], before: &[Problem]| {
        let standing = Standing::compare(seen(&plan, reports, &details), before, None);
        let shares: Vec<serde_json::Value> =
            reports.iter().map(|report| serde_json::to_value(report).unwrap()).collect();
        let input = json!({"organization": true, "trigger": {"kind": kind}});
        let verdict = sharing(Evidence {
            request: &request(json!({"input": input, "shares": shares})),
            plan: Some(&plan),
            details: &details,
            standing: Some(&standing),
            drift: None,
            unlocked: None,
            at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
            stored: None,
        });
        (standing.known, verdict.outcome.map(|outcome| outcome.problems))
    };
    let (known, first) = publish("reconcile", &looked, &[]);
    assert_eq!(first, Some(details[0].problems.clone()));
    assert_eq!(publish("reconcile", &looked, &known).1, None, "it is published once");
    let of_others = [conflict("they want different versions for account 1")];
    assert_eq!(publish("reconcile", &looked, &of_others).1, None, "with one account more");
    let failed = [report(ShareCounts { failed: 1, ..ShareCounts::default() })];
    assert_eq!(publish("join", &failed, &known).1, first, "it is why the account got nothing");
    let fine = [report(ShareCounts::default())];
    let solved = Standing::compare(seen(&plan, &fine, &[]), &known, None);
    assert_eq!((solved.solved, solved.known), (known, vec![]));
}

#[test]
fn an_owner_that_lets_nobody_in_is_named_by_the_first_reconcile_and_when_it_does_again() {
    let (owner, region) = ("222233334444".parse().unwrap(), "us-east-1".parse().unwrap());
    let mut plan = plan(1, vec![]);
    plan.organization = true;
    plan.work = vec![PlannedWork { owner, region, rules: vec![0], only: None }];
    let region = &plan.work[0].region;
    let denied = |session: &str| {
        let what = format!("AccessDenied: {session} may not assume it");
        Problem::new(ProblemCode::RoleNotAssumable, "222233334444/us-east-1", what)
    };
    let failing = Problem::new(ProblemCode::ShareFailed, "222233334444/us-east-1/Org-A", "broken");
    let publish = |kind: &str, added: u64, problems: &[Problem], before: &[Problem]| {
        let failed = problems.len() as u64;
        let counts = ShareCounts { added, failed, ..ShareCounts::default() };
        let report =
            ShareReport { owner, region: region.clone(), counts: Some(counts), error: None };
        let problems = problems.to_vec();
        let details = [ShareDetails { owner, region: region.clone(), problems }];
        let reports = [report];
        let standing = Standing::compare(seen(&plan, &reports, &details), before, None);
        let input = json!({"organization": true, "trigger": {"kind": kind}});
        let verdict = sharing(Evidence {
            request: &request(json!({"input": input, "shares": reports})),
            plan: Some(&plan),
            details: &details,
            standing: Some(&standing),
            drift: None,
            unlocked: None,
            at: "2026-01-02T03:04:46.700Z".parse().unwrap(),
            stored: None,
        });
        (standing.known, verdict.outcome.map(|outcome| (outcome.outcome, outcome.problems)))
    };
    let (known, first) = publish("reconcile", 0, &[denied("one")], &[]);
    assert_eq!(first, Some((OutcomeStatus::Failed, vec![denied("one")])));
    assert_eq!(publish("reconcile", 0, &[denied("two")], &known), (known.clone(), None));
    for (kind, added, problems) in [
        ("manual", 0, vec![denied("two")]),
        ("reconcile", 1, vec![denied("two")]),
        ("reconcile", 0, vec![denied("two"), failing]),
    ] {
        let (still, told) = publish(kind, added, &problems, &known);
        assert_eq!((still, told.map(|(_, problems)| problems)), (known.clone(), Some(problems)));
    }
    let (gone, told) = publish("reconcile", 0, &[], &known);
    assert_eq!((gone, told), (vec![], Some((OutcomeStatus::Succeeded, vec![]))));
}

#[test]
fn what_is_remembered_fits_an_item_of_the_table_and_one_long_problem_pushes_out_none() {
    let long = problem(ProblemCode::RuleSyntax, &"x".repeat(400_000));
    // In JSON each of these characters takes two bytes.
    let wide = |number: usize| {
        problem(ProblemCode::RuleSyntax, &format!("{number}{}", "\"".repeat(2_000)))
    };
    let all: Vec<Problem> = [long.clone()].into_iter().chain((0..150).map(wide)).collect();
    let standing = Standing::compare(seen(&plan(1, all.clone()), &[], &[]), &[], None);
    assert_eq!(standing.new, all, "all of them are published");
    let size = serde_json::to_vec(&standing.known).unwrap().len();
    assert!(size < 310_000, "DynamoDB takes 400 KB: {size}");
    assert!(standing.known.len() > 60 && !standing.known.contains(&long));
    // A problem that was left out is new to the next plan: it is published again rather than lost.
    let next = Standing::compare(seen(&plan(1, all), &[], &[]), &standing.known, None);
    assert_eq!(next.new.len(), 151 - standing.known.len());
    let short = |number: usize| problem(ProblemCode::RuleSyntax, &number.to_string());
    let many: Vec<Problem> = (0..300).map(short).collect();
    assert_eq!(Standing::compare(seen(&plan(1, many), &[], &[]), &[], None).known.len(), 200);
}
