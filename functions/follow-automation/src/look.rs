//! A snapshot of a run: GetAutomationExecution and, once it has ended, the steps and children that failed.

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{
    AutomationExecution, AutomationExecutionStatus, StepExecution, StepExecutionFilter,
    StepExecutionFilterKey,
};
use relay_core::id::{AccountId, AutomationId, Region};
use run::{
    ApprovalDecision, AutomationStatus, ChildReport, FollowAutomationInput, RunReport, Rung,
    RungEnd, WaitingFor,
};

use crate::{Deps, Error};

/// The most children in a report: an outcome names 50 runs.
const CHILDREN: usize = 10;
/// The most decisions of approvers in a report.
const APPROVERS: usize = 10;
/// The most characters of a message.
const REASON: usize = 1_000;

#[derive(Debug)]
pub(crate) struct RunSnapshot {
    pub(crate) status: AutomationStatus,
    pub(crate) failed: Vec<Step>,
    execution: AutomationExecution,
    fans_out: bool,
}

/// A step that failed, and the child it started, if it started one.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    reason: Option<String>,
    status: AutomationStatus,
    child: Option<AutomationId>,
    place: Option<(AccountId, Region)>,
}

impl RunSnapshot {
    pub(crate) async fn read(client: &Client, automation: &AutomationId) -> Result<Self, Error> {
        let failed = |source: AwsError| Error::Look { automation: automation.clone(), source };
        let answer = client
            .get_automation_execution()
            .automation_execution_id(automation.as_str())
            .send()
            .await
            .map_err(|error| failed(error.into()))?;
        let execution = answer.automation_execution.unwrap_or_else(|| {
            // Not observed so far; the unknown status counts as running.
            AutomationExecution::builder().build()
        });
        let status = execution.automation_execution_status();
        let status = AutomationStatus::parse(status.map_or("", |status| status.as_str()));
        let failed = match status.ending() {
            Some(_) => failed_steps(client, automation).await.map_err(failed)?,
            None => Vec::new(),
        };
        let fans_out = execution.progress_counters().is_some()
            || !execution.targets().is_empty()
            || !execution.target_locations().is_empty();
        Ok(Self { status, failed, execution, fans_out })
    }

    /// Whether it waits in an `aws:approve` step.
    pub(crate) fn waits_for_approval(&self) -> bool {
        self.execution.step_executions().iter().any(|step| {
            step.step_status() == Some(&AutomationExecutionStatus::Waiting)
                && step.action() == Some("aws:approve")
        })
    }

    /// The signal that it waits for: an approval by a step of the runbook, or a person's.
    pub(crate) fn waiting_for(&self) -> WaitingFor {
        if self.waits_for_approval() { WaitingFor::Approval } else { WaitingFor::Step }
    }

    /// The report of the run. A child that cannot be looked at is reported without its failed step.
    pub(crate) async fn report(
        &self,
        deps: &Deps,
        request: &FollowAutomationInput,
        rung: &Rung,
        number: u32,
    ) -> RunReport {
        let FollowAutomationInput { input, run, .. } = request;
        let first = self.failed.first();
        let message = self.execution.failure_message().map(str::to_owned);
        let mut children = Vec::new();
        for step in self.failed.iter().filter(|step| self.fans_out || step.child.is_some()) {
            if children.len() == CHILDREN {
                break;
            }
            children.push(step.child_report(deps, request).await);
        }
        let counters = self.execution.progress_counters().filter(|_| self.fans_out);
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        RunReport {
            rung: number,
            runbook: rung.runbook.clone(),
            execution_id: Some(run.execution_id.clone()),
            account: input.account.unwrap_or(run.account),
            region: input.region.clone().unwrap_or_else(|| run.region.clone()),
            started_in: Some(run.place()),
            // The caller sets it.
            end: RungEnd::NotStarted,
            status: Some(self.status.clone()),
            failed_step: first.map(|step| step.name.clone()),
            reason: first.and_then(|step| step.reason.clone()).or(message).map(|r| cut(&r)),
            seen: None,
            children,
            children_succeeded: counters.map_or(0, |c| count(c.success_steps())),
            children_failed: counters.map_or(0, |c| {
                count(c.failed_steps())
                    .saturating_add(count(c.timed_out_steps()))
                    .saturating_add(count(c.cancelled_steps()))
            }),
            decisions: self.decisions(),
            problems: Vec::new(),
        }
    }

