//! Tests of the planner of copies, of who gets a share and who a copy, and of their effect.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_core::id::AccountId;

use super::*;
use crate::{Claim, SharedVersion};

fn id(n: u16) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

fn ids(numbers: &[u16]) -> Vec<AccountId> {
    numbers.iter().map(|n| id(*n)).collect()
}

fn versions(numbers: &[u16]) -> BTreeMap<AccountId, SharedVersion> {
    numbers.iter().map(|n| (id(*n), SharedVersion::Default)).collect()
}

fn wanted(copies: &[u16]) -> Wanted {
    Wanted { copies: versions(copies), rules: vec!["everybody".to_owned()], ..Wanted::default() }
}

fn copy(holder: Holder, source: &str) -> RecordedCopy {
    RecordedCopy { holder, source: source.to_owned(), hash: format!("hash of {source}") }
}

/// A ledger of copies that are the suite's, each of a source.
fn ledger(copies: &[(u16, &str)]) -> RecordedCopies {
    copies.iter().map(|(n, source)| (id(*n), copy(Holder::Ours, source))).collect()
}

fn sources() -> CopySources {
    CopySources::from([(SharedVersion::Default, "now".to_owned())])
}

/// Accounts 1 to 8 are active members, 9 is suspended, and 10 and more have left.
fn territory() -> Territory {
    let everybody: BTreeSet<AccountId> = (1..=20).map(id).collect();
    Territory {
        removals: Removals::Everybody,
        everyone: true,
        members: (1..=9).map(id).collect(),
        active: (1..=8).map(id).collect(),
        accounts: everybody,
        uncertain: BTreeSet::new(),
        fresh: BTreeSet::new(),
    }
}

fn planned(
    wanted: &Wanted,
    ledger: &RecordedCopies,
    found: &[(u16, FoundCopy)],
    territory: &Territory,
) -> CopyCalls {
    let found = found.iter().map(|(n, found)| (id(*n), found.clone())).collect();
    let (ledger, found, sources) = (ledger, &found, &sources());
    plan_copies(wanted, PresentCopies { ledger, found, sources }, territory)
}

#[test]
fn a_copy_is_made_renewed_when_the_document_changes_and_deleted_when_no_rule_wants_it() {
    let ledger = ledger(&[(2, "now"), (3, "before"), (4, "now")]);
    let calls = planned(&wanted(&[1, 2, 3]), &ledger, &[], &territory());
    let expected = CopyCalls {
        make: ids(&[1]),
        present: ids(&[2]),
        renew: ids(&[3]),
        delete: ids(&[4]),
        ..CopyCalls::default()
    };
    assert_eq!(calls, expected);
}

#[test]
fn a_copy_whose_making_was_interrupted_is_made_again_or_deleted() {
    let ledger = RecordedCopies::from([
        (id(1), copy(Holder::Intended, "now")),
        (id(2), copy(Holder::Intended, "now")),
    ]);
    let calls = planned(&wanted(&[1]), &ledger, &[], &territory());
    assert_eq!((calls.make, calls.delete), (ids(&[1]), ids(&[2])));
}

#[test]
fn a_document_that_is_not_in_the_ledger_or_has_no_tag_is_its_accounts_own() {
    let ledger = ledger(&[(2, "now"), (4, "now")]);
    let tagged = || FoundCopy::Tagged("hash of now".to_owned());
    let found = [
        (1, tagged()),
        (2, FoundCopy::Untagged),
        (3, FoundCopy::Untagged),
        (4, FoundCopy::Untagged),
    ];
    let calls = planned(&wanted(&[1, 2, 3]), &ledger, &found, &territory());
    let expected =
        CopyCalls { taken: ids(&[1, 2, 3]), forget: ids(&[2, 4]), ..CopyCalls::default() };
    assert_eq!(calls, expected);
}

