//! Follows a run. A task of the state machine waits with a token; this function stores the token, looks at
//! the run, and answers the task as soon as the run has ended or waits for a person.
//!
//! It is invoked by the waiting task itself, again and again, since SSM's events are best effort; and by an
//! event that the run's status changed. It looks after it stored the token, so an event that arrives before
//! the look is not lost.

mod children;
mod error;
mod look;

use aws::{Accounts, AwsError, LostReply, SdkConfig};
use relay_core::id::{AccountId, InstallationId, Region};
use run::{
    AutomationIntake, Ending, Follow, FollowAutomationInput, FollowAutomationOutput, Look, Pace,
    PendingRun, RungEnd, WaitingFor,
};
use runtime::{Clock, ConfigError, Environment};
use serde_json::{Value, json};
use store::Table;

pub use error::Error;
use look::RunSnapshot;

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    /// SSM in the hub's Regions, and where children run.
    pub accounts: Accounts,
    pub hub: AccountId,
    pub sfn: aws_sdk_sfn::Client,
    /// Where waiting tasks are stored.
    pub table: Table,
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let installation: InstallationId = environment.require("INSTALLATION_ID")?;
        let role = environment.or("READ_ROLE", installation.read_role())?;
        let session = installation.session("follow-automation");
        let hub: AccountId = environment.require("HUB_ACCOUNT")?;
        Ok(Self {
            accounts: Accounts::new(config, role, &session).with_own(hub),
            hub,
            sfn: aws_sdk_sfn::Client::new(config),
            table: Table::new(config, environment.require::<String>("TABLE_NAME")?),
            clock: Clock::system(),
        })
    }
}

/// Looks at a run and answers the task that waits for it. Safe to repeat.
///
/// # Errors
/// When AWS refuses or does not answer. The waiting task then looks again after its time-out.
pub async fn handle(deps: &Deps, input: Value) -> Result<Value, Error> {
    let request = match input.get("detail-type") {
        Some(_) => match waiting(deps, &input).await? {
            Some(request) => request,
            None => return Ok(json!({"answered": false})),
        },
        None => {
            let request: FollowAutomationInput =
                serde_json::from_value(input).map_err(Error::Input)?;
            deps.table.store_waiting_task(&request).await?;
            request
        }
    };
    let Some(answer) = answer(deps, &request).await? else {
        return Ok(json!({"answered": false}));
    };
    let answered = send(deps, &request, &answer).await?;
    Ok(json!({"answered": answered}))
}

/// The task that waits for the run of the event.
async fn waiting(deps: &Deps, event: &Value) -> Result<Option<FollowAutomationInput>, Error> {
    let changed = match AutomationIntake::from_value(event).map_err(Error::Event)? {
        AutomationIntake::Changed(changed) => changed,
        AutomationIntake::Ignored { reason, .. } => {
            tracing::info!(reason, "ignored");
            return Ok(None);
        }
    };
    let request = deps.table.waiting_task(&changed.execution).await?;
    if request.is_none() {
        tracing::info!(automation = %changed.execution, "ignored: no task waits for it");
    }
    Ok(request)
}

