//! Interactive mode.

use super::rig::{ALICE, HERE, REGION, Rig, act, summary};
use crate::{Mode, Signal, SignalError, Status, StopType};

async fn start(rig: &Rig) -> String {
    let mut request = rig.request("Main");
    request.mode = Mode::Interactive;
    rig.engine.start(request).await.unwrap()
}

async fn step(rig: &Rig, id: &str, name: &str) -> Result<(), SignalError> {
    let signal = Signal::StartStep { step: name.to_owned() };
    rig.engine.signal(HERE, REGION, id, signal, ALICE).await
}

#[tokio::test(start_paused = true)]
async fn every_step_is_started_by_hand_and_the_execution_ends_by_hand() {
    let rig = Rig::with_steps(&(act("a", "", "Seconds: 5") + &act("b", "", ""))).await;
    let id = start(&rig).await;
    let view = rig.waiting(&id).await;
    assert_eq!(summary(&view), "Waiting: a Pending, b Pending");
    assert!(matches!(step(&rig, &id, "b").await, Err(SignalError::Invalid(_))));
    assert!(matches!(step(&rig, &id, "z").await, Err(SignalError::StepNotFound(_))));
    step(&rig, &id, "a").await.unwrap();
    assert_eq!(rig.view(&id).status, Status::InProgress);
    assert!(matches!(step(&rig, &id, "a").await, Err(SignalError::Invalid(_))));
    assert_eq!(summary(&rig.waiting(&id).await), "Waiting: a Success, b Pending");
    step(&rig, &id, "b").await.unwrap();
    assert_eq!(summary(&rig.waiting(&id).await), "Waiting: a Success, b Success");
    rig.engine.stop(HERE, REGION, &id, StopType::Complete).await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Success: a Success, b Success");
}

#[tokio::test(start_paused = true)]
async fn it_may_be_completed_or_cancelled_before_its_last_step() {
    for (how, expected) in [
        (StopType::Complete, "Success: a Success, b Pending"),
        (StopType::Cancel, "Cancelled: a Success, b Pending"),
    ] {
        let rig = Rig::with_steps(&(act("a", "", "") + &act("b", "", ""))).await;
        let id = start(&rig).await;
        rig.waiting(&id).await;
        step(&rig, &id, "a").await.unwrap();
        rig.until(&id, |view| view.status == Status::Waiting && view.progress.success == 1).await;
        rig.engine.stop(HERE, REGION, &id, how).await.unwrap();
        assert_eq!(summary(&rig.end(&id).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_aborts_ends_it() {
    let rig = Rig::with_steps(&(act("a", "", "Fail: -1") + &act("b", "", ""))).await;
    let id = start(&rig).await;
    rig.waiting(&id).await;
    step(&rig, &id, "a").await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Failed: a Failed, b Pending");
}
