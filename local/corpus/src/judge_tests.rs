//! The judge finds nothing in an execution of the engine, and each fault that is put into it.

use std::sync::Arc;

use engine::ports::Actor;
use engine::testing::{FakeActions, FakePorts};
use engine::{Engine, MemoryLog, StartRequest};
use serde_json::json;
use uuid::Uuid;

use super::*;

const RUNBOOK: &str = r"
schemaVersion: '0.3'
mainSteps:
  - name: first
    action: aws:executeAwsApi
    onFailure: step:third
    inputs: {Service: ec2, Api: DescribeInstances, Name: first, Fail: -1}
  - name: second
    action: aws:executeAwsApi
    inputs: {Service: ec2, Api: DescribeInstances, Name: second}
  - name: third
    action: aws:executeAwsApi
    inputs: {Service: ec2, Api: DescribeInstances, Name: third, Give: {Count: 3}}
    outputs:
      - {Name: Count, Selector: $.Count, Type: Integer}
outputs: [third.Count]
";

async fn executed() -> (Runbook, ExecutionView) {
    let world = FakePorts::default();
    world.documents.add("Main", RUNBOOK);
    let actions = Arc::new(FakeActions::default());
    let log = Box::new(MemoryLog::default());
    let engine = Engine::open_with(world.ports(), log, actions).await.unwrap();
    let caller = Actor::Caller {
        principal_arn: "arn:aws:iam::111122223333:user/Alice".to_owned(),
        access_key_id: "AKIA1".to_owned(),
    };
    let request =
        StartRequest::new("111122223333", "eu-west-1", caller, Uuid::from_u128(1), "Main");
    let id = engine.start(request).await.unwrap();
    engine.wait("111122223333", "eu-west-1", &id).await;
    let view = engine.execution("111122223333", "eu-west-1", &id).unwrap();
    (runbook::parse(RUNBOOK).unwrap(), view)
}

#[tokio::test(start_paused = true)]
async fn an_execution_of_the_engine_is_right() {
    let (runbook, view) = executed().await;
    assert_eq!(judge(&runbook, &view), []);
    assert_eq!(same(&view, Some(&view)), None);
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_found() {
    let (runbook, right) = executed().await;
    let found = |change: &dyn Fn(&mut ExecutionView)| {
        let mut view = right.clone();
        change(&mut view);
        let objections = judge(&runbook, &view);
        objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    for (change, expected) in [
        (
            (&|view: &mut ExecutionView| {
                view.steps[1] = view.steps[2].clone();
                view.steps[1].name = "second".to_owned();
                view.steps[2].started_at = None;
                view.steps[2].status = Status::Pending;
            }) as &dyn Fn(&mut ExecutionView),
            "order: first (Failed) is followed by second, the document allows third",
        ),
        (
            &|view: &mut ExecutionView| {
                view.steps[2].started_at = None;
                view.steps[2].status = Status::Pending;
            },
            "order: ends with first (Failed), the document goes on",
        ),
        (
            &|view: &mut ExecutionView| view.status = Status::Success,
            "status: succeeded although the critical step first failed",
        ),
        (
            &|view: &mut ExecutionView| view.steps[0].status = Status::Success,
            "status: Failed although no step failed",
        ),
        (
            &|view: &mut ExecutionView| view.steps[2].status = Status::InProgress,
            "status: third is InProgress in an execution that ended Failed",
        ),
        (
            &|view: &mut ExecutionView| {
                view.steps[2].outputs.insert("Count".to_owned(), json!("3"));
            },
            "type: third.Count is \"3\", declared Integer",
        ),
        (
            &|view: &mut ExecutionView| view.outputs[0].1 = Some(json!([3])),
            "type: output third.Count is [3], declared Integer",
        ),
        (
            &|view: &mut ExecutionView| view.steps[0].failure_message = None,
            "words: first ended Failed without a message",
        ),
        (
            &|view: &mut ExecutionView| {
                view.steps[0].failure_message = Some("Err(Lost)".to_owned());
            },
            "words: first: Err(Lost)",
        ),
        (&|view: &mut ExecutionView| view.status = Status::InProgress, "not ended: InProgress: "),
    ] {
        let found = found(change);
        assert!(found.contains(expected), "expected {expected}\nfound    {found}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_sees_something_else_is_found() {
    let (_, view) = executed().await;
    let mut other = view.clone();
    other.steps[2].outputs.insert("Count".to_owned(), json!(4));
    let found = same(&view, Some(&other)).unwrap().to_string();
    assert!(found.starts_with("differs after replay: step third"), "{found}");
    assert!(same(&view, None).is_some());
}
