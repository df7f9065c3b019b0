//! The types that all services of the local AWS share: requests, replies, errors, emitted events,
//! required permissions, the service model that checks inputs, and pages of lists.
//!
//! A service here is a pure state machine: no clock, no randomness, no I/O. Time is
//! [`Request::now`]; every id derives from [`Request::id`]. So the gateway can journal the calls
//! that write, and a replay of the journal gives the same state.

#![expect(
    clippy::result_large_err,
    reason = "an AwsError is an answer, made once a request: boxing it would buy nothing"
)]

pub mod arn;
pub mod cloudtrail;
pub mod model;
pub mod paging;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// One API call, authenticated, with its body as the JSON that the AWS JSON protocols carry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The request id that the reply carries; every id a service makes derives from it.
    pub id: Uuid,
    /// The caller's account, 12 digits.
    pub account: String,
    /// The Region the request was signed for.
    pub region: String,
    /// The caller's principal, e.g. `arn:aws:sts::111122223333:assumed-role/Role/session`.
    pub principal_arn: String,
    /// The access key the request was signed with.
    pub access_key_id: String,
    /// The client's `User-Agent`, for CloudTrail-shaped events.
    pub user_agent: String,
    /// The operation's name without service prefix, e.g. `CreateAccount`.
    pub operation: String,
    /// The input, as the service model names it.
    pub body: Value,
    /// When the request arrived, on the local AWS's own clock.
    pub now: Timestamp,
}

impl Request {
    /// The `n`th id of this request: stable under replay, distinct among requests.
    pub fn derived_id(&self, n: u32) -> Uuid {
        Uuid::new_v5(&self.id, &n.to_be_bytes())
    }
}

/// The reply of a service: the output as JSON, or an error.
pub type Reply = Result<Value, AwsError>;

/// An error as the AWS JSON protocols carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwsError {
    /// The error's code, e.g. `AccountNotFoundException`.
    pub code: String,
    /// AWS's message; empty where AWS sends none.
    pub message: String,
    /// The HTTP status, e.g. 400.
    pub status: u16,
    /// Further members of the error's shape, e.g. `Reason`.
    pub fields: Map<String, Value>,
}

impl AwsError {
    /// A client's error, HTTP 400.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, fields: Map::new() }
    }

    /// Adds a member of the error's shape.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.into(), value.into());
        self
    }
}

/// An event for the default bus of one account and Region, as the whole EventBridge envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emission {
    /// The account whose default bus gets it.
    pub account: String,
    /// The Region of that bus.
    pub region: String,
    /// The envelope: version, id, detail-type, source, account, time, region, resources, detail.
    pub envelope: Value,
}

/// A permission that the caller needs for a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authorization {
    /// The IAM action, e.g. `ssm:ModifyDocumentPermission`.
    pub action: String,
    /// The resource's ARN as IAM policies name it, or `*`.
    pub resource: String,
    /// Condition keys beyond the global ones, e.g. `ssm:DocumentType`.
    pub context: Map<String, Value>,
}

/// A service of the local AWS.
pub trait Service {
    /// Serves one request. Events that AWS would send are pushed to `events`, in order.
    fn call(&mut self, request: &Request, events: &mut Vec<Emission>) -> Reply;

    /// Completes everything that is due by `now` (asynchronous completions, expiries). Calling it
    /// again with the same `now` changes nothing.
    fn tick(&mut self, now: Timestamp, events: &mut Vec<Emission>);

    /// When [`Service::tick`] has work next, if ever.
    fn next_due(&self) -> Option<Timestamp>;

    /// The permissions that the caller needs, all of them. An unknown operation needs none: the
    /// call refuses it.
    fn authorizations(&self, request: &Request) -> Vec<Authorization>;

    /// Whether a request of this operation can change state, so that it must be journalled.
    fn writes(&self, operation: &str) -> bool;
}
