//! One AWS in memory, for the tests of the suite. Real SDK clients talk to it over HTTP, so requests
//! are serialized, signed, retried and parsed as in production.
//!
//! It knows the operations that the suite calls, and of each as much as the suite uses. A request
//! that AWS would refuse as malformed, and an operation that it does not know, is a panic: the code
//! under test is wrong, or this crate has to learn the operation.
//!
//! - Tests read and change [`State`] between calls.
//! - [`Aws::on`] disturbs an operation: throttles, denies, loses replies.
//! - [`Aws::calls`] and [`Aws::count`] say what was called.
//! - Time is tokio's: tests run with `start_paused`.
//! - [`Pages::Usual`], [`Aws::rate`], [`Aws::latency_of`] and [`Aws::only_count`] are for organizations as large as AWS allows.
//!
//! For tests and benchmarks only: nothing that is deployed may use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "only tests use this crate"
)]
#![allow(missing_docs, reason = "names of AWS's API need no second description")]

mod call;
mod cbor;
mod cloudwatch;
mod connection;
mod dynamodb;
mod ec2;
mod fault;
mod messages;
mod organizations;
mod place;
mod rates;
mod s3;
mod ssm;
mod states;
mod sts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
use serde_json::Value;

pub use call::{Call, Refusal, Reply, Served};
pub use cloudwatch::Alarm;
pub use dynamodb::{Item, Table, Units};
pub use ec2::Instance;
pub use fault::{Disturb, Fault};
pub use messages::Message;
pub use organizations::{Member, Organization};
pub use place::Place;
pub use rates::{Tallies, Tally};
pub use ssm::{Automation, Document, Parameter, Ssm};
pub use states::{Execution, StateMachines};

use fault::Disturbance;
use rates::Rates;

/// The suite's own account, whose credentials [`Aws::sdk`] has.
pub const HUB: &str = "111122223333";
/// Where the suite's stack is.
pub const REGION: &str = "us-east-1";
/// The name of the table; there is no other.
pub const TABLE: &str = "runbook-relay";
/// The name of the bucket; there is no other.
pub const BUCKET: &str = "runbook-relay-bucket";
/// The ARN of the topic; there is no other.
pub const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:runbook-relay-outcomes";
/// The URL of the queue; there is no other.
pub const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/runbook-relay-alarms";
/// The role that every account has for the suite's look-ups.
pub const READ_ROLE: &str = "runbook-relay-read";
/// The role that every account has for sharing documents.
pub const SHARE_ROLE: &str = "runbook-relay-share";
/// The role that every account has for copies of documents.
pub const COPY_ROLE: &str = "runbook-relay-copy";
pub const AWAIT_MEMBERSHIP: &str =
    "arn:aws:states:us-east-1:111122223333:stateMachine:runbook-relay-await-membership";
pub const SHARE_RUNBOOKS: &str =
    "arn:aws:states:us-east-1:111122223333:stateMachine:runbook-relay-share-runbooks";
pub const RUN_AUTOMATION: &str =
    "arn:aws:states:us-east-1:111122223333:stateMachine:runbook-relay-run-automation";

/// The environment of the functions, as the template sets it.
pub const ENVIRONMENT: [(&str, &str); 13] = [
    ("ALARM_QUEUE_URL", QUEUE),
    ("ALLOWED_RUNBOOKS", "Relay-*,Org-*,AWS-*"),
    ("AWAIT_MEMBERSHIP_ARN", AWAIT_MEMBERSHIP),
    ("AWS_REGION", REGION),
    ("BUCKET_NAME", BUCKET),
    ("HUB_ACCOUNT", HUB),
    ("INSTALLATION_ID", "runbook-relay"),
    ("ORGANIZATIONS_REGION", REGION),
    ("RUN_AUTOMATION_ARN", RUN_AUTOMATION),
    ("SERVICE_ROLE_ARN", "arn:aws:iam::111122223333:role/runbook-relay/runbook-relay-service"),
    ("SHARE_RUNBOOKS_ARN", SHARE_RUNBOOKS),
    ("TABLE_NAME", TABLE),
    ("TOPIC_ARN", TOPIC),
];

/// All accounts and Regions. Clones are the same AWS.
#[derive(Clone)]
pub struct Aws(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    begin: Timestamp,
    began: tokio::time::Instant,
}

