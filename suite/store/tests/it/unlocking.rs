//! Releases of a lock and of the cool-downs beside it.

use aws_double::{Aws, TABLE};
use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::TriggerId;
use relay_core::period::Period;
use remediation::guard::{
    CoolDown, Extent, HeldLock, Release, Take, TakeAnswer, Taker, Unlock, Unlocked,
};
use store::Table;
use uuid::Uuid;

const BEGIN: &str = "2026-01-02T03:00:00Z";
const KEY: &str = "444455556666#eu-west-1#i-1";

fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

fn minutes(count: i64) -> Timestamp {
    begin() + SignedDuration::from_mins(count)
}

fn taker(trigger: u128, rule: &str, now: Timestamp) -> Taker<'_> {
    Taker { trigger: TriggerId(Uuid::from_u128(trigger)), rule, observing: false, now }
}

fn lock() -> Take {
    Take::Lock { key: KEY.to_owned(), lease: Period::minutes(60) }
}

/// An order for the lock of a trigger and for the cool-down of rule `db` until then.
fn order(owner: Option<u128>, until: Option<Timestamp>) -> Unlock {
    let held =
        |id| HeldLock { owner: TriggerId(Uuid::from_u128(id)), rule: Some("web".to_owned()) };
    let cool_down = |until| CoolDown { rule: "db".to_owned(), until };
    Unlock {
        account: "444455556666".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        resource: "i-1".to_owned(),
        lock: owner.map(held),
        cool_downs: until.map(cool_down).into_iter().collect(),
        reason: "its run was lost".to_owned(),
        by: "user/me".to_owned(),
        forced: false,
    }
}

/// A table with a lock of trigger 1 and a cool-down of rule `db`, whose run was that of trigger 9.
async fn locked() -> (Aws, Table) {
    let aws = Aws::at(BEGIN);
    let table = Table::new(&aws.sdk(), TABLE);
    let before = taker(9, "db", begin());
    table.take(&before, &lock()).await.unwrap();
    let end = Release::EndOfRun { key: KEY.to_owned(), cool_down: Period::minutes(30) };
    table.release(&before, &end).await.unwrap();
    assert_eq!(table.take(&taker(1, "web", begin()), &lock()).await.unwrap(), TakeAnswer::Taken);
    (aws, table)
}

#[tokio::test(start_paused = true)]
async fn only_what_the_person_saw_is_released_and_a_repeat_answers_the_same() {
    let (_aws, table) = locked().await;
    let seen = table.lock_state(KEY).await.unwrap();
    let (owner, lease, rule) = seen.held.unwrap();
    assert_eq!((owner.0.as_u128(), lease, rule.as_deref()), (1, minutes(60), Some("web")));
    assert_eq!(seen.cool_downs["db"], minutes(30));
    assert_eq!(seen.unlocked, None);

    // The lock of another trigger, and a cool-down that ends later than the one that was seen.
    let other = table.unlock(&order(Some(2), Some(minutes(29))), "e-1", begin()).await.unwrap();
    let nothing = Unlocked { lock: Some(false), cool_downs: vec![("db".to_owned(), false)] };
    assert_eq!((other.extent(), other), (Extent::Nothing, nothing));
    assert_eq!(table.lock_state(KEY).await.unwrap().unlocked, None, "no release, no note");

    let order = order(Some(1), Some(minutes(30)));
    for repeat in 0..2 {
        let released = table.unlock(&order, "e-2", minutes(repeat)).await.unwrap();
        assert_eq!(released.extent(), Extent::All, "repeat {repeat}");
    }
    let state = table.lock_state(KEY).await.unwrap();
    assert_eq!((state.held, state.cool_downs.len()), (None, 0));
    let note = state.unlocked.unwrap();
    assert_eq!(
        (&*note.by, &*note.reason, &*note.execution),
        ("user/me", "its run was lost", "e-2")
    );
    assert_eq!(note.at, begin());
    for rule in ["db", "web"] {
        let free = table.take(&taker(3, rule, minutes(1)), &lock()).await.unwrap();
        assert_eq!(free, TakeAnswer::Taken, "{rule}");
    }
    // The lock is trigger 3's now: neither another order for trigger 1 nor its late end takes it.
    let late = table.unlock(&order, "e-3", minutes(2)).await.unwrap();
    assert_eq!(late.extent(), Extent::Nothing);
    let end = Release::EndOfRun { key: KEY.to_owned(), cool_down: Period::minutes(30) };
    table.release(&taker(1, "web", minutes(2)), &end).await.unwrap();
    assert_eq!(table.lock_state(KEY).await.unwrap().held.unwrap().0.0.as_u128(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cool_down_may_end_while_the_lock_stays_and_the_other_way_round() {
    let (_aws, table) = locked().await;
    let cool_down = table.unlock(&order(None, Some(minutes(30))), "e-1", begin()).await.unwrap();
    assert_eq!((cool_down.lock, cool_down.extent()), (None, Extent::All));
    assert!(table.lock_state(KEY).await.unwrap().held.is_some());
    let both = table.unlock(&order(Some(1), Some(minutes(30))), "e-2", begin()).await.unwrap();
    assert_eq!(both.extent(), Extent::All, "the note of the first is replaced with the lock's");
}

#[tokio::test(start_paused = true)]
async fn an_order_for_a_resource_that_nothing_holds_makes_no_item() {
    let aws = Aws::at(BEGIN);
    let table = Table::new(&aws.sdk(), TABLE);
    assert_eq!(table.lock_state(KEY).await.unwrap(), store::LockState::default());
    let order = order(Some(1), Some(minutes(30)));
    assert_eq!(table.unlock(&order, "e-1", begin()).await.unwrap().extent(), Extent::Nothing);
    assert!(aws.state().table.is_empty());
}
