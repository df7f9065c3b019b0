//! The planner's promises, over arbitrary policy and presence.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relay_core::id::AccountId;

use super::*;
use crate::SharedVersion;

type Shares = BTreeMap<AccountId, SharedVersion>;

fn id(n: u16) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

const OWNER: u16 = 7;

/// What AWS does with a call: it adds, then removes, so that an id in both lists is removed.
fn apply(permissions: &mut Shares, calls: &[Call]) {
    for call in calls {
        permissions.extend(call.add.iter().map(|id| (*id, call.version)));
        permissions.retain(|id, _| !call.remove.contains(id));
    }
}

/// What we write down after calls that succeeded.
fn record(ledger: &mut Shares, calls: &DocumentCalls, wanted: &Wanted) {
    apply(ledger, &calls.calls);
    ledger.retain(|id, _| !calls.forget.contains(id));
    ledger.extend(calls.adopt.iter().map(|id| (*id, wanted.accounts[id])));
}

#[derive(Debug, Clone)]
struct Case {
    wanted: Wanted,
    ledger: Shares,
    permissions: Shares,
    territory: Territory,
}

fn shares(of: u16, most: usize) -> impl Strategy<Value = Shares> {
    let version = prop_oneof![
        6 => Just(SharedVersion::Default),
        1 => Just(SharedVersion::Latest),
        1 => Just(SharedVersion::All),
    ];
    prop::collection::btree_map((0..of).prop_map(id), version, 0..most)
}

fn accounts(of: u16, most: usize) -> impl Strategy<Value = BTreeSet<AccountId>> {
    prop::collection::btree_set((0..of).prop_map(id), 0..most)
}

fn case() -> impl Strategy<Value = Case> {
    let some = 120;
    (
        (shares(some, 90), accounts(some, 6), any::<bool>()),
        (shares(some, 90), shares(some, 60), any::<bool>()),
        (any::<bool>(), accounts(some, 60), accounts(some, 60)),
    )
        .prop_map(|((accounts, conflicts, exclusive), (ledger, foreign, lost), scope)| {
            let (everyone, scope, members) = scope;
            let accounts = accounts.into_iter().filter(|(id, _)| !conflicts.contains(id)).collect();
            let mut permissions = ledger.clone();
            permissions.extend(foreign);
            if lost {
                permissions = permissions.into_iter().skip(3).collect();
            }
            Case {
                wanted: Wanted { accounts, conflicts, exclusive, rules: vec!["r".into()] },
                ledger,
                permissions,
                territory: Territory { everyone, accounts: scope, members },
            }
        })
}

impl Case {
    fn plan(&self, read: bool, allowed: bool, quota: usize) -> DocumentCalls {
        let present =
            Present { ledger: &self.ledger, permissions: read.then_some(&self.permissions) };
        plan_calls(id(OWNER), &self.wanted, present, &self.territory, allowed, quota)
    }

    /// Whether a share with this account may be taken back.
    fn ours(&self, id: &AccountId) -> bool {
        let in_scope = self.territory.everyone || self.territory.accounts.contains(id);
        let claimed = self.wanted.exclusive && self.territory.members.contains(id);
        in_scope
            && (self.ledger.contains_key(id) || claimed)
            && !self.wanted.conflicts.contains(id)
            && *id != self::id(OWNER)
    }
}

