//! The state of an execution: the fold of its events, and nothing else.

mod fold;
mod notice;
mod scope;
mod step;
mod targets;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::document::Document;
use crate::event::{Kind, Submission};
use crate::flow::Then;
use crate::quota::{Pool, PoolKind};
use crate::request::{Mode, StopType, Tag};
use crate::status::{Outcome, Status};
use crate::view::TriggeredAlarm;

pub(crate) use fold::Changes;
pub use notice::StatusChange;
pub(crate) use scope::{Reader, ssm_names};
pub(crate) use step::{Detail, StepState, approval_outputs};
pub(crate) use targets::{TargetState, Targets};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) id: Uuid,
    pub(crate) submission: Arc<Submission>,
    pub(crate) document: Arc<Document>,
    pub(crate) submitted_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) status: Status,
    /// Whether it had its turn.
    pub(crate) began: bool,
    /// The top level's steps at their places in the document, `None` until they are started; then
    /// those within loops in the order of their start.
    pub(crate) steps: Vec<Option<Box<StepState>>>,
    /// Of every step of the document its latest start, as an index into `steps`.
    latest: Vec<u32>,
    /// The steps in flight: loops from the outside in, then the step itself.
    pub(crate) active: Vec<u32>,
    /// The next action when nothing but loops is in flight.
    pub(crate) then: Then,
    /// Interactive mode: the step that a `StartStep` named.
    pub(crate) requested: Option<u32>,
    /// Variables that were set.
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) stop: Option<Stop>,
    /// A step that a `StopStep` named.
    pub(crate) stopping_step: Option<u32>,
    /// Whether a critical step failed, or timed out.
    failed: bool,
    timed_out: bool,
    /// Whether a `StopStep` ended one.
    step_cancelled: bool,
    /// Why the first of them did; of an ended execution its failure message.
    pub(crate) failure: Option<String>,
    pub(crate) targets: Option<Box<Targets>>,
    pub(crate) tags: Vec<Tag>,
}

/// A stop that somebody or an alarm has asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stop {
    pub(crate) at: Timestamp,
    pub(crate) how: StopType,
    /// The step that was in flight then.
    pub(crate) in_flight: Option<u32>,
    pub(crate) alarms: Vec<TriggeredAlarm>,
}

/// The step was not started yet.
const NEVER: u32 = u32::MAX;

impl State {
    /// An execution that was asked for just now.
    pub(crate) fn new(
        id: Uuid,
        submission: Submission,
        document: Arc<Document>,
        submitted_at: Timestamp,
    ) -> Self {
        let tags = submission.tags.clone();
        Self {
            id,
            submission: Arc::new(submission),
            document,
            submitted_at,
            ended_at: None,
            status: Status::Pending,
            began: false,
            steps: Vec::new(),
            latest: Vec::new(),
            active: Vec::new(),
            then: Then::ListEnds,
            requested: None,
            variables: BTreeMap::new(),
            stop: None,
            stopping_step: None,
            failed: false,
            timed_out: false,
            step_cancelled: false,
            failure: None,
            targets: None,
            tags,
        }
    }

    /// The step in flight that is innermost, loops included.
    pub(crate) fn innermost(&self) -> Option<(u32, &StepState)> {
        let place = *self.active.last()?;
        Some((place, self.step(place)?))
    }

    /// A step that was started.
    pub(crate) fn step(&self, place: u32) -> Option<&StepState> {
        self.steps.get(place as usize)?.as_deref()
    }

    /// The latest start of the step of this place in the document.
    pub(crate) fn latest(&self, def: u32) -> Option<&StepState> {
        let place = *self.latest.get(def as usize)?;
        (place != NEVER).then(|| self.step(place)).flatten()
    }

    /// The place of the next start of a step among the execution's steps.
    pub(crate) fn place_of(&self, def: u32) -> u32 {
        if def < self.document.top_level() {
            def
        } else {
            u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
        }
    }

    /// Whether it is being cancelled.
    pub(crate) fn is_cancelling(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.how == StopType::Cancel)
    }

    /// Whether it is being completed: it starts no more steps.
    pub(crate) fn is_completing(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.how == StopType::Complete)
    }

    pub(crate) fn is_interactive(&self) -> bool {
        self.submission.mode == Mode::Interactive
    }

    pub(crate) fn has_targets(&self) -> bool {
        self.submission.kind != Kind::Steps
    }

    /// How it ends if it ends now.
    pub(crate) fn roll_up(&self) -> Outcome {
        let cancelled = self.is_cancelling() || self.step_cancelled;
        crate::flow::roll_up(cancelled, self.failed, self.timed_out)
    }

    /// The execution's id of a step's start, stable over restarts.
    pub(crate) fn step_id(&self, place: u32) -> Uuid {
        Uuid::new_v5(&self.id, &place.to_be_bytes())
    }

    /// The token of a step's attempt, stable over restarts.
    pub(crate) fn token(&self, place: u32, attempt: u32) -> Uuid {
        Uuid::new_v5(&self.id, &[place.to_be_bytes(), attempt.to_be_bytes()].concat())
    }

    /// The quota that it counts against.
    pub(crate) fn pool(&self) -> Option<Pool> {
        let submission = &self.submission;
        if submission.parent.as_ref().is_some_and(|parent| parent.shares_place) {
            return None;
        }
        let kind = match submission.kind {
            Kind::Steps => PoolKind::Simple,
            Kind::Targets | Kind::Locations => PoolKind::RateControl,
        };
        Some(Pool { account: submission.account.clone(), region: submission.region.clone(), kind })
    }

    /// `arn:PARTITION:ssm:REGION:ACCOUNT:automation-execution/ID`.
    pub(crate) fn arn(&self) -> String {
        crate::arn::execution(&self.submission.region, &self.submission.account, self.id)
    }
}
