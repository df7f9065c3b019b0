//! The runs that an execution of `run-automation` had started when it ended: nobody follows them any more, so each
//! is stopped and reported.

use aws::AwsError;
use aws_sdk_ssm::types::StopType;
use outcome::MachineInput;
use run::{AutomationStatus, Ending, RunAutomationInput, RunReport, RungEnd, StartedRun};

use crate::{Deps, Error};

/// Stops the runs of an execution that still go on; what is known of all of them.
pub(crate) async fn stop(
    deps: &Deps,
    execution: &str,
    input: &MachineInput,
) -> Result<Vec<RunReport>, Error> {
    let MachineInput::RunAutomation(input) = input else { return Ok(Vec::new()) };
    let mut reports = Vec::new();
    for (rung, run) in deps.publisher.table.runs(execution).await? {
        let status = end(deps, &run).await?;
        reports.extend(report(input, rung, &run, status));
    }
    Ok(reports)
}

/// The status of a run; one that still goes on is stopped, so that its steps for this case run.
async fn end(deps: &Deps, run: &StartedRun) -> Result<AutomationStatus, Error> {
    let failed = |source: AwsError| Error::Stop { automation: run.execution_id.clone(), source };
    let region = aws_sdk_ssm::config::Region::new(run.region.as_str().to_owned());
    let config = aws_sdk_ssm::config::Builder::from(&deps.sdk).region(region).build();
    let client = aws_sdk_ssm::Client::from_conf(config);
    let id = run.execution_id.as_str();
    let answer = client.get_automation_execution().automation_execution_id(id).send().await;
    let execution = match answer.map_err(AwsError::from) {
        Ok(answer) => answer.automation_execution,
        Err(error) if error.is("AutomationExecutionNotFoundException") => None,
        Err(error) => return Err(failed(error)),
    };
    let status = execution.and_then(|execution| execution.automation_execution_status);
    let status = AutomationStatus::parse(status.as_ref().map_or("", |status| status.as_str()));
    if status.ending().is_some() {
        return Ok(status);
    }
    let stop = client.stop_automation_execution().automation_execution_id(id);
    match stop.r#type(StopType::Cancel).send().await.map_err(AwsError::from) {
        Ok(_) => tracing::info!(automation = id, "stopped"),
        Err(error)
            if error.is("InvalidAutomationStatusUpdateException")
                || error.is("AutomationExecutionNotFoundException") => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(AutomationStatus::Cancelling)
}

fn report(
    input: &RunAutomationInput,
    rung: usize,
    run: &StartedRun,
    status: AutomationStatus,
) -> Option<RunReport> {
    Some(RunReport {
        rung: u32::try_from(rung).ok()?.saturating_add(1),
        runbook: input.ladder.get(rung)?.runbook.clone(),
        execution_id: Some(run.execution_id.clone()),
        account: input.account.unwrap_or(run.account),
        region: input.region.clone().unwrap_or_else(|| run.region.clone()),
        started_in: Some(run.place()),
        end: RungEnd::Ran(status.ending().unwrap_or(Ending::Cancelled)),
        status: Some(status),
        failed_step: None,
        reason: None,
        seen: None,
        children: Vec::new(),
        children_succeeded: 0,
        children_failed: 0,
        decisions: Vec::new(),
        unanswered: false,
        problems: Vec::new(),
    })
}
