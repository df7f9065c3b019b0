//! One run of a runbook, from its start to its end and once more from its log.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use engine::ports::{Actor, Clock};
use engine::testing::{FakePorts, TokioClock};
use engine::{Engine, ExecutionView, MemoryLog, Signal, StartRequest, Status, StopType};
use fastrand::Rng;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use runbook::{ActionKind, Runbook};
use uuid::Uuid;

use crate::given::given;
use crate::judge::{Objection, judge, same};
use crate::models::Models;
use crate::world::{RandomWorld, children};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const ALICE: &str = "arn:aws:iam::111122223333:user/Alice";
/// Longer than anything in a runbook may take: an approval waits for 30 days at most.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3_600);

/// Virtual time that goes on a little whenever somebody looks: so steps can be put in order by their start.
#[derive(Default)]
struct TickingClock {
    time: TokioClock,
    ticks: AtomicI64,
}

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let ticks = SignedDuration::from_millis(self.ticks.fetch_add(1, Ordering::Relaxed));
        self.time.now().checked_add(ticks).unwrap_or(Timestamp::MAX)
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        async move {
            while let Ok(left) = Duration::try_from(until.duration_since(self.now()))
                && !left.is_zero()
            {
                tokio::time::sleep(left).await;
            }
        }
        .boxed()
    }
}

/// How a run went.
#[derive(Debug)]
pub(crate) enum Played {
    /// No value could be made for this parameter.
    NoValues(String),
    /// The engine did not start it, and said why.
    NotStarted(String),
    Ran {
        status: Status,
        /// How many steps it reached.
        reached: usize,
        /// How many steps the document has.
        steps: usize,
        /// The message of the first step that failed.
        failure: Option<String>,
        /// The faults of the engine.
        objections: Vec<Objection>,
    },
}

/// Runs a runbook with a seed.
///
/// # Errors
/// When no runtime can be made.
pub(crate) fn play(
    text: &str,
    runbook: &Runbook,
    models: &Arc<Models>,
    seed: u64,
) -> Result<Played> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let panics = Arc::new(Mutex::new(Vec::new()));
    let before = std::panic::take_hook();
    let noted = panics.clone();
    std::panic::set_hook(Box::new(move |panic| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
    }));
    let played =
        runtime.block_on(AssertUnwindSafe(run(text, runbook, models, seed)).catch_unwind());
    std::panic::set_hook(before);
    let panics = std::mem::take(&mut *panics.lock().unwrap_or_else(PoisonError::into_inner));
    let mut played = played.unwrap_or(Played::Ran {
        status: Status::InProgress,
        reached: 0,
        steps: 0,
        failure: None,
        objections: Vec::new(),
    });
    if let Played::Ran { objections, .. } = &mut played {
        objections.extend(panics.into_iter().map(Objection::Panicked));
    }
    Ok(played)
}

async fn run(text: &str, runbook: &Runbook, models: &Arc<Models>, seed: u64) -> Played {
    let mut rng = Rng::with_seed(seed);
    let parameters = match given(runbook, &mut rng) {
        Ok(parameters) => parameters,
        Err(parameter) => return Played::NoValues(parameter),
    };
    let world = Arc::new(RandomWorld::new(models.clone(), runbook, seed));
    let fake = FakePorts::default();
    for (name, child) in children(runbook) {
        fake.documents.add(&name, &child);
    }
    fake.documents.add("Main", text);
    let mut ports = fake.ports();
    ports.clock = Arc::new(TickingClock::default());
    ports.aws = world.clone();
    ports.scripts = world.clone();
    ports.webhooks = world;
    let log = MemoryLog::default();
    let engine = match Engine::open(ports.clone(), Box::new(log.clone())).await {
        Ok(engine) => engine,
        Err(error) => return Played::NotStarted(error.to_string()),
    };
    let caller =
        Actor::Caller { principal_arn: ALICE.to_owned(), access_key_id: "AKIA1".to_owned() };
    let id = Uuid::from_u64_pair(seed, 1);
    let mut request = StartRequest::new(ACCOUNT, REGION, caller, id, "Main");
    request.parameters = parameters;
    let id = match engine.start(request).await {
        Ok(id) => id,
        Err(error) => return Played::NotStarted(error.to_string()),
    };
    let Some(view) = end(&engine, &id, &mut rng).await else {
        return Played::NotStarted("the execution is not there".to_owned());
    };
    let mut objections = judge(runbook, &view);
    let entries = log.entries();
    match Engine::open(ports.clone(), Box::new(MemoryLog::holding(entries.clone()))).await {
        Ok(again) => objections.extend(same(&view, again.execution(ACCOUNT, REGION, &id).as_ref())),
        Err(error) => objections.push(Objection::NotReplayed(error.to_string())),
    }
    // An engine that died somewhere in the middle, and was started again.
    let cut = entries.iter().take(rng.usize(..entries.len())).cloned().collect();
    match Engine::open(ports, Box::new(MemoryLog::holding(cut))).await {
        Ok(again) => {
            if let Some(resumed) = end(&again, &id, &mut rng).await {
                objections.extend(judge(runbook, &resumed).into_iter().map(Objection::resumed));
            }
        }
        Err(error) => objections.push(Objection::NotReplayed(error.to_string())),
    }
    let reached = view.steps.iter().filter(|step| step.started_at.is_some()).count();
    let failed = view.steps.iter().find(|step| step.failure_message.is_some());
    let failure = failed.map(|step| {
        format!("{}: {}", step.action.name(), step.failure_message.as_deref().unwrap_or_default())
    });
    Played::Ran { status: view.status, reached, steps: view.steps.len(), failure, objections }
}

/// Follows an execution to its end and gives it the signals that it waits for, or lets it wait.
async fn end(engine: &Engine, id: &str, rng: &mut Rng) -> Option<ExecutionView> {
    let mut pause = Duration::from_secs(1);
    let mut waited = Duration::ZERO;
    // Somebody stops one run in ten, at some time.
    let mut stop_after = (rng.u8(0..10) == 0).then(|| Duration::from_secs(1 << rng.u32(0..10)));
    loop {
        let view = engine.execution(ACCOUNT, REGION, id)?;
        if view.status.is_terminal() || waited > LONGEST {
            return Some(view);
        }
        if stop_after.is_some_and(|after| waited >= after) {
            stop_after = None;
            // It may have begun to end meanwhile.
            drop(engine.stop(ACCOUNT, REGION, id, StopType::Cancel).await);
        }
        if view.status == Status::Waiting
            && let Some(step) = view.steps.iter().find(|step| step.status == Status::Waiting)
        {
            let signal = match (step.action, rng.u8(0..4)) {
                (ActionKind::Pause, 0..3) => Some(Signal::Resume { step: step.name.clone() }),
                (ActionKind::Approve, 0..2) => Some(Signal::Approve { comment: None }),
                (ActionKind::Approve, 2) => Some(Signal::Reject { comment: None }),
                _ => None,
            };
            // The execution may not take it: Alice is not always among the approvers.
            if let Some(signal) = signal
                && engine.signal(ACCOUNT, REGION, id, signal, ALICE).await.is_ok()
            {
                pause = Duration::from_secs(1);
            }
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_secs(3_600));
    }
}
