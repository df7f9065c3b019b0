//! Measures the cost of the engine: `cargo xtask bench --only engine` runs it part by part.
//!
//! `cargo run --profile speed -p automation --features testing --example throughput -- PART NUMBER`
//! prints one line of JSON. AWS is answered by the in-memory double.
//!
//! - `disk`, `memory`: NUMBER runs of ten steps, the log there;
//! - `log`: the entries of as many such runs, appended as the engine appends them, without the engine;
//! - `leaving`: how long NUMBER runs that have ended stay in memory;
//! - `waiting`, `queued`: what NUMBER runs weigh that have not ended;
//! - `targets`: one run with NUMBER targets, how many of them are in flight at once.

#![expect(clippy::print_stdout, reason = "it is run to be read")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::log::{Entry, EntryKind, LogError};
use engine::ports::Actor;
use engine::testing::{FakeActions, FakePorts};
use engine::{Engine, Log, MemoryLog, Quotas, SqliteLog, StartRequest, Status, Target};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use uuid::Uuid;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
/// Runs that are started at once.
const AT_ONCE: usize = 200;
/// How many targets are in flight at once.
const CONCURRENCY: usize = 100;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_else(|| "disk".into());
    let number = arguments.next().map_or(Ok(20_000), |number| number.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("runs.sqlite");
    let disk = || SqliteLog::open(&path).map(|log| Box::new(log) as Box<dyn Log>);
    let none = Quotas { running: 0, ..Quotas::UNLIMITED };
    // A core more than it may use would flatter it.
    let real = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = match part.as_str() {
        "memory" => real.block_on(throughput(Box::new(MemoryLog::default()), None, number))?,
        "disk" => real.block_on(throughput(disk()?, Some(&path), number))?,
        "log" => real.block_on(alone(SqliteLog::open(&path)?, number))?,
        "leaving" => real.block_on(leaving(disk()?, number))?,
        "waiting" => real.block_on(weigh("Waits", Quotas::UNLIMITED, disk()?, &path, number))?,
        "queued" => real.block_on(weigh("Steps", none, disk()?, &path, number))?,
        "targets" => {
            let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
            runtime.block_on(targets(number))?
        }
        other => return Err(format!("there is no part {other}").into()),
    };
    println!("{figures}");
    Ok(())
}

fn world() -> FakePorts {
    let world = FakePorts::default();
    let mut steps = String::from(
        "schemaVersion: '0.3'\nparameters:\n  Id: {type: String, default: i-1}\nmainSteps:\n",
    );
    for nth in 0..10 {
        let _ = write!(
            steps,
            "  - name: s{nth}\n    action: aws:executeAwsApi\n    inputs: {{Service: ec2, Api: DescribeInstances, InstanceIds: ['{{{{ Id }}}}'], Give: {{Out: x}}}}\n    outputs:\n      - {{Name: Out, Selector: $.Out, Type: String}}\n"
        );
    }
    world.documents.add("Steps", &steps);
    let waits =
        "schemaVersion: '0.3'\nmainSteps:\n  - name: hold\n    action: aws:pause\n    inputs: {}\n";
    world.documents.add("Waits", waits);
    let target = "schemaVersion: '0.3'\nparameters:\n  Id: {type: 'AWS::EC2::Instance::Id'}\nmainSteps:\n  - name: act\n    action: aws:executeAwsApi\n    inputs: {Service: ec2, Api: RebootInstances, InstanceIds: ['{{ Id }}'], Seconds: 10}\n";
    world.documents.add("Target", target);
    world
}

fn request(document: &str, nth: usize) -> StartRequest {
    let caller = Actor::Caller {
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:user/bench"),
        access_key_id: "AKIA".to_owned(),
    };
    StartRequest::new(ACCOUNT, REGION, caller, Uuid::from_u128(nth as u128 + 1), document)
}

async fn open(world: FakePorts, log: Box<dyn Log>, quotas: Quotas) -> Result<Arc<Engine>, Failure> {
    let mut ports = world.ports();
    ports.events = Arc::new(Nobody);
    let engine = Engine::open_with(ports, log, Arc::new(FakeActions::silent())).await?;
    engine.set_quotas(quotas).await;
    Ok(engine)
}

