//! Two installations on one owner's documents.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_core::id::{AccountId, DocumentName, InstallationId};
use relay_core::problem::{Problem, ProblemCode};

use crate::plan::{
    DEFAULT_QUOTA, Holder, Present, Recorded, RecordedShare, Removals, Territory, Wanted,
    needs_permissions, plan_calls,
};
use crate::{Claim, ClaimFindings, Claims, SharedVersion};

const IDS: [&str; 2] = ["runbook-relay", "relay-trial"];
const OWNER: &str = "222233334444";

fn installation(id: &str) -> InstallationId {
    id.parse().unwrap()
}

fn document() -> DocumentName {
    "Org-Patch".parse().unwrap()
}

fn claims(of: &str, recorded: &[(&str, &str)]) -> Claims {
    let names = recorded.iter().map(|(id, _)| format!("/runbook-relay/claims/{id}"));
    let names: Vec<String> = names.collect();
    let values = recorded.iter().map(|(_, value)| *value);
    Claims::read(&installation(of), names.iter().map(String::as_str).zip(values))
}

fn others(id: &str) -> BTreeSet<String> {
    BTreeSet::from([id.to_owned()])
}

#[test]
fn a_document_is_whose_patterns_match_it() {
    for (recorded, expected) in [
        (&[("runbook-relay", "*")][..], Claim::Ours),
        (&[("runbook-relay", "Ops-*, Org-*"), ("relay-trial", "Trial-*")], Claim::Ours),
        (
            &[("runbook-relay", "*"), ("relay-trial", "Org-?atch")],
            Claim::Both(others("relay-trial")),
        ),
        (&[("runbook-relay", "Ops-*"), ("relay-trial", "*")], Claim::Theirs(others("relay-trial"))),
        (&[("relay-trial", "*")], Claim::Theirs(others("relay-trial"))),
        (&[("a/later version's", "*")], Claim::Theirs(others("a/later version's"))),
        (&[("runbook-relay", "Ops-*"), ("relay-trial", "Trial-*")], Claim::Unknown),
        (&[("runbook-relay", "org-*")], Claim::Unknown),
        (&[], Claim::Unknown),
    ] {
        assert_eq!(claims("runbook-relay", recorded).of(&document()), expected, "{recorded:?}");
    }
    let unreadable = Claims::unreadable(&installation("runbook-relay"), "AccessDenied");
    assert_eq!(unreadable.of(&document()), Claim::Unknown);
}

fn found(claims: &Claims, documents: &[&str]) -> Vec<Problem> {
    let mut findings = ClaimFindings::default();
    for document in documents {
        let document = document.parse().unwrap();
        // The next invocation plans it again: it counts once.
        findings.add(&document, &claims.of(&document));
        findings.add(&document, &claims.of(&document));
    }
    claims.problems(OWNER.parse().unwrap(), &findings)
}

#[test]
fn an_owner_has_one_problem_of_each_kind_which_names_installations_and_some_documents() {
    let claims = claims("runbook-relay", &[("runbook-relay", "A*,B*"), ("relay-trial", "B*,C*")]);
    let problems = found(&claims, &["A1a", "B1a", "B2a", "B3a", "B4a", "C1a", "D1a", "D2a"]);
    let said: Vec<(ProblemCode, &str)> =
        problems.iter().map(|problem| (problem.code, problem.what.as_str())).collect();
    assert_eq!(
        said,
        [
            (
                ProblemCode::DocumentsClaimedTwice,
                "B1a, B2a, B3a and more are claimed by relay-trial as well as by runbook-relay: their shares are kept, wanted or not"
            ),
            (
                ProblemCode::DocumentsClaimedElsewhere,
                "C1a is claimed by relay-trial and not by runbook-relay: they are left alone"
            ),
            (
                ProblemCode::DocumentsUnclaimed,
                "D1a, D2a are claimed by no installation: their shares are kept, wanted or not"
            ),
        ]
    );
    assert!(problems.iter().all(|problem| problem.place.to_string() == OWNER));
    let unreadable = Claims::unreadable(&installation("runbook-relay"), "AccessDenied: no");
    assert_eq!(
        found(&unreadable, &["A1a"])[0].what,
        "which installation claims A1a is not known: their shares are kept, wanted or not (AccessDenied: no)"
    );
    assert_eq!(found(&claims, &["A1a", "A2a"]), [], "nothing is wrong with what is ours alone");
}

type Shares = BTreeMap<AccountId, SharedVersion>;

/// An act of one installation, or an event that happens to it.
#[derive(Debug, Clone)]
enum Step {
    /// Its rules want the document for these accounts from now on.
    Rules(Shares),
    /// It claims the document from now on, or no longer.
    Claims(bool),
    /// It runs for the whole organization; `reads` whether its role may read the claims.
    Runs { reads: bool, exclusive: bool },
    /// One account is created and shared with without looking.
    Joins(AccountId),
}

fn id(n: u16) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let version = prop_oneof![3 => Just(SharedVersion::Default), 1 => Just(SharedVersion::Latest)];
    let shares = prop::collection::btree_map((0..6_u16).prop_map(id), version, 0..6);
    let step = prop_oneof![
        2 => shares.prop_map(Step::Rules),
        1 => any::<bool>().prop_map(Step::Claims),
        3 => (prop::bool::weighted(0.8), prop::bool::weighted(0.2))
            .prop_map(|(reads, exclusive)| Step::Runs { reads, exclusive }),
        2 => (0..6_u16).prop_map(|n| Step::Joins(id(n))),
    ];
    (0..2_usize, step)
}

