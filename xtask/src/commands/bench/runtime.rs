//! A tiny Lambda runtime API: starts one process, gives it one event and times its first answer.

use std::convert::Infallible;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::oneshot;

use super::process;

/// How long a function may take to its first answer before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a function's process started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// From just before the process was made until its first answer was read.
    pub(super) took: Duration,
    /// The most memory it had in use, in bytes.
    pub(super) resident: u64,
}

/// Starts a function in an environment of its own, with `settings`, and waits for its answer to
/// the event.
pub(super) async fn start(
    binary: &Path,
    settings: &[(&str, &str)],
    event: &'static str,
) -> Result<Start> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (tell, answered) = oneshot::channel();
    let server = tokio::spawn(serve(listener, event, Arc::new(Mutex::new(Some(tell)))));
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(settings.iter().copied())
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {}", binary.display()))?;
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    let resident = child.id().and_then(process::memory).map(|memory| memory.peak);
    child.kill().await?;
    server.abort();
    let answered = answered.with_context(|| format!("{} does not answer", binary.display()))??;
    let resident = resident.context("a running process has memory")?;
    Ok(Start { took: answered - begun, resident })
}

type Answered = Arc<Mutex<Option<oneshot::Sender<Instant>>>>;

async fn serve(
    listener: TcpListener,
    event: &'static str,
    answered: Answered,
) -> std::io::Result<()> {
    // The first request gets the one event; the next request waits for ever.
    let event = Arc::new(Mutex::new(Some(event)));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (event, answered) = (Arc::clone(&event), Arc::clone(&answered));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                answer(request, Arc::clone(&event), Arc::clone(&answered))
            });
            // A function that is killed cuts its connection.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    event: Arc<Mutex<Option<&'static str>>>,
    answered: Answered,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path().ends_with("/invocation/next") {
        let event = match take(&event) {
            Some(event) => event,
            None => std::future::pending().await,
        };
        let mut response = Response::new(Full::new(Bytes::from_static(event.as_bytes())));
        for (name, value) in [
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
            ("lambda-runtime-deadline-ms", "4102444800000"),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:111122223333:function:bench",
            ),
            ("content-type", "application/json"),
        ] {
            response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
        }
        return Ok(response);
    }
    // Its response or its error: either is its answer.
    let _ = request.into_body().collect().await;
    if let Some(tell) = take(&answered) {
        let _ = tell.send(Instant::now());
    }
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = hyper::StatusCode::ACCEPTED;
    Ok(response)
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
