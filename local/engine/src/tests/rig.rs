//! An engine in a world in memory, and short ways to say what it did.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::ports::Actor;
use crate::testing::{FakeActions, FakePorts, TokioClock};
use crate::{Engine, ExecutionView, MemoryLog, StartRequest, Status};

pub(super) const HERE: &str = "111122223333";
pub(super) const REGION: &str = "eu-west-1";
pub(super) const ALICE: &str = "arn:aws:iam::111122223333:user/Alice";

pub(super) struct Rig {
    pub(super) world: FakePorts,
    pub(super) actions: FakeActions,
    pub(super) log: MemoryLog,
    pub(super) engine: Arc<Engine>,
    next: std::sync::atomic::AtomicU32,
}

impl Rig {
    /// An engine whose every account sees the runbook `Main` with these steps.
    pub(super) async fn with_steps(steps: &str) -> Self {
        Self::with(&runbook("", steps)).await
    }

    /// An engine whose every account sees this runbook as `Main`.
    pub(super) async fn with(content: &str) -> Self {
        let world = FakePorts::default();
        world.documents.add("Main", content);
        Self::at(TokioClock::default(), world, MemoryLog::default()).await
    }

    /// An engine that opens this log at this time.
    pub(super) async fn at(clock: TokioClock, world: FakePorts, log: MemoryLog) -> Self {
        let actions = FakeActions::default();
        let engine = Engine::open_with(
            world.ports_with(clock),
            Box::new(log.clone()),
            Arc::new(actions.clone()),
        );
        let engine = engine.await.unwrap();
        Self { world, actions, log, engine, next: std::sync::atomic::AtomicU32::new(1) }
    }

    pub(super) fn request(&self, document: &str) -> StartRequest {
        let nth = self.next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let caller =
            Actor::Caller { principal_arn: ALICE.to_owned(), access_key_id: "AKIA1".to_owned() };
        StartRequest::new(HERE, REGION, caller, Uuid::from_u128(nth.into()), document)
    }

    /// Starts `Main`.
    pub(super) async fn start(&self) -> String {
        self.engine.start(self.request("Main")).await.unwrap()
    }

    /// Starts `Main` and waits for its end.
    pub(super) async fn run(&self) -> ExecutionView {
        let id = self.start().await;
        self.end(&id).await
    }

    pub(super) fn view(&self, id: &str) -> ExecutionView {
        self.engine.execution(HERE, REGION, id).unwrap()
    }

    /// Waits for the end of an execution.
    pub(super) async fn end(&self, id: &str) -> ExecutionView {
        self.until(id, |view| view.status.is_terminal()).await
    }

    /// Waits until an execution is as wanted.
    pub(super) async fn until(
        &self,
        id: &str,
        wanted: impl Fn(&ExecutionView) -> bool,
    ) -> ExecutionView {
        let mut pause = Duration::from_millis(10);
        for _ in 0..2_000 {
            let view = self.view(id);
            if wanted(&view) {
                return view;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(3_600));
        }
        panic!("never as wanted: {}", summary(&self.view(id)));
    }

    /// Waits until an execution waits for somebody.
    pub(super) async fn waiting(&self, id: &str) -> ExecutionView {
        self.until(id, |view| view.status == Status::Waiting).await
    }

    /// The children of an execution, in the order of their start.
    pub(super) fn children(&self, id: &str) -> Vec<ExecutionView> {
        let mut views = self.engine.executions(HERE, REGION);
        views.retain(|view| view.parent.as_deref() == Some(id));
        views.reverse();
        views.iter().map(|view| self.view(&view.id)).collect()
    }
}

/// `Failed: a Success, b Failed, c Pending`.
pub(super) fn summary(view: &ExecutionView) -> String {
    let steps: Vec<_> =
        view.steps.iter().map(|step| format!("{} {}", step.name, step.status.name())).collect();
    format!("{}: {}", view.status.name(), steps.join(", "))
}

/// A runbook of these steps, with more at its top.
pub(super) fn runbook(top: &str, steps: &str) -> String {
    format!("schemaVersion: '0.3'\n{top}\nmainSteps:\n{steps}")
}

/// A step that does what [`FakeActions`] does with these inputs, with these properties.
pub(super) fn act(name: &str, properties: &str, inputs: &str) -> String {
    let inputs = if inputs.is_empty() { String::new() } else { format!(", {inputs}") };
    let mut text = format!("  - name: {name}\n    action: aws:executeAwsApi\n");
    for property in properties.split("; ").filter(|property| !property.is_empty()) {
        text.push_str(&format!("    {property}\n"));
    }
    text.push_str(&format!(
        "    inputs: {{Service: ec2, Api: DescribeInstances, Name: {name}{inputs}}}\n"
    ));
    text.push_str("    outputs:\n      - {Name: Out, Selector: $.Out, Type: String}\n");
    text
}