#[test]
fn what_somebody_changed_or_deleted_by_hand_is_found_by_a_look_into_the_account() {
    let ledger = ledger(&[(1, "now"), (2, "now"), (3, "now"), (4, "now")]);
    let found = [
        (1, FoundCopy::Tagged("hash of now".to_owned())),
        (2, FoundCopy::Tagged("another".to_owned())),
        (3, FoundCopy::Nothing),
        (4, FoundCopy::Nothing),
    ];
    let calls = planned(&wanted(&[1, 2, 3]), &ledger, &found, &territory());
    let expected = CopyCalls {
        present: ids(&[1]),
        renew: ids(&[2]),
        make: ids(&[3]),
        again: ids(&[3]),
        forget: ids(&[4]),
        ..CopyCalls::default()
    };
    assert_eq!(calls, expected);
}

#[test]
fn a_copy_is_deleted_in_active_members_only_and_left_to_those_that_have_left() {
    let ledger = ledger(&[(8, "now"), (9, "now"), (10, "now")]);
    let calls = planned(&wanted(&[]), &ledger, &[], &territory());
    let expected = CopyCalls {
        delete: ids(&[8]),
        kept: ids(&[9]),
        forget: ids(&[10]),
        ..CopyCalls::default()
    };
    assert_eq!(calls, expected);
}

#[test]
fn nothing_is_deleted_where_it_is_not_known_that_nobody_wants_it() {
    let ledger = ledger(&[(1, "now")]);
    let kept = |wanted: &Wanted, territory: &Territory| {
        let calls = planned(wanted, &ledger, &[], territory);
        assert_eq!(calls, CopyCalls { kept: ids(&[1]), ..CopyCalls::default() });
    };
    for removals in [Removals::Nobody, Removals::Departed] {
        kept(&wanted(&[]), &Territory { removals, ..territory() });
    }
    kept(&wanted(&[]), &Territory { uncertain: [id(1)].into(), ..territory() });
    kept(&Wanted { doubtful: true, ..wanted(&[]) }, &territory());
    kept(&Wanted { claim: Claim::Unknown, ..wanted(&[]) }, &territory());
    kept(&Wanted { later: [id(1)].into(), ..wanted(&[]) }, &territory());
    kept(&Wanted { conflicts: [id(1)].into(), ..wanted(&[]) }, &territory());
}

#[test]
fn of_documents_that_two_installations_claim_no_copy_is_renewed() {
    let both = Claim::Both(["trial".to_owned()].into());
    let wanted = Wanted { claim: both, ..wanted(&[1, 2]) };
    let calls = planned(&wanted, &ledger(&[(1, "before")]), &[], &territory());
    assert_eq!((calls.present, calls.make, calls.renew), (ids(&[1]), ids(&[2]), ids(&[])));
}

#[test]
fn a_plan_that_is_applied_changes_its_own_copies_only_and_finds_those_that_have_moved() {
    let ledger = ledger(&[(2, "before"), (3, "now"), (4, "now"), (6, "before")]);
    let only = OnlyPairs::from(&DocumentEffect {
        copy: ids(&[1, 7]),
        renew: ids(&[2]),
        delete: ids(&[3, 6]),
        ..DocumentEffect::nothing("Org-Patch".parse().unwrap())
    });
    let wanted = Wanted { only: Some(only.clone()), ..wanted(&[1, 2, 5, 6]) };
    let calls = planned(&wanted, &ledger, &[], &territory());
    assert_eq!((&calls.make, &calls.renew), (&ids(&[1]), &ids(&[2])));
    assert_eq!(calls.delete, ids(&[3]));
    assert_eq!(only.moved_copies(&calls, &ledger), ids(&[7, 6]));
}

fn either(numbers: &[u16]) -> Wanted {
    Wanted { either: versions(numbers), ..Wanted::default() }
}

/// Who gets a share and who a copy.
fn distributed(
    mut wanted: Wanted,
    there: &[u16],
    copies: &[u16],
    quota: usize,
) -> (Vec<AccountId>, Vec<AccountId>) {
    let copies: Vec<(u16, &str)> = copies.iter().map(|n| (*n, "now")).collect();
    wanted.distribute(&ids(there).into_iter().collect(), &ledger(&copies), quota);
    assert!(wanted.either.is_empty());
    (wanted.accounts.into_keys().collect(), wanted.copies.into_keys().collect())
}

