//! Quotas and queues.

use super::rig::{HERE, REGION, Rig, act};
use crate::{Quotas, StartError, Status, StopType, Target};

fn few() -> Quotas {
    Quotas {
        running: 2,
        queued: 2,
        rate_control_running: 1,
        rate_control_queued: 1,
        adaptive_running: 3,
    }
}

#[tokio::test(start_paused = true)]
async fn beyond_the_quota_executions_are_pending_and_beyond_the_queue_they_are_refused() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    rig.engine.set_quotas(few()).await;
    let ids = [rig.start().await, rig.start().await, rig.start().await, rig.start().await];
    let statuses: Vec<_> = ids.iter().map(|id| rig.view(id).status).collect();
    use Status::{InProgress, Pending};
    assert_eq!(statuses, [InProgress, InProgress, Pending, Pending]);
    assert_eq!(rig.view(&ids[3]).steps[0].status, Pending, "its steps are shown all the same");
    let refused = rig.engine.start(rig.request("Main")).await;
    assert!(matches!(refused, Err(StartError::LimitExceeded(_))));
    let ends: Vec<_> = [
        rig.end(&ids[0]).await,
        rig.end(&ids[1]).await,
        rig.end(&ids[2]).await,
        rig.end(&ids[3]).await,
    ]
    .iter()
    .map(|view| view.ended_at.unwrap().duration_since(view.started_at).as_secs())
    .collect();
    assert_eq!(ends, [10, 10, 20, 20]);
    assert_eq!(rig.run().await.status, Status::Success, "places are free again");
}

#[tokio::test(start_paused = true)]
async fn a_queued_execution_can_be_cancelled_and_gives_up_its_place_in_the_queue() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    rig.engine.set_quotas(Quotas { running: 1, queued: 1, ..few() }).await;
    let first = rig.start().await;
    let second = rig.start().await;
    rig.engine.stop(HERE, REGION, &second, StopType::Cancel).await.unwrap();
    assert_eq!(rig.end(&second).await.status, Status::Cancelled);
    let third = rig.start().await;
    assert_eq!(rig.end(&first).await.status, Status::Success);
    assert_eq!(rig.end(&third).await.status, Status::Success);
    assert_eq!(rig.actions.acted().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn executions_with_targets_have_a_quota_of_their_own() {
    let top = "parameters:\n  Id: {type: String, default: none}\n";
    let rig = Rig::with(&super::rig::runbook(top, &act("a", "", "Seconds: 10"))).await;
    rig.engine.set_quotas(few()).await;
    let request = || {
        let mut request = rig.request("Main");
        request.target_parameter_name = Some("Id".to_owned());
        request.targets = vec![Target { key: "ParameterValues".into(), values: vec!["x".into()] }];
        request
    };
    let first = rig.engine.start(request()).await.unwrap();
    let second = rig.engine.start(request()).await.unwrap();
    assert_eq!(rig.view(&second).status, Status::Pending);
    assert!(matches!(rig.engine.start(request()).await, Err(StartError::LimitExceeded(_))));
    assert_eq!(rig.end(&first).await.status, Status::Success);
    assert_eq!(rig.end(&second).await.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn adaptive_concurrency_lets_more_run() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    rig.engine.set_quotas(few()).await;
    rig.world.documents.set("/ssm/automation/enable-adaptive-concurrency", "True");
    let ids = [rig.start().await, rig.start().await, rig.start().await, rig.start().await];
    let running = ids.iter().filter(|id| rig.view(id).status == Status::InProgress).count();
    assert_eq!(running, 3);
}

#[tokio::test(start_paused = true)]
async fn a_raised_quota_lets_those_run_that_wait() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    rig.engine.set_quotas(few()).await;
    let ids = [rig.start().await, rig.start().await, rig.start().await];
    assert_eq!(rig.view(&ids[2]).status, Status::Pending);
    rig.engine.set_quotas(Quotas::default()).await;
    assert_eq!(rig.view(&ids[2]).status, Status::InProgress);
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_may_be_repeated_as_long_as_the_setting_says() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    rig.run().await;
    rig.world.documents.set("/ssm/automation/throttling-retry-time-limit", "90");
    rig.run().await;
    let limits: Vec<_> =
        rig.actions.acted().iter().map(|acted| acted.throttling_retry.as_secs()).collect();
    assert_eq!(limits, [0, 90]);
}
