//! Tests of building plans and of what they make of documents.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::execution::TriggerKind;
use relay_core::id::{AccountId, Region};
use relay_core::organization::Organization;
use relay_core::organization::testing::{id, organization};
use relay_core::problem::ProblemCode;
use relay_core::rules::RuleText;

use super::*;
use crate::{Document, Scope, SharedVersion, SharingRules, WorkItem};

const HUB: &str = "111122223333";
const SEEN_AT: &str = "2026-03-01T12:00:00Z";

fn hub() -> AccountId {
    HUB.parse().unwrap()
}

fn region(code: &str) -> Region {
    code.parse().unwrap()
}

fn rules(texts: &[(&str, &str)]) -> SharingRules {
    SharingRules::parse(texts.iter().map(|(name, text)| RuleText::parameter(*name, *text)))
}

fn plan(rules: &SharingRules, organization: &Organization, scope: &Scope) -> SharePlan {
    plan_with(rules, organization, scope, &[])
}

fn plan_with(
    rules: &SharingRules,
    organization: &Organization,
    scope: &Scope,
    ledger: &[(AccountId, &str)],
) -> SharePlan {
    let ledger: BTreeSet<WorkItem> = ledger
        .iter()
        .map(|(owner, code)| WorkItem { owner: *owner, region: region(code) })
        .collect();
    let seen_at = SEEN_AT.parse().unwrap();
    let evidence = Evidence { seen_at, organization, ledger: &ledger };
    SharePlan::build(PlanInput {
        rules,
        scope,
        trigger: TriggerKind::Backfill,
        hub: hub(),
        evidence,
    })
}

fn joined(rules: &SharingRules, organization: &Organization, scope: &Scope) -> SharePlan {
    let seen_at = SEEN_AT.parse().unwrap();
    let evidence = Evidence { seen_at, organization, ledger: &BTreeSet::new() };
    SharePlan::build(PlanInput { rules, scope, trigger: TriggerKind::Join, hub: hub(), evidence })
}

fn only(n: u8) -> Scope {
    Scope::Accounts([id(n)].into())
}

fn ours(shares: &[(AccountId, SharedVersion)]) -> Recorded {
    let share = |version| RecordedShare { version, holder: Holder::Ours };
    shares.iter().map(|(account, version)| (*account, share(*version))).collect()
}

fn document(name: &str) -> Document {
    Document { name: name.parse().unwrap(), kind: "Automation".into(), tags: BTreeMap::new() }
}

fn work(plan: &SharePlan) -> Vec<(String, &str, &[usize])> {
    plan.work
        .iter()
        .map(|work| (work.owner.to_string(), work.region.as_str(), work.rules.as_slice()))
        .collect()
}

const EVERYBODY: &str = "documents: {names: [\"Org-*\"]}\nregions: [us-east-1, eu-west-1]\n\
                         accounts: {in: [organization]}\n";

const PROD: &str = "documents: {owner: \"000000000004\", names: [\"Prod-*\"]}\n\
                    regions: [us-east-1]\naccounts: {in: [/Workloads/Prod]}\n";

#[test]
fn a_join_plans_only_what_concerns_the_account() {
    let rules = rules(&[("a", EVERYBODY), ("b", PROD)]);
    let all = organization();
    let joined = plan(&rules, &all, &only(2));
    assert_eq!(joined.accounts, [id(2)]);
    assert_eq!(joined.places[0].path.as_deref(), Some("r-abcd/ou-abcd-00000001/ou-abcd-00000002"));
    assert_eq!(
        work(&joined),
        [
            ("000000000004".into(), "us-east-1", &[1][..]),
            (HUB.into(), "eu-west-1", &[0][..]),
            (HUB.into(), "us-east-1", &[0][..]),
        ]
    );
    let elsewhere = plan(&rules, &all, &only(4));
    assert_eq!(elsewhere.rules.len(), 1, "only the rule for everybody");
    assert_eq!((joined.removals, joined.problems), (Removals::Everybody, vec![]));
}

