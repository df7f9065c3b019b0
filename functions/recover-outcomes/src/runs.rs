//! The runs that an execution of `run-automation` had started when it ended: nobody follows them any more, so each
//! is stopped and reported.

use aws::AwsError;
use aws_sdk_ssm::types::{AutomationExecution, StopType};
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
        let found = end(deps, &run).await?;
        reports.extend(report(input, rung, &run, found));
    }
    Ok(reports)
}

/// SSM's answer about a run when its execution has ended.
struct Found {
    status: AutomationStatus,
    /// Of its runs in accounts, Regions or on targets, how many succeeded and how many did not, where SSM counts them.
    counted: Option<(u32, u32)>,
    /// Whether it has such runs.
    fans_out: bool,
}

impl Found {
    fn of(execution: Option<&AutomationExecution>) -> Self {
        let status = execution.and_then(AutomationExecution::automation_execution_status);
        let counters = execution.and_then(AutomationExecution::progress_counters);
        let fans_out = execution.is_some_and(|execution| {
            !execution.targets().is_empty()
                || !execution.target_maps().is_empty()
                || !execution.target_locations().is_empty()
        });
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        Self {
            status: AutomationStatus::parse(status.map_or("", |status| status.as_str())),
            counted: counters.map(|counters| {
                let failed = [
                    counters.failed_steps(),
                    counters.timed_out_steps(),
                    counters.cancelled_steps(),
                ];
                (count(counters.success_steps()), failed.into_iter().map(count).sum())
            }),
            fans_out: fans_out || counters.is_some(),
        }
    }

    /// The part that its counts leave open. follow-automation reads the runs below, under roles that this function does not have.
    fn uncounted(&self, run: &StartedRun, asks: bool) -> Option<String> {
        let id = &run.execution_id;
        let look = format!(
            "aws ssm describe-automation-step-executions --region {} --automation-execution-id {id}",
            run.region
        );
        match (self.fans_out, self.counted) {
            (true, Some((succeeded, failed))) if self.status.ending().is_none() => Some(format!(
                "when its execution ended, {succeeded} of its runs had succeeded and {failed} had not; the others were \
                 stopped and are not counted: {look}"
            )),
            (true, Some(_)) => None,
            (true, None) => Some(format!("its runs could not be counted: {look}")),
            // The run that an approval starts may be one for many.
            (false, _) if asks => Some(format!("the runs that it started are not counted: {look}")),
            (false, _) => None,
        }
    }
}

/// The state of a run, as far as it is known; one that still goes on is stopped, so that its steps for this case run.
async fn end(deps: &Deps, run: &StartedRun) -> Result<Found, Error> {
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
    let found = Found::of(execution.as_ref());
    if found.status.ending().is_some() {
        return Ok(found);
    }
    let stop = client.stop_automation_execution().automation_execution_id(id);
    match stop.r#type(StopType::Cancel).send().await.map_err(AwsError::from) {
        Ok(_) => tracing::info!(automation = id, "stopped"),
        Err(error)
            if error.is("InvalidAutomationStatusUpdateException")
                || error.is("AutomationExecutionNotFoundException") => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(found)
}

fn report(
    input: &RunAutomationInput,
    rung: usize,
    run: &StartedRun,
    found: Found,
) -> Option<RunReport> {
    let wanted = input.ladder.get(rung)?;
    let (succeeded, failed) = found.counted.filter(|_| found.fans_out).unwrap_or_default();
    let (ending, uncounted) =
        (found.status.ending(), found.uncounted(run, wanted.approval.is_some()));
    Some(RunReport {
        rung: u32::try_from(rung).ok()?.saturating_add(1),
        runbook: wanted.runbook.clone(),
        execution_id: Some(run.execution_id.clone()),
        account: input.account.unwrap_or(run.account),
        region: input.region.clone().unwrap_or_else(|| run.region.clone()),
        started_in: Some(run.place()),
        end: RungEnd::Ran(ending.unwrap_or(Ending::Cancelled)),
        status: Some(if ending.is_some() { found.status } else { AutomationStatus::Cancelling }),
        failed_step: None,
        reason: uncounted,
        seen: None,
        children: Vec::new(),
        children_succeeded: succeeded,
        children_failed: failed,
        decisions: Vec::new(),
        unanswered: false,
        problems: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::types::{AutomationExecutionStatus, ProgressCounters, Target, TargetLocation};
    use serde_json::json;

    use super::*;

    fn run() -> StartedRun {
        serde_json::from_value(json!({
            "executionId": "5f0c4a2e-0000-4000-8000-00000000abcd", "account": "111122223333",
            "region": "eu-west-1", "at": "2026-01-02T03:04:05Z", "limit": 3600
        }))
        .unwrap()
    }

    fn reported(execution: &AutomationExecution, input: serde_json::Value) -> RunReport {
        let input: RunAutomationInput = serde_json::from_value(input).unwrap();
        report(&input, 0, &run(), Found::of(Some(execution))).unwrap()
    }

    #[test]
    fn the_runs_of_a_run_that_was_broken_off_are_counted_as_far_as_ssm_counts_them() {
        use AutomationExecutionStatus::{Inprogress, Success};
        let counters = ProgressCounters::builder()
            .total_steps(9)
            .success_steps(4)
            .failed_steps(1)
            .timed_out_steps(1);
        let counted = |status| {
            let targets = Target::builder().key("ParameterValues").values("i-1").build();
            AutomationExecution::builder()
                .automation_execution_status(status)
                .targets(targets)
                .progress_counters(counters.clone().build())
                .build()
        };
        let input = json!({"runbook": "Org-A"});
        let broken = reported(&counted(Inprogress), input.clone());
        assert_eq!((broken.children_succeeded, broken.children_failed), (4, 2));
        assert_eq!(broken.end, RungEnd::Ran(Ending::Cancelled));
        let reason = broken.reason.unwrap();
        assert!(
            reason.contains("4 of its runs had succeeded and 2 had not; the others were stopped"),
            "{reason}"
        );
        assert!(reason.contains("--region eu-west-1 --automation-execution-id 5f0c"), "{reason}");
        let ended = reported(&counted(Success), input.clone());
        assert_eq!((ended.children_succeeded, ended.children_failed, ended.reason), (4, 2, None));

        let uncounted = AutomationExecution::builder()
            .automation_execution_status(Inprogress)
            .target_locations(TargetLocation::builder().accounts("1").build())
            .build();
        let reason = reported(&uncounted, input.clone()).reason.unwrap();
        assert!(reason.starts_with("its runs could not be counted"), "{reason}");
        let plain = AutomationExecution::builder().automation_execution_status(Inprogress).build();
        assert_eq!(reported(&plain, input).reason, None);
        let asks = json!({"runbook": "Org-A", "approval": {"approvers": ["a"]}});
        assert!(reported(&plain, asks).reason.unwrap().contains("are not counted"));
    }
}
