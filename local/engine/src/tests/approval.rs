//! `aws:approve` and `aws:pause`.

use super::rig::{ALICE, HERE, REGION, Rig, act, summary};
use crate::{Signal, SignalError, Status};

const BOB: &str = "arn:aws:sts::111122223333:assumed-role/Approvers/bob";
const CAROL: &str = "arn:aws:iam::111122223333:user/Carol";

fn approve(more: &str) -> String {
    format!(
        "  - name: ask\n    action: aws:approve\n    timeoutSeconds: 3600\n    onFailure: Abort\n    inputs:\n      Approvers: [Alice, 'arn:aws:iam::111122223333:role/Approvers']\n{more}"
    ) + &act("a", "", "")
}

fn yes() -> Signal {
    Signal::Approve { comment: Some("fine".to_owned()) }
}

async fn signal(rig: &Rig, id: &str, signal: Signal, by: &str) -> Result<(), SignalError> {
    rig.engine.signal(HERE, REGION, id, signal, by).await
}

#[tokio::test(start_paused = true)]
async fn one_approval_is_enough_unless_more_are_required() {
    let rig = Rig::with_steps(&approve("")).await;
    let id = rig.start().await;
    let view = rig.waiting(&id).await;
    assert_eq!(view.steps[0].status, Status::Waiting);
    assert_eq!(view.steps[0].outputs["ApprovalStatus"], "Waiting");
    signal(&rig, &id, yes(), ALICE).await.unwrap();
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Success: ask Success, a Success");
    assert_eq!(view.steps[0].outputs["ApprovalStatus"], "Approved");
    assert_eq!(view.steps[0].outputs["ApproverDecisions"][0]["Approver"], ALICE);
    assert_eq!(view.steps[0].outputs["ApproverDecisions"][0]["Comment"], "fine");
}

#[tokio::test(start_paused = true)]
async fn each_approver_counts_once_and_strangers_do_not_count() {
    let rig = Rig::with_steps(&approve("      MinRequiredApprovals: 2\n")).await;
    let id = rig.start().await;
    rig.waiting(&id).await;
    signal(&rig, &id, yes(), ALICE).await.unwrap();
    for by in [ALICE, CAROL] {
        let refused = signal(&rig, &id, yes(), by).await;
        assert!(matches!(refused, Err(SignalError::Invalid(_))), "{by}");
    }
    assert_eq!(rig.view(&id).status, Status::Waiting);
    signal(&rig, &id, yes(), BOB).await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Success: ask Success, a Success");
}

#[tokio::test(start_paused = true)]
async fn one_rejection_fails_the_step() {
    let rig = Rig::with_steps(&approve("      MinRequiredApprovals: 2\n")).await;
    let id = rig.start().await;
    rig.waiting(&id).await;
    signal(&rig, &id, yes(), ALICE).await.unwrap();
    signal(&rig, &id, Signal::Reject { comment: None }, BOB).await.unwrap();
    let view = rig.end(&id).await;
    assert_eq!(summary(&view), "Failed: ask Failed, a Pending");
    assert_eq!(view.steps[0].outputs["ApprovalStatus"], "Rejected");
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_nobody_gives_times_out() {
    let rig = Rig::with_steps(&approve("")).await;
    let view = rig.run().await;
    assert_eq!(summary(&view), "TimedOut: ask TimedOut, a Pending");
    let took = view.ended_at.unwrap().duration_since(view.started_at);
    assert_eq!(took.as_secs(), 3_600);
}

#[tokio::test(start_paused = true)]
async fn without_a_time_limit_of_its_own_an_approval_waits_seven_days() {
    let rig = Rig::with_steps(&approve("").replace("    timeoutSeconds: 3600\n", "")).await;
    let view = rig.run().await;
    assert_eq!(view.ended_at.unwrap().duration_since(view.started_at).as_secs(), 604_800);
}

#[tokio::test(start_paused = true)]
async fn approvers_are_told_through_the_topic() {
    let topic = "arn:aws:sns:eu-west-1:111122223333:AutomationApprovals";
    let rig = Rig::with_steps(&approve(&format!(
        "      NotificationArn: {topic}\n      Message: please\n"
    )))
    .await;
    let id = rig.start().await;
    rig.waiting(&id).await;
    let calls = rig.world.aws.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].service.as_str(), calls[0].api.as_str()), ("sns", "Publish"));
    assert_eq!(calls[0].parameters["TopicArn"], topic);
    let message = calls[0].parameters["Message"].as_str().unwrap();
    assert!(message.contains(&id) && message.contains("please"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_nothing_waits_for_is_refused() {
    let rig = Rig::with_steps(&act("a", "", "Seconds: 10")).await;
    let id = rig.start().await;
    rig.until(&id, |view| view.current_step.is_some()).await;
    for of in [yes(), Signal::Resume { step: "a".into() }, Signal::StartStep { step: "a".into() }] {
        assert!(matches!(signal(&rig, &id, of, ALICE).await, Err(SignalError::Invalid(_))));
    }
    let unknown = Signal::Resume { step: "z".into() };
    assert!(matches!(signal(&rig, &id, unknown, ALICE).await, Err(SignalError::StepNotFound(_))));
    let unknown = signal(&rig, "00000000-0000-0000-0000-0000000000ff", yes(), ALICE).await;
    assert!(matches!(unknown, Err(SignalError::NotFound(_))));
}

#[tokio::test(start_paused = true)]
async fn a_pause_lasts_until_it_is_resumed() {
    let steps =
        "  - name: hold\n    action: aws:pause\n    inputs: {}\n".to_owned() + &act("a", "", "");
    let rig = Rig::with_steps(&steps).await;
    let id = rig.start().await;
    rig.waiting(&id).await;
    tokio::time::sleep(std::time::Duration::from_secs(30 * 86_400)).await;
    assert_eq!(rig.view(&id).status, Status::Waiting);
    signal(&rig, &id, Signal::Resume { step: "hold".into() }, ALICE).await.unwrap();
    assert_eq!(summary(&rig.end(&id).await), "Success: hold Success, a Success");
}
