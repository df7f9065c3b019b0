//! The planner's promises, over arbitrary policy and presence.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_core::id::AccountId;

use super::*;
use crate::{Claim, SharedVersion};

pub(super) type Shares = BTreeMap<AccountId, SharedVersion>;

pub(super) fn id(n: u16) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

pub(super) const OWNER: u16 = 7;

/// The effect of a call in AWS: it adds, then removes, so that an id in both lists is removed.
pub(super) fn apply(permissions: &mut Shares, calls: &[Call]) {
    for call in calls {
        permissions.extend(call.add.iter().map(|id| (*id, call.version)));
        permissions.retain(|id, _| !call.remove.contains(id));
    }
}

/// The record after calls that succeeded.
pub(super) fn record(ledger: &mut Recorded, calls: &DocumentCalls, wanted: &Wanted) {
    for call in &calls.calls {
        let share = RecordedShare { version: call.version, holder: Holder::Ours };
        ledger.extend(call.add.iter().map(|id| (*id, share)));
        ledger.retain(|id, _| !call.remove.contains(id));
    }
    ledger.retain(|id, _| !calls.forget.contains(id));
    for id in &calls.adopt {
        ledger.insert(*id, RecordedShare { version: wanted.accounts[id], holder: Holder::Ours });
    }
    for (id, version) in &calls.foreign {
        ledger.insert(*id, RecordedShare { version: *version, holder: Holder::Foreign });
    }
}

#[derive(Debug, Clone)]
struct Case {
    wanted: Wanted,
    ledger: Recorded,
    permissions: Shares,
    territory: Territory,
}

fn version() -> impl Strategy<Value = SharedVersion> {
    prop_oneof![
        6 => Just(SharedVersion::Default),
        1 => Just(SharedVersion::Latest),
        1 => Just(SharedVersion::All),
    ]
}

fn shares(of: u16, most: usize) -> impl Strategy<Value = Shares> {
    prop::collection::btree_map((0..of).prop_map(id), version(), 0..most)
}

/// The record, and whether AWS still has it.
fn recorded(
    of: u16,
    most: usize,
) -> impl Strategy<Value = BTreeMap<AccountId, (RecordedShare, bool)>> {
    let holder = prop_oneof![
        6 => Just(Holder::Ours),
        1 => Just(Holder::Intended),
        1 => Just(Holder::Foreign),
    ];
    let share = (version(), holder, prop::bool::weighted(0.9));
    let share =
        share.prop_map(|(version, holder, there)| (RecordedShare { version, holder }, there));
    prop::collection::btree_map((0..of).prop_map(id), share, 0..most)
}

fn accounts(of: u16, most: usize) -> impl Strategy<Value = BTreeSet<AccountId>> {
    prop::collection::btree_set((0..of).prop_map(id), 0..most)
}

