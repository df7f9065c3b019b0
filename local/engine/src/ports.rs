//! The engine's ports, one small trait for each dependency: time, AWS, scripts, webhooks, documents,
//! the organization, events.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Time. The engine never reads the system's clock.
pub trait Clock: Send + Sync {
    /// The present instant, as this clock has it.
    fn now(&self) -> Timestamp;
    /// Resolves when it is `until` or later.
    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'_, ()>;
}

/// The identity that makes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// The identity that started the execution.
    Caller {
        /// E.g. `arn:aws:iam::111122223333:root`.
        principal_arn: String,
        /// The access key that the start was signed with.
        access_key_id: String,
    },
    /// A role, assumed anew whenever its session is about to expire.
    Role {
        /// `arn:PARTITION:iam::ACCOUNT:role/NAME`.
        role_arn: String,
        /// The identity that assumes the role.
        through: Assumer,
        /// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-execution/ID`, for `aws:SourceArn`.
        source_arn: String,
    },
}

/// Who assumes a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Assumer {
    /// `ssm.amazonaws.com`: a document's `assumeRole`.
    Service,
    /// The actor of a parent execution: an execution role in another account.
    Actor(Box<Actor>),
}

/// One call of any AWS API that botocore knows.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    /// botocore's service name, e.g. `ec2`.
    pub service: String,
    /// The operation in any of the spellings that runbooks use: `DescribeInstances`,
    /// `describe_instances`, `describe-instances`.
    pub api: String,
    /// The operation's parameters as its model names them.
    pub parameters: Map<String, Value>,
    /// The account of the call, 12 digits.
    pub account: String,
    /// The Region of the call.
    pub region: String,
    /// The identity that makes the call.
    pub actor: Actor,
}

/// Why an API call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The error's code, e.g. `InvalidInstanceID.NotFound`; `ParamValidation` and `UnknownService`
    /// where botocore itself refuses.
    pub code: String,
    /// As botocore words it: `An error occurred (X) when calling the Y operation: …`.
    pub message: String,
    /// Whether the same call may succeed later: throttled, or no answer.
    pub kind: ApiErrorKind,
}

/// The kinds of failure that the engine treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// AWS throttled the call.
    Throttling,
    /// Not allowed; also a role that cannot be assumed.
    Permission,
    /// The parameters do not fit the operation's model, or there is no such operation.
    Input,
    /// The connection was lost or nothing answered: the effect may have happened.
    Lost,
    /// Anything else that the service says.
    Service,
}

/// Calls of AWS APIs.
pub trait Aws: Send + Sync {
    /// Makes one call, without retries. The answer is botocore's, `ResponseMetadata` included,
    /// with times as ISO 8601 text and bytes as text. Operations that stream their answer are
    /// refused as [`ApiErrorKind::Input`].
    fn call<'a>(&'a self, call: &'a ApiCall) -> BoxFuture<'a, Result<Value, ApiError>>;

    /// Whether the actor's role can be assumed now.
    fn check_actor<'a>(
        &'a self,
        actor: &'a Actor,
        region: &'a str,
    ) -> BoxFuture<'a, Result<(), ApiError>>;
}

/// A script of `aws:executeScript`.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// E.g. `python3.11`, `PowerShell 7.4`.
    pub runtime: String,
    /// `function`, or `file.function` in an attachment.
    pub handler: String,
    /// The code, and where it is.
    pub source: ScriptSource,
    /// The `events` argument.
    pub payload: Value,
    /// How long it may take.
    pub timeout: Duration,
    /// Whose credentials it gets: none for a caller's own context.
    pub actor: Actor,
    /// The account it acts in.
    pub account: String,
    /// The Region it acts in.
    pub region: String,
    /// The execution it is part of: its handler's `context` names it.
    pub execution_id: String,
}

/// Where a script's code is.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptSource {
    /// The code is in the document.
    Inline(String),
    /// In an attachment: its file name (`.py` or `.zip`) and content.
    Attachment {
        /// The attachment's file name.
        name: String,
        /// The content of the file.
        content: Vec<u8>,
    },
    /// In the document, and it imports from an attachment.
    Importing {
        /// The text in the document.
        text: String,
        /// The attachment's file name.
        name: String,
        /// The content of the attachment.
        content: Vec<u8>,
    },
}

