//! The doubles that the actions' tests share: AWS that answers by request and remembers what it
//! was asked, a clock on tokio's paused time, and an attempt with everything a step needs.

mod aws;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use runbook::{ActionKind, AttachmentFile};
use serde_json::{Map, Value};
use tokio::time::Instant;
use uuid::Uuid;

use super::{ActionPorts, Call, DeclaredOutput, Done, Failure, Progress, Waiting, cancel, run};
use crate::ports::{
    Actor, Clock, DocumentError, Documents, FoundDocument, Script, ScriptRun, Scripts,
    WebhookAnswer, WebhookError, WebhookRequest, Webhooks,
};

pub(in crate::actions) use aws::{Answer, AwsDouble, error, lost, of_kind, throttled};

/// The token of every attempt here.
pub(in crate::actions) const TOKEN: &str = "0190f0c8-0000-5000-8000-00000000a001";
/// The account of every attempt here.
pub(in crate::actions) const ACCOUNT: &str = "111122223333";
/// The Region of every attempt here.
pub(in crate::actions) const REGION: &str = "eu-west-1";
/// The execution of every attempt here.
pub(in crate::actions) const EXECUTION: &str = "8a5f5be8-5d93-437a-adbb-394f7a000001";

/// Time that tokio's paused clock makes pass.
pub(in crate::actions) struct PausedClock {
    began: Instant,
}

impl PausedClock {
    fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.began.elapsed()
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()> {
        let time = Timestamp::UNIX_EPOCH.duration_until(until).unsigned_abs();
        tokio::time::sleep_until(self.began + time).boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scripts that all end the same way.
pub(in crate::actions) struct ScriptsDouble {
    run: ScriptRun,
    seen: Mutex<Vec<Script>>,
}

impl Scripts for ScriptsDouble {
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun> {
        lock(&self.seen).push(script.clone());
        let run = self.run.clone();
        async move { run }.boxed()
    }
}

/// A webhook that always answers the same.
struct WebhooksDouble {
    answer: Result<WebhookAnswer, WebhookError>,
    seen: Mutex<Vec<WebhookRequest>>,
}

impl Webhooks for WebhooksDouble {
    fn post<'a>(
        &'a self,
        request: &'a WebhookRequest,
    ) -> BoxFuture<'a, Result<WebhookAnswer, WebhookError>> {
        lock(&self.seen).push(request.clone());
        let answer = self.answer.clone();
        async move { answer }.boxed()
    }
}

/// No documents; settings by id.
struct SettingsDouble(BTreeMap<String, String>);

impl Documents for SettingsDouble {
    fn find(
        &self,
        _account: &str,
        _region: &str,
        _name: &str,
        _version: Option<&str>,
    ) -> Result<FoundDocument, DocumentError> {
        Err(DocumentError::NotFound)
    }

    fn setting(&self, _account: &str, _region: &str, id: &str) -> Option<String> {
        self.0.get(id).cloned()
    }
}

/// One attempt of a step, with a world around it.
pub(in crate::actions) struct Attempt {
    action: ActionKind,
    inputs: Map<String, Value>,
    outputs: Vec<DeclaredOutput>,
    resumed: bool,
    timeout: Duration,
    throttling_retry: Duration,
    attachments: BTreeMap<String, Vec<u8>>,
    files: BTreeMap<String, AttachmentFile>,
    settings: SettingsDouble,
    scripts: ScriptsDouble,
    webhooks: WebhooksDouble,
    took: Mutex<Duration>,
    progress: Progress,
}

impl Attempt {
    /// An attempt of an action with inputs.
    pub(in crate::actions) fn new(action: ActionKind, inputs: Value) -> Self {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        Self {
            action,
            inputs,
            outputs: Vec::new(),
            resumed: false,
            timeout: Duration::from_secs(3_600),
            throttling_retry: Duration::from_secs(60),
            attachments: BTreeMap::new(),
            files: BTreeMap::new(),
            settings: SettingsDouble(BTreeMap::new()),
            scripts: ScriptsDouble {
                run: ScriptRun { result: Ok(Value::Null), log: String::new() },
                seen: Mutex::default(),
            },
            webhooks: WebhooksDouble {
                answer: Ok(WebhookAnswer { status: 200, body: "ok".into() }),
                seen: Mutex::default(),
            },
            took: Mutex::default(),
            progress: Progress::default(),
        }
    }

    /// With these inputs too, or instead.
    pub(in crate::actions) fn with(mut self, inputs: Value) -> Self {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        self.inputs.extend(inputs);
        self
    }

