//! The automations of an outcome or an execution with their steps, as Systems Manager shows them now.

use anyhow::Result;
use aws::AwsError;
use aws_sdk_ssm::types::{AutomationExecution, StepExecution};
use outcome::{Outcome, Run};
use relay_core::id::Region;
use serde::Serialize;

use crate::archive::Archive;
use crate::session::Session;

/// An automation and its steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LiveRun {
    /// The rung, counted from 1.
    pub rung: u32,
    pub runbook: String,
    pub execution_id: String,
    pub status: String,
    /// Account and Region of the resource.
    pub place: String,
    /// The failed step and SSM's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    pub steps: Vec<LiveStep>,
    /// Why its steps cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

/// A step, without its inputs and outputs: they may hold secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LiveStep {
    pub name: String,
    pub action: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl LiveStep {
    /// As SSM describes it.
    pub(crate) fn of(step: &StepExecution) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let times = step.execution_start_time().zip(step.execution_end_time());
        Self {
            name: text(step.step_name()),
            action: text(step.action()),
            status: text(step.step_status().map(|status| status.as_str())),
            seconds: times.map(|(begin, end)| end.as_secs_f64() - begin.as_secs_f64()),
            failure: step.failure_message().map(str::to_owned),
        }
    }
}

impl LiveRun {
    fn of(run: &Run) -> Self {
        let step = run.failed_step.as_ref().map(|step| format!("in step {step}"));
        let failure: Vec<&str> =
            [step.as_deref(), run.reason.as_deref()].into_iter().flatten().collect();
        Self {
            rung: run.rung,
            runbook: run.runbook.clone(),
            execution_id: run.execution_id.clone(),
            status: run.status.clone(),
            place: format!("{}/{}", run.account, run.region),
            failure: Some(failure.join(": ")).filter(|text| !text.is_empty()),
            steps: Vec::new(),
            unseen: None,
        }
    }

    /// The text of a page.
    pub(crate) fn text(&self) -> String {
        let Self { runbook, execution_id, status, place, .. } = self;
        let id = if execution_id.is_empty() { "not started" } else { execution_id };
        let mut lines = vec![format!("{status}: {runbook} in {place} ({id})")];
        lines.extend(self.failure.clone());
        for step in &self.steps {
            let LiveStep { name, action, status, seconds, failure } = step;
            let took = seconds.map(|seconds| format!(" {seconds:.0} s")).unwrap_or_default();
            lines.push(format!("- {status} {name} ({action}){took}"));
            lines.extend(failure.as_ref().map(|failure| format!("  {failure}")));
        }
        lines.extend(self.unseen.as_ref().map(|why| format!("its steps are not shown: {why}")));
        lines.join("\n")
    }
}

/// The runs of an outcome; those that were started in the hub, where a person may look, with their steps.
pub(super) async fn of_outcome(session: &Session, outcome: &Outcome) -> Vec<LiveRun> {
    let mut runs = Vec::new();
    for run in &outcome.runs {
        let mut live = LiveRun::of(run);
        if !run.execution_id.is_empty() {
            let region = started_in(session, run);
            look(session, &region, &mut live).await;
        }
        runs.push(live);
    }
    runs
}

/// Where SSM was called: in the Region of the resource for those of the hub's account, else in the hub's.
fn started_in(session: &Session, run: &Run) -> Region {
    let page = run.console.as_deref().and_then(|page| page.split_once("?region="));
    let named = page.and_then(|(_, region)| region.parse().ok());
    named.unwrap_or_else(|| {
        if run.account.as_str() == session.caller.account {
            run.region.clone()
        } else {
            session.region.clone()
        }
    })
}

/// The runs that an execution has started so far.
pub(crate) async fn of_execution(
    session: &Session,
    archive: &Archive,
    execution: &str,
) -> Result<Vec<LiveRun>> {
    let mut runs = Vec::new();
    for (rung, run) in archive.table.runs(execution).await? {
        let mut live = LiveRun {
            rung: u32::try_from(rung).unwrap_or(u32::MAX).saturating_add(1),
            runbook: String::new(),
            execution_id: run.execution_id.to_string(),
            status: "Unknown".to_owned(),
            place: format!("{}/{}", run.account, run.region),
            failure: None,
            steps: Vec::new(),
            unseen: None,
        };
        look(session, &run.region, &mut live).await;
        runs.push(live);
    }
    Ok(runs)
}

async fn look(session: &Session, region: &Region, live: &mut LiveRun) {
    let region = aws_sdk_ssm::config::Region::new(region.as_str().to_owned());
    let config = aws_sdk_ssm::config::Builder::from(&session.config).region(region).build();
    let client = aws_sdk_ssm::Client::from_conf(config);
    let get = client.get_automation_execution().automation_execution_id(&live.execution_id);
    match get.send().await.map_err(AwsError::from) {
        Ok(answer) => {
            if let Some(execution) = answer.automation_execution {
                show(live, &execution);
            }
        }
        Err(error) => live.unseen = Some(error.to_string()),
    }
}

fn show(live: &mut LiveRun, execution: &AutomationExecution) {
    if let Some(name) = execution.document_name().filter(|_| live.runbook.is_empty()) {
        name.clone_into(&mut live.runbook);
    }
    if let Some(status) = execution.automation_execution_status() {
        status.as_str().clone_into(&mut live.status);
    }
    live.steps = execution.step_executions().iter().map(LiveStep::of).collect();
}
