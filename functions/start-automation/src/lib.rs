//! Starts one rung of a ladder: one StartAutomationExecution, whose token ensures that a repeat starts
//! nothing twice.
//!
//! An objection to the start is an answer, not an error: the execution publishes it as its outcome. Errors
//! are what another attempt may overcome.

mod concurrency;
mod error;
mod ssm;

use std::time::Duration;

use aws::{Accounts, AwsError, SdkConfig, organization, runbook_facts};
use aws_credential_types::provider::ProvideCredentials;
use metrics::{Measurement, Metric};
use relay_core::execution::TriggerKind;
use relay_core::id::{AccountId, InstallationId, Region};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::Glob;
use run::{
    Hub, Pace, PlanInput, RunReport, Rung, RungEnd, StartAutomationInput, StartAutomationOutput,
    StartPlan, StartedRun, plan,
};
use runtime::{Clock, ConfigError, Environment};
use store::Table;

pub use error::Error;

/// The function's clients and settings.
#[derive(Debug)]
pub struct Deps {
    /// SSM in the hub's Regions, and the accounts that runs are about.
    pub accounts: Accounts,
    /// Organizations, in the partition's Region for it.
    pub organizations: aws_sdk_organizations::Client,
    /// Where runs are stored.
    pub table: Table,
    /// The hub, as its stack was deployed.
    pub hub: Hub,
    /// How often the run is looked at later.
    pub pace: Pace,
    /// How long a new account has until its target-account stack is there.
    pub onboarding: Duration,
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let organizations_region: Region = environment.require("ORGANIZATIONS_REGION")?;
        let account: AccountId = environment.require("HUB_ACCOUNT")?;
        let installation: InstallationId = environment.require("INSTALLATION_ID")?;
        let role = environment.or("READ_ROLE", installation.read_role())?;
        let session = installation.session("start-automation");
        let allowed: String = environment.require("ALLOWED_RUNBOOKS")?;
        let shared: String = environment.optional("SHARED_RUNBOOK_ARNS")?.unwrap_or_default();
        Ok(Self {
            accounts: Accounts::new(config, role, &session).with_own(account),
            organizations: aws::organizations(config, &organizations_region),
            table: Table::new(config, environment.require::<String>("TABLE_NAME")?),
            hub: Hub {
                execution_role: role_name(
                    &environment.or("EXECUTION_ROLE", installation.execution_role())?,
                ),
                installation,
                account,
                region: environment.require("AWS_REGION")?,
                service_role: environment.optional("SERVICE_ROLE_ARN")?,
                allowed_runbooks: Glob::list(&allowed),
                shared_runbooks: Glob::list(&shared),
                approval_topic: environment.optional("APPROVAL_TOPIC_ARN")?,
            },
            pace: environment.or("PACE", Pace::default())?,
            onboarding: Duration::from_secs(environment.or("ONBOARDING_SECONDS", 3_600)?),
            clock: Clock::system(),
        })
    }
}