#[test]
fn the_first_get_shares_up_to_the_quota_and_the_others_copies() {
    assert_eq!(distributed(either(&[1, 2, 3, 4]), &[], &[], 3), (ids(&[1, 2, 3]), ids(&[4])));
    // Shares that others made take room, too.
    assert_eq!(distributed(either(&[1, 2]), &[18, 19], &[], 3), (ids(&[1]), ids(&[2])));
    assert_eq!(distributed(either(&[1, 2]), &[17, 18, 19], &[], 2), (ids(&[]), ids(&[1, 2])));
}

#[test]
fn nobody_changes_from_a_share_to_a_copy_or_back() {
    let room_again = distributed(either(&[1, 2, 3]), &[3], &[2], 10);
    assert_eq!(room_again, (ids(&[1, 3]), ids(&[2])));
    let lower_quota = distributed(either(&[1, 2, 3]), &[2, 3], &[], 1);
    assert_eq!(lower_quota, (ids(&[2, 3]), ids(&[1])));
}

#[test]
fn who_finds_no_room_for_a_share_gets_a_copy_if_the_rule_allows_it() {
    let mut wanted = Wanted { accounts: versions(&[1]), ..either(&[2, 3]) };
    wanted.distribute(&[id(3)].into(), &RecordedCopies::new(), 10);
    assert_eq!(wanted.without_room(ids(&[1, 2])), ids(&[1]));
    assert_eq!(wanted.accounts.into_keys().collect::<Vec<_>>(), ids(&[1, 3]));
    assert_eq!(wanted.copies.into_keys().collect::<Vec<_>>(), ids(&[2]));
}

#[test]
fn what_another_rule_decides_is_decided() {
    let wanted = Wanted { accounts: versions(&[1]), copies: versions(&[2]), ..either(&[1, 2, 3]) };
    assert_eq!(distributed(wanted, &[], &[], 1), (ids(&[1]), ids(&[2, 3])));
}

proptest! {
    #[test]
    fn planning_again_after_everything_was_done_yields_nothing(
        want in prop::collection::btree_set(1_u16..=12, 0..12),
        had in prop::collection::btree_map(1_u16..=12, prop_oneof![Just("now"), Just("before")], 0..12),
    ) {
        let want: Vec<u16> = want.into_iter().collect();
        let had: Vec<(u16, &str)> = had.into_iter().collect();
        let (wanted, mut ledger) = (wanted(&want), ledger(&had));
        let calls = planned(&wanted, &ledger, &[], &territory());
        for id in calls.make.iter().chain(&calls.renew) {
            ledger.insert(*id, copy(Holder::Ours, "now"));
        }
        ledger.retain(|id, _| !calls.delete.contains(id) && !calls.forget.contains(id));
        let again = planned(&wanted, &ledger, &[], &territory());
        prop_assert!(again.is_empty() && again.forget.is_empty(), "{again:?}");
        prop_assert_eq!(again.present, ids(&want));
    }

    #[test]
    fn who_has_a_share_or_a_copy_keeps_it_whoever_comes_and_goes(
        first in prop::collection::btree_set(1_u16..=20, 0..20),
        then in prop::collection::btree_set(1_u16..=20, 0..20),
        quota in 0_usize..20,
    ) {
        let numbers = |set: &BTreeSet<u16>| set.iter().copied().collect::<Vec<u16>>();
        let numbered = |ids: &[AccountId]| -> Vec<u16> {
            ids.iter().map(|id| id.as_str().parse().unwrap()).collect()
        };
        let (shares, copies) = distributed(either(&numbers(&first)), &[], &[], quota);
        prop_assert!(shares.len() <= quota);
        let (there, had) = (numbered(&shares), numbered(&copies));
        let (shares, copies) = distributed(either(&numbers(&then)), &there, &had, quota);
        prop_assert!(shares.iter().all(|id| !had.contains(&id.as_str().parse().unwrap())));
        prop_assert!(copies.iter().all(|id| !there.contains(&id.as_str().parse().unwrap())));
        prop_assert_eq!(shares.len() + copies.len(), then.len());
    }
}
