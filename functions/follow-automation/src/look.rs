//! A snapshot of a run: GetAutomationExecution and, once it has ended, its steps.

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

use crate::children::{Children, Place};
use crate::{Deps, Error};

/// The most children in a report: an outcome names 50 runs.
const CHILDREN: usize = 10;
/// The most pages of 50 steps each that are read of an execution.
const PAGES: usize = 10;
/// The most decisions of approvers in a report.
const APPROVERS: usize = 10;
/// The most characters of a message.
const REASON: usize = 1_000;

#[derive(Debug)]
pub(crate) struct RunSnapshot {
    pub(crate) status: AutomationStatus,
    /// The steps that have ended, once the run has, in the order in which they did.
    steps: Vec<Step>,
    execution: AutomationExecution,
}

/// A step that has ended, and the child it started, if it started one.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: String,
    reason: Option<String>,
    status: AutomationStatus,
    /// It asked for an approval.
    asked: bool,
    /// It started an execution on targets or in other accounts and Regions.
    pub(crate) fans_out: bool,
    pub(crate) child: Option<AutomationId>,
    pub(crate) place: Option<(AccountId, Region)>,
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
        let mut run = Self { status, steps: Vec::new(), execution };
        if run.status.ending().is_some() {
            let mut steps = described(client, automation, &FAILED).await.map_err(failed)?;
            steps.extend(run.successes(client, automation).await.map_err(failed)?);
            steps.sort_by_key(|step| {
                step.execution_end_time().map(|at| (at.secs(), at.subsec_nanos()))
            });
            run.steps = steps.iter().map(Step::read).collect();
        }
        Ok(run)
    }

    /// The steps that succeeded, as far as they matter: one may be an execution in whose children something failed.
    async fn successes(
        &self,
        client: &Client,
        automation: &AutomationId,
    ) -> Result<Vec<StepExecution>, AwsError> {
        let succeeded =
            |step: &&StepExecution| step.step_status() == Some(&AutomationExecutionStatus::Success);
        if !self.fans_out() {
            // The answer has them already.
            return Ok(self
                .execution
                .step_executions()
                .iter()
                .filter(succeeded)
                .cloned()
                .collect());
        }
        if self.counters().is_some() && !self.fans_out_twice() {
            return Ok(Vec::new());
        }
        described(client, automation, &[AutomationExecutionStatus::Success]).await
    }

    /// The steps that have ended.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter()
    }

    /// The step that failed first.
    pub(crate) fn first_failure(&self) -> Option<&Step> {
        self.ended().find(|step| step.failed())
    }

    /// Whether its steps are children: one for each target, or for each account and Region.
    pub(crate) fn fans_out(&self) -> bool {
        let execution = &self.execution;
        execution.progress_counters().is_some()
            || !execution.targets().is_empty()
            || !execution.target_maps().is_empty()
            || !execution.target_locations().is_empty()
    }

    /// Whether its children, one for each account and Region, have children of their own, one for each target.
    pub(crate) fn fans_out_twice(&self) -> bool {
        let locations = self.execution.target_locations();
        let on_targets = !self.execution.targets().is_empty()
            || !self.execution.target_maps().is_empty()
            || locations.iter().any(|location| !location.targets().is_empty());
        !locations.is_empty() && on_targets
    }

    /// How many children succeeded and failed, where SSM counts them.
    pub(crate) fn counters(&self) -> Option<(u32, u32)> {
        let counters = self.execution.progress_counters()?;
        let count = |number: i32| u32::try_from(number).unwrap_or(0);
        let failed = count(counters.failed_steps())
            .saturating_add(count(counters.timed_out_steps()))
            .saturating_add(count(counters.cancelled_steps()));
        Some((count(counters.success_steps()), failed))
    }

    /// Whether it waits in an `aws:approve` step.
    pub(crate) fn waits_for_approval(&self) -> bool {
        self.execution.step_executions().iter().any(|step| {
            step.step_status() == Some(&AutomationExecutionStatus::Waiting)
                && step.action() == Some("aws:approve")
        })
    }

    /// Whether an approval is what it ended at, and nobody decided by the deadline.
    pub(crate) fn is_unanswered(&self) -> bool {
        let ended = self.first_failure().is_some_and(Step::is_unanswered);
        // SSM did not end it in time, and the suite stopped it.
        ended || (self.status.ending().is_none() && self.waits_for_approval())
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
        let first = self.first_failure();
        let message = self.execution.failure_message().map(str::to_owned);
        let here = (run.account, run.region.clone());
        let found = Children::read(deps, &here, self, rung.approval.is_some()).await;
        let mut children = Vec::new();
        for (place, step) in found.failures.iter().take(CHILDREN) {
            children.push(step.child_report(deps, place).await);
        }
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
            children_succeeded: found.succeeded,
            children_failed: found.failed,
            decisions: self.decisions(),
            // The caller sets it.
            unanswered: false,
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

const FAILED: [AutomationExecutionStatus; 3] = [
    AutomationExecutionStatus::Failed,
    AutomationExecutionStatus::Timedout,
    AutomationExecutionStatus::Cancelled,
];

/// The steps of an execution with one of these statuses; of very many the first pages.
async fn described(
    client: &Client,
    automation: &AutomationId,
    statuses: &[AutomationExecutionStatus],
) -> Result<Vec<StepExecution>, AwsError> {
    let filter = StepExecutionFilter::builder()
        .key(StepExecutionFilterKey::StepExecutionStatus)
        .set_values(Some(statuses.iter().map(|status| status.as_str().to_owned()).collect()))
        .build()
        .map_err(|error| AwsError::invalid_request(&error))?;
    let mut steps: Vec<StepExecution> = Vec::new();
    let mut next = None;
    for _ in 0..PAGES {
        let page = client
            .describe_automation_step_executions()
            .automation_execution_id(automation.as_str())
            .filters(filter.clone())
            .max_results(50)
            .set_next_token(next)
            .send()
            .await?;
        steps.extend(page.step_executions.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    Ok(steps)
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
        // The console's and the API's own texts of a list or a map; an empty one is written, too.
        let given = |name: &str| {
            let text = step.inputs().and_then(|inputs| inputs.get(name));
            text.is_some_and(|text| !["", "[]", "[{}]", "null"].contains(&text.as_str()))
        };
        Self {
            asked: step.action() == Some("aws:approve"),
            fans_out: started
                && ["Targets", "TargetMaps", "TargetLocations"].into_iter().any(given),
            reason: step.failure_message().map(str::to_owned),
            status: AutomationStatus::parse(step.step_status().map_or("", |s| s.as_str())),
            child: id.filter(|_| started),
            place: place.or_else(named),
            name,
        }
    }

    /// Whether it ended in another way than with success.
    pub(crate) fn failed(&self) -> bool {
        self.status != AutomationStatus::Success
    }

    /// Whether it asked for an approval, and nobody answered in time.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.asked && self.status == AutomationStatus::TimedOut
    }

    async fn child_report(&self, deps: &Deps, place: &Place) -> ChildReport {
        let (account, region) = place.clone();
        let client = deps.accounts.ssm(account, &region);
        let failed = match &self.child {
            Some(child) => described(&client, child, &FAILED).await,
            None => Ok(Vec::new()),
        };
        let failed = failed.unwrap_or_else(|error| {
            tracing::warn!(%error, %account, "a child could not be looked at");
            Vec::new()
        });
        let ended = |step: &&StepExecution| {
            step.execution_end_time().map(|at| (at.secs(), at.subsec_nanos()))
        };
        let first = failed.iter().min_by_key(ended).map(Step::read);
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