#[test]
fn a_join_needs_no_more_of_the_organization_than_the_accounts_own_path() {
    let rules = rules(&[("a", EVERYBODY), ("b", PROD)]);
    let whole = organization();
    let mut partial = Organization::partial("r-abcd".parse().unwrap());
    for parent in &whole.path(id(2)).unwrap()[1..] {
        let unit = parent.as_str().parse().unwrap();
        let (name, above) = match parent.as_str() {
            "ou-abcd-00000001" => ("Workloads", "r-abcd"),
            _ => ("Prod", "ou-abcd-00000001"),
        };
        partial.add_unit(unit, name, above.parse::<relay_core::id::ParentId>().unwrap());
    }
    partial.add_account(whole.account(id(2)).unwrap().clone());
    let by_part = joined(&rules, &partial, &only(2));
    let by_whole = joined(&rules, &whole, &only(2));
    assert_eq!(by_part, by_whole);
}

#[test]
fn the_organization_plans_for_every_active_account() {
    let plan = plan(&rules(&[("a", EVERYBODY)]), &organization(), &Scope::Organization);
    assert!(plan.organization);
    assert_eq!(plan.rules[0].accounts, [0, 1, 2, 3, 4].map(id));
    assert_eq!(plan.places.len(), 5);
}

#[test]
fn who_has_left_is_only_looked_for_in_the_ledger() {
    let rules = rules(&[("a", EVERYBODY)]);
    let gone: AccountId = "999988887777".parse().unwrap();
    let scope = Scope::Accounts([gone].into());
    let plan = plan_with(&rules, &organization(), &scope, &[(hub(), "ap-south-1")]);
    assert_eq!(work(&plan), [(HUB.into(), "ap-south-1", &[][..])]);
    let ledger = ours(&[(gone, SharedVersion::Default), (id(1), SharedVersion::Default)]);
    let view = plan.view(hub(), &region("ap-south-1"));
    let present = Present { ledger: &ledger, permissions: None };
    let calls = view.calls(&Wanted::default(), present, DEFAULT_QUOTA);
    assert_eq!(calls.calls, [Call { remove: vec![gone], ..Call::default() }], "and nobody else");
}

#[test]
fn nothing_is_removed_while_a_rule_is_invalid_or_there_is_none() {
    let all = organization();
    let broken = plan(&rules(&[("a", EVERYBODY), ("b", "oops: [")]), &all, &only(1));
    assert_eq!(broken.removals, Removals::Departed);
    assert_eq!(broken.problems[0].code, ProblemCode::RuleSyntax);
    assert_eq!(broken.rules.len(), 1, "the valid rule still works");
    let empty = plan(&rules(&[]), &all, &only(1));
    assert_eq!(empty.removals, Removals::Departed);
    assert_eq!(empty.problems[0].code, ProblemCode::RulesEmpty);
}

#[test]
fn a_selector_of_no_unit_is_a_problem_of_the_plan() {
    let text = PROD.replace("/Workloads/Prod", "/Workloads/Prd");
    let plan = plan(&rules(&[("b", &text)]), &organization(), &Scope::Organization);
    assert_eq!(plan.problems[0].code, ProblemCode::UnknownOrganizationalUnit);
    assert_eq!(plan.problems[0].place.to_string(), "b:3:17 (accounts.in[0])");
    assert!(!plan.rules[0].certain, "the OU may have been renamed");
    let view = plan.view(id(4), &region("us-east-1"));
    let ledger = ours(&[(id(2), SharedVersion::Default)]);
    let present = Present { ledger: &ledger, permissions: None };
    let prod = view.calls(&view.wanted(&document("Prod-A")), present, DEFAULT_QUOTA);
    assert_eq!(prod.calls, [], "who has it keeps it");
    let other = view.calls(&view.wanted(&document("Other")), present, DEFAULT_QUOTA);
    assert_eq!(other.calls, [Call { remove: vec![id(2)], ..Call::default() }], "no rule wants it");
}

