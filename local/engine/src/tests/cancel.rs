//! Stopping: Cancel, Complete, what runs then, and alarms.

use serde_json::json;

use super::rig::{ALICE, HERE, REGION, Rig, act, summary};
use crate::ports::{ApiError, ApiErrorKind};
use crate::{Alarm, AlarmConfiguration, ExecutionView, Signal, Status, StopError, StopType};

async fn stop(rig: &Rig, id: &str, how: StopType) -> Result<(), StopError> {
    rig.engine.stop(HERE, REGION, id, how).await
}

/// Starts, waits until this step is in flight, stops, waits for the end.
async fn stopped_at(rig: &Rig, step: &str, how: StopType) -> ExecutionView {
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.as_deref() == Some(step)).await;
    stop(rig, &id, how).await.unwrap();
    rig.end(&id).await
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_the_step_in_flight_and_what_it_left_running() {
    let rig = Rig::with_steps(&(act("a", "", "Seconds: 1000") + &act("b", "", ""))).await;
    let view = stopped_at(&rig, "a", StopType::Cancel).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, b Pending");
    assert_eq!(rig.actions.cancelled().len(), 1);
    let told: Vec<_> =
        rig.world.events.told().iter().map(|event| event.detail["Status"].clone()).collect();
    assert_eq!(told, ["InProgress", "InProgress", "Cancelling", "Canceled", "Canceled"]);
}

#[tokio::test(start_paused = true)]
async fn on_cancel_runs_its_step_and_what_follows_it() {
    let steps = act("a", "onCancel: step:undo", "Seconds: 1000")
        + &act("b", "isEnd: true", "")
        + &act("undo", "", "Seconds: 5")
        + &act("after", "", "");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.as_deref() == Some("a")).await;
    stop(&rig, &id, StopType::Cancel).await.unwrap();
    assert_eq!(rig.view(&id).status, Status::Cancelling);
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, b Pending, undo Success, after Success");
}

