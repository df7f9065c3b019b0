//! A `StepExecution`.

use engine::{FailureDetails, ParentStep, StepView};
use serde_json::{Value, json};

use super::{Members, epoch, gson, plain, strings};

/// A step as both operations that show steps write it. `OnFailure`, `TimeoutSeconds`, `IsEnd` and
/// their like appear only if the document sets them; a step not reached has no times.
pub(crate) fn step(step: &StepView) -> Value {
    let inputs = step.inputs.iter().map(|(name, value)| (name.clone(), gson::text(value).into()));
    let outputs = step.outputs.iter().map(|(name, value)| (name.clone(), json!(strings(value))));
    let outputs: serde_json::Map<String, Value> = outputs.collect();
    Members::default()
        .with("StepName", step.name.as_str())
        .with("Action", step.action.name())
        .maybe("TimeoutSeconds", step.timeout_seconds)
        .maybe("OnFailure", step.on_failure.as_deref())
        .maybe("MaxAttempts", (step.max_attempts > 1).then_some(step.max_attempts))
        .maybe("ExecutionStartTime", step.started_at.map(epoch))
        .maybe("ExecutionEndTime", step.ended_at.map(epoch))
        .with("StepStatus", step.status.name())
        .maybe("ResponseCode", step.response_code.as_deref())
        .with("Inputs", inputs.collect::<serde_json::Map<String, Value>>())
        .maybe("Outputs", (!outputs.is_empty()).then_some(outputs))
        .maybe("Response", step.response.as_deref())
        .maybe("FailureMessage", step.failure_message.as_deref())
        .maybe("FailureDetails", step.failure_details.as_ref().map(failure))
        .with("StepExecutionId", step.id.as_str())
        .with("OverriddenParameters", json!({}))
        .maybe("IsEnd", step.is_end)
        .maybe("NextStep", step.next_step.as_deref())
        .maybe("IsCritical", step.is_critical)
        .list("ValidNextSteps", step.valid_next_steps.iter().map(|next| next.as_str().into()))
        .list("Targets", step.targets.iter().map(plain))
        .maybe("TargetLocation", step.target_location.as_ref().map(plain))
        .list("TriggeredAlarms", step.triggered_alarms.iter().map(plain))
        .maybe("ParentStepDetails", step.parent.as_ref().map(parent))
        .done()
}

fn failure(failure: &FailureDetails) -> Value {
    let FailureDetails { stage, kind, details } = failure;
    let details = (!details.is_empty()).then(|| json!(details));
    Members::default()
        .with("FailureStage", plain(stage))
        .with("FailureType", plain(kind))
        .maybe("Details", details)
        .done()
}

fn parent(parent: &ParentStep) -> Value {
    Members::default()
        .with("StepExecutionId", parent.id.as_str())
        .with("StepName", parent.name.as_str())
        .with("Action", parent.action.name())
        .with("Iteration", parent.iteration)
        .maybe("IteratorValue", parent.iterator_value.as_ref().map(iterator_value))
        .done()
}

/// The value of an iteration as text: it is a string in the model whatever its type.
pub(crate) fn iterator_value(value: &Value) -> String {
    value.as_str().map_or_else(|| gson::text(value), str::to_owned)
}
