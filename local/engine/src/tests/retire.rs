//! Executions leave the memory after their end, and are described as before.

use std::time::Duration;

use super::rig::{HERE, REGION, Rig, act};
use crate::testing::{FakePorts, TokioClock};
use crate::{MemoryLog, Tag};

#[tokio::test(start_paused = true)]
async fn an_execution_has_left_the_memory_a_minute_after_its_end_and_is_described_as_before() {
    let rig = Rig::with_steps(&(act("a", "", "Give: {Out: x}") + &act("b", "", "Fail: -1"))).await;
    let view = rig.run().await;
    let listed = rig.engine.executions(HERE, REGION);
    assert_eq!(rig.engine.resident(), 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.engine.resident(), 0);
    assert_eq!(rig.engine.executions(HERE, REGION), listed);
    assert_eq!(rig.view(&view.id), view);
    assert!(rig.engine.wait(HERE, REGION, &view.id).await);
    // The look has brought it back, for as long again.
    assert_eq!(rig.engine.resident(), 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.engine.resident(), 0);
    assert!(rig.engine.execution("999999999999", REGION, &view.id).is_none());
}

#[tokio::test(start_paused = true)]
async fn tags_of_an_execution_that_has_left_the_memory_stay() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    let id = rig.run().await.id;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let tag = Tag { key: "k".to_owned(), value: "v".to_owned() };
    assert!(rig.engine.tag(HERE, REGION, &id, vec![tag.clone()], Vec::new()).await);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.engine.resident(), 0);
    let listed = rig.engine.executions(HERE, REGION);
    assert_eq!(listed[0].tags.first(), Some(&tag));
    assert_eq!(rig.view(&id).tags, [tag]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_in_use_stays_until_it_is_not() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    let id = rig.run().await.id;
    let held = rig.engine.execution_in_use(&id);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.engine.resident(), 1);
    drop(held);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(rig.engine.resident(), 0);
}

#[tokio::test(start_paused = true)]
async fn more_executions_than_are_kept_for_lists_are_listed_from_the_log() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    for _ in 0..1_010 {
        let id = rig.start().await;
        rig.engine.wait(HERE, REGION, &id).await;
    }
    let listed = rig.engine.executions(HERE, REGION);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.engine.resident(), 0);
    let again = rig.engine.executions(HERE, REGION);
    assert_eq!(again.len(), 1_010);
    assert_eq!(again, listed);
}

#[tokio::test(start_paused = true)]
async fn executions_that_ended_before_a_restart_leave_too() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    let view = rig.run().await;
    let log = MemoryLog::holding(rig.log.entries());
    let again = Rig::at(TokioClock::default(), FakePorts::default(), log).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(again.engine.resident(), 0);
    assert_eq!(again.view(&view.id), view);
}
