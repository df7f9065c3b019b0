//! The events of an execution, as the log has them. Its state is their fold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::actions::{Done, Failure, Waiting};
use crate::log::{Entry, EntryKind, LogError};
use crate::ports::Actor;
use crate::request::{AlarmConfiguration, Mode, StopType, Tag, Target, TargetLocation};
use crate::status::Outcome;
use crate::view::TriggeredAlarm;

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stamped {
    #[serde(with = "millis")]
    pub(crate) at: Timestamp,
    #[serde(rename = "is")]
    pub(crate) event: Event,
}

impl Stamped {
    pub(crate) fn entry(&self, run: Uuid) -> Result<Entry, LogError> {
        let body = serde_json::to_vec(self).map_err(unreadable)?;
        Ok(Entry { kind: EntryKind::Event, key: run, body })
    }

    pub(crate) fn read(entry: &Entry) -> Result<Self, LogError> {
        serde_json::from_slice(&entry.body).map_err(unreadable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
fn unreadable(error: serde_json::Error) -> LogError {
    LogError { message: format!("an event entry cannot be read: {error}") }
}

/// An event of an execution, as the log has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Event {
    /// The execution was asked for. Always the first.
    Submitted(Box<Submission>),
    /// It has its turn.
    Began,
    /// Interactive mode: it waits for a `StartStep`.
    Idle,
    /// Interactive mode: a `StartStep` named this step.
    Requested { step: u32 },
    /// The first attempt of a step begins; written before its effect.
    Started(Box<Started>),
    /// An attempt failed and another one begins.
    Retried {
        step: u32,
        attempt: u32,
        token: Uuid,
        #[serde(with = "millis_option", default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        failure: Box<Failure>,
    },
    /// The event that the attempt waited for when its time was over. It comes before the time-out.
    WaitsFor { step: u32, waiting: Waiting },
    /// The step waits for something; nothing needs to be done for it until then.
    Waits { step: u32, wait: Wait },
    /// An approver has decided.
    Decided { step: u32, decision: Decision },
    /// A pause was resumed.
    Resumed { step: u32 },
    /// A loop begins an iteration.
    Iterated {
        step: u32,
        iteration: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    },
    /// The child execution of a step has ended.
    ChildEnded { step: u32, child: ChildEnd },
    /// A step has ended.
    Finished {
        step: u32,
        end: End,
        /// Where the step itself sends the execution.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        route: Option<Route>,
    },
    /// A variable has a new value.
    Set { name: String, value: Value },
    /// A `StopStep` named this step.
    StepStopped { step: u32 },
    /// The targets were resolved. This happens once.
    Resolved { targets: Vec<TargetChild> },
    /// The execution of a target was started.
    TargetStarted { target: u32, child: Uuid },
    /// The execution of a target has ended, or could not be started.
    TargetEnded { target: u32, child: ChildEnd },
    /// Somebody or an alarm has stopped it.
    Stopped {
        how: StopType,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alarms: Vec<TriggeredAlarm>,
    },
    /// Its tags are these.
    Tagged { tags: Vec<Tag> },
    /// It has ended. Always the last but for tags.
    Ended {
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// The input of an execution, after all checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submission {
    pub(crate) account: String,
    pub(crate) region: String,
    /// Which content it runs, in the log of documents.
    pub(crate) document: Uuid,
    pub(crate) document_name: String,
    pub(crate) document_version: String,
    /// The document owner's account; empty for Amazon.
    pub(crate) document_owner: String,
    pub(crate) kind: Kind,
    pub(crate) actor: Actor,
    pub(crate) caller: Actor,
    pub(crate) executed_by: String,
    /// As given; what children of targets start with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) given: BTreeMap<String, Vec<String>>,
    /// Bound; defaults as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, Value>,
    /// The values of `{{ssm:NAME}}` in defaults, read at the start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) ssm: BTreeMap<String, String>,
    pub(crate) mode: Mode,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency: Option<Idempotency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alarms: Option<AlarmConfiguration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) association_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<Parent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) targeting: Option<Box<Targeting>>,
}

/// The kinds of executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// It runs the steps of its document.
    Steps,
    /// A child for each target.
    Targets,
    /// A child for each account and Region.
    Locations,
}

