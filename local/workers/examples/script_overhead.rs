//! The cost of a warm script beside its own work: `cargo xtask bench --only scripts` runs it.
//!
//! `cargo run --profile speed -p workers --example script_overhead [RUNS]` prints milliseconds as
//! JSON; needs the project's `.venv`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::ports::{Actor, ApiError, ApiErrorKind, Script, ScriptSource, Scripts};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use workers::{Keys, Python, PythonSettings, Sessions};

/// Nobody asks it: the scripts run in a caller's own context.
struct NoSessions;

impl Sessions for NoSessions {
    fn for_service<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Keys, ApiError>> {
        refused().boxed()
    }

    fn of_caller<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Keys, ApiError>> {
        refused().boxed()
    }
}

async fn refused() -> Result<Keys, ApiError> {
    let (code, message) = ("AccessDenied".into(), "There are no sessions".into());
    Err(ApiError { code, message, kind: ApiErrorKind::Permission })
}

fn script(source: &str) -> Script {
    Script {
        runtime: "python3.11".into(),
        handler: "handler".into(),
        source: ScriptSource::Inline(source.into()),
        payload: json!({"InstanceId": "i-0123456789abcdef0"}),
        timeout: Duration::from_secs(60),
        actor: Actor::Caller {
            principal_arn: "arn:aws:iam::111122223333:root".into(),
            access_key_id: "111122223333".into(),
        },
        account: "111122223333".into(),
        region: "us-east-1".into(),
        execution_id: "0a1b".into(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runs = std::env::args().nth(1).and_then(|runs| runs.parse().ok()).unwrap_or(500);
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let folder = tempfile::tempdir()?;
    let settings =
        PythonSettings::new(venv, "http://127.0.0.1:4566".into(), folder.path().to_owned());
    let python = Python::start(settings, Arc::new(NoSessions))?;
    let mut told = Vec::new();
    for (what, limited, source) in [
        ("a script that returns", true, "def handler(events, context): return events"),
        (
            "one that imports boto3",
            false,
            "import boto3\ndef handler(events, context): return events",
        ),
        (
            "one that makes an EC2 client",
            false,
            "import boto3\ndef handler(events, context): boto3.client('ec2')",
        ),
    ] {
        let script = script(source);
        // The first one waits for the server.
        python.run(&script).await.result.map_err(|error| format!("{error:?}"))?;
        let mut took = Vec::new();
        for _ in 0..runs {
            let begun = Instant::now();
            python.run(&script).await;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        told.push(json!({
            "what": what,
            "limited": limited,
            "p50": at(0.5),
            "p90": at(0.9),
            "p99": at(0.99),
        }));
    }
    println!("{}", serde_json::Value::from(told));
    Ok(())
}
