//! The emulator behind the gateway: calls that pass through, and the hooks of
//! `emulator/relay_emulator.py`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use api::{Authorization, AwsError};
use base64::Engine;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::incoming::Incoming;
use crate::protocol::Answer;

/// Who calls, as the emulator's IAM knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    pub arn: String,
    pub account: String,
}

/// A client of the emulator's private port.
#[derive(Clone)]
pub struct Emulator {
    port: u16,
    client: Client<HttpConnector, Full<Bytes>>,
    principals: Arc<Mutex<HashMap<String, Principal>>>,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Emulator {
    /// A client of the emulator on a private loopback port.
    pub fn new(port: u16) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            port,
            client: Client::builder(TokioExecutor::new()).build(connector),
            principals: Arc::default(),
        }
    }

    /// Passes a request through as it came: host, path, query and body untouched.
    pub async fn forward(&self, parts: &Parts, body: Bytes) -> Result<Answer> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = self.uri(path)?;
        *request.headers_mut() = parts.headers.clone();
        // Answered here already; the emulator is never asked to wait.
        request.headers_mut().remove(http::header::EXPECT);
        // Policies that demand TLS mean AWS's endpoints; the loopback interface stands in for one.
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let response =
            self.client.request(request).await.context("the emulator does not answer")?;
        Ok(response.map(BodyExt::boxed))
    }

    /// Calls a hook of the emulator.
    pub async fn hook(&self, name: &str, body: &Value) -> Result<Value> {
        let request = Request::post(self.uri(&format!("/_relay/{name}"))?)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        let (status, body) = self.send(request).await?;
        let answer: Value =
            serde_json::from_slice(&body).context("the hook's answer is not JSON")?;
        if status != 200 {
            bail!("hook {name}: {answer}");
        }
        Ok(answer)
    }

    /// Calls the emulator as the root of an account, which it takes at its word.
    pub async fn as_root(
        &self,
        account: &str,
        region: &str,
        service: &str,
        request: http::request::Builder,
        body: String,
    ) -> Result<(u16, Bytes)> {
        let parts = request
            .header("host", "127.0.0.1")
            .header("x-forwarded-proto", "https")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={account}/20200101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
                ),
            )
            .body(Full::new(Bytes::from(body)))?;
        let (mut parts, body) = parts.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        parts.uri = self.uri(&path)?;
        self.send(Request::from_parts(parts, body)).await
    }

    /// Who an access key stands for. Sessions never change, so the answer is kept.
    pub async fn identify(&self, access_key: &str) -> Result<Result<Principal, AwsError>> {
        let known = |principals: &Mutex<HashMap<String, Principal>>| {
            let principals = principals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            principals.get(access_key).cloned()
        };
        if let Some(principal) = known(&self.principals) {
            return Ok(Ok(principal));
        }
        let answer = self.hook("identify", &json!({"accessKey": access_key})).await?;
        if let Some(error) = answer.get("error") {
            return Ok(Err(aws_error(error)));
        }
        let principal = Principal {
            arn: answer["arn"].as_str().unwrap_or_default().to_owned(),
            account: answer["account"].as_str().unwrap_or_default().to_owned(),
        };
        let mut principals =
            self.principals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        principals.insert(access_key.to_owned(), principal.clone());
        Ok(Ok(principal))
    }

    /// Checks a signed request's signature and its principal's permissions.
    pub async fn authorize(
        &self,
        incoming: &Incoming,
        principal: &Principal,
        parts: &Parts,
        body: &Bytes,
        needs: &[Authorization],
    ) -> Result<Result<(), AwsError>> {
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let answer = self
            .hook(
                "authorize",
                &json!({
                    "accessKey": incoming.access_key,
                    "account": principal.account,
                    "region": incoming.region,
                    "service": incoming.service,
                    "method": parts.method.as_str(),
                    "path": parts.uri.path(),
                    "query": parts.uri.query().unwrap_or_default(),
                    "headers": headers,
                    "body": base64::engine::general_purpose::STANDARD.encode(body),
                    "needs": needs,
                }),
            )
            .await?;
        if let Some(error) = answer.get("error") {
            return Ok(Err(aws_error(error)));
        }
        let Some(denied) = answer.get("denied") else { return Ok(Ok(())) };
        let text = |name: &str| denied[name].as_str().unwrap_or_default().to_owned();
        let (action, resource) = (text("action"), text("resource"));
        let why = if denied["explicit"] == json!(true) {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            format!("because no identity-based policy allows the {action} action")
        };
        Ok(Err(AwsError::new(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: {action} on resource: {resource} {why}",
                text("principal")
            ),
        )))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes)> {
        let response =
            self.client.request(request).await.context("the emulator does not answer")?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }

    fn uri(&self, path: &str) -> Result<Uri> {
        Ok(format!("http://127.0.0.1:{}{path}", self.port).parse()?)
    }
}

fn aws_error(error: &Value) -> AwsError {
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    AwsError::new(&text("code"), text("message"))
}
