//! Tests of what a plan starts in new accounts.

use relay_core::execution::{Trigger, TriggerKind};
use relay_core::organization::testing::{id, organization};
use relay_core::organization::{Account, AccountState, JoinedMethod, Organization};
use relay_core::problem::ProblemCode;
use relay_core::rules::RuleText;
use serde_json::json;

use super::*;
use crate::{Scope, SharingRules};

const HUB: &str = "111122223333";

const EXECUTION: &str = "arn:aws:states:eu-west-1:111122223333:execution:share-runbooks:join";

const JOINED: &str = "2026-03-01T12:00:00Z";

/// The organization of the other tests, and an account 9 in its root that joined just now.
fn joined() -> Organization {
    let mut organization = organization();
    organization.add_account(Account {
        id: id(9),
        email: None,
        state: AccountState::Active,
        joined_method: Some(JoinedMethod::Created),
        joined_at: Some(JOINED.parse().unwrap()),
        parent: "r-abcd".parse().unwrap(),
    });
    organization
}

fn started(rule: &str, kind: TriggerKind, now: &str) -> (SharePlan, Vec<OnboardingStart>) {
    started_by(&[rule], kind, now)
}

/// Of several rules: `web`, `web1`, `web2`, …
fn started_by(texts: &[&str], kind: TriggerKind, now: &str) -> (SharePlan, Vec<OnboardingStart>) {
    let names = (0..).map(|n| if n == 0 { "web".to_owned() } else { format!("web{n}") });
    let texts = names.zip(texts).map(|(name, text)| RuleText::parameter(name, *text));
    let rules = SharingRules::parse(texts);
    assert_eq!(rules.problems, []);
    let (organization, region) = (joined(), "eu-west-1".parse().unwrap());
    let scope = Scope::Accounts([id(1), id(9)].into());
    let ledger = Default::default();
    let seen_at = now.parse().unwrap();
    let mut plan = SharePlan::build(PlanInput {
        rules: &rules,
        scope: &scope,
        trigger: kind,
        hub: HUB.parse().unwrap(),
        evidence: Evidence { seen_at, organization: &organization, ledger: &ledger },
        touched: None,
    });
    let starts = plan.onboarding(OnboardingInput {
        trigger: &Trigger::event(kind, "e-1"),
        execution: EXECUTION,
        organization: &organization,
        hub: HUB.parse().unwrap(),
        region: &region,
        now: now.parse().unwrap(),
    });
    (plan, starts)
}

fn rule(documents: &str, onboarding: &str) -> String {
    format!(
        "documents: {{{documents}}}\nregions: [us-east-1, eu-west-1]\n\
         accounts: {{in: [organization]}}\nonboarding: {onboarding}\n"
    )
}

#[test]
fn a_new_account_gets_every_onboarding_runbook_once_in_all_regions() {
    let rule = rule(
        "names: [\"Org-*\"]",
        "[{runbook: Org-Baseline, parameters: {Level: [high]}}, {runbook: AWS-EnableS3}]",
    );
    let (_, starts) = started(&rule, TriggerKind::Join, "2026-03-01T12:05:00Z");
    let names: Vec<&str> = starts.iter().map(|start| start.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "onboard-000000000009-1772366400-Org-Baseline-web",
            "onboard-000000000009-1772366400-AWS-EnableS3-web"
        ],
        "account 1 joined nobody knows when"
    );
    let input = serde_json::to_value(&starts[0].input).unwrap();
    assert_eq!(input["ladder"][0]["runbook"], "Org-Baseline");
    assert_eq!(input["ladder"][0]["parameters"], json!({"Level": ["high"]}));
    assert_eq!(input["account"], "000000000009");
    assert_eq!(
        input["run"]["locations"],
        json!({
            "accounts": ["000000000009"], "includeChildUnits": false,
            "regions": ["eu-west-1", "us-east-1"], "maxConcurrency": "100%", "maxErrors": "100%"
        })
    );
    assert_eq!(input["rule"]["name"], "web");
    assert_eq!(input["trigger"]["kind"], "onboarding");
    assert_eq!(input["trigger"]["arn"], EXECUTION, "the execution that shared the runbook");
    assert_eq!(input["trigger"]["eventIds"], json!(["e-1"]));
}

#[test]
fn a_runbook_of_another_owner_is_started_by_its_arn_and_amazons_by_its_name() {
    let rule = rule(
        "owner: \"222233334444\", names: [\"Org-*\"]",
        "[{runbook: Org-Baseline}, {runbook: AWS-EnableS3}]",
    );
    let (_, starts) = started(&rule, TriggerKind::Recheck, JOINED);
    let runbooks: Vec<&str> =
        starts.iter().map(|start| start.input.ladder[0].runbook.as_str()).collect();
    assert_eq!(
        runbooks,
        ["arn:aws:ssm:eu-west-1:222233334444:document/Org-Baseline", "AWS-EnableS3"]
    );
}

#[test]
fn only_who_is_new_is_onboarded_and_only_when_it_joins_or_is_moved() {
    let rule = rule("names: [\"Org-*\"]", "[{runbook: Org-Baseline}]");
    for kind in [TriggerKind::Join, TriggerKind::Move, TriggerKind::Recheck] {
        assert_eq!(started(&rule, kind, "2026-03-31T11:59:59Z").1.len(), 1, "{kind:?}");
        assert_eq!(started(&rule, kind, "2026-03-31T12:00:00Z").1, [], "{kind:?}");
    }
    for kind in [TriggerKind::Departure, TriggerKind::Backfill, TriggerKind::Manual] {
        assert_eq!(started(&rule, kind, JOINED).1, [], "{kind:?}");
    }
}

#[test]
fn what_cannot_be_started_is_a_problem_of_the_plan() {
    let long = format!("Org-{}", "x".repeat(120));
    let foreign = "owner: \"222233334444\", names: [\"Org-*\"]";
    let (plan, starts) =
        started(&rule(foreign, &format!("[{{runbook: {long}}}]")), TriggerKind::Join, JOINED);
    assert_eq!(starts, []);
    let [problem] = plan.problems.as_slice() else { panic!("{:?}", plan.problems) };
    assert_eq!(problem.code, ProblemCode::OnboardingNotStarted);
    assert_eq!(problem.place.to_string(), format!("000000000009/{long}"));

    let big = rule(
        "names: [\"Org-*\"]",
        &format!("[{{runbook: Org-A, parameters: {{A: [{}]}}}}]", "x".repeat(3_000)),
    );
    let rules: Vec<&str> = vec![&big; 30];
    let (plan, starts) = started_by(&rules, TriggerKind::Join, JOINED);
    assert!((15..20).contains(&starts.len()), "{}", starts.len());
    assert_eq!(plan.problems.len(), 30 - starts.len());
    let carried = serde_json::to_string(&starts).unwrap().len();
    assert!(carried < 62_000, "{carried}");
}