proptest! {
    #[test]
    fn calls_keep_to_the_limits(case in case(), read: bool, allowed: bool, quota in 0usize..200) {
        for call in case.plan(read, allowed, quota).calls {
            prop_assert!(call.add.len() <= 20 && call.remove.len() <= 20);
            prop_assert!(!call.add.is_empty() || !call.remove.is_empty());
            let ids: BTreeSet<_> = call.add.iter().chain(&call.remove).collect();
            prop_assert_eq!(ids.len(), call.add.len() + call.remove.len());
            prop_assert!(!ids.contains(&id(OWNER)));
            prop_assert!(ids.iter().all(|id| !case.wanted.conflicts.contains(id)));
        }
    }

    #[test]
    fn after_the_calls_everything_of_ours_is_as_wanted(case in case(), read: bool) {
        let calls = case.plan(read, true, usize::MAX);
        let mut after = case.permissions.clone();
        apply(&mut after, &calls.calls);
        for (account, version) in &case.wanted.accounts {
            // Unread, a share that the ledger believes in is believed in.
            if *account != id(OWNER) && (read || case.ledger.get(account) != Some(version)) {
                prop_assert_eq!(after.get(account), Some(version));
            }
        }
        for account in after.keys().filter(|id| !case.wanted.accounts.contains_key(id)) {
            let known = read || case.ledger.contains_key(account);
            prop_assert!(!(case.ours(account) && known), "{} is still there", account);
        }
    }

    #[test]
    fn nothing_foreign_is_ever_removed(case in case(), read: bool, quota in 0usize..200) {
        for account in case.plan(read, true, quota).calls.iter().flat_map(|call| &call.remove) {
            prop_assert!(case.ours(account));
            prop_assert!(!case.wanted.accounts.contains_key(account));
        }
    }

    #[test]
    fn nothing_is_removed_while_removals_are_not_allowed(case in case(), read: bool) {
        let calls = case.plan(read, false, 1000);
        prop_assert!(calls.calls.iter().all(|call| call.remove.is_empty()));
        prop_assert!(calls.forget.is_empty());
    }

    #[test]
    fn planning_after_the_calls_yields_none(case in case(), read: bool, allowed: bool) {
        let first = case.plan(read, allowed, usize::MAX);
        let mut after = case.clone();
        apply(&mut after.permissions, &first.calls);
        record(&mut after.ledger, &first, &case.wanted);
        let second = after.plan(read, allowed, usize::MAX);
        prop_assert_eq!(&second.calls, &[]);
        prop_assert!(second.adopt.is_empty() && second.forget.is_empty());
    }

    #[test]
    fn the_quota_is_never_exceeded_on_the_way(case in case(), quota in 100usize..200) {
        let calls = case.plan(true, true, quota);
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
        let calls = case.plan(true, true, usize::MAX).calls;
        let removals: usize = calls.iter().map(|call| call.remove.len()).sum();
        let mut additions: BTreeMap<SharedVersion, usize> = BTreeMap::new();
        for call in &calls {
            *additions.entry(call.version).or_default() += call.add.len();
        }
        let adding: usize = additions.values().map(|n| n.div_ceil(IDS_PER_CALL)).sum();
        prop_assert_eq!(calls.len(), adding.max(removals.div_ceil(IDS_PER_CALL)));
    }
}

#[test]
fn near_the_quota_removals_make_room_first() {
    let ledger: Shares = (100..1100).map(|n| (id(n), SharedVersion::Default)).collect();
    let mut wanted = Wanted { rules: vec!["r".into()], ..Wanted::default() };
    wanted.accounts = (102..1102).map(|n| (id(n), SharedVersion::Default)).collect();
    let territory = Territory { everyone: true, ..Territory::default() };
    let present = Present { ledger: &ledger, permissions: None };
    let calls = plan_calls(id(OWNER), &wanted, present, &territory, true, DEFAULT_QUOTA);
    let new = vec![id(1100), id(1101)];
    assert_eq!(
        calls.calls,
        [
            Call { remove: vec![id(100), id(101)], ..Call::default() },
            Call { add: new.clone(), ..Call::default() },
        ]
    );
    let calls = plan_calls(id(OWNER), &wanted, present, &territory, false, DEFAULT_QUOTA);
    assert_eq!(calls.calls, []);
    assert_eq!(calls.over_quota, new, "without removals there is no room");
}

#[test]
fn a_new_version_is_added_again_in_a_call_of_its_own() {
    let ledger = Shares::from([(id(1), SharedVersion::Default), (id(2), SharedVersion::Default)]);
    let accounts = Shares::from([
        (id(1), SharedVersion::Latest),
        (id(2), SharedVersion::Default),
        (id(3), SharedVersion::Default),
    ]);
    let wanted = Wanted { accounts, rules: vec!["r".into()], ..Wanted::default() };
    let present = Present { ledger: &ledger, permissions: None };
    let calls = plan_calls(id(OWNER), &wanted, present, &Territory::default(), true, DEFAULT_QUOTA);
    assert_eq!(
        calls.calls,
        [
            Call { add: vec![id(3)], ..Call::default() },
            Call { add: vec![id(1)], version: SharedVersion::Latest, remove: vec![] },
        ]
    );
    assert_eq!(calls.present, [id(2)]);
}
