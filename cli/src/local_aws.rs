//! The control interface of a local AWS.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Calls the control interface of a local AWS: `relay(endpoint, "POST", "faults", json)`.
///
/// # Errors
/// When it does not answer or refuses; the refusal is quoted.
pub async fn relay(endpoint: &str, method: &str, path: &str, body: &Value) -> Result<Value> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = hyper::Request::builder()
        .method(method)
        .uri(format!("{endpoint}/_relay/{path}"))
        .body(Full::new(Bytes::from(body.to_string())))?;
    let response = client.request(request).await.context("the local AWS does not answer")?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        bail!("/_relay/{path}: {status} {}", String::from_utf8_lossy(&body));
    }
    Ok(serde_json::from_slice(&body)?)
}
