//! The state of one start of a step.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::actions::{Failure, Waiting};
use crate::event::{ChildEnd, Decision, Iterations, Started, Wait};
use crate::status::Status;

/// One start of a step.
#[derive(Debug)]
pub(crate) struct StepState {
    pub(crate) def: u32,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: u32,
    pub(crate) token: Uuid,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// When the present attempt began.
    pub(crate) attempt_at: Timestamp,
    /// When the present attempt has taken too long.
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) timeout_seconds: Option<u32>,
    pub(crate) is_end: bool,
    pub(crate) critical: bool,
    /// Shared with the attempt that is made of them.
    pub(crate) inputs: Arc<Map<String, Value>>,
    pub(crate) outputs: Map<String, Value>,
    pub(crate) response_code: Option<String>,
    pub(crate) response: Option<String>,
    /// Of the latest attempt that failed.
    pub(crate) failure: Option<Box<Failure>>,
    /// The loop that it was started in, and its iteration.
    pub(crate) within: Option<(u32, u32)>,
    pub(crate) detail: Detail,
    /// The event that the present attempt waited for when its time was over.
    pub(crate) waiting: Option<Box<Waiting>>,
}

/// The progress of the step.
#[derive(Debug)]
pub(crate) enum Detail {
    /// Its attempt is to be made.
    Attempt,
    Until(Timestamp),
    Approval(Vec<Decision>),
    Resume {
        resumed: bool,
    },
    Child {
        id: Uuid,
        end: Option<Box<ChildEnd>>,
    },
    Loop(Box<Looping>),
}

/// A loop in flight, or ended.
#[derive(Debug)]
pub(crate) struct Looping {
    pub(crate) iterations: Iterations,
    /// From 1; 0 before the first.
    pub(crate) iteration: u32,
    pub(crate) value: Option<Value>,
}

impl StepState {
    pub(super) fn new(started: Started, at: Timestamp, within: Option<(u32, u32)>) -> Self {
        Self {
            def: started.def,
            status: Status::InProgress,
            attempt: 1,
            max_attempts: started.max_attempts,
            token: started.token,
            started_at: at,
            ended_at: None,
            attempt_at: at,
            deadline: started.deadline,
            timeout_seconds: started.timeout_seconds,
            is_end: started.is_end,
            critical: started.critical,
            inputs: Arc::new(started.inputs),
            outputs: Map::new(),
            response_code: None,
            response: None,
            failure: None,
            within,
            detail: Detail::Attempt,
            waiting: None,
        }
    }

    pub(crate) fn looping(&self) -> Option<&Looping> {
        match &self.detail {
            Detail::Loop(looping) => Some(looping),
            _ => None,
        }
    }

    /// Whether its attempt is to be made, or being made.
    pub(crate) fn attempts(&self) -> bool {
        !self.status.is_terminal() && matches!(self.detail, Detail::Attempt)
    }

    pub(super) fn wait(&mut self, wait: &Wait) {
        self.detail = match wait {
            Wait::Until(until) => Detail::Until(*until),
            Wait::Approval => Detail::Approval(Vec::new()),
            Wait::Resume => Detail::Resume { resumed: false },
            Wait::Child(id) => Detail::Child { id: *id, end: None },
            Wait::Iterations(iterations) => Detail::Loop(Box::new(Looping {
                iterations: iterations.clone(),
                iteration: 0,
                value: None,
            })),
        };
    }
}

/// The outputs of an `aws:approve` step whose approvers have decided this far.
pub(crate) fn approval_outputs(status: &str, decisions: &[Decision]) -> Map<String, Value> {
    let list = decisions.iter().map(|decision| {
        let mut item = json!({
            "Approver": decision.by,
            "Decision": if decision.approved { "Approve" } else { "Reject" },
            "ApprovalDecisionTime": decision.at.to_string(),
        });
        if let (Some(comment), Some(item)) = (&decision.comment, item.as_object_mut()) {
            item.insert("Comment".into(), comment.clone().into());
        }
        item
    });
    let mut outputs = Map::new();
    outputs.insert("ApprovalStatus".into(), status.into());
    outputs.insert("ApproverDecisions".into(), list.collect());
    outputs
}
