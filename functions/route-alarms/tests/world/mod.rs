//! AWS at the HTTP level, in memory, as far as the intake of alarms uses it: real SDK clients talk to
//! it, so requests are serialized, retried and parsed as in production.

#![allow(dead_code, reason = "each test uses a part of it")]

mod answers;
mod cbor;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use lambda::{Clock, Environment};
use route_alarms::{Deps, Error, handle};
use serde_json::{Value, json};
use table::Table;

pub(crate) const HUB: &str = "111122223333";
pub(crate) const MACHINE: &str =
    "arn:aws:states:us-east-1:111122223333:stateMachine:runbook-relay-run-automation";
pub(crate) const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/alarms";

/// One call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// As requests are signed for it: `dynamodb`, `monitoring`, `ec2`, …
    pub(crate) service: String,
    pub(crate) operation: String,
    /// The access key that signed the request, which is the account.
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// What the service does about a call.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Status and body.
    Reply(u16, Vec<u8>),
    /// The connection breaks before an answer arrives.
    Lost,
}

impl Answer {
    pub(crate) fn json(body: &Value) -> Self {
        Self::Reply(200, body.to_string().into_bytes())
    }

    pub(crate) fn error(code: &str) -> Self {
        let body = json!({ "__type": code, "message": code, "Message": code });
        Self::Reply(400, body.to_string().into_bytes())
    }
}

/// An alarm as CloudWatch has it.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    pub(crate) state: &'static str,
    pub(crate) actions_enabled: bool,
    /// Namespace, metric, instance.
    pub(crate) metric: Option<(&'static str, &'static str, &'static str)>,
}

/// An instance as EC2 has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Instance {
    pub(crate) group: Option<&'static str>,
    pub(crate) instance_store: bool,
    pub(crate) loose_address: bool,
}

/// What is so; tests change it.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) table: Table,
    /// Rules by name.
    pub(crate) rules: BTreeMap<String, String>,
    pub(crate) control: Option<String>,
    /// By name, in whatever account.
    pub(crate) alarms: BTreeMap<String, Alarm>,
    /// Type, epoch seconds and summary, the newest first.
    pub(crate) history: Vec<(&'static str, f64, &'static str)>,
    pub(crate) instances: BTreeMap<String, Instance>,
    /// What was sent to the queue, and its delay.
    pub(crate) queue: Vec<(Value, i64)>,
    /// Name and input.
    pub(crate) executions: BTreeMap<String, Value>,
    pub(crate) outcomes: Vec<Value>,
    pub(crate) calls: Vec<Call>,
    faults: Vec<Fault>,
}

struct Fault {
    operation: String,
    /// How many pass first.
    after: usize,
    times: usize,
    answer: Answer,
    /// It is performed all the same.
    performed: bool,
}

/// The whole of it. Clones are the same.
#[derive(Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    pub(crate) deps: Arc<Deps>,
}

#[derive(Clone)]
struct Aws(Arc<Mutex<State>>);

impl World {
    /// At this time, with the alarm of the fixtures ringing and its instance running.
    pub(crate) fn at(now: &str) -> Self {
        let world = Self::on(Arc::new(Mutex::new(State::default())), now);
        let metric = ("AWS/EC2", "CPUUtilization", "i-12345678901234567");
        world.alarm("ServerCpuTooHigh", "ALARM", Some(metric));
        world.state().instances.insert("i-12345678901234567".into(), Instance::default());
        world
    }

    /// Another instance of the function, on the same AWS.
    pub(crate) fn another(&self) -> Self {
        Self::on(Arc::clone(&self.state), &self.deps.clock.now().to_string())
    }