/// Every account in scope is one of: gone, inactive, active, of an unknown place.
fn territory(of: u16) -> impl Strategy<Value = Territory> {
    let removals = prop_oneof![
        1 => Just(Removals::Nobody),
        1 => Just(Removals::Departed),
        4 => Just(Removals::Everybody),
    ];
    let states = prop::collection::btree_map((0..of).prop_map(id), 0..5_u8, 0..80);
    (removals, any::<bool>(), states, any::<bool>()).prop_map(
        |(removals, everyone, states, fresh)| {
            let those = |which: &[u8]| -> BTreeSet<AccountId> {
                let chosen = states.iter().filter(|(_, state)| which.contains(state));
                chosen.map(|(id, _)| *id).collect()
            };
            Territory {
                removals,
                everyone,
                accounts: those(&[0, 1, 2, 3, 4]),
                members: those(&[1, 2, 3, 4]),
                active: those(&[2, 3]),
                uncertain: those(&[4]),
                fresh: if fresh { those(&[3]) } else { BTreeSet::new() },
            }
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let some = 120;
    (
        (shares(some, 90), accounts(some, 6), accounts(some, 6), any::<bool>(), any::<bool>()),
        (recorded(some, 90), shares(some, 60)),
        territory(some),
    )
        .prop_map(|(wanted, (recorded, strangers), territory)| {
            let (accounts, conflicts, later, exclusive, doubtful) = wanted;
            let left = |id: &AccountId| !conflicts.contains(id) && !later.contains(id);
            let accounts = accounts.into_iter().filter(|(id, _)| left(id)).collect();
            let rules = vec!["r".into()];
            let ledger: Recorded = recorded.iter().map(|(id, (share, _))| (*id, *share)).collect();
            let mut permissions = strangers;
            permissions.retain(|id, _| !ledger.contains_key(id));
            // Nobody else has shared anything with a fresh account yet.
            permissions.retain(|id, _| !territory.fresh.contains(id));
            let there = recorded.iter().filter(|(_, (_, there))| *there);
            permissions.extend(there.map(|(id, (share, _))| (*id, share.version)));
            Case {
                wanted: Wanted {
                    accounts,
                    conflicts,
                    later,
                    exclusive,
                    doubtful,
                    rules,
                    claim: Claim::Ours,
                    ..Wanted::default()
                },
                ledger,
                permissions,
                territory,
            }
        })
}

impl Case {
    fn plan(&self, read: bool, quota: usize) -> DocumentCalls {
        let present =
            Present { ledger: &self.ledger, permissions: read.then_some(&self.permissions) };
        plan_calls(id(OWNER), &self.wanted, present, &self.territory, quota)
    }

    fn needs_permissions(&self) -> bool {
        needs_permissions(id(OWNER), &self.wanted, &self.ledger, &self.territory)
    }

    /// Whether a share with this account is the suite's to change or remove.
    fn ours(&self, id: &AccountId) -> bool {
        let claimed = self.wanted.exclusive && self.territory.members.contains(id);
        let made = self.ledger.get(id).is_some_and(|share| share.holder != Holder::Foreign);
        made || claimed
    }

    /// Whether it is known that no rule wants this account to have the document.
    fn unwanted(&self, id: &AccountId) -> bool {
        let Territory { removals, everyone, accounts, active, uncertain, .. } = &self.territory;
        let wanted = self.wanted.accounts.contains_key(id);
        let left = self.wanted.conflicts.contains(id) || self.wanted.later.contains(id);
        let departed = accounts.contains(id) && !active.contains(id);
        if wanted || left || *id == self::id(OWNER) || uncertain.contains(id) {
            return false;
        }
        match removals {
            Removals::Nobody => false,
            Removals::Departed => departed || *everyone && !active.contains(id),
            Removals::Everybody if active.contains(id) => !self.wanted.doubtful,
            Removals::Everybody => *everyone || departed,
        }
    }
}

proptest! {
    #[test]
    fn calls_keep_to_the_limits(case in case(), read: bool, quota in 0usize..200) {
        for call in case.plan(read, quota).calls {
            prop_assert!(call.add.len() <= 20 && call.remove.len() <= 20);
            prop_assert!(!call.add.is_empty() || !call.remove.is_empty());
            let ids: BTreeSet<_> = call.add.iter().chain(&call.remove).collect();
            prop_assert_eq!(ids.len(), call.add.len() + call.remove.len());
            prop_assert!(!ids.contains(&id(OWNER)));
            prop_assert!(ids.iter().all(|id| !case.wanted.conflicts.contains(id)));
            prop_assert!(ids.iter().all(|id| !case.wanted.later.contains(id)));
        }
    }

    #[test]
    fn after_the_calls_everything_of_ours_is_as_wanted(case in case()) {
        let read = case.needs_permissions();
        let calls = case.plan(read, usize::MAX);
        let mut after = case.permissions.clone();
        apply(&mut after, &calls.calls);
        for (account, version) in &case.wanted.accounts {
            // Unread, a share that is recorded as ours is believed in; somebody else's stays as it is.
            let believed = !read && case.ledger.contains_key(account);
            let foreign = !case.ours(account) && case.permissions.contains_key(account);
            if *account != id(OWNER) && !believed && !foreign {
                prop_assert_eq!(after.get(account), Some(version));
            }
        }
        for account in after.keys() {
            prop_assert!(!(case.ours(account) && case.unwanted(account)), "{} is left", account);
        }
    }

    #[test]
    fn what_is_removed_is_ours_and_known_to_be_unwanted(
        case in case(), read: bool, quota in 0usize..200,
    ) {
        for account in case.plan(read, quota).calls.iter().flat_map(|call| &call.remove) {
            prop_assert!(case.ours(account) && case.unwanted(account));
        }
    }

    #[test]
    fn what_is_foreign_stays_as_it_is(case in case()) {
        let calls = case.plan(case.needs_permissions(), usize::MAX).calls;
        let mut after = case.permissions.clone();
        apply(&mut after, &calls);
        for (account, version) in &case.permissions {
            let wanted = case.wanted.exclusive && case.wanted.accounts.contains_key(account);
            if !case.ours(account) && !wanted {
                prop_assert_eq!(after.get(account), Some(version));
            }
        }
    }

    #[test]
    fn adopting_makes_no_call_and_takes_over_what_is_as_wanted_and_not_ours(mut case in case()) {
        case.wanted.exclusive = false;
        case.wanted.adopts = true;
        let calls = case.plan(true, usize::MAX);
        prop_assert_eq!(&calls.calls, &Vec::new());
        for (account, version) in &case.permissions {
            let holder = case.ledger.get(account).map(|share| share.holder);
            let fresh = case.territory.fresh.contains(account);
            let foreign = matches!(holder, None | Some(Holder::Foreign)) && !fresh;
            let wanted = case.wanted.accounts.get(account) == Some(version);
            if foreign {
                let adopted = wanted && *account != id(OWNER);
                prop_assert_eq!(calls.adopt.contains(account), adopted);
                // A share of ours is not recorded as foreign right after.
                prop_assert!(!adopted || calls.foreign.iter().all(|(id, _)| id != account));
            }
        }
        let there = |account: &AccountId| case.permissions.contains_key(account);
        prop_assert!(calls.adopt.iter().all(there), "what is not there is not taken over");
    }

    #[test]
    fn planning_after_the_calls_yields_none(case in case()) {
        let first = case.plan(case.needs_permissions(), usize::MAX);
        let mut after = case.clone();
        apply(&mut after.permissions, &first.calls);
        record(&mut after.ledger, &first, &case.wanted);
        let second = after.plan(after.needs_permissions(), usize::MAX);
        prop_assert_eq!(&second.calls, &[]);
        prop_assert!(second.adopt.is_empty() && second.forget.is_empty());
        prop_assert!(second.foreign.is_empty());
    }

    /// Killed at any call, before or after it was made: the next attempt leads to the same end.
    #[test]
    fn a_kill_anywhere_loses_and_takes_nothing(case in case(), at in 0usize..6, made: bool) {
        prop_assume!(case.needs_permissions());
        let planned = case.plan(true, usize::MAX);
        let mut whole = case.clone();
        apply(&mut whole.permissions, &planned.calls);
        record(&mut whole.ledger, &planned, &case.wanted);

        let mut killed = case.clone();
        let at = at.min(planned.calls.len());
        let before = DocumentCalls { calls: planned.calls[..at].to_vec(), ..planned.clone() };
        apply(&mut killed.permissions, &before.calls);
        record(&mut killed.ledger, &before, &case.wanted);
        if let Some(call) = planned.calls.get(at) {
            for id in &call.add {
                let known = killed.ledger.get(id).map(|share| share.holder);
                if matches!(known, None | Some(Holder::Foreign)) {
                    let share = RecordedShare { version: call.version, holder: Holder::Intended };
                    killed.ledger.insert(*id, share);
                }
            }
            if made {
                apply(&mut killed.permissions, std::slice::from_ref(call));
            }
        }
        let again = killed.plan(true, usize::MAX);
        apply(&mut killed.permissions, &again.calls);
        record(&mut killed.ledger, &again, &case.wanted);
        prop_assert_eq!(&killed.permissions, &whole.permissions);
        prop_assert_eq!(&killed.ledger, &whole.ledger);
    }

    #[test]
    fn the_quota_is_never_exceeded_on_the_way(case in case(), quota in 100usize..200) {
        let calls = case.plan(true, quota);
        let mut permissions = case.permissions.clone();
        let before = permissions.len();
        for call in &calls.calls {
            // The worse of the two orders: additions first.
            let added = call.add.iter().filter(|id| !permissions.contains_key(id)).count();
            prop_assert!(added == 0 || permissions.len() + added <= quota.max(before));
            apply(&mut permissions, std::slice::from_ref(call));
        }
        let missing = case.wanted.accounts.keys()
            .filter(|account| **account != id(OWNER) && !permissions.contains_key(account))
            .copied()
            .collect::<Vec<_>>();
        prop_assert_eq!(missing, calls.over_quota);
    }

    #[test]
    fn the_number_of_calls_is_the_least(case in case()) {
        let calls = case.plan(true, usize::MAX).calls;
        let removals: usize = calls.iter().map(|call| call.remove.len()).sum();
        let mut additions: BTreeMap<SharedVersion, usize> = BTreeMap::new();
        for call in &calls {
            *additions.entry(call.version).or_default() += call.add.len();
        }
        let adding: usize = additions.values().map(|n| n.div_ceil(IDS_PER_CALL)).sum();
        prop_assert_eq!(calls.len(), adding.max(removals.div_ceil(IDS_PER_CALL)));
    }
}

/// Nothing but what the caller names is in scope.
fn nobody() -> Territory {
    Territory {
        removals: Removals::Everybody,
        everyone: false,
        accounts: BTreeSet::new(),
        members: BTreeSet::new(),
        active: BTreeSet::new(),
        uncertain: BTreeSet::new(),
        fresh: BTreeSet::new(),
    }
}

fn ours(shares: impl IntoIterator<Item = (AccountId, SharedVersion)>) -> Recorded {
    let share = |version| RecordedShare { version, holder: Holder::Ours };
    shares.into_iter().map(|(account, version)| (account, share(version))).collect()
}

fn held_by(account: u16, holder: Holder) -> Recorded {
    [(id(account), RecordedShare { version: SharedVersion::Default, holder })].into()
}

#[test]
fn permissions_are_read_only_where_the_ledger_does_not_say_what_exists() {
    let everyone = Territory { everyone: true, ..nobody() };
    let joining = Territory { removals: Removals::Nobody, ..everyone.clone() };
    let fresh = Territory { fresh: [id(1)].into(), ..everyone.clone() };
    let nothing = Wanted::default();
    let wanted = |account| Wanted {
        accounts: [(id(account), SharedVersion::Default)].into(),
        ..Wanted::default()
    };
    let exclusive = Wanted { exclusive: true, ..Wanted::default() };
    for (case, wanted, ledger, territory, reads) in [
        ("nothing is wanted and nothing is recorded", &nothing, Recorded::new(), &everyone, false),
        ("others may have made it", &wanted(1), Recorded::new(), &everyone, true),
        ("nobody else can have made it", &wanted(1), Recorded::new(), &fresh, false),
        ("the owner needs no share", &wanted(OWNER), Recorded::new(), &everyone, false),
        ("wanted and ours", &wanted(1), held_by(1, Holder::Ours), &everyone, false),
        ("wanted and perhaps made", &wanted(1), held_by(1, Holder::Intended), &everyone, true),
        ("wanted and somebody else's", &wanted(1), held_by(1, Holder::Foreign), &everyone, true),
        ("unwanted and ours", &nothing, held_by(1, Holder::Ours), &everyone, false),
        ("unwanted and perhaps made", &nothing, held_by(1, Holder::Intended), &everyone, true),
        ("it stays anyway", &nothing, held_by(1, Holder::Intended), &joining, false),
        ("unwanted and somebody else's", &nothing, held_by(1, Holder::Foreign), &everyone, false),
        ("every share counts", &exclusive, Recorded::new(), &everyone, true),
    ] {
        assert_eq!(needs_permissions(id(OWNER), wanted, &ledger, territory), reads, "{case}");
    }
}

#[test]
fn an_unwanted_entry_is_forgotten_once_its_share_is_known_to_be_gone_or_somebody_elses() {
    let territory = Territory { everyone: true, ..nobody() };
    let (there, gone) = (Shares::from([(id(1), SharedVersion::Default)]), Shares::new());
    for (holder, permissions, removes, forgets) in [
        (Holder::Ours, None, true, false),
        (Holder::Ours, Some(&there), true, false),
        (Holder::Ours, Some(&gone), false, true),
        (Holder::Intended, None, false, false), // it may exist
        (Holder::Intended, Some(&there), true, false),
        (Holder::Intended, Some(&gone), false, true),
        (Holder::Foreign, None, false, true),
        (Holder::Foreign, Some(&there), false, true),
        (Holder::Foreign, Some(&gone), false, true),
    ] {
        let ledger = held_by(1, holder);
        let present = Present { ledger: &ledger, permissions };
        let plan = plan_calls(id(OWNER), &Wanted::default(), present, &territory, DEFAULT_QUOTA);
        let case = format!("{holder:?}, {permissions:?}");
        assert_eq!(!plan.calls.is_empty(), removes, "{case}");
        assert_eq!(!plan.forget.is_empty(), forgets, "{case}");
    }
}

#[test]
fn near_the_quota_removals_make_room_first() {
    let ledger = ours((100..1100).map(|n| (id(n), SharedVersion::Default)));
    let mut wanted = Wanted { rules: vec!["r".into()], ..Wanted::default() };
    wanted.accounts = (102..1102).map(|n| (id(n), SharedVersion::Default)).collect();
    let territory = Territory { everyone: true, ..nobody() };
    let present = Present { ledger: &ledger, permissions: None };
    let calls = plan_calls(id(OWNER), &wanted, present, &territory, DEFAULT_QUOTA);
    let new = vec![id(1100), id(1101)];
    assert_eq!(
        calls.calls,
        [
            Call { remove: vec![id(100), id(101)], ..Call::default() },
            Call { add: new.clone(), ..Call::default() },
        ]
    );
    let territory = Territory { removals: Removals::Nobody, ..territory };
    let calls = plan_calls(id(OWNER), &wanted, present, &territory, DEFAULT_QUOTA);
    assert_eq!(calls.calls, []);
    assert_eq!(calls.over_quota, new, "without removals there is no room");
}

/// Three have the document and one of them is to lose it. A number of new ones is to get it, within a quota.
#[test]
fn removals_come_first_only_where_the_new_ones_need_their_room() {
    let ledger = ours((0..3).map(|n| (id(n), SharedVersion::Default)));
    let territory = Territory { everyone: true, ..nobody() };
    let present = Present { ledger: &ledger, permissions: None };
    for (new, quota, calls, left_out) in [
        (1, 9, 1, 0),
        (1, 4, 1, 0), // it fits without the removal
        (1, 3, 2, 0),
        (2, 4, 2, 0),
        (3, 4, 2, 1),
        (1, 2, 1, 1), // only the removal is left
        (1, 1, 1, 1),
    ] {
        let accounts = (1..3).chain(20..20 + new).map(|n| (id(n), SharedVersion::Default));
        let wanted = Wanted { accounts: accounts.collect(), ..Wanted::default() };
        let plan = plan_calls(id(OWNER), &wanted, present, &territory, quota);
        let case = format!("{new} new ones, {quota} at most");
        assert_eq!((plan.calls.len(), plan.over_quota.len()), (calls, left_out), "{case}");
        assert_eq!(plan.calls[0].remove, [id(0)], "{case}");
    }
    // An account that has it already takes no more room, even beyond a quota that was lowered.
    let accounts = (1..3).map(|n| (id(n), SharedVersion::Latest)).collect();
    let wanted = Wanted { accounts, ..Wanted::default() };
    let plan = plan_calls(id(OWNER), &wanted, present, &territory, 1);
    assert_eq!((plan.calls.len(), plan.over_quota), (1, vec![]));
}

#[test]
fn a_new_version_is_added_again_in_a_call_of_its_own() {
    let ledger = ours([(id(1), SharedVersion::Default), (id(2), SharedVersion::Default)]);
    let accounts = Shares::from([
        (id(1), SharedVersion::Latest),
        (id(2), SharedVersion::Default),
        (id(3), SharedVersion::Default),
    ]);
    let wanted = Wanted { accounts, rules: vec!["r".into()], ..Wanted::default() };
    let present = Present { ledger: &ledger, permissions: None };
    let calls = plan_calls(id(OWNER), &wanted, present, &nobody(), DEFAULT_QUOTA);
    assert_eq!(
        calls.calls,
        [
            Call { add: vec![id(3)], ..Call::default() },
            Call { add: vec![id(1)], version: SharedVersion::Latest, remove: vec![] },
        ]
    );
    assert_eq!(calls.present, [id(2)]);
}