/// The result of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptRun {
    /// Its return value, or why there is none.
    pub result: Result<Value, ScriptError>,
    /// Its output, cut at a documented length.
    pub log: String,
}

/// Why a script returned nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptError {
    /// It raised: traceback, last line `KeyError - 'x'`.
    Raised(String),
    /// It took too long.
    TimedOut,
    /// It broke a limit (memory, payload, output): which.
    Limit(String),
    /// It cannot be run here (no such runtime, no such handler): why.
    Unavailable(String),
    /// Its worker died: it may have run.
    Lost(String),
}

/// Runs scripts of `aws:executeScript`.
pub trait Scripts: Send + Sync {
    /// Runs a script to its end, in a process of its own.
    fn run<'a>(&'a self, script: &'a Script) -> BoxFuture<'a, ScriptRun>;
}

/// A request of `aws:invokeWebhook`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRequest {
    /// The integration's `url`.
    pub url: String,
    /// Its `headers`.
    pub headers: BTreeMap<String, String>,
    /// The body to post.
    pub body: String,
}

/// The answer of a webhook, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The HTTP status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

/// Why a webhook gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookError {
    /// Calls to this address are not allowed, and why.
    NotAllowed(String),
    /// The request cannot be made of this (URL, header): what is wrong.
    Invalid(String),
    /// No connection, or it was lost: the effect may have happened.
    Lost(String),
}

/// Posts to webhooks of `aws:invokeWebhook`.
pub trait Webhooks: Send + Sync {
    /// Posts once, without retries and without following redirects. Addresses outside
    /// the loopback interface are refused unless the settings allow them.
    fn post<'a>(
        &'a self,
        request: &'a WebhookRequest,
    ) -> BoxFuture<'a, Result<WebhookAnswer, WebhookError>>;
}

/// A document as an execution uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDocument {
    /// The name, or the ARN for a shared document, as asked for.
    pub name: String,
    /// The owner's account; empty for Amazon.
    pub owner: String,
    /// The version's number, as text.
    pub version: String,
    /// `Automation`, `Command`, `ChangeCalendar`, …
    pub document_type: String,
    /// `TargetType`, e.g. `/AWS::EC2::Instance`: which tagged resources are targets.
    pub target_type: Option<String>,
    /// The content as stored, YAML or JSON.
    pub content: String,
    /// The attached files, by name.
    pub attachments: BTreeMap<String, Vec<u8>>,
}

/// Why a document cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The account cannot see a document of this name.
    NotFound,
    /// The document has no such version.
    VersionNotFound,
}

/// Documents, as an account sees them.
pub trait Documents: Send + Sync {
    /// The document of a name or ARN, in a version (`$DEFAULT`, `$LATEST` or a number; default
    /// the default version).
    ///
    /// # Errors
    /// When the account cannot see one.
    fn find(
        &self,
        account: &str,
        region: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<FoundDocument, DocumentError>;

    /// A service setting of an account and Region, e.g. `/ssm/automation/enable-adaptive-concurrency`.
    fn setting(&self, account: &str, region: &str, id: &str) -> Option<String>;
}

/// The organization, for `TargetLocations`.
pub trait Directory: Send + Sync {
    /// The active accounts directly in an OU or the root, or with child units below it; `None` if
    /// the OU is unknown or `viewer` may not list it (the management account and delegated
    /// administrators for `ssm.amazonaws.com` may).
    fn accounts(&self, viewer: &str, parent: &str, with_child_units: bool) -> Option<Vec<String>>;
}

/// Receives the events of status changes.
pub trait Events: Send + Sync {
    /// Puts the EventBridge event of one change ([`StatusChange::event`]) on the default bus of its
    /// account and Region. Never fails and never waits: delivery is best effort, as AWS's is.
    fn emit(&self, change: StatusChange);
}

pub use crate::state::StatusChange;

/// One status change, as EventBridge delivers it.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusEvent {
    /// The account whose bus gets the event.
    pub account: String,
    /// The Region of that bus.
    pub region: String,
    /// `EC2 Automation Execution Status-change Notification` or `EC2 Automation Step …`.
    pub detail_type: &'static str,
    /// The instant of the change.
    pub time: Timestamp,
    /// The execution's ARN, the definition's ARN.
    pub resources: Vec<String>,
    pub detail: Value,
}