    /// With this input too, or instead.
    pub(in crate::actions) fn input(mut self, name: &str, value: Value) -> Self {
        self.inputs.insert(name.into(), value);
        self
    }

    pub(in crate::actions) fn output(mut self, name: &str, selector: &str, kind: &str) -> Self {
        let (name, selector, kind) = (name.into(), selector.into(), kind.into());
        self.outputs.push(DeclaredOutput { name, selector, kind });
        self
    }

    /// The attempt was in flight at a restart.
    pub(in crate::actions) fn resumed(mut self) -> Self {
        self.resumed = true;
        self
    }

    /// How long throttled calls are repeated.
    pub(in crate::actions) fn throttling_retry(mut self, seconds: u64) -> Self {
        self.throttling_retry = Duration::from_secs(seconds);
        self
    }

    /// How long the attempt may take.
    pub(in crate::actions) fn timeout(mut self, seconds: u64) -> Self {
        self.timeout = Duration::from_secs(seconds);
        self
    }

    /// The checksum that the document's `files` have of an attachment.
    pub(in crate::actions) fn file(mut self, name: &str, sha256: &str) -> Self {
        let file = AttachmentFile { sha256: Some(sha256.into()), size: None };
        self.files.insert(name.into(), file);
        self
    }

    /// An attachment of the document.
    pub(in crate::actions) fn attachment(mut self, name: &str, content: &[u8]) -> Self {
        self.attachments.insert(name.into(), content.into());
        self
    }

    pub(in crate::actions) fn setting(mut self, id: &str, value: &str) -> Self {
        self.settings.0.insert(id.into(), value.into());
        self
    }

    /// How every script ends.
    pub(in crate::actions) fn script(mut self, run: ScriptRun) -> Self {
        self.scripts.run = run;
        self
    }

    /// Sets the answer of every webhook.
    pub(in crate::actions) fn webhook(
        mut self,
        answer: Result<WebhookAnswer, WebhookError>,
    ) -> Self {
        self.webhooks.answer = answer;
        self
    }

    /// The scripts that were run.
    pub(in crate::actions) fn scripts(&self) -> Vec<Script> {
        lock(&self.scripts.seen).clone()
    }

    pub(in crate::actions) fn posted(&self) -> Vec<WebhookRequest> {
        lock(&self.webhooks.seen).clone()
    }

    /// How long the last run took.
    pub(in crate::actions) fn took(&self) -> Duration {
        *lock(&self.took)
    }

    /// Runs the attempt to its end.
    pub(in crate::actions) async fn run(&self, aws: &AwsDouble) -> Result<Done, Failure> {
        let (clock, actor) = (PausedClock::new(), actor());
        let call = self.call(aws, &clock, &actor);
        let done = run(&call).await;
        *lock(&self.took) = clock.began.elapsed();
        done
    }

    /// Runs the attempt for a while; whether it ended by then.
    pub(in crate::actions) async fn runs_longer_than(&self, aws: &AwsDouble, seconds: u64) -> bool {
        tokio::time::timeout(Duration::from_secs(seconds), self.run(aws)).await.is_err()
    }

    /// The event that it waited for when it was last run.
    pub(in crate::actions) fn waited_for(&self) -> Option<Waiting> {
        self.progress.get()
    }

    pub(in crate::actions) async fn cancel(&self, aws: &AwsDouble) {
        let (clock, actor) = (PausedClock::new(), actor());
        cancel(&self.call(aws, &clock, &actor)).await;
    }

    fn call<'a>(
        &'a self,
        aws: &'a AwsDouble,
        clock: &'a PausedClock,
        actor: &'a Actor,
    ) -> Call<'a> {
        Call {
            action: self.action,
            inputs: &self.inputs,
            outputs: &self.outputs,
            token: Uuid::parse_str(TOKEN).unwrap(),
            resumed: self.resumed,
            actor,
            account: ACCOUNT,
            region: REGION,
            partition: "aws",
            execution_id: EXECUTION,
            files: &self.files,
            progress: &self.progress,
            timeout: self.timeout,
            throttling_retry: self.throttling_retry,
            attachments: &self.attachments,
            ports: ActionPorts {
                clock,
                aws,
                scripts: &self.scripts,
                documents: &self.settings,
                webhooks: &self.webhooks,
            },
        }
    }
}

/// The identity that makes all calls here.
pub(in crate::actions) fn actor() -> Actor {
    Actor::Caller {
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:root"),
        access_key_id: ACCOUNT.to_owned(),
    }
}
