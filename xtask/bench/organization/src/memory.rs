//! How much memory the functions need: each invocation is a process of its own, with the SDK clients of production, and
//! AWS is behind a port of the process that measures. So what the kernel says of a process is the function's alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use aws_double::{HUB, REGION};
use runtime::Clock;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::functions::{Function, Functions};
use crate::machine::{self, Definition, Lambda};
use crate::organization::Size;
use crate::server;

/// A Lambda that starts a process for each invocation.
struct Processes {
    program: PathBuf,
    endpoint: String,
    /// The largest peak of each function, in bytes.
    peaks: Mutex<BTreeMap<Function, u64>>,
}

impl Lambda for Processes {
    async fn invoke(&self, function: Function, payload: Value) -> Result<Value> {
        let mut child = Command::new(&self.program)
            .arg("invoke")
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", HUB)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        let mut stdin = child.stdin.take().context("the process has no stdin")?;
        let request = json!({ "function": function, "payload": payload });
        stdin.write_all(request.to_string().as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        ensure!(output.status.success(), "{function:?}: {}", output.status);
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        let peak = answer["peak"].as_u64().context("the process has no peak")?;
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        let most = peaks.entry(function).or_default();
        *most = peak.max(*most);
        drop(peaks);
        eprintln!("{function:?}: {:.0} MB", peak as f64 / 1e6);
        Ok(answer["answer"].clone())
    }
}

/// Reconciles an organization twice, the second time with `drift`. Returns the largest peak of each function, as JSON.
///
/// # Errors
/// When a function fails.
pub async fn run(size: &Size, program: PathBuf, now: &str) -> Result<Value> {
    let endpoint = format!("http://{}", server::start(size.aws()).await?);
    let processes = Processes { program, endpoint, peaks: Mutex::default() };
    let definition = Definition::read()?;
    let mut passes = serde_json::Map::new();
    for (name, drift) in [("first", false), ("drift", true)] {
        let kind = if drift { "reconcile" } else { "backfill" };
        let input = json!({ "organization": true, "drift": drift, "trigger": { "kind": kind } });
        let execution = machine::run(&processes, &definition, name, now, &input).await;
        let execution = execution.with_context(|| format!("the reconcile {name}"))?;
        let mut peaks = processes.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        passes.insert(
            name.to_owned(),
            json!({ "outcome": execution.outcome, "peaks": std::mem::take(&mut *peaks) }),
        );
    }
    Ok(json!({ "size": size, "passes": passes }))
}

/// Answers one invocation in this process, and says how much memory it needed at most.
///
/// # Errors
/// When the function fails.
pub async fn invoke(request: Value) -> Result<Value> {
    let function: Function = serde_json::from_value(request["function"].clone())?;
    let sdk = aws::load().await;
    let functions = Functions::new(&sdk, &Clock::system())?;
    let answer = functions.invoke(function, request["payload"].clone()).await?;
    Ok(json!({ "answer": answer, "peak": peak()? }))
}

/// The most memory that this process had resident, in bytes.
fn peak() -> Result<u64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("read the kernel's status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes = line.split_whitespace().next().context("VmHWM is empty")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}