/// The answer for the task, if there is one yet. A run beyond its time is stopped first.
async fn answer(
    deps: &Deps,
    request: &FollowAutomationInput,
) -> Result<Option<FollowAutomationOutput>, Error> {
    let FollowAutomationInput { input, rung, run, pending_published, reminded, .. } = request;
    let Some(wanted) = input.ladder.get(*rung) else { return Err(Error::NoRung(*rung)) };
    let seen = RunSnapshot::read(&deps.ssm(&run.region), &run.execution_id).await?;
    let elapsed = deps.clock.now().duration_since(run.at).as_secs().max(0);
    let look = Look {
        status: &seen.status,
        failed_step: seen.first_failure().map(|step| step.name.as_str()),
        elapsed: u32::try_from(elapsed).unwrap_or(u32::MAX),
        pending_published: *pending_published,
        reminded: *reminded,
    };
    let number = u32::try_from(*rung).unwrap_or(u32::MAX).saturating_add(1);
    // The machine's time-out decides when to look again; the pace decides only whether to publish.
    let ending = match run::follow(&look, wanted, &Pace::default()) {
        Follow::Wait { publish: false, .. } => return Ok(None),
        Follow::Wait { publish: true, .. } => {
            let approval = wanted.approval.is_some() && seen.waits_for_approval();
            let waiting_for = if approval { WaitingFor::Approval } else { seen.waiting_for() };
            let within = wanted.approval.as_ref().filter(|_| approval);
            let deadline = within.map(|approval| run.at + approval.within.duration());
            return Ok(Some(FollowAutomationOutput::Publish {
                pending: PendingRun {
                    rung: number,
                    runbook: wanted.runbook.clone(),
                    execution_id: run.execution_id.clone(),
                    account: run.account,
                    region: run.region.clone(),
                    waiting_for,
                    deadline,
                    reminder: *pending_published,
                },
            }));
        }
        Follow::Ended { ending } => ending,
        Follow::Stop => {
            stop(deps, request).await?;
            // The time for the approval is over long before the run's.
            let asks = wanted.approval.is_some() && seen.waits_for_approval();
            if asks { Ending::Rejected } else { Ending::TimedOut }
        }
    };
    let mut report = seen.report(deps, request, wanted, number).await;
    report.end = RungEnd::Ran(ending);
    report.unanswered = ending == Ending::Rejected && seen.is_unanswered();
    if ending == Ending::TimedOut && report.reason.is_none() {
        report.reason = Some(format!("it was stopped after {} s", run.limit));
    }
    tracing::info!(automation = %run.execution_id, status = %seen.status, "ended");
    Ok(Some(FollowAutomationOutput::Verify { report: Box::new(report), ended: deps.clock.now() }))
}

/// Stops a run, so that its cancellation steps still run. A run that has ended meanwhile is left alone.
async fn stop(deps: &Deps, request: &FollowAutomationInput) -> Result<(), Error> {
    let run = &request.run;
    let stop = deps
        .ssm(&run.region)
        .stop_automation_execution()
        .automation_execution_id(run.execution_id.as_str())
        .r#type(aws_sdk_ssm::types::StopType::Cancel);
    match stop.send().await.map_err(AwsError::from) {
        Ok(_) => Ok(()),
        Err(error) if error.is("InvalidAutomationStatusUpdateException") => Ok(()),
        Err(source) => Err(Error::Stop { automation: run.execution_id.clone(), source }),
    }
}

/// Answers the task; false when it does not wait any longer. The SDK repeats a call whose reply was lost, and
/// meets the task that its first attempt answered: then it is answered.
async fn send(
    deps: &Deps,
    request: &FollowAutomationInput,
    answer: &FollowAutomationOutput,
) -> Result<bool, Error> {
    let output = serde_json::to_string(answer).map_err(Error::Answer)?;
    let send = deps.sfn.send_task_success().task_token(&request.token).output(output);
    let lost = LostReply::default();
    let sent = send.customize().interceptor(lost.clone()).send().await;
    match sent.map_err(AwsError::from) {
        Ok(_) => Ok(true),
        // SendTaskSuccess has one error for a task that was answered and one that timed out.
        Err(error) if error.is("TaskTimedOut") && lost.happened() => {
            tracing::info!(%error, "the reply was lost; the task is answered");
            Ok(true)
        }
        // Answered by another call, or timed out: the machine invokes again with another token.
        Err(error)
            if ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]
                .contains(&error.code.as_str()) =>
        {
            tracing::info!(%error, "the task does not wait any longer");
            Ok(false)
        }
        Err(source) => Err(Error::Send(source)),
    }
}

impl Deps {
    fn ssm(&self, region: &Region) -> aws_sdk_ssm::Client {
        self.accounts.ssm(self.hub, region)
    }
}
