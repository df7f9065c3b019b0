//! An `AutomationExecution` and its `AutomationExecutionMetadata`.

use engine::ExecutionView;
use runbook::NO_OUTPUT;
use serde_json::{Map, Value, json};

use super::{Members, epoch, plain, step, strings};

/// How many steps `GetAutomationExecution` shows; `DescribeAutomationStepExecutions` has the rest.
/// AWS does not document its number.
const STEPS: usize = 100;

/// How many values of `ResolvedTargets` are shown. AWS does not document its number.
const RESOLVED: usize = 100;

/// `GetAutomationExecution`.
pub(crate) fn described(view: &ExecutionView) -> Value {
    let parameters = view.parameters.iter().map(|(name, value)| (name, strings(value)));
    let parameters: Map<String, Value> =
        parameters.map(|(name, strings)| (name.clone(), json!(strings))).collect();
    let variables: Map<String, Value> =
        view.variables.iter().map(|(name, value)| (name.clone(), json!(strings(value)))).collect();
    let shown = view.steps.iter().take(STEPS).map(step).collect::<Vec<_>>();
    common(view)
        .with("StepExecutions", shown)
        .with("StepExecutionsTruncated", view.steps.len() > STEPS)
        .with("Parameters", parameters)
        .list("TargetLocations", view.target_locations.iter().map(plain))
        .maybe("ProgressCounters", progress(view))
        .maybe("Variables", (!variables.is_empty()).then_some(variables))
        .done()
}

/// An item of `DescribeAutomationExecutions`.
pub(crate) fn listed(view: &ExecutionView) -> Value {
    let kind = if view.cross_account { "CrossAccount" } else { "Local" };
    common(view).with("LogFile", "").with("AutomationType", kind).done()
}

fn common(view: &ExecutionView) -> Members {
    let outputs = view.outputs.iter().map(|(name, value)| {
        let strings = value.as_ref().map_or_else(|| vec![NO_OUTPUT.to_owned()], strings);
        (name.clone(), json!(strings))
    });
    Members::default()
        .with("AutomationExecutionId", view.id.as_str())
        .with("DocumentName", view.document_name.as_str())
        .with("DocumentVersion", view.document_version.as_str())
        .with("ExecutionStartTime", epoch(view.started_at))
        .maybe("ExecutionEndTime", view.ended_at.map(epoch))
        .with("AutomationExecutionStatus", view.status.name())
        .with("Outputs", outputs.collect::<Map<String, Value>>())
        .maybe("FailureMessage", view.failure_message.as_deref())
        .with("Mode", plain(&view.mode))
        .maybe("ParentAutomationExecutionId", view.parent.as_deref())
        .with("ExecutedBy", view.executed_by.as_str())
        .maybe("CurrentStepName", view.current_step.as_deref())
        .maybe("CurrentAction", view.current_action.map(|action| action.name()))
        .maybe("TargetParameterName", view.target_parameter_name.as_deref())
        .with("Targets", view.targets.iter().map(plain).collect::<Vec<_>>())
        .list("TargetMaps", view.target_maps.iter().map(plain))
        .with("ResolvedTargets", resolved(view))
        .maybe("MaxConcurrency", view.max_concurrency.as_deref())
        .maybe("MaxErrors", view.max_errors.as_deref())
        .maybe("Target", view.target.as_deref())
        .maybe("AlarmConfiguration", view.alarms.as_ref().map(plain))
        .list("TriggeredAlarms", view.triggered_alarms.iter().map(plain))
        .maybe("TargetLocationsURL", view.target_locations_url.as_deref())
        .maybe("AssociationId", view.association_id.as_deref())
}

fn resolved(view: &ExecutionView) -> Value {
    let shown: Vec<_> = view.resolved_targets.iter().take(RESOLVED).collect();
    json!({"ParameterValues": shown, "Truncated": view.resolved_targets.len() > RESOLVED})
}

/// Progress counters of executions with targets or locations; AWS shows none for others.
fn progress(view: &ExecutionView) -> Option<Value> {
    let fans_out = !view.targets.is_empty()
        || !view.target_maps.is_empty()
        || !view.target_locations.is_empty()
        || view.target_locations_url.is_some();
    let progress = view.progress;
    fans_out.then(|| {
        json!({
            "TotalSteps": progress.total,
            "SuccessSteps": progress.success,
            "FailedSteps": progress.failed,
            "CancelledSteps": progress.cancelled,
            "TimedOutSteps": progress.timed_out,
        })
    })
}
