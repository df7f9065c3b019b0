//! The statuses of executions and steps, and which change leads from which to which.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The status of an execution or of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Queued; of a step: not reached.
    Pending,
    InProgress,
    /// Waiting for somebody: an approval, a Resume, a StartStep.
    Waiting,
    Success,
    /// Ended by its time limit.
    TimedOut,
    /// It was cancelled; its onCancel steps run.
    Cancelling,
    /// It ended because it was cancelled.
    Cancelled,
    Failed,
}

/// The changes that a status can undergo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Change {
    /// It gets its turn, or goes on after waiting.
    Run,
    /// It waits for somebody.
    Wait,
    /// Somebody or an alarm cancels it.
    Stop,
    End(Outcome),
}

/// How an execution or a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    Success,
    Failed,
    /// By its time limit.
    TimedOut,
    /// It ended because it was cancelled.
    Cancelled,
}

/// A change that a status does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{change:?} is not possible in status {status:?}")]
pub struct IllegalTransition {
    pub status: Status,
    /// The change that was not allowed.
    pub change: Change,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::InProgress,
        Self::Waiting,
        Self::Success,
        Self::TimedOut,
        Self::Cancelling,
        Self::Cancelled,
        Self::Failed,
    ];

    /// Whether nothing changes it any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::TimedOut | Self::Cancelled | Self::Failed)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Waiting => "Waiting",
            Self::Success => "Success",
            Self::TimedOut => "TimedOut",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }

    /// The status after a change. Total: every pair has an answer.
    ///
    /// # Errors
    /// When the change cannot happen to what is in this status: nothing follows an end, what is
    /// being cancelled neither waits nor is stopped again.
    pub fn next(self, change: Change) -> Result<Self, IllegalTransition> {
        match (self, change) {
            (Self::Pending | Self::InProgress | Self::Waiting, Change::Run) => Ok(Self::InProgress),
            (Self::Pending | Self::InProgress | Self::Waiting, Change::Wait) => Ok(Self::Waiting),
            (Self::Pending | Self::InProgress | Self::Waiting, Change::Stop) => {
                Ok(Self::Cancelling)
            }
            // An onCancel step that runs does not take back the cancellation.
            (Self::Cancelling, Change::Run) => Ok(Self::Cancelling),
            (
                Self::Pending | Self::InProgress | Self::Waiting | Self::Cancelling,
                Change::End(outcome),
            ) => Ok(outcome.into()),
            _ => Err(IllegalTransition { status: self, change }),
        }
    }
}

impl From<Outcome> for Status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Failed => Self::Failed,
            Outcome::TimedOut => Self::TimedOut,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}