/// Starts the rung. Safe to repeat: the same rung of the same execution carries the same token.
///
/// # Errors
/// When AWS throttles or does not answer, so that a later try may start it.
pub async fn handle(
    deps: &Deps,
    request: StartAutomationInput,
) -> Result<StartAutomationOutput, Error> {
    let StartAutomationInput { execution, input, rung } = &request;
    let Some(wanted) = input.ladder.get(*rung) else { return Err(Error::NoRung(*rung)) };
    if input.trigger.kind == TriggerKind::Onboarding
        && let Some(problem) = not_ready(deps, input.account_or(&deps.hub), &request).await?
    {
        let waited = deps.clock.now().duration_since(execution.start_time).unsigned_abs();
        return Ok(if waited < deps.onboarding {
            StartAutomationOutput::Wait { seconds: deps.pace.verify.max(1) }
        } else {
            finish(deps, &request, wanted, vec![problem])
        });
    }
    let region = input.start_region(&deps.hub, wanted);
    let client = deps.ssm(&region);
    let runbook = runbook_facts::read(&client, &deps.hub, wanted).await.map_err(|source| {
        let runbook = wanted.runbook.to_string();
        Error::Runbook { runbook, source }
    })?;
    let selectors = input.organization_selectors();
    let organization = match selectors.as_slice() {
        [] => None,
        selectors => Some(organization::read_units(&deps.organizations, selectors).await?),
    };
    let planned = plan(PlanInput {
        input,
        rung: *rung,
        execution: &execution.name,
        hub: &deps.hub,
        runbook: &runbook,
        organization: organization.as_ref(),
    });
    let StartPlan { region, start, .. } = match planned {
        Ok(planned) => planned,
        Err(problems) => return Ok(finish(deps, &request, wanted, problems)),
    };
    if input.run.adaptive_concurrency {
        let on = concurrency::enable(&deps.ssm(&region)).await;
        on.map_err(Error::Concurrency)?;
    }
    let at = deps.clock.now();
    let (client, installation) = (deps.ssm(&region), &deps.hub.installation);
    let id = match ssm::start(&client, &start, installation, execution.start_time).await {
        Ok(id) => id,
        Err(error) if error.is_transient() || error.may_have_started() => return Err(error),
        Err(error) => {
            let what = error.to_string();
            let place = input.place(&format!("ladder[{rung}].runbook"));
            let refused = Problem::new(ProblemCode::StartRefused, place, what);
            tracing::warn!(error = relay_core::text::error_chain(&error), "refused");
            return Ok(finish(deps, &request, wanted, vec![refused]));
        }
    };
    let limit = wanted.limit();
    let run = StartedRun { execution_id: id, account: deps.hub.account, region, at, limit };
    match deps.table.store_run(&execution.arn, *rung, &run).await.map_err(Error::StoreRun) {
        Ok(()) => {}
        // The repeat finds the run by its token.
        Err(error) if error.is_transient() => return Err(error),
        // It is followed anyway. Only if this execution is stopped, the run is not found and goes on.
        Err(error) => {
            tracing::error!(error = relay_core::text::error_chain(&error), "not stored");
        }
    }
    tracing::info!(automation = %run.execution_id, runbook = %wanted.runbook, "started");
    if *rung == 0
        && let Some(alarm_at) = input.alarm.as_ref().and_then(|alarm| alarm.at)
    {
        // A clock that is behind CloudWatch's is not negative time.
        let seconds = run.at.duration_since(alarm_at).as_secs_f64().max(0.0);
        metrics::record(&[Measurement::new(Metric::AlarmToStart, seconds)]);
    }
    Ok(StartAutomationOutput::Follow { run, pace: deps.pace.clone() })
}

/// A role as TargetLocations name it: without the slash that its path begins with.
fn role_name(role: &str) -> String {
    role.trim_start_matches('/').to_owned()
}

impl Deps {
    fn ssm(&self, region: &Region) -> aws_sdk_ssm::Client {
        self.accounts.ssm(self.hub.account, region)
    }
}

/// Why a new account cannot run anything yet: its target-account stack does not exist, since its read role
/// does not.
async fn not_ready(
    deps: &Deps,
    account: AccountId,
    request: &StartAutomationInput,
) -> Result<Option<Problem>, Error> {
    if account == deps.hub.account {
        return Ok(None);
    }
    let config = deps.accounts.config(account, &deps.hub.region);
    let Some(provider) = config.credentials_provider() else { return Ok(None) };
    let Err(error) = provider.provide_credentials().await else { return Ok(None) };
    let error = AwsError::of_credentials(&error);
    if error.is_transient() {
        return Err(Error::Probe(error));
    }
    let place = request.input.place("account");
    let what = format!("account {account} cannot be reached: {error}");
    let hint = "Deploy stacks/target-account.yaml in the account, best as a StackSet of the \
                organization with automatic deployment.";
    Ok(Some(Problem::new(ProblemCode::RoleNotAssumable, place, what).with_hint(hint)))
}

fn finish(
    deps: &Deps,
    request: &StartAutomationInput,
    rung: &Rung,
    problems: Vec<Problem>,
) -> StartAutomationOutput {
    let StartAutomationInput { input, rung: index, .. } = request;
    StartAutomationOutput::Finish {
        report: Box::new(RunReport {
            rung: u32::try_from(*index).unwrap_or(u32::MAX).saturating_add(1),
            runbook: rung.runbook.clone(),
            execution_id: None,
            account: input.account_or(&deps.hub),
            region: input.region_or(&deps.hub),
            started_in: None,
            end: RungEnd::NotStarted,
            status: None,
            failed_step: None,
            reason: None,
            seen: None,
            children: Vec::new(),
            children_succeeded: 0,
            children_failed: 0,
            decisions: Vec::new(),
            unanswered: false,
            problems,
        }),
    }
}