#[test]
fn nothing_is_removed_while_an_account_is_between_two_places() {
    let mut all = organization();
    let account = all.account(id(1)).unwrap().clone();
    let parent = "ou-abcd-77777777".parse().unwrap();
    all.add_account(relay_core::organization::Account { parent, ..account });
    let plan = plan(&rules(&[("a", EVERYBODY)]), &all, &Scope::Organization);
    assert_eq!(plan.rules[0].accounts, [0, 2, 3, 4].map(id));
    let view = plan.view(hub(), &region("us-east-1"));
    let ledger = ours(&[(id(1), SharedVersion::Default)]);
    let present = Present { ledger: &ledger, permissions: None };
    assert_eq!(view.calls(&Wanted::default(), present, DEFAULT_QUOTA).calls, []);
}

#[test]
fn several_rules_are_a_union_and_the_owner_is_left_out() {
    let text = |accounts: &str| {
        format!(
            "documents: {{owner: \"000000000004\", names: [\"A*\"]}}\nregions: [us-east-1]\n\
             accounts: {{in: [{accounts}]}}\n"
        )
    };
    let rules = rules(&[("a", &text("/Workloads, /Sandbox")), ("b", &text("/Workloads/Prod"))]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let wanted = plan.view(id(4), &region("us-east-1")).wanted(&document("Abc"));
    assert_eq!(wanted.accounts.keys().copied().collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(wanted.rules, ["a", "b"]);
    let other = plan.view(id(4), &region("us-east-1")).wanted(&document("Bcd"));
    assert!(!other.is_selected() && other.accounts.is_empty());
}

#[test]
fn rules_that_differ_in_version_leave_that_pair_untouched() {
    let latest = format!("{EVERYBODY}documentVersion: $LATEST\n")
        .replace("organization", "/Workloads, /Sandbox");
    let rules = rules(&[("a", EVERYBODY), ("b", &latest)]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let view = plan.view(hub(), &region("eu-west-1"));
    let wanted = view.wanted(&document("Org-A"));
    assert_eq!(wanted.conflicts, [id(1), id(4)].into());
    assert_eq!(wanted.accounts.keys().copied().collect::<Vec<_>>(), [0, 2, 3].map(id));
    let problem = wanted.problem(hub(), &region("eu-west-1"), &"Org-A".parse().unwrap()).unwrap();
    assert_eq!(problem.place.to_string(), "111122223333/eu-west-1/Org-A");
    assert_eq!(
        problem.what,
        "the rules a, b want different versions for account 000000000001 and 1 more"
    );
    let ledger = ours(&[(id(1), SharedVersion::All)]);
    let present = Present { ledger: &ledger, permissions: None };
    let calls = view.calls(&wanted, present, DEFAULT_QUOTA);
    assert!(calls.calls.iter().all(|call| call.remove.is_empty() && !call.add.contains(&id(1))));
}

#[test]
fn an_exclusive_rule_claims_members_but_no_strangers() {
    let exclusive = format!("{PROD}ownership: exclusive\n");
    let rules = rules(&[("b", &exclusive)]);
    let stranger: AccountId = "999988887777".parse().unwrap();
    let permissions = BTreeMap::from([
        (id(1), SharedVersion::Default),
        (id(2), SharedVersion::Default),
        (stranger, SharedVersion::Default),
    ]);
    let ledger = Recorded::new();
    for (scope, removed) in [(Scope::Organization, vec![id(1)]), (only(1), vec![id(1)])] {
        let plan = plan(&rules, &organization(), &scope);
        let view = plan.view(id(4), &region("us-east-1"));
        let wanted = view.wanted(&document("Prod-A"));
        assert!(view.needs_permissions(&wanted, &ledger));
        let present = Present { ledger: &ledger, permissions: Some(&permissions) };
        let calls = view.calls(&wanted, present, DEFAULT_QUOTA);
        let all: Vec<_> = calls.calls.iter().flat_map(|call| call.remove.clone()).collect();
        assert_eq!(all, removed);
    }
}

#[test]
fn a_plan_survives_its_journey_through_s3() {
    let rules = rules(&[("a", EVERYBODY), ("b", PROD), ("c", "oops: [")]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<SharePlan>(&text).unwrap(), plan);
}
