//! AWS at the HTTP level, in memory: a table, a bucket, a topic, and whatever a test answers
//! itself. Real SDK clients talk to it, so requests are serialized, retried and parsed as in
//! production; each call is recorded.
//!
//! Shared by the tests of `publish-outcome`, `recover-outcomes` and `share-documents`.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod table;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use table::Table;

/// One call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `dynamodb`, `s3`, `sns`, `ssm`, `states`, `sts`.
    pub(crate) service: &'static str,
    /// `PutItem`, `Publish`, `GetObject`, …
    pub(crate) operation: String,
    /// The access key that signed the request and the Region it is signed for.
    pub(crate) account: String,
    pub(crate) region: String,
    /// Path of the request, without the query.
    pub(crate) path: String,
    /// The body: parsed where it is JSON; a form is an object of strings.
    pub(crate) body: Value,
    /// When it arrived, in the test's time.
    pub(crate) at: tokio::time::Instant,
}

/// What the service does about a call.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Reply(u16, String),
    /// The connection breaks before an answer arrives.
    Lost,
    /// No answer ever comes.
    Silence,
}

impl Answer {
    pub(crate) fn ok(body: &Value) -> Self {
        Self::Reply(200, body.to_string())
    }

    /// An error of a JSON service.
    pub(crate) fn error(code: &str, message: &str) -> Self {
        let status = match code {
            "InternalServerError" | "ServiceUnavailable" => 500,
            _ => 400,
        };
        Self::Reply(
            status,
            json!({ "__type": code, "message": message, "Message": message }).to_string(),
        )
    }
}

type Hook = Box<dyn FnMut(&Aws, &Call) -> Option<Answer> + Send>;

