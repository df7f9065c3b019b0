use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::AccountId;

use super::*;
use crate::SharedVersion;

fn id(n: u8) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

fn ids(numbers: &[u8]) -> Vec<AccountId> {
    numbers.iter().map(|n| id(*n)).collect()
}

/// A plan that shares a document with accounts 1 and 2 and takes it back from account 3.
fn seen() -> OnlyPairs {
    OnlyPairs::from(&DocumentEffect {
        document: "Org-Patch".parse().unwrap(),
        rules: vec!["everybody".to_owned()],
        share: ids(&[1, 2]),
        versions: BTreeMap::from([(id(2), SharedVersion::Latest)]),
        unshare: ids(&[3]),
        ..DocumentEffect::nothing("Org-Patch".parse().unwrap())
    })
}

fn wanted(accounts: &[(u8, SharedVersion)], only: OnlyPairs) -> Wanted {
    let accounts = accounts.iter().map(|(n, version)| (id(*n), *version)).collect();
    Wanted { accounts, rules: vec!["everybody".to_owned()], only: Some(only), ..Wanted::default() }
}

fn territory() -> Territory {
    let everybody: BTreeSet<AccountId> = (1..=9).map(id).collect();
    Territory {
        removals: Removals::Everybody,
        everyone: true,
        accounts: everybody.clone(),
        members: everybody.clone(),
        active: everybody,
        uncertain: BTreeSet::new(),
        fresh: BTreeSet::new(),
    }
}

/// The calls, and whose pairs have moved, where the accounts of the ledger have the document by the suite.
fn applied(wanted: &Wanted, ledger: &[u8]) -> (Vec<Call>, Vec<AccountId>) {
    let share = RecordedShare { version: SharedVersion::Default, holder: Holder::Ours };
    let ledger: Recorded = ledger.iter().map(|n| (id(*n), share)).collect();
    let there: BTreeMap<AccountId, SharedVersion> =
        ledger.iter().map(|(id, share)| (*id, share.version)).collect();
    let present = Present { ledger: &ledger, permissions: Some(&there) };
    let calls = plan_calls(id(0), wanted, present, &territory(), DEFAULT_QUOTA);
    let moved = wanted.only.as_ref().unwrap().moved(&calls, &there);
    (calls.calls, moved)
}

fn added(calls: &[Call]) -> Vec<AccountId> {
    let mut added: Vec<AccountId> = calls.iter().flat_map(|call| call.add.clone()).collect();
    added.sort();
    added
}

fn removed(calls: &[Call]) -> Vec<AccountId> {
    calls.iter().flat_map(|call| call.remove.clone()).collect()
}

const DEFAULT: SharedVersion = SharedVersion::Default;
const LATEST: SharedVersion = SharedVersion::Latest;

#[test]
fn exactly_the_pairs_of_the_plan_are_changed_whatever_else_the_rules_want_by_now() {
    let wanted = wanted(&[(1, DEFAULT), (2, LATEST), (4, DEFAULT)], seen());
    let (calls, moved) = applied(&wanted, &[3, 5]);
    assert_eq!((added(&calls), removed(&calls)), (ids(&[1, 2]), ids(&[3])));
    assert_eq!(moved, []);
}

#[test]
fn what_somebody_has_done_in_the_meantime_is_done_and_has_not_moved() {
    let wanted = wanted(&[(1, DEFAULT), (2, LATEST)], seen());
    let (calls, moved) = applied(&wanted, &[1]);
    assert_eq!((added(&calls), removed(&calls)), (ids(&[2]), ids(&[])));
    assert_eq!(moved, []);
}

#[test]
fn a_pair_that_the_rules_want_no_more_has_moved_in_either_direction() {
    // Nobody wants account 1 to have it, and somebody wants account 3 to keep it.
    let wanted = wanted(&[(2, LATEST), (3, DEFAULT)], seen());
    let (calls, moved) = applied(&wanted, &[3]);
    assert_eq!((added(&calls), removed(&calls)), (ids(&[2]), ids(&[])));
    assert_eq!(moved, ids(&[1, 3]));
}

#[test]
fn a_pair_that_would_get_another_version_than_the_plan_says_has_moved() {
    let wanted = wanted(&[(1, LATEST), (2, LATEST)], seen());
    let (calls, moved) = applied(&wanted, &[]);
    assert_eq!(added(&calls), ids(&[2]));
    assert_eq!(moved, ids(&[1]));
}

#[test]
fn an_account_that_has_the_document_and_is_to_lose_it_has_moved_where_the_plan_shares_it() {
    let (calls, moved) = applied(&wanted(&[(2, LATEST)], seen()), &[1]);
    assert_eq!((added(&calls), removed(&calls)), (ids(&[2]), ids(&[])));
    assert_eq!(moved, ids(&[1]));
}

#[test]
fn a_document_that_the_plan_does_not_name_is_left_as_it_is() {
    let (calls, moved) = applied(&wanted(&[(1, DEFAULT)], OnlyPairs::default()), &[5]);
    assert_eq!((calls, moved), (Vec::new(), Vec::new()));
}

#[test]
fn a_share_of_somebody_else_is_taken_over_only_where_the_plan_shows_it() {
    let shown = DocumentEffect {
        adopt: ids(&[1, 3]),
        ..DocumentEffect::nothing("Org-Patch".parse().unwrap())
    };
    let mut wanted = wanted(&[(1, DEFAULT), (2, DEFAULT), (3, DEFAULT)], OnlyPairs::from(&shown));
    wanted.exclusive = true;
    let there = BTreeMap::from([(id(1), DEFAULT), (id(2), DEFAULT)]);
    let present = Present { ledger: &Recorded::new(), permissions: Some(&there) };
    let calls = plan_calls(id(0), &wanted, present, &territory(), DEFAULT_QUOTA);
    assert_eq!((calls.adopt.clone(), calls.calls.len()), (ids(&[1]), 0));
    // Its owner has taken the share with account 3 back.
    assert_eq!(wanted.only.unwrap().moved(&calls, &there), ids(&[3]));
}