#[derive(Debug, Default)]
struct World {
    shares: Shares,
    claimed: [bool; 2],
    wanted: [Shares; 2],
    ledgers: [Recorded; 2],
}

impl World {
    fn claims(&self, who: usize) -> Claims {
        let recorded: Vec<(&str, &str)> =
            (0..2).filter(|n| self.claimed[*n]).map(|n| (IDS[n], "Org-*")).collect();
        claims(IDS[who], &recorded)
    }

    fn run(&mut self, who: usize, claims: &Claims, exclusive: bool, joining: Option<AccountId>) {
        let mut accounts = self.wanted[who].clone();
        accounts.retain(|account, _| joining.is_none_or(|joining| joining == *account));
        let wanted = Wanted { accounts, exclusive, rules: vec!["r".into()], ..Wanted::default() };
        let wanted = wanted.under(claims.of(&document()));
        let everyone: BTreeSet<AccountId> = (0..6).map(id).collect();
        let territory = Territory {
            removals: if joining.is_some() { Removals::Nobody } else { Removals::Everybody },
            everyone: joining.is_none(),
            accounts: joining.map_or_else(|| everyone.clone(), |joining| [joining].into()),
            members: everyone.clone(),
            active: everyone,
            uncertain: BTreeSet::new(),
            fresh: joining.into_iter().collect(),
        };
        let owner = OWNER.parse().unwrap();
        let ledger = &mut self.ledgers[who];
        let reads = needs_permissions(owner, &wanted, ledger, &territory);
        let present = Present { ledger, permissions: reads.then_some(&self.shares) };
        let planned = plan_calls(owner, &wanted, present, &territory, DEFAULT_QUOTA);
        for call in planned.calls {
            for account in call.add {
                self.shares.insert(account, call.version);
                let share = RecordedShare { version: call.version, holder: Holder::Ours };
                ledger.insert(account, share);
            }
            for account in call.remove {
                self.shares.remove(&account);
                ledger.remove(&account);
            }
        }
        for account in planned.adopt {
            let share = RecordedShare { version: wanted.accounts[&account], holder: Holder::Ours };
            ledger.insert(account, share);
        }
        for (account, version) in planned.foreign {
            ledger.insert(account, RecordedShare { version, holder: Holder::Foreign });
        }
        for account in planned.forget {
            ledger.remove(&account);
        }
    }
}

proptest! {
    #[test]
    fn two_installations_never_take_away_or_change_what_the_other_wants_and_claims(
        steps in prop::collection::vec(step(), 1..30)
    ) {
        let mut world = World { claimed: [true, true], ..World::default() };
        for (who, step) in steps {
            let before = world.shares.clone();
            match step {
                Step::Rules(wanted) => world.wanted[who] = wanted,
                Step::Claims(claimed) => world.claimed[who] = claimed,
                Step::Runs { reads, exclusive } => {
                    let claims = if reads { world.claims(who) } else { Claims::unreadable(&installation(IDS[who]), "AccessDenied") };
                    world.run(who, &claims, exclusive, None);
                }
                Step::Joins(account) => {
                    // It is new: nobody has shared anything with it, and no ledger knows it.
                    world.shares.remove(&account);
                    for n in 0..2 {
                        world.ledgers[n].remove(&account);
                    }
                    for n in [who, 1 - who] {
                        let claims = world.claims(n);
                        world.run(n, &claims, false, Some(account));
                    }
                    continue;
                }
            }
            let other = 1 - who;
            if world.claimed[other] {
                for account in world.wanted[other].keys() {
                    prop_assert_eq!(world.shares.get(account), before.get(account).or(world.shares.get(account)));
                }
            }
        }
    }
}

#[test]
fn whose_claim_is_left_takes_back_what_it_made_and_no_longer_wants() {
    let everybody: Shares = (0..3).map(|n| (id(n), SharedVersion::Default)).collect();
    let mut world = World { claimed: [true, true], ..World::default() };
    world.wanted = [everybody.clone(), everybody];
    for account in (0..3).map(id) {
        for who in [0, 1] {
            let claims = world.claims(who);
            world.run(who, &claims, false, Some(account));
        }
    }
    world.wanted[0].clear();
    let claims = world.claims(0);
    world.run(0, &claims, false, None);
    assert_eq!(world.shares.len(), 3, "both claim it");
    world.claimed[1] = false;
    let claims = world.claims(0);
    world.run(0, &claims, false, None);
    assert_eq!(world.shares.len(), 0);
    let claims = world.claims(1);
    world.run(1, &claims, false, None);
    assert_eq!(world.shares.len(), 0, "the other has no claim, and makes nothing");
}

#[test]
fn new_shares_are_made_unless_only_others_claim_the_document() {
    for (claim, may_add) in [
        (Claim::Ours, true),
        (Claim::Both(others("relay-trial")), true),
        (Claim::Unknown, true),
        (Claim::Theirs(others("relay-trial")), false),
    ] {
        assert_eq!(claim.may_add(), may_add, "{claim:?}");
    }
}

#[test]
fn a_share_that_somebody_else_made_is_found() {
    let claims = claims("runbook-relay", &[("runbook-relay", "*")]);
    let mut findings = ClaimFindings::default();
    assert!(findings.is_empty());
    findings.add_foreign(&document());
    assert!(!findings.is_empty());
    let problems = claims.problems(OWNER.parse().unwrap(), &findings);
    let [problem] = &problems[..] else { panic!("{problems:#?}") };
    assert_eq!(problem.code, ProblemCode::SharesOfOthers);
    assert!(problem.what.contains("Org-Patch"), "{}", problem.what);
}
