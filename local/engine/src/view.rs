//! The view of an execution for callers: everything that `GetAutomationExecution` shows, in native
//! values. The wire's quirks (JSON-encoded inputs, lists of strings) are the API's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use runbook::ActionKind;
use serde_json::{Map, Value};

use crate::actions::{FailureStage, FailureType};
use crate::request::{AlarmConfiguration, Mode, Tag, Target, TargetLocation};
use crate::status::Status;

#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionView {
    /// `AutomationExecutionId`.
    pub id: String,
    pub account: String,
    pub region: String,
    /// `DocumentName`, as asked for.
    pub document_name: String,
    /// `DocumentVersion`, a number.
    pub document_version: String,
    /// `ExecutionStartTime`.
    pub started_at: Timestamp,
    /// `ExecutionEndTime`.
    pub ended_at: Option<Timestamp>,
    /// `AutomationExecutionStatus`.
    pub status: Status,
    /// `StepExecutions`, all of them; empty in a list of executions.
    pub steps: Vec<StepView>,
    /// `ProgressCounters`.
    pub progress: Progress,
    /// `Parameters`, bound, defaults included.
    pub parameters: BTreeMap<String, Value>,
    /// `Outputs` in the document's order; `None` where the step has given none yet.
    pub outputs: Vec<(String, Option<Value>)>,
    pub failure_message: Option<String>,
    pub mode: Mode,
    /// `ParentAutomationExecutionId`.
    pub parent: Option<String>,
    pub executed_by: String,
    /// `CurrentStepName`.
    pub current_step: Option<String>,
    pub current_action: Option<ActionKind>,
    pub target_parameter_name: Option<String>,
    pub targets: Vec<Target>,
    pub target_maps: Vec<BTreeMap<String, Vec<String>>>,
    /// `ResolvedTargets.ParameterValues`.
    pub resolved_targets: Vec<String>,
    pub max_concurrency: Option<String>,
    pub max_errors: Option<String>,
    /// `Target`: of a child, the target it was started for.
    pub target: Option<String>,
    pub target_locations: Vec<TargetLocation>,
    pub target_locations_url: Option<String>,
    /// `AutomationType`: whether it runs in other accounts or Regions.
    pub cross_account: bool,
    /// `AlarmConfiguration`.
    pub alarms: Option<AlarmConfiguration>,
    pub triggered_alarms: Vec<TriggeredAlarm>,
    pub association_id: Option<String>,
    /// `Variables`: their present values.
    pub variables: BTreeMap<String, Value>,
    /// Tags of the execution.
    pub tags: Vec<Tag>,
}

/// `ProgressCounters`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// `TotalSteps`.
    pub total: usize,
    /// `SuccessSteps`.
    pub success: usize,
    /// `FailedSteps`.
    pub failed: usize,
    /// `CancelledSteps`.
    pub cancelled: usize,
    /// `TimedOutSteps`.
    pub timed_out: usize,
}

/// A step of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// `StepExecutionId`.
    pub id: String,
    /// `StepName`.
    pub name: String,
    pub action: ActionKind,
    /// `TimeoutSeconds`, if the document sets it.
    pub timeout_seconds: Option<i64>,
    /// `OnFailure`, if the document sets it: `Abort`, `Continue`, `step:NAME`.
    pub on_failure: Option<String>,
    pub max_attempts: u32,
    /// `ExecutionStartTime`.
    pub started_at: Option<Timestamp>,
    /// `ExecutionEndTime`.
    pub ended_at: Option<Timestamp>,
    /// `StepStatus`.
    pub status: Status,
    pub response_code: Option<String>,
    /// `Inputs` after substitution.
    pub inputs: Map<String, Value>,
    pub outputs: Map<String, Value>,
    pub response: Option<String>,
    pub failure_message: Option<String>,
    pub failure_details: Option<FailureDetails>,
    /// `IsEnd`, if the document sets it.
    pub is_end: Option<bool>,
    /// `NextStep`: the step that success leads to.
    pub next_step: Option<String>,
    /// `IsCritical`, if the document sets it.
    pub is_critical: Option<bool>,
    pub valid_next_steps: Vec<String>,
    /// `Targets` of an `aws:executeAutomation` child.
    pub targets: Vec<Target>,
    /// `TargetLocation` of a child in another account or Region.
    pub target_location: Option<TargetLocation>,
    pub triggered_alarms: Vec<TriggeredAlarm>,
    /// `ParentStepDetails`: the loop that it runs in.
    pub parent: Option<ParentStep>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FailureDetails {
    /// `FailureStage`.
    pub stage: FailureStage,
    /// `FailureType`.
    pub kind: FailureType,
    pub details: BTreeMap<String, Vec<String>>,
}

/// `ParentStepDetails`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParentStep {
    /// `StepExecutionId`.
    pub id: String,
    /// `StepName`.
    pub name: String,
    pub action: ActionKind,
    /// `Iteration`, from 1.
    pub iteration: u32,
    pub iterator_value: Option<Value>,
}

/// A `TriggeredAlarms` item.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggeredAlarm {
    pub name: String,
    /// `ALARM` or `UNKNOWN` (it could not be read).
    pub state: String,
}
