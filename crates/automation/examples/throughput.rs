//! How many ten-step runs a second the engine makes, and what a waiting and a queued run weigh.
//!
//! `cargo run --release -p automation --features testing --example throughput [runs]`: AWS is
//! answered by the in-memory double; the log is in memory, then on disk.

#![expect(clippy::print_stdout, reason = "it is run to be read")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use automation::ports::Actor;
use automation::testing::{FakeActions, FakeWorld};
use automation::{Engine, Log, MemoryLog, Quotas, SqliteLog, StartRequest};
use uuid::Uuid;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
/// Runs that are started at once.
const AT_ONCE: usize = 200;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let runs = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir()?;
    println!("{runs} runs of ten steps");
    let rate = throughput(Box::new(MemoryLog::default()), runs).await?;
    println!("  log in memory   {rate:>8.0} runs/s");
    let path = folder.path().join("runs.sqlite");
    let rate = throughput(Box::new(SqliteLog::open(&path)?), runs).await?;
    println!("  log on disk     {rate:>8.0} runs/s, {} bytes a run", size(&path) / runs);
    weigh("waiting", "Waits", Quotas::UNLIMITED, &folder.path().join("waiting.sqlite"), runs)
        .await?;
    let none = Quotas { running: 0, ..Quotas::UNLIMITED };
    weigh("queued", "Steps", none, &folder.path().join("queued.sqlite"), runs).await?;
    Ok(())
}

fn world() -> FakeWorld {
    let world = FakeWorld::default();
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
    world
}

fn request(document: &str, nth: usize) -> StartRequest {
    let caller = Actor::Caller {
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:user/bench"),
        access_key_id: "AKIA".to_owned(),
    };
    StartRequest::new(ACCOUNT, REGION, caller, Uuid::from_u128(nth as u128 + 1), document)
}

async fn open(log: Box<dyn Log>, quotas: Quotas) -> Result<Arc<Engine>, Failure> {
    let mut ports = world().ports();
    ports.events = Arc::new(Nobody);
    let engine = Engine::open_with(ports, log, Arc::new(FakeActions::silent())).await?;
    engine.set_quotas(quotas).await;
    Ok(engine)
}

/// Nobody listens.
struct Nobody;

impl automation::ports::Events for Nobody {
    fn emit(&self, _event: automation::ports::StatusEvent) {}
}

async fn throughput(log: Box<dyn Log>, runs: usize) -> Result<f64, Failure> {
    let engine = open(log, Quotas::UNLIMITED).await?;
    let began = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..AT_ONCE {
        let engine = Arc::clone(&engine);
        workers.push(tokio::spawn(async move {
            for nth in (worker..runs).step_by(AT_ONCE) {
                let id = engine.start(request("Steps", nth)).await?;
                engine.wait(ACCOUNT, REGION, &id).await;
            }
            Ok::<_, automation::StartError>(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    #[expect(clippy::cast_precision_loss, reason = "runs are few")]
    let rate = runs as f64 / began.elapsed().as_secs_f64();
    Ok(rate)
}

async fn weigh(
    what: &str,
    document: &str,
    quotas: Quotas,
    path: &Path,
    runs: usize,
) -> Result<(), Failure> {
    let engine = open(Box::new(SqliteLog::open(path)?), quotas).await?;
    let before = resident()?;
    for nth in 0..runs {
        engine.start(request(document, nth)).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let each = resident()?.saturating_sub(before) / runs;
    println!("  {what:<15} {each:>8} bytes resident a run, {} in the store", size(path) / runs);
    Ok(())
}

fn resident() -> Result<usize, Failure> {
    let pages: usize = std::fs::read_to_string("/proc/self/statm")?
        .split(' ')
        .nth(1)
        .ok_or("statm has no resident size")?
        .parse()?;
    Ok(pages * 4_096)
}

fn size(path: &Path) -> usize {
    let wal = path.with_extension("sqlite-wal");
    let length = |path: &Path| std::fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    usize::try_from(length(path) + length(&wal)).unwrap_or(usize::MAX)
}