/// The whole of it. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Aws(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: Mutex<Table>,
    bucket: Mutex<BTreeMap<String, String>>,
    published: Mutex<Vec<Value>>,
    calls: Mutex<Vec<Call>>,
    hooks: Mutex<Vec<Hook>>,
    latency: Mutex<Duration>,
    in_flight: Mutex<BTreeMap<String, (usize, usize)>>,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl Aws {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Asks `hook` before everything else, the newest first; `None` passes the call on.
    pub(crate) fn on(&self, hook: impl FnMut(&Aws, &Call) -> Option<Answer> + Send + 'static) {
        self.0.hooks.lock().unwrap().insert(0, Box::new(hook));
    }

    /// Answers the next `times` calls of an operation so.
    pub(crate) fn answer(&self, operation: &'static str, mut times: usize, answer: Answer) {
        self.on(move |_, call| {
            if call.operation != operation || times == 0 {
                return None;
            }
            times -= 1;
            Some(answer.clone())
        });
    }

    /// How long every answer takes.
    pub(crate) fn latency(&self, latency: Duration) {
        *self.0.latency.lock().unwrap() = latency;
    }

    pub(crate) fn calls(&self, operation: &str) -> Vec<Call> {
        let calls = self.0.calls.lock().unwrap();
        calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls(operation).len()
    }

    pub(crate) fn forget_calls(&self) {
        self.0.calls.lock().unwrap().clear();
        self.0.in_flight.lock().unwrap().clear();
    }

    /// How many calls of an operation were in flight at once, at most.
    pub(crate) fn most_in_flight(&self, operation: &str) -> usize {
        self.0.in_flight.lock().unwrap().get(operation).map_or(0, |(_, most)| *most)
    }

    /// What subscribers got: the parameters of each Publish that was taken.
    pub(crate) fn published(&self) -> Vec<Value> {
        self.0.published.lock().unwrap().clone()
    }

    pub(crate) fn object(&self, key: &str) -> Option<Value> {
        let bucket = self.0.bucket.lock().unwrap();
        bucket.get(key).map(|text| serde_json::from_str(text).unwrap())
    }

    pub(crate) fn objects(&self) -> Vec<String> {
        self.0.bucket.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn put_object(&self, key: &str, body: &Value) {
        self.0.bucket.lock().unwrap().insert(key.to_owned(), body.to_string());
    }

    /// Looks at or changes the table.
    pub(crate) fn table<T>(&self, f: impl FnOnce(&mut Table) -> T) -> T {
        f(&mut self.0.table.lock().unwrap())
    }

    /// A client that calls this.
    pub(crate) fn http(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    async fn serve(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = parse(&request);
        let operation = call.operation.clone();
        self.0.calls.lock().unwrap().push(call.clone());
        let _gauge = Gauge::new(&self, operation);
        let latency = *self.0.latency.lock().unwrap();
        // The effect happens first, the reply takes the time: the worse case for whoever is killed.
        let answer = self.act(&call);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match answer {
            Answer::Reply(status, body) => {
                let status = status.try_into().unwrap();
                Ok(HttpResponse::new(status, SdkBody::from(body)))
            }
            Answer::Lost => Err(ConnectorError::io("connection reset".into())),
            Answer::Silence => std::future::pending().await,
        }
    }

    fn act(&self, call: &Call) -> Answer {
        // Taken out while they run, so that a hook may use everything else.
        let mut hooks = std::mem::take(&mut *self.0.hooks.lock().unwrap());
        let answer = hooks.iter_mut().find_map(|hook| hook(self, call));
        let mut slot = self.0.hooks.lock().unwrap();
        hooks.append(&mut slot);
        *slot = hooks;
        drop(slot);
        answer.unwrap_or_else(|| self.perform(call))
    }

    /// What the service does when no hook answers. Hooks call it to act and then lose the reply.
    pub(crate) fn perform(&self, call: &Call) -> Answer {
        match (call.service, call.operation.as_str()) {
            ("dynamodb", _) => self.table(|table| table.serve(call)),
            ("s3", "PutObject") => {
                self.0.bucket.lock().unwrap().insert(key_of(call), call.body.to_string());
                Answer::Reply(200, String::new())
            }
            ("s3", "GetObject") => match self.0.bucket.lock().unwrap().get(&key_of(call)) {
                Some(body) => Answer::Reply(200, body.clone()),
                None => Answer::Reply(404, "<Error><Code>NoSuchKey</Code></Error>".to_owned()),
            },
            ("sns", "Publish") => {
                self.0.published.lock().unwrap().push(call.body.clone());
                let id = "<MessageId>6e6b0aa2-0000-5000-8000-000000000000</MessageId>";
                Answer::Reply(
                    200,
                    format!(
                        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                     <PublishResult>{id}</PublishResult></PublishResponse>"
                    ),
                )
            }
            _ => panic!("no answer to {} {}", call.service, call.operation),
        }
    }
}

fn key_of(call: &Call) -> String {
    // Path style: /bucket/key
    call.path.trim_start_matches('/').split_once('/').unwrap().1.to_owned()
}

struct Gauge(Aws, String);

impl Gauge {
    fn new(aws: &Aws, operation: String) -> Self {
        let mut gauges = aws.0.in_flight.lock().unwrap();
        let (now, most) = gauges.entry(operation.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        drop(gauges);
        Self(aws.clone(), operation)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        if let Some((now, _)) = self.0.0.in_flight.lock().unwrap().get_mut(&self.1) {
            *now = now.saturating_sub(1);
        }
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().serve(request))
    }
}

impl HttpClient for Aws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn parse(request: &HttpRequest) -> Call {
    let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
    let bytes = request.body().bytes().unwrap_or_default();
    let uri: http::Uri = request.uri().parse().unwrap();
    let authorization = header("authorization");
    let scope: Vec<&str> = authorization
        .split_once("Credential=")
        .map(|(_, rest)| rest.split(['/', ',']).collect())
        .unwrap_or_default();
    let at = |i: usize| scope.get(i).copied().unwrap_or_default();
    let (service, operation, body) =
        if let Some((prefix, operation)) = header("x-amz-target").split_once('.') {
            let service = match prefix {
                "AmazonSSM" => "ssm",
                "AWSStepFunctions" => "states",
                _ if prefix.starts_with("DynamoDB") => "dynamodb",
                other => panic!("unknown target {other}"),
            };
            (service, operation.to_owned(), serde_json::from_slice(bytes).unwrap())
        } else if at(3) == "s3" {
            let operation = if request.method() == "PUT" { "PutObject" } else { "GetObject" };
            let body = serde_json::from_slice(bytes).unwrap_or(Value::Null);
            ("s3", operation.to_owned(), body)
        } else {
            let form: BTreeMap<String, String> = form(std::str::from_utf8(bytes).unwrap());
            let service = if at(3) == "sts" { "sts" } else { "sns" };
            (service, form.get("Action").cloned().unwrap_or_default(), json!(form))
        };
    Call {
        service,
        operation,
        account: at(0).to_owned(),
        region: at(2).to_owned(),
        path: uri.path().to_owned(),
        body,
        at: tokio::time::Instant::now(),
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex: Vec<u8> = rest.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&hex).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}