/// Events that nobody listens to.
struct Nobody;

impl engine::ports::Events for Nobody {
    fn emit(&self, _change: engine::ports::StatusChange) {}
}

async fn throughput(log: Box<dyn Log>, path: Option<&Path>, runs: usize) -> Result<Value, Failure> {
    let engine = open(world(), log, Quotas::UNLIMITED).await?;
    let (began, cpu) = (Instant::now(), processor()?);
    let mut workers = Vec::new();
    for worker in 0..AT_ONCE {
        let engine = Arc::clone(&engine);
        workers.push(tokio::spawn(async move {
            for nth in (worker..runs).step_by(AT_ONCE) {
                let id = engine.start(request("Steps", nth)).await?;
                engine.wait(ACCOUNT, REGION, &id).await;
            }
            Ok::<_, engine::StartError>(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    let (took, cpu) = (began.elapsed().as_secs_f64(), processor()? - cpu);
    Ok(json!({
        "seconds": took,
        "processorSeconds": cpu,
        "resident": resident()?,
        "store": path.map(size),
    }))
}

/// Until no run is in memory any more, for two minutes at most.
async fn leaving(log: Box<dyn Log>, runs: usize) -> Result<Value, Failure> {
    let engine = open(world(), log, Quotas::UNLIMITED).await?;
    for nth in 0..runs {
        let id = engine.start(request("Steps", nth)).await?;
        engine.wait(ACCOUNT, REGION, &id).await;
    }
    let ended = Instant::now();
    while engine.resident() > 0 && ended.elapsed() < Duration::from_secs(120) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(json!({ "left": engine.resident(), "seconds": ended.elapsed().as_secs_f64() }))
}

/// Appends what runs of ten steps append, as many side by side, each after the commit of the one before.
async fn alone(log: SqliteLog, runs: usize) -> Result<Value, Failure> {
    let recorder = Recorder::default();
    let engine = open(world(), Box::new(recorder.clone()), Quotas::UNLIMITED).await?;
    let id = engine.start(request("Steps", 0)).await?;
    engine.wait(ACCOUNT, REGION, &id).await;
    let appends = recorder.appends.lock().map_err(|_| "the recorder has failed")?.clone();
    let (log, appends) = (Arc::new(log), Arc::new(appends));
    let (began, cpu) = (Instant::now(), processor()?);
    let mut workers = Vec::new();
    for worker in 0..AT_ONCE {
        let (log, appends) = (Arc::clone(&log), Arc::clone(&appends));
        workers.push(tokio::spawn(async move {
            for nth in (worker..runs).step_by(AT_ONCE) {
                let key = request("Steps", nth).id;
                for entries in appends.iter() {
                    let of_run = |entry: &Entry| match entry.kind {
                        EntryKind::Document => entry.clone(),
                        EntryKind::Event => Entry { key, ..entry.clone() },
                    };
                    log.append(entries.iter().map(of_run).collect()).await?;
                }
            }
            Ok::<_, LogError>(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    let (took, cpu) = (began.elapsed().as_secs_f64(), processor()? - cpu);
    Ok(json!({ "seconds": took, "processorSeconds": cpu }))
}

/// Remembers what was appended together.
#[derive(Clone, Default)]
struct Recorder {
    log: MemoryLog,
    appends: Arc<Mutex<Vec<Vec<Entry>>>>,
}

impl Log for Recorder {
    fn append(&self, entries: Vec<Entry>) -> BoxFuture<'static, Result<(), LogError>> {
        if let Ok(mut appends) = self.appends.lock() {
            appends.push(entries.clone());
        }
        self.log.append(entries)
    }

    fn replay(&self, each: &mut dyn FnMut(Entry) -> Result<(), LogError>) -> Result<(), LogError> {
        self.log.replay(each)
    }

    fn read(&self, run: Uuid) -> Result<Vec<Entry>, LogError> {
        self.log.read(run)
    }
}

async fn weigh(
    document: &str,
    quotas: Quotas,
    log: Box<dyn Log>,
    path: &Path,
    runs: usize,
) -> Result<Value, Failure> {
    let engine = open(world(), log, quotas).await?;
    let before = resident()?;
    let began = Instant::now();
    for nth in 0..runs {
        engine.start(request(document, nth)).await?;
    }
    let took = began.elapsed().as_secs_f64();
    // Until the last ones have come to where they wait.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let wanted = if document == "Waits" { Status::Waiting } else { Status::Pending };
    let first = engine.execution(ACCOUNT, REGION, &request(document, 0).id.to_string());
    let status = first.map(|view| view.status);
    let resident = resident()?;
    Ok(json!({
        "seconds": took,
        "as_wanted": status == Some(wanted),
        "status": format!("{status:?}"),
        "resident": resident,
        "each": resident.saturating_sub(before) / runs,
        "store": size(path),
    }))
}

/// In virtual time: what is in flight is exact, however busy the machine is.
async fn targets(number: usize) -> Result<Value, Failure> {
    let world = world();
    let instances: Vec<_> =
        (0..number).map(|nth| json!({"InstanceId": format!("i-{nth:017x}")})).collect();
    let page = json!({"Reservations": [{"Instances": instances}]});
    world.aws.answer(move |_| Ok(page.clone()));
    let engine = open(world, Box::new(MemoryLog::default()), Quotas::UNLIMITED).await?;
    let mut request = request("Target", 0);
    request.target_parameter_name = Some("Id".to_owned());
    request.targets =
        vec![Target { key: "AWS::EC2::Instance".to_owned(), values: vec!["*".to_owned()] }];
    request.max_concurrency = Some(CONCURRENCY.to_string());
    let began = processor()?;
    let id = engine.start(request).await?;
    engine.wait(ACCOUNT, REGION, &id).await;
    let view = engine.execution(ACCOUNT, REGION, &id).ok_or("the run is gone")?;
    // Time → by how much the number in flight changes then.
    let mut changes = BTreeMap::new();
    for step in &view.steps {
        if let (Some(started), Some(ended)) = (step.started_at, step.ended_at) {
            *changes.entry(started).or_insert(0_i64) += 1;
            *changes.entry(ended).or_insert(0_i64) -= 1;
        }
    }
    let in_flight: Vec<_> = changes
        .values()
        .scan(0, |now, change| {
            *now += change;
            Some(*now)
        })
        .collect();
    let most = in_flight.iter().max().copied().unwrap_or_default();
    let full = i64::try_from(CONCURRENCY)?;
    let ramped = in_flight.iter().position(|now| *now >= full);
    let last = in_flight.iter().rposition(|now| *now >= full);
    // The middle part, without the ramp and the remainder.
    let least = match (ramped, last) {
        (Some(from), Some(to)) => in_flight[from..=to].iter().min().copied(),
        _ => None,
    };
    let after = last.map_or(0, |last| in_flight.len() - 1 - last);
    Ok(json!({
        "ended": view.steps.iter().filter(|step| step.status == Status::Success).count(),
        "most": most,
        "least": least,
        "waves": in_flight.len(),
        "wavesAfter": after,
        "processorSeconds": processor()? - began,
    }))
}

fn resident() -> Result<usize, Failure> {
    let pages: usize = std::fs::read_to_string("/proc/self/statm")?
        .split(' ')
        .nth(1)
        .ok_or("statm has no resident size")?
        .parse()?;
    Ok(pages * 4_096)
}

/// Seconds of processor time that this process has used.
fn processor() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after) = stat.rsplit_once(')').ok_or("stat has no name")?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |nth: usize| -> Result<f64, Failure> {
        Ok(fields.get(nth).ok_or("stat has no times")?.parse()?)
    };
    // Linux reports a hundred ticks a second to every program.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn size(path: &Path) -> u64 {
    let wal = path.with_extension("sqlite-wal");
    let length = |path: &Path| std::fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    length(path) + length(&wal)
}
