//! Who speaks for whom.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::AccountId;

use crate::{
    Scope, ShareRunbooksInput, Touched, Turn, Waiting, is_gathered, look_again, moves, together,
    turn,
};

const WINDOW: Duration = Duration::from_secs(4);

fn account(n: u32) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn fact(kind: TriggerKind, n: u32, since: i64) -> Waiting {
    let name = format!("{kind:?}-{n}").to_lowercase();
    let trigger = Trigger::event(kind, format!("event-{name}"));
    Waiting {
        execution: format!("arn:{name}"),
        input: ShareRunbooksInput::account(account(n), trigger),
        at: at(since),
        by: None,
        settles_until: None,
        name,
    }
}

fn names(turn: Turn) -> Vec<String> {
    match turn {
        Turn::Lead(taken) => taken.into_iter().map(|waiting| waiting.name).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lone_account_waits_no_longer_than_the_window() {
    let all = [fact(TriggerKind::Join, 1, 0)];
    assert_eq!(turn("join-1", &[], at(0), WINDOW), Turn::Register);
    assert_eq!(turn("join-1", &all, at(1), WINDOW), Turn::Wait(Duration::from_secs(3)));
    assert_eq!(names(turn("join-1", &all, at(4), WINDOW)), ["join-1"]);
}

#[test]
fn while_others_arrive_a_batch_waits_and_at_most_fifteen_windows() {
    let mut all: Vec<Waiting> =
        (0..100).map(|n| fact(TriggerKind::Join, n, i64::from(n))).collect();
    assert!(matches!(turn("join-0", &all[..50], at(50), WINDOW), Turn::Wait(_)));
    assert_eq!(names(turn("join-0", &all[..50], at(53), WINDOW)).len(), 50);
    let still = |n: i64| turn("join-0", &all[..usize::try_from(n).unwrap()], at(n), WINDOW);
    assert!(matches!(still(59), Turn::Wait(_)));
    assert_eq!(names(still(60)).len(), 60);
    all.truncate(3);
    let others = turn("join-2", &all, at(10), WINDOW);
    assert!(matches!(others, Turn::Wait(_)), "the first to come speaks for the others: {others:?}");
}

#[test]
fn a_created_account_that_is_moved_at_once_is_one_story() {
    let all = [fact(TriggerKind::Join, 1, 0), fact(TriggerKind::Move, 1, 2)];
    assert_eq!(names(turn("join-1", &all, at(6), WINDOW)), ["join-1", "move-1"]);
    assert!(matches!(turn("move-1", &all, at(6), WINDOW), Turn::Wait(_)));
    let input = together(&all[0].input, &all[1..]);
    assert_eq!(input.trigger.kind, TriggerKind::Join);
    assert_eq!(input.trigger.event_ids, ["event-join-1", "event-move-1"]);
    assert_eq!(input.accounts(), [account(1)]);
}

#[test]
fn a_departure_right_after_a_join_is_what_is_done_in_whatever_order_they_come() {
    for (join, departure) in [(0, 2), (2, 0)] {
        let all = [
            fact(TriggerKind::Join, 1, join),
            fact(TriggerKind::Departure, 1, departure),
            fact(TriggerKind::Join, 2, 1),
        ];
        let mut led = names(turn("departure-1", &all, at(6), WINDOW));
        led.sort();
        assert_eq!(led, ["departure-1", "join-1"]);
        assert!(matches!(turn("join-1", &all, at(6), WINDOW), Turn::Wait(_)));
        assert_eq!(names(turn("join-2", &all, at(6), WINDOW)), ["join-2"]);
    }
}

#[test]
fn an_execution_that_let_its_turn_pass_is_looked_after() {
    let all = [fact(TriggerKind::Join, 1, 0), fact(TriggerKind::Join, 2, 3)];
    assert!(matches!(turn("join-2", &all, at(80), WINDOW), Turn::Wait(_)));
    let passed = turn("join-2", &all, at(91), WINDOW);
    assert!(matches!(passed, Turn::Overdue { ref name, .. } if name == "join-1"), "{passed:?}");
}

#[test]
fn a_move_is_left_to_the_join_whose_outcome_is_still_to_come() {
    let settling = Waiting {
        by: Some("arn:join-1".into()),
        settles_until: Some(at(60)),
        ..fact(TriggerKind::Join, 1, 0)
    };
    let all = [settling, fact(TriggerKind::Move, 1, 30), fact(TriggerKind::Departure, 2, 30)];
    let left = turn("move-1", &all, at(34), WINDOW);
    assert_eq!(left, Turn::Follow { by: "arn:join-1".into() });
    assert_eq!(moves(&[account(1)], &all, at(31), WINDOW), None, "they are still arriving");
    let taken = moves(&[account(1)], &all, at(34), WINDOW).unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(names(turn("move-1", &all, at(60), WINDOW)), ["move-1"], "the story is over");
    assert_eq!(names(turn("departure-2", &all, at(34), WINDOW)), ["departure-2"]);
}

#[test]
fn changes_gather_among_themselves_and_do_not_wait_for_a_minute() {
    let change = |n: u32, since: i64| {
        let trigger = Trigger::without_event(TriggerKind::Change);
        let input = ShareRunbooksInput::change(Touched::rule(format!("rule-{n}")), trigger);
        Waiting { input, ..fact(TriggerKind::Change, n, since) }
    };
    let mut all: Vec<Waiting> = (0..40).map(|n| change(n, i64::from(n))).collect();
    all.push(fact(TriggerKind::Join, 1, 0));
    let led = turn("change-0", &all, at(28), WINDOW);
    assert_eq!(names(led.clone()).len(), 40, "a stream of changes is not waited for: {led:?}");
    let Turn::Lead(taken) = led else { panic!() };
    assert_eq!(together(&all[0].input, &taken).touched.unwrap().rules.len(), 40);
}

#[test]
fn whoever_is_spoken_for_looks_again_and_ever_more_rarely() {
    let mine = fact(TriggerKind::Join, 1, 0);
    let pauses = [0, 10, 100, 100_000].map(|s| look_again(&mine, at(s), WINDOW).as_secs());
    assert!(pauses.is_sorted() && pauses[0] >= 4 && pauses[3] <= 1350, "{pauses:?}");
}

fn facts() -> impl Strategy<Value = Vec<Waiting>> {
    let kind =
        prop_oneof![Just(TriggerKind::Join), Just(TriggerKind::Move), Just(TriggerKind::Departure)];
    let drawn = (kind, 0..4_u32, 0..40_i64);
    proptest::collection::vec(drawn, 1..12).prop_map(|facts| {
        let numbered = facts.into_iter().enumerate();
        let made = numbered.map(|(index, (kind, n, since))| {
            let made = fact(kind, n, since);
            let name = format!("{}-{index}", made.name);
            Waiting { execution: format!("arn:{name}"), name, ..made }
        });
        made.collect()
    })
}

proptest! {
    /// Whatever has arrived, in whatever order: everything is taken in exactly once, in finite time, by executions
    /// of which each does what the strongest fact about its accounts asks for.
    #[test]
    fn every_fact_is_taken_in_once(mut all in facts()) {
        let mut now = at(0);
        let mut spoken: Vec<String> = Vec::new();
        for _ in 0..200 {
            for index in 0..all.len() {
                if all[index].at > now || all[index].by.is_some() {
                    continue;
                }
                let seen: Vec<Waiting> = all.iter().filter(|w| w.at <= now).cloned().collect();
                let me = all[index].clone();
                if let Turn::Lead(taken) = turn(&me.name, &seen, now, WINDOW) {
                    let kind = me.input.trigger.kind;
                    let accounts: BTreeSet<AccountId> =
                        taken.iter().flat_map(|w| w.input.accounts()).collect();
                    let departs = |w: &Waiting| w.input.trigger.kind == TriggerKind::Departure
                        && w.input.accounts().iter().any(|id| accounts.contains(id));
                    let open = seen.iter().filter(|w| w.by.is_none());
                    prop_assert!(kind == TriggerKind::Departure || !open.clone().any(departs));
                    for one in &taken {
                        spoken.push(one.name.clone());
                        let entry = all.iter_mut().find(|w| w.name == one.name).unwrap();
                        prop_assert!(entry.by.is_none(), "{} is taken in twice", one.name);
                        entry.by = Some(me.execution.clone());
                    }
                }
            }
            now += SignedDuration::from_secs(1);
        }
        prop_assert_eq!(spoken.len(), all.len());
    }
}

#[test]
fn one_account_of_an_event_and_changes_are_gathered_and_nothing_else_is() {
    let gathered = |kind, scope: Scope, touched: Option<Touched>| {
        let input = fact(kind, 1, 0).input;
        is_gathered(&ShareRunbooksInput { scope, touched, ..input })
    };
    let accounts = |count: u32| Scope::Accounts((1..=count).map(account).collect());
    for kind in [TriggerKind::Join, TriggerKind::Move, TriggerKind::Departure, TriggerKind::Change]
    {
        assert!(gathered(kind, accounts(1), None), "{kind:?}");
        assert!(!gathered(kind, accounts(2), None), "{kind:?} of two");
    }
    assert!(!gathered(TriggerKind::Manual, accounts(1), None));
    assert!(!gathered(TriggerKind::Recheck, accounts(1), None));
    assert!(gathered(TriggerKind::Change, Scope::Organization, Some(Touched::units())));
    assert!(!gathered(TriggerKind::Change, Scope::Organization, None));
}