    fn on(state: Arc<Mutex<State>>, now: &str) -> Self {
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(SharedHttpClient::new(Aws(Arc::clone(&state))))
            .region(aws_config::Region::new("us-east-1"))
            .endpoint_url("http://127.0.0.1:9")
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                HUB, "secret", None, None, "test",
            )))
            .build();
        let environment = Environment::from_iter([
            ("HUB_ACCOUNT", HUB),
            ("ORGANIZATIONS_REGION", "us-east-1"),
            ("READ_ROLE_NAME", "runbook-relay-read"),
            ("ALARM_QUEUE_URL", QUEUE),
            ("RUN_AUTOMATION_ARN", MACHINE),
            ("TABLE_NAME", "table"),
            ("TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:outcomes"),
        ]);
        let mut deps = Deps::new(&environment, &sdk).unwrap();
        deps.clock = Clock::from(now.parse::<Timestamp>().unwrap());
        Self { state, deps: Arc::new(deps) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn rule(&self, name: &str, text: &str) {
        self.state().rules.insert(name.to_owned(), text.to_owned());
    }

    pub(crate) fn alarm(
        &self,
        name: &str,
        state: &'static str,
        metric: Option<(&'static str, &'static str, &'static str)>,
    ) {
        let alarm = Alarm { state, actions_enabled: true, metric };
        self.state().alarms.insert(name.to_owned(), alarm);
    }

    fn fault(&self, operation: &str, after: usize, times: usize, answer: Answer, performed: bool) {
        let operation = operation.to_owned();
        self.state().faults.push(Fault { operation, after, times, answer, performed });
    }

    /// Answers the next `times` calls of an operation so, instead of performing them.
    pub(crate) fn instead(&self, operation: &str, times: usize, answer: Answer) {
        self.fault(operation, 0, times, answer, false);
    }

    /// The same, after some that pass.
    pub(crate) fn after(&self, operation: &str, after: usize, times: usize, answer: Answer) {
        self.fault(operation, after, times, answer, false);
    }

    /// Performs the next `times` calls of an operation and loses the answers.
    pub(crate) fn lose(&self, operation: &str, times: usize) {
        self.fault(operation, 0, times, Answer::Lost, true);
    }

    pub(crate) fn heal(&self) {
        self.state().faults.clear();
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| call.operation == operation).count()
    }

    /// Hands over a batch; the ids of the messages that failed: `m-0`, `m-1`, …
    pub(crate) async fn batch(&self, bodies: &[Value]) -> Vec<String> {
        let texts: Vec<String> = bodies.iter().map(Value::to_string).collect();
        self.texts(&texts).await
    }

    pub(crate) async fn texts(&self, bodies: &[String]) -> Vec<String> {
        let record = |(index, body): (usize, &String)| json!({ "messageId": format!("m-{index}"), "eventSource": "aws:sqs", "body": body });
        let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
        let answer = self.direct(json!({ "Records": records })).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        failures.map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    /// Calls the function as it is.
    pub(crate) async fn direct(&self, input: Value) -> Result<Value, Error> {
        handle(&self.deps, input).await.map(|answer| serde_json::to_value(answer).unwrap())
    }
}

impl Aws {
    fn serve(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = parse(request);
        let mut state = self.0.lock().unwrap();
        state.calls.push(call.clone());
        let fault = state
            .faults
            .iter_mut()
            .find(|fault| fault.operation == call.operation && fault.times > 0);
        let fault = fault.and_then(|fault| {
            if fault.after > 0 {
                fault.after -= 1;
                return None;
            }
            fault.times -= 1;
            Some((fault.answer.clone(), fault.performed))
        });
        let answer = match fault {
            Some((answer, false)) => answer,
            Some((answer, true)) => {
                answers::answer(&mut state, &call);
                answer
            }
            None => answers::answer(&mut state, &call),
        };
        match answer {
            Answer::Reply(status, body) => {
                let mut response =
                    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                if call.service == "monitoring" {
                    response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
                }
                Ok(response)
            }
            Answer::Lost => Err(ConnectorError::io("connection reset".into())),
        }
    }
}

fn parse(request: &HttpRequest) -> Call {
    let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
    let bytes = request.body().bytes().unwrap_or_default();
    let uri: http::Uri = request.uri().parse().unwrap();
    let authorization = header("authorization");
    let scope: Vec<String> = authorization
        .split_once("Credential=")
        .map(|(_, rest)| rest.split(['/', ',']).map(str::to_owned).collect())
        .unwrap_or_default();
    let at = |i: usize| scope.get(i).cloned().unwrap_or_default();
    let path = uri.path().to_owned();
    let json = || serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let (operation, body) = if let Some((_, operation)) = header("x-amz-target").split_once('.') {
        (operation.to_owned(), json())
    } else if header("smithy-protocol") == "rpc-v2-cbor" {
        (path.rsplit('/').next().unwrap_or_default().to_owned(), cbor::decode(bytes))
    } else {
        let form = form(std::str::from_utf8(bytes).unwrap());
        (form.get("Action").cloned().unwrap_or_default(), json!(form))
    };
    Call { service: at(3), operation, account: at(0), region: at(2), path, body }
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
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.serve(&request))
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