    /// Who approved or rejected it. A step for approvals has ten approvers at most.
    fn decisions(&self) -> Vec<ApprovalDecision> {
        let steps = self.execution.step_executions().iter();
        let outputs =
            steps.filter(|step| step.action() == Some("aws:approve")).filter_map(|step| {
                let outputs = step.outputs()?;
                outputs.get("ApproverDecisions")
            });
        outputs.flat_map(|texts| ApprovalDecision::read(texts)).take(APPROVERS).collect()
    }
}

/// The steps that failed, in the order in which they were run.
async fn failed_steps(client: &Client, automation: &AutomationId) -> Result<Vec<Step>, AwsError> {
    let statuses = [
        AutomationExecutionStatus::Failed,
        AutomationExecutionStatus::Timedout,
        AutomationExecutionStatus::Cancelled,
    ];
    let filter = StepExecutionFilter::builder()
        .key(StepExecutionFilterKey::StepExecutionStatus)
        .set_values(Some(statuses.iter().map(|status| status.as_str().to_owned()).collect()))
        .build()
        .map_err(|error| AwsError::invalid_request(&error))?;
    let answer = client
        .describe_automation_step_executions()
        .automation_execution_id(automation.as_str())
        .filters(filter)
        .max_results(50)
        .send()
        .await?;
    let mut steps: Vec<StepExecution> = answer.step_executions.unwrap_or_default();
    steps.sort_by_key(|step| step.execution_end_time().map(|end| (end.secs(), end.subsec_nanos())));
    Ok(steps.iter().map(Step::read).collect())
}

impl Step {
    fn read(step: &StepExecution) -> Self {
        let name = step.step_name().unwrap_or_default().to_owned();
        let started = step.action() == Some("aws:executeAutomation");
        let id =
            step.outputs().and_then(|outputs| outputs.get("ExecutionId")?.first()?.parse().ok());
        let place = step.target_location().and_then(|location| {
            let account = location.accounts().first()?.parse().ok()?;
            Some((account, location.regions().first()?.parse().ok()?))
        });
        let named = || {
            let (account, region) = name.split_once('_')?;
            Some((account.parse().ok()?, region.parse().ok()?))
        };
        Self {
            reason: step.failure_message().map(str::to_owned),
            status: AutomationStatus::parse(step.step_status().map_or("", |s| s.as_str())),
            child: id.filter(|_| started),
            place: place.or_else(named),
            name,
        }
    }

    async fn child_report(&self, deps: &Deps, request: &FollowAutomationInput) -> ChildReport {
        let run = &request.run;
        let (account, region) =
            self.place.clone().unwrap_or_else(|| (run.account, run.region.clone()));
        let client = deps.accounts.ssm(account, &region);
        let failed = match &self.child {
            Some(child) => failed_steps(&client, child).await,
            None => Ok(Vec::new()),
        };
        let failed = failed.unwrap_or_else(|error| {
            tracing::warn!(%error, %account, "a child could not be looked at");
            Vec::new()
        });
        let first = failed.into_iter().next();
        let (failed_step, reason) = match first {
            Some(step) => (Some(step.name), step.reason),
            None => (None, None),
        };
        ChildReport {
            execution_id: self.child.clone(),
            account,
            region,
            status: self.status.clone(),
            failed_step,
            reason: reason.or_else(|| self.reason.clone()).map(|reason| cut(&reason)),
        }
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(REASON).collect()
}
