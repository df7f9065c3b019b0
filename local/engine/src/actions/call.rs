//! The input of one attempt of a step, and its result.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use runbook::{ActionKind, AttachmentFile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ports::{Actor, Aws, Clock, Documents, Scripts, Webhooks};

/// The input of one attempt of a step.
pub struct Call<'a> {
    pub action: ActionKind,
    /// The step's inputs after substitution.
    pub inputs: &'a Map<String, Value>,
    /// The outputs that the step declares: name, selector, type.
    pub outputs: &'a [DeclaredOutput],
    /// Stable over restarts, new for every attempt: the token of calls that take one.
    pub token: Uuid,
    /// The start of this attempt was logged before a restart: its effect may have happened.
    pub resumed: bool,
    /// The identity that makes the calls.
    pub actor: &'a Actor,
    /// 12 digits.
    pub account: &'a str,
    pub region: &'a str,
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    pub execution_id: &'a str,
    /// How long this attempt may take, if the step or the action's default says. The driver
    /// ends the attempt then; an action need not look.
    pub timeout: Duration,
    /// How long a throttled call is repeated before the attempt fails
    /// (`/ssm/automation/throttling-retry-time-limit`).
    pub throttling_retry: Duration,
    /// The document's attachments by name.
    pub attachments: &'a BTreeMap<String, Vec<u8>>,
    /// The attachments as the document's `files` name them.
    pub files: &'a BTreeMap<String, AttachmentFile>,
    /// The event that the attempt waits for, for the message of its time-out.
    pub progress: &'a Progress,
    pub ports: ActionPorts<'a>,
}

/// The event that an attempt waits for at the moment, if it says so. An attempt that never says anything times
/// out in the words of its action.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Option<Waiting>>);

/// The event that a step waits for: `Step timed out while step is <phrase>. <error>.`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub phrase: String,
    pub error: String,
}

impl Progress {
    /// Says what the attempt waits for from now on.
    pub fn wait_for(&self, phrase: &str, error: String) {
        self.set(Some(Waiting { phrase: phrase.to_owned(), error }));
    }

    /// It no longer waits for that.
    pub fn clear(&self) {
        self.set(None);
    }

    pub(crate) fn get(&self) -> Option<Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, waiting: Option<Waiting>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }
}

/// The ports that actions use.
#[derive(Clone, Copy)]
pub struct ActionPorts<'a> {
    pub clock: &'a dyn Clock,
    pub aws: &'a dyn Aws,
    pub scripts: &'a dyn Scripts,
    pub documents: &'a dyn Documents,
    pub webhooks: &'a dyn Webhooks,
}

/// An output that a step declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredOutput {
    pub name: String,
    /// The selector's text, e.g. `$.Reservations[0].Instances[0].State.Name`.
    pub selector: String,
    /// `String`, `StringList`, `Boolean`, `Integer`, `StringMap`, `MapList`.
    pub kind: String,
}

/// The result of an attempt that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Outputs by name, native types. Fixed-output actions add `OutputPayload` themselves.
    pub outputs: Map<String, Value>,
    /// `ResponseCode` of the step execution.
    pub response_code: Option<String>,
    /// `Response` of the step execution.
    pub response: Option<String>,
}