/// The token of a start and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Idempotency {
    pub(crate) token: String,
    /// Of everything that the request says.
    pub(crate) digest: Uuid,
}

/// Whose child an execution is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parent {
    pub(crate) run: Uuid,
    /// Of a parent with targets the place of the target, else that of the step.
    pub(crate) place: u32,
    /// The text that `Target` shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// It counts against no quota: it uses its parent's place while the parent waits for it.
    pub(crate) shares_place: bool,
}

/// The targets or locations of an execution, and how fast it goes through them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Targeting {
    pub(crate) target_parameter_name: Option<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) target_maps: Vec<BTreeMap<String, Vec<String>>>,
    pub(crate) target_locations: Vec<TargetLocation>,
    pub(crate) target_locations_url: Option<String>,
    pub(crate) max_concurrency: Option<String>,
    pub(crate) max_errors: Option<String>,
    /// `TargetType` of the document.
    pub(crate) target_type: Option<String>,
    /// As asked for: numbers differ from Region to Region.
    pub(crate) document_version: Option<String>,
}

/// The first attempt of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    /// Its place among the execution's steps.
    pub(crate) step: u32,
    /// Its place in the document.
    pub(crate) def: u32,
    pub(crate) token: Uuid,
    #[serde(with = "millis_option", default, skip_serializing_if = "Option::is_none")]
    pub(crate) deadline: Option<Timestamp>,
    /// How long each attempt may take, if the step says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_seconds: Option<u32>,
    pub(crate) max_attempts: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_end: bool,
    pub(crate) critical: bool,
    /// The step's inputs after substitution.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) inputs: Map<String, Value>,
}

/// The reason for which a step waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Wait {
    Until(#[serde(with = "millis")] Timestamp),
    Approval,
    /// A `Resume`.
    Resume,
    /// The end of a child execution.
    Child(Uuid),
    Iterations(Iterations),
}

/// The iterations of a loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Iterations {
    /// For-each: the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) values: Option<Vec<Value>>,
    /// At most this many.
    pub(crate) most: u32,
}

/// The decision of an approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decision {
    /// The item of `Approvers` that the principal is.
    pub(crate) approver: String,
    pub(crate) by: String,
    pub(crate) approved: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    #[serde(with = "millis")]
    pub(crate) at: Timestamp,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum End {
    Success(Box<Done>),
    /// Failed or timed out.
    Failure(Box<Failure>),
    Cancelled,
}

impl End {
    pub(crate) fn success(done: Done) -> Self {
        Self::Success(Box::new(done))
    }

    pub(crate) fn failure(failure: Failure) -> Self {
        Self::Failure(Box::new(failure))
    }
}

/// Where a step sends the execution, beyond what its properties say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Route {
    /// A branch: to this step.
    Step(u32),
    /// Of a loop: a step within it ended the execution.
    End,
    /// Of a loop: a step within it aborted the execution, whatever the loop's `onFailure`.
    Abort,
}

/// How a child execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChildEnd {
    pub(crate) outcome: Outcome,
    /// The values of its outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) outputs: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// A child of an execution with targets, before it is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetChild {
    /// The step's name: the target, or `<account>_<region>`.
    pub(crate) name: String,
    /// Of a target: the parameters that are its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    /// Of a location: which item of `TargetLocations`, account, Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<(u32, String, String)>,
}

/// Times as milliseconds since the epoch: a third of the size of text, and what AWS shows.
mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.as_millisecond())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(from)?).map_err(D::Error::custom)
    }
}

mod millis_option {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.serialize_i64(at.as_millisecond()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<i64>::deserialize(from)?
            .map(|at| Timestamp::from_millisecond(at).map_err(D::Error::custom))
            .transpose()
    }
}
