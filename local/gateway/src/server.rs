//! The public port: accepts connections and hands each request to the control interface or to an
//! exchange.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tracing::debug;

use crate::control;
use crate::exchange::Exchange;
use crate::gateway::Gateway;
use crate::protocol::Answer;

/// Serves connections until the listener fails.
///
/// # Errors
/// When the listener can no longer accept.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener) -> Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        // Small answers must not wait for Nagle.
        let _ = stream.set_nodelay(true);
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&gateway), request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = served.await {
                debug!(%error, "connection ended");
            }
        });
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    request: http::Request<Body>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if let Some(path) = parts.uri.path().strip_prefix("/_relay/") {
        return Ok(control::answer(&gateway, &parts, path, &body).await);
    }
    Exchange::new(&gateway, &parts, &body).run().await.map_err(Into::into)
}