#[tokio::test(start_paused = true)]
async fn what_runs_after_a_cancel_has_two_minutes() {
    let steps = act("a", "onCancel: step:undo; isEnd: true", "Seconds: 1000")
        + &act("undo", "", "Seconds: 100")
        + &act("after", "", "Seconds: 100");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    let before = rig.until(&id, |view| view.current_step.as_deref() == Some("a")).await;
    stop(&rig, &id, StopType::Cancel).await.unwrap();
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, undo Success, after Cancelled");
    let took = view.ended_at.unwrap().duration_since(before.started_at);
    assert_eq!(took.as_secs(), 120);
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_a_cancel_does_not_change_how_it_ends() {
    let steps = act("a", "onCancel: step:undo; isEnd: true", "Seconds: 1000")
        + &act("undo", "", "Fail: -1");
    let rig = Rig::with_steps(&steps).await;
    let view = stopped_at(&rig, "a", StopType::Cancel).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, undo Failed");
}

#[tokio::test(start_paused = true)]
async fn complete_lets_the_step_in_flight_end_and_starts_no_other() {
    let rig = Rig::with_steps(&(act("a", "", "Seconds: 100") + &act("b", "", ""))).await;
    let view = stopped_at(&rig, "a", StopType::Complete).await;
    assert_eq!(summary(&view), "Success: a Success, b Pending");
    assert_eq!(view.ended_at.unwrap().duration_since(view.started_at).as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn complete_does_not_wait_for_what_only_waits() {
    let steps = "  - name: rest\n    action: aws:sleep\n    inputs: {Duration: PT2H}\n".to_owned()
        + &act("a", "", "");
    let rig = Rig::with_steps(&steps).await;
    let view = stopped_at(&rig, "rest", StopType::Complete).await;
    assert_eq!(summary(&view), "Success: rest Cancelled, a Pending");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_reaches_what_sleeps_pauses_or_waits_for_approval() {
    for step in [
        "  - name: w\n    action: aws:sleep\n    inputs: {Duration: PT2H}\n",
        "  - name: w\n    action: aws:pause\n    inputs: {}\n",
        "  - name: w\n    action: aws:approve\n    inputs: {Approvers: [Alice]}\n",
    ] {
        let rig = Rig::with_steps(step).await;
        let view = stopped_at(&rig, "w", StopType::Cancel).await;
        assert_eq!(summary(&view), "Cancelled: w Cancelled");
        let took = view.ended_at.unwrap().duration_since(view.started_at);
        assert!(took.as_secs() < 60, "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_not_stopped_and_a_cancel_is_not_repeated() {
    let steps =
        act("a", "onCancel: step:b; isEnd: true", "Seconds: 100") + &act("b", "", "Seconds: 50");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.is_some()).await;
    stop(&rig, &id, StopType::Cancel).await.unwrap();
    assert!(matches!(stop(&rig, &id, StopType::Cancel).await, Err(StopError::InvalidStatus(_))));
    rig.end(&id).await;
    assert!(matches!(stop(&rig, &id, StopType::Complete).await, Err(StopError::InvalidStatus(_))));
    let elsewhere = rig.engine.stop(HERE, "us-east-1", &id, StopType::Cancel).await;
    assert!(matches!(elsewhere, Err(StopError::NotFound(_))));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_step_cancels_the_execution_after_its_on_cancel() {
    let steps =
        act("a", "onCancel: step:c", "Seconds: 100") + &act("b", "", "") + &act("c", "", "");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    let view = rig.until(&id, |view| view.current_step.is_some()).await;
    let other = Signal::StopStep { step_execution_id: view.steps[1].id.clone() };
    assert!(rig.engine.signal(HERE, REGION, &id, other, ALICE).await.is_err());
    let this = Signal::StopStep { step_execution_id: view.steps[0].id.clone() };
    rig.engine.signal(HERE, REGION, &id, this, ALICE).await.unwrap();
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, b Pending, c Success");
}

fn alarm(ignore: bool) -> Option<AlarmConfiguration> {
    Some(AlarmConfiguration {
        ignore_poll_alarm_failure: ignore,
        alarms: vec![Alarm { name: "Errors".to_owned() }],
    })
}

/// The alarm is in ALARM from this second on; without one it cannot be read.
fn ring_from(rig: &Rig, second: Option<u64>) {
    let began = tokio::time::Instant::now();
    rig.world.aws.answer(move |call| {
        if call.api == "StopAutomationExecution" {
            return Ok(json!({}));
        }
        assert_eq!(call.api, "DescribeAlarms");
        let Some(second) = second else {
            return Ok(json!({"MetricAlarms": []}));
        };
        let state = if began.elapsed().as_secs() >= second { "ALARM" } else { "OK" };
        Ok(json!({"MetricAlarms": [{"AlarmName": "Errors", "StateValue": state}]}))
    });
}

async fn run_with_alarm(rig: &Rig, ignore: bool) -> ExecutionView {
    let mut request = rig.request("Main");
    request.alarms = alarm(ignore);
    let id = rig.engine.start(request).await.unwrap();
    rig.end(&id).await
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_goes_off_cancels_the_execution_and_its_on_cancel_runs() {
    let steps =
        act("a", "onCancel: step:undo; isEnd: true", "Seconds: 1000") + &act("undo", "", "");
    let rig = Rig::with_steps(&steps).await;
    ring_from(&rig, Some(60));
    let view = run_with_alarm(&rig, false).await;
    assert_eq!(summary(&view), "Cancelled: a Cancelled, undo Success");
    assert_eq!(view.triggered_alarms[0].name, "Errors");
    assert_eq!(view.triggered_alarms[0].state, "ALARM");
    let took = view.ended_at.unwrap().duration_since(view.started_at).as_secs();
    assert!((60..=70).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_rings_already_lets_no_step_start() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    ring_from(&rig, Some(0));
    let view = run_with_alarm(&rig, false).await;
    assert_eq!(summary(&view), "Cancelled: a Pending");
    assert_eq!(rig.actions.acted().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_cannot_be_read_cancels_unless_that_is_ignored() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    ring_from(&rig, None);
    let view = run_with_alarm(&rig, false).await;
    assert_eq!(view.status, Status::Cancelled);
    assert_eq!(view.triggered_alarms[0].state, "UNKNOWN");
    let view = run_with_alarm(&rig, true).await;
    assert_eq!(summary(&view), "Success: a Success");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_stops_nothing_that_the_executions_role_may_not_stop() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 60")).await;
    rig.world.aws.answer(|call| match call.api.as_str() {
        "DescribeAlarms" => {
            Ok(json!({"MetricAlarms": [{"AlarmName": "Errors", "StateValue": "ALARM"}]}))
        }
        _ => Err(ApiError {
            code: "AccessDeniedException".to_owned(),
            message: "not authorized to perform: ssm:StopAutomationExecution".to_owned(),
            kind: ApiErrorKind::Permission,
        }),
    });
    let mut request = rig.request("Main");
    request.alarms = alarm(false);
    let id = rig.engine.start(request).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    let stops = rig.world.aws.calls().iter().filter(|c| c.api == "StopAutomationExecution").count();
    assert!(stops > 1, "asked at every look: {stops}");
    assert_eq!(summary(&rig.view(&id)), "Pending: a Pending");
}
