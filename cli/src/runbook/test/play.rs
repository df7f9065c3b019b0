//! One case on an engine of its own, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use engine::ports::{Actor, StatusEvent};
use engine::testing::{FakeDirectory, NoWebhooks, TokioClock};
use engine::{Engine, ExecutionView, MemoryLog, Ports, Signal, StartRequest, StopType};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;
use workbench::Document;
use workbench::cases::{Case, Ran, Send, SignalGiven, StepRan};

use super::File;
use super::world::{Library, Notices, World};

/// A run that is not over after this much of its own time never ends.
const LONGEST: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// Runs a case. The caller is in a runtime of its own, so the case has a thread of its own.
///
/// # Errors
/// When a file that the case names cannot be read.
pub(super) fn play(file: &File, document: &Document, case: &Case) -> Result<Ran> {
    let library = Library::new(file, document, case)?;
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .context("make a runtime")?;
            runtime.block_on(once(file, case, library))
        });
        run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

async fn once(file: &File, case: &Case, library: Library) -> Result<Ran> {
    let suite = &file.suite;
    let (account, region) = (suite.account.as_str(), suite.region.as_str());
    let (sender, mut notices) = mpsc::unbounded_channel();
    let world = Arc::new(World::new(suite, case));
    let ports = Ports {
        clock: Arc::new(TokioClock::default()),
        aws: world.clone(),
        scripts: world.clone(),
        webhooks: Arc::new(NoWebhooks),
        documents: Arc::new(library),
        directory: Arc::new(FakeDirectory::default()),
        events: Arc::new(Notices(sender)),
    };
    let engine = Engine::open(ports, Box::new(MemoryLog::default())).await?;
    world.runs_on(&engine);
    let caller = Actor::Caller {
        principal_arn: format!("arn:aws:iam::{account}:user/Tester"),
        access_key_id: "AKIATEST".to_owned(),
    };
    let document = name(file);
    let mut request = StartRequest::new(account, region, caller, Uuid::from_u128(1), &document);
    let mut parameters = suite.given.parameters.clone();
    parameters.extend(case.given.parameters.clone());
    request.parameters =
        parameters.iter().map(|(name, value)| (name.clone(), wire(value))).collect();
    let id = match engine.start(request).await {
        Ok(id) => id,
        Err(error) => {
            return Ok(Ran {
                status: "NotStarted".to_owned(),
                message: Some(error.to_string()),
                ..Ran::default()
            });
        }
    };
    let signals: Vec<&SignalGiven> =
        case.given.signals.iter().chain(&suite.given.signals).collect();
    let mut sent = vec![false; signals.len()];
    let over = engine.wait(account, region, &id);
    let limit = tokio::time::sleep(LONGEST);
    tokio::pin!(over, limit);
    let mut unanswered = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut over => break,
            () = &mut limit => {
                unanswered.push("the end of the run: it waits for ever".to_owned());
                break;
            }
            Some(notice) = notices.recv() => {
                for (nth, signal) in signals.iter().enumerate() {
                    if is_time(signal, &notice) && !std::mem::replace(&mut sent[nth], true) {
                        let (engine, signal) = (engine.clone(), (*signal).clone());
                        let to = (notice.account.clone(), notice.region.clone(), execution(&notice));
                        tokio::spawn(async move { send(&engine, to, signal).await });
                    }
                }
            }
        }
    }
    let view = engine.execution(account, region, &id).context("the run is gone")?;
    unanswered.extend(world.unanswered());
    Ok(ran(&view, &world, unanswered))
}

/// The document's name: the file's, without its extension.
pub(super) fn name(file: &File) -> String {
    file.runbook.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A parameter as the API takes it: a list of texts.
fn wire(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

fn execution(notice: &StatusEvent) -> String {
    notice.detail["ExecutionId"].as_str().unwrap_or_default().to_owned()
}

fn is_time(signal: &SignalGiven, notice: &StatusEvent) -> bool {
    let status = match signal.send {
        Send::Approve | Send::Reject | Send::Resume => "Waiting",
        Send::Cancel => "InProgress",
    };
    notice.detail["StepName"] == signal.step.as_str() && notice.detail["Status"] == status
}

/// Sends a signal when its time has come. If nothing waits for it any more, the run shows that.
async fn send(
    engine: &Engine,
    (account, region, id): (String, String, String),
    given: SignalGiven,
) {
    tokio::time::sleep(Duration::from_secs(given.after)).await;
    let by = given.by.or_else(|| {
        let view = engine.execution(&account, &region, &id)?;
        let step = view.steps.iter().find(|step| step.name == given.step)?;
        let first = step.inputs.get("Approvers")?.as_array()?.first()?.as_str()?;
        let is_arn = first.starts_with("arn:");
        Some(if is_arn { first.to_owned() } else { format!("arn:aws:iam::{account}:user/{first}") })
    });
    let by = by.unwrap_or_default();
    let signal = match given.send {
        Send::Approve => Signal::Approve { comment: None },
        Send::Reject => Signal::Reject { comment: None },
        Send::Resume => Signal::Resume { step: given.step },
        Send::Cancel => {
            drop(engine.stop(&account, &region, &id, StopType::Cancel).await);
            return;
        }
    };
    drop(engine.signal(&account, &region, &id, signal, &by).await);
}

fn ran(view: &ExecutionView, world: &World, unanswered: Vec<String>) -> Ran {
    let began = view.steps.iter().filter(|step| step.started_at.is_some());
    let steps: Vec<StepRan> = began
        .map(|step| StepRan {
            name: step.name.clone(),
            status: step.status.name().to_owned(),
            message: step.failure_message.clone(),
        })
        .collect();
    let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
    for step in &view.steps {
        for (name, value) in &step.outputs {
            outputs.insert(format!("{}.{name}", step.name), value.clone());
        }
    }
    for (name, value) in &view.outputs {
        if let Some(value) = value {
            outputs.insert(name.clone(), value.clone());
        }
    }
    let took = view.ended_at.map_or(0, |ended| ended.as_second() - view.started_at.as_second());
    Ran {
        status: view.status.name().to_owned(),
        message: view.failure_message.clone(),
        steps,
        outputs,
        calls: world.calls(),
        unanswered,
        took: u64::try_from(took).unwrap_or_default(),
    }
}

/// A runbook beside the file of tests.
pub(super) fn beside(file: &File, name: &str) -> Result<String> {
    let path = file.path.with_file_name(name);
    if !path.exists() {
        bail!("{} names {}, which does not exist", file.path.display(), path.display());
    }
    super::read(&path)
}
