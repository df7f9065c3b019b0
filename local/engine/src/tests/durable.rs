//! The log on disk under the engine.

use std::path::Path;
use std::sync::Arc;

use super::rig::{HERE, REGION, act, runbook, summary};
use crate::ports::Actor;
use crate::testing::{FakeActions, FakePorts};
use crate::{Engine, SqliteLog, StartRequest};

/// One life of an engine: from the opening of its log to its death.
fn life<T>(path: &Path, actions: &FakeActions, work: impl AsyncFnOnce(&Engine) -> T) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    runtime.block_on(async {
        let world = FakePorts::default();
        let steps = act("a", "", "Give: {Out: x}")
            + "  - name: hold\n    action: aws:pause\n    inputs: {}\n"
            + &act("b", "", "Seen: '{{ a.Out }}'");
        world.documents.add("Main", &runbook("", &steps));
        let log = Box::new(SqliteLog::open(path).unwrap());
        let engine = Engine::open_with(world.ports(), log, Arc::new(actions.clone())).await;
        work(&*engine.unwrap()).await
    })
}

#[test]
fn an_execution_outlives_the_process_that_started_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("executions.sqlite");
    let actions = FakeActions::default();
    let caller = Actor::Caller { principal_arn: "p".to_owned(), access_key_id: "k".to_owned() };
    let request = StartRequest::new(HERE, REGION, caller, uuid::Uuid::from_u128(7), "Main");
    let id = life(&path, &actions, async |engine| {
        let id = engine.start(request).await.unwrap();
        while engine.execution(HERE, REGION, &id).unwrap().current_step.as_deref() != Some("hold") {
            tokio::task::yield_now().await;
        }
        id
    });
    life(&path, &actions, async |engine| {
        let resume = crate::Signal::Resume { step: "hold".to_owned() };
        engine.signal(HERE, REGION, &id, resume, "p").await.unwrap();
        assert!(engine.wait(HERE, REGION, &id).await);
    });
    life(&path, &actions, async |engine| {
        let view = engine.execution(HERE, REGION, &id).unwrap();
        assert_eq!(summary(&view), "Success: a Success, hold Success, b Success");
        assert_eq!(view.steps[2].inputs["Seen"], "x");
    });
    assert_eq!(actions.names(), ["a", "b"]);
}
