//! The input of `recover-outcomes`.

use serde::{Deserialize, Serialize};

/// Either a status change of one execution, or the order to look for what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecoverOutcomesInput {
    /// `{"sweep": true}`: look at every closed execution.
    Sweep {
        /// Always true.
        sweep: bool,
    },
    /// EventBridge's `Step Functions Execution Status Change`.
    StatusChange(ExecutionStatusChange),
}

/// The envelope of `Step Functions Execution Status Change`, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStatusChange {
    /// The event's id.
    pub id: String,
    /// What happened.
    pub detail: StatusChangeDetail,
}

/// What happened to the execution. Input and output are absent when they are too large for an
/// event (over 256 KiB): DescribeExecution has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChangeDetail {
    /// The execution.
    pub execution_arn: String,
    /// Its machine.
    pub state_machine_arn: String,
    /// Its name.
    pub name: String,
    /// RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE.
    pub status: String,
}
