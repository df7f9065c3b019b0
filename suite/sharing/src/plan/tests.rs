//! Tests of building plans and of what they make of documents.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::execution::TriggerKind;
use relay_core::id::{AccountId, Region};
use relay_core::organization::testing::{id, organization};
use relay_core::organization::{Account, AccountState, JoinedMethod, Organization};
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
        touched: None,
    })
}

fn joined(rules: &SharingRules, organization: &Organization, scope: &Scope) -> SharePlan {
    let seen_at = SEEN_AT.parse().unwrap();
    let evidence = Evidence { seen_at, organization, ledger: &BTreeSet::new() };
    let (trigger, hub) = (TriggerKind::Join, hub());
    SharePlan::build(PlanInput { rules, scope, trigger, hub, evidence, touched: None })
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
fn a_join_takes_nothing_away() {
    let rules = rules(&[("b", PROD)]);
    let ledger = ours(&[(id(1), SharedVersion::Default)]);
    let present = Present { ledger: &ledger, permissions: None };
    let calls = |plan: &SharePlan| {
        let view = plan.view(id(4), &region("us-east-1"));
        view.calls(&view.wanted(&document("Prod-A")), present, DEFAULT_QUOTA).calls
    };
    let join = joined(&rules, &organization(), &only(1));
    assert_eq!((join.removals, calls(&join)), (Removals::Nobody, vec![]));
    let backfill = plan(&rules, &organization(), &only(1));
    assert_eq!(calls(&backfill), [Call { remove: vec![id(1)], ..Call::default() }]);
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
    all.add_account(Account { parent, ..account });
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
    assert!(wanted.is_selected());
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

/// The sample organization, and account 9 in its root as it is described.
fn with_ninth(state: AccountState, method: JoinedMethod, joined_at: &str) -> Organization {
    let mut all = organization();
    all.add_account(Account {
        id: id(9),
        email: None,
        state,
        joined_method: Some(method),
        joined_at: joined_at.parse().ok(),
        parent: "r-abcd".parse().unwrap(),
    });
    all
}

#[test]
fn an_account_is_fresh_only_in_its_join_and_minutes_after_it_was_created() {
    let rules = rules(&[("a", EVERYBODY)]);
    let (ago_15m, longer) = ("2026-03-01T11:45:00Z", "2026-03-01T11:44:59Z");
    for (method, joined_at, fresh) in [
        (JoinedMethod::Created, SEEN_AT, true),
        (JoinedMethod::Created, ago_15m, true),
        (JoinedMethod::Created, longer, false),
        (JoinedMethod::Created, "nobody knows when", false),
        (JoinedMethod::Invited, SEEN_AT, false),
    ] {
        let all = with_ninth(AccountState::Active, method, joined_at);
        assert_eq!(joined(&rules, &all, &only(9)).places[0].fresh, fresh, "{joined_at}");
        assert!(!plan(&rules, &all, &only(9)).places[0].fresh, "no join");
    }
}

#[test]
fn what_an_account_has_is_read_only_where_somebody_else_may_have_shared_with_it() {
    let rules = rules(&[("a", EVERYBODY)]);
    let all = with_ninth(AccountState::Active, JoinedMethod::Created, SEEN_AT);
    let plan = joined(&rules, &all, &only(9));
    let view = plan.view(hub(), &region("us-east-1"));
    let wanted = view.wanted(&document("Org-A"));
    assert!(!view.needs_permissions(&wanted, &Recorded::new()), "it is fresh");
    let later = view.without_fresh();
    assert!(later.needs_permissions(&wanted, &Recorded::new()), "it no longer is");
    assert!(!later.needs_permissions(&wanted, &ours(&[(id(9), SharedVersion::Default)])));
}

#[test]
fn an_account_whose_state_is_not_settled_keeps_what_it_has_and_gets_nothing() {
    let rules = rules(&[("a", EVERYBODY)]);
    let ledger = ours(&[(id(9), SharedVersion::Default)]);
    let present = Present { ledger: &ledger, permissions: None };
    for (state, active, unsettled) in [
        (AccountState::Active, true, false),
        (AccountState::PendingActivation, false, true),
        (AccountState::Other, false, true),
        (AccountState::Suspended, false, false),
        (AccountState::PendingClosure, false, false),
        (AccountState::Closed, false, false),
    ] {
        let plan = plan(&rules, &with_ninth(state, JoinedMethod::Created, SEEN_AT), &only(9));
        assert_eq!((plan.places[0].active, plan.places[0].unsettled), (active, unsettled));
        assert_eq!(plan.places[0].is_certain(), !unsettled, "{state:?}");
        let view = plan.view(hub(), &region("us-east-1"));
        let wanted = view.wanted(&document("Org-A"));
        assert_eq!(wanted.accounts.contains_key(&id(9)), active, "{state:?}");
        let calls = view.calls(&wanted, present, DEFAULT_QUOTA).calls;
        let removes = calls.iter().any(|call| call.remove == [id(9)]);
        assert_eq!(removes, !active && !unsettled, "{state:?}");
    }
}

/// It names an OU that is not found, so it may mean any member.
const RENAMED: &str = "documents: {names: [\"Org-*\"]}\nregions: [us-east-1]\n\
                       accounts: {in: [/Renamed]}\n";

#[test]
fn a_doubtful_rule_that_means_nobody_is_kept_only_where_something_may_be_removed() {
    let all = organization();
    let doubtful = rules(&[("d", RENAMED)]);
    assert_eq!(plan(&doubtful, &all, &only(1)).rules.len(), 1, "a member may be meant");
    assert_eq!(joined(&doubtful, &all, &only(1)).rules, [], "a join removes nothing");
    let gone = Scope::Accounts(["999988887777".parse().unwrap()].into());
    assert_eq!(plan(&doubtful, &all, &gone).rules, [], "rules mean members only");
    let exclusive = rules(&[("d", &format!("{PROD}ownership: exclusive\n"))]);
    assert_eq!(plan(&exclusive, &all, &gone).rules.len(), 1, "it may take something away");
    assert_eq!(plan(&rules(&[("p", PROD)]), &all, &only(1)).rules, [], "it means account 2 alone");
}

#[test]
fn an_execution_for_all_and_one_for_accounts_look_at_no_more_than_they_are_asked_for() {
    let rules = rules(&[("a", EVERYBODY)]);
    let one = plan(&rules, &organization(), &only(3));
    assert!(!one.organization);
    assert_eq!((one.accounts, one.places.len()), (vec![id(3)], 1));
    let all = plan(&rules, &organization(), &Scope::Organization);
    assert_eq!(all.accounts, [0, 1, 2, 3, 4].map(id));
}

#[test]
fn each_owner_and_region_sees_its_own_rules_alone() {
    let west = PROD.replace("us-east-1", "eu-west-1");
    let rules = rules(&[("a", EVERYBODY), ("b", PROD), ("c", &west)]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let names = |owner, code: &str| {
        let view = plan.view(owner, &region(code));
        ["Prod-A", "Org-A"].map(|name| view.wanted(&document(name)).rules).concat()
    };
    assert_eq!(names(id(4), "us-east-1"), ["b"]);
    assert_eq!(names(id(4), "eu-west-1"), ["c"]);
    assert_eq!(names(hub(), "us-east-1"), ["a"]);
    assert_eq!(names(hub(), "eu-west-1"), ["a"]);
    assert_eq!(names(hub(), "ap-south-1"), [""; 0], "no rule is about it");
}

#[test]
fn an_account_that_a_later_execution_looks_after_is_left_as_it_is() {
    let rules = rules(&[("a", EVERYBODY)]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let view = plan.view(hub(), &region("us-east-1"));
    for (name, ledger) in [
        ("Org-A", Recorded::new()),
        ("Org-A", ours(&[(id(2), SharedVersion::Latest)])),
        ("Unwanted", ours(&[(id(2), SharedVersion::Default)])),
    ] {
        let mut wanted = view.wanted(&document(name));
        let present = Present { ledger: &ledger, permissions: None };
        let touched = |wanted: &Wanted| {
            let calls = view.calls(wanted, present, DEFAULT_QUOTA).calls;
            calls.iter().any(|call| call.add.contains(&id(2)) || call.remove.contains(&id(2)))
        };
        assert!(touched(&wanted), "{name} {ledger:?}");
        wanted.leave(id(2));
        assert!(!touched(&wanted), "{name} {ledger:?}");
    }
}

#[test]
fn who_would_lose_a_document_is_recorded_and_neither_wanted_nor_uncertain() {
    let all = with_ninth(AccountState::Other, JoinedMethod::Created, SEEN_AT);
    let plan = plan(&rules(&[("b", PROD)]), &all, &Scope::Organization);
    let view = plan.view(id(4), &region("us-east-1"));
    let ledger = ours(&[1, 2, 3, 9].map(|n| (id(n), SharedVersion::Default)));
    let losers = |name: &str| -> Vec<AccountId> {
        view.losers(&view.wanted(&document(name)), &ledger).collect()
    };
    assert_eq!(losers("Prod-A"), [1, 3].map(id), "account 2 shall have it, 9 is not settled");
    assert_eq!(losers("Other"), [1, 2, 3].map(id));
}

#[test]
fn a_conflict_of_versions_is_named_with_its_first_account() {
    let problem = |conflicts: &[u8]| {
        let conflicts = conflicts.iter().map(|n| id(*n)).collect();
        let wanted = Wanted { conflicts, rules: vec!["a".into()], ..Wanted::default() };
        wanted.problem(hub(), &region("us-east-1"), &"Org-A".parse().unwrap())
    };
    let words = |conflicts: &[u8]| problem(conflicts).unwrap().what;
    assert_eq!(problem(&[]), None);
    assert!(words(&[1]).ends_with("for account 000000000001"));
    assert!(words(&[1, 2, 3]).ends_with("for account 000000000001 and 2 more"));
}

#[test]
fn a_plan_survives_its_journey_through_s3() {
    let rules = rules(&[("a", EVERYBODY), ("b", PROD), ("c", "oops: [")]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<SharePlan>(&text).unwrap(), plan);
}

#[test]
fn the_rules_of_a_document_say_who_gets_a_share_who_a_copy_and_who_either() {
    let by = |how: &str, accounts: &str| {
        format!(
            "documents: {{names: [Org-A]}}\nregions: [us-east-1]\naccounts: {{in: [{accounts}]}}\n\
             distribution: {how}\n"
        )
    };
    let (share, copy) = (by("share", "/Workloads/Prod"), by("copy", "organization"));
    let latest = format!("{}documentVersion: $LATEST\n", by("auto", "\"000000000003\""));
    let rules = rules(&[("a", &share), ("b", &copy), ("c", &latest)]);
    let plan = plan(&rules, &organization(), &Scope::Organization);
    let wanted = plan.view(hub(), &region("us-east-1")).wanted(&document("Org-A"));
    let accounts = |whom: &BTreeMap<AccountId, SharedVersion>| -> Vec<AccountId> {
        whom.keys().copied().collect()
    };
    assert_eq!(accounts(&wanted.accounts), [id(2)], "a share and a copy do not exclude each other");
    assert_eq!(accounts(&wanted.copies), [0, 1, 2, 4].map(id));
    assert_eq!(accounts(&wanted.either), [], "two rules want different versions");
    assert_eq!(wanted.conflicts, [id(3)].into());
}

#[test]
fn the_effect_names_copies_and_the_guard_counts_those_that_members_would_lose() {
    let text = format!("{EVERYBODY}distribution: copy\n");
    let plan = plan(&rules(&[("a", &text)]), &organization(), &Scope::Organization);
    let view = plan.view(hub(), &region("us-east-1"));
    let effect = |name: &str, wanted: &Wanted, ledger: &RecordedCopies| {
        let nothing = Recorded::new();
        let present = Present { ledger: &nothing, permissions: None };
        let calls = view.calls(wanted, present, DEFAULT_QUOTA);
        let mut effect = view.effect(&name.parse().unwrap(), wanted, present, &calls);
        let found = BTreeMap::from([(id(4), FoundCopy::Untagged)]);
        let sources = CopySources::from([(SharedVersion::Default, "now".to_owned())]);
        let present = PresentCopies { ledger, found: &found, sources: &sources };
        view.add_copies(&mut effect, wanted, ledger, &view.copies(wanted, present));
        effect
    };
    let copy = |source: &str| RecordedCopy {
        holder: Holder::Ours,
        source: source.to_owned(),
        hash: String::new(),
    };
    let ledger = RecordedCopies::from([(id(1), copy("now")), (id(2), copy("before"))]);
    let wanted = view.wanted(&document("Org-A"));
    let (shown, counts) = effect("Org-A", &wanted, &ledger);
    assert_eq!((shown.copy, shown.renew), ([0, 3].map(id).to_vec(), vec![id(2)]));
    let own = Left { because: LeftBecause::OwnDocument, accounts: vec![id(4)] };
    assert_eq!(shown.left, [own]);
    assert_eq!((counts.copy, counts.present, counts.left), (3, 1, 1));
    assert_eq!((counts.holding, counts.losing, counts.delete), (2, 0, 0));
    assert!(counts.needs_work() && counts.has_changes());

    let (shown, counts) = effect("Other", &view.wanted(&document("Other")), &ledger);
    assert_eq!(shown.delete, [1, 2].map(id));
    assert_eq!((counts.holding, counts.losing, counts.delete), (2, 2, 2));
    assert_ne!(counts.fingerprint, 0);
}