/// Everything that the services remember. What belongs to one account and Region is reached through
/// [`State::at`].
#[derive(Default)]
pub struct State {
    pub table: Table,
    /// The objects of the bucket by key; those of other buckets by `<bucket>/<key>`.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// The names of other buckets.
    pub buckets: BTreeSet<String>,
    /// The parameters of every Publish that the topic accepted.
    pub published: Vec<Value>,
    /// The entries of every PutEvents that the default bus accepted.
    pub events: Vec<Value>,
    /// The messages that the queue accepted.
    pub queue: Vec<Message>,
    pub states: StateMachines,
    pub organization: Organization,
    /// How long the lists are whose pages AWS chooses.
    pub pages: Pages,
    /// Accounts in which the suite's roles do not exist.
    pub without_roles: BTreeSet<String>,
    places: BTreeMap<(String, String), Place>,
    calls: Vec<Call>,
    tallies: Tallies,
    only_counts: bool,
    disturbances: Vec<Disturbance>,
    rates: Rates,
    latency: Duration,
    latencies: BTreeMap<&'static str, Duration>,
    in_flight: BTreeMap<String, (usize, usize)>,
}

/// How many elements are on a page where AWS promises no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pages {
    /// As few as AWS may return: one, after an empty page with a next one.
    #[default]
    Fewest,
    /// As many as AWS usually returns, which is the most that it allows.
    Usual,
}

impl Pages {
    /// The size of a page, and whether an empty one comes first.
    pub(crate) fn of(self, fewest: usize, usual: usize) -> (usize, bool) {
        match self {
            Self::Fewest => (fewest, true),
            Self::Usual => (usual, false),
        }
    }
}

impl State {
    /// The state of the services in one account and Region.
    pub fn at(&mut self, account: &str, region: &str) -> &mut Place {
        self.places.entry((account.to_owned(), region.to_owned())).or_default()
    }

    /// The suite's own account and Region.
    pub fn hub(&mut self) -> &mut Place {
        self.at(HUB, REGION)
    }

    /// The JSON part of each message that subscribers received.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Value> {
        let json = |text: &Value| serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap();
        self.published.iter().map(|message| json(&json(&message["Message"])["default"])).collect()
    }

    /// An object of the bucket that holds JSON.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Value> {
        self.objects.get(key).map(|bytes| serde_json::from_slice(bytes).unwrap())
    }

    pub fn put_object(&mut self, key: &str, body: &Value) {
        self.objects.insert(key.to_owned(), body.to_string().into_bytes());
    }
}

impl Aws {
    /// An AWS in which nothing has happened yet and it is `now`, for example
    /// `2026-07-01T00:00:00Z`.
    #[must_use]
    pub fn at(now: &str) -> Self {
        let inner = Inner {
            state: Mutex::default(),
            begin: now.parse().unwrap(),
            began: tokio::time::Instant::now(),
        };
        Self(Arc::new(inner))
    }

    /// The time, which moves with tokio's.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.begin + self.0.began.elapsed()
    }

    /// Looks at or changes what is remembered. Calls wait until the guard is dropped.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A configuration of SDK clients as a function in the hub has it.
    #[must_use]
    pub fn sdk(&self) -> SdkConfig {
        // The access key is the account: so a call shows with whose credentials it was made.
        let credentials = Credentials::new(HUB, "secret", None, None, "aws-double");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(SharedHttpClient::new(self.clone()))
            .region(aws_config::Region::new(REGION))
            .endpoint_url("http://aws.double")
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// Disturbs an operation, for example `UpdateItem`.
    pub fn on(&self, operation: &'static str) -> Disturb<'_> {
        Disturb::new(self, operation)
    }

    /// Ends all disturbances: from now on every call succeeds.
    pub fn heal(&self) {
        self.state().disturbances.clear();
    }

    /// How long every answer takes from now on. The effect comes first, the answer after that time:
    /// the worst case for a caller that is killed.
    pub fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// The calls of an operation, disturbed ones and the SDK's own retries included.
    #[must_use]
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        let state = self.state();
        state.calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    #[must_use]
    pub fn count(&self, operation: &str) -> usize {
        let state = self.state();
        let tallies = state.tallies.iter().filter(|((of, _), _)| of == operation);
        tallies.map(|(_, tally)| tally.calls).sum()
    }

    #[must_use]
    pub fn all_calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub fn forget_calls(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.tallies.clear();
        state.in_flight.clear();
    }

    /// How many calls of an operation were in flight at once, at most.
    #[must_use]
    pub fn most_in_flight(&self, operation: &str) -> usize {
        self.state().in_flight.get(operation).map_or(0, |(_, most)| *most)
    }
}
