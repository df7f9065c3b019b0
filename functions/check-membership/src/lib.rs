//! Checks whether a created or invited account has joined the organization. Once it has, starts
//! `share-runbooks` for it, under the same name to which the events of the join lead.
//!
//! It decides how long to wait until the next check; the state machine owns the loop and its end.

mod decide;
mod error;
mod look;
mod reason;

use aws::members::Member;
use aws::{SdkConfig, Started};
use aws_sdk_organizations::Client as Organizations;
use aws_sdk_sfn::Client as StepFunctions;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::Region;
use relay_core::name::ExecutionName;
use runtime::{Clock, ConfigError, Environment};
use sharing::{CheckMembershipInput, CheckMembershipOutput, Membership, ShareRunbooksInput};

pub use decide::{MembershipCheck, MembershipDecision, Waits, decide};
pub use error::Error;
pub use look::{Ending, MembershipState};

/// The function's clients and settings.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Organizations, in the partition's Region for it.
    pub organizations: Organizations,
    pub sfn: StepFunctions,
    /// The ARN of `share-runbooks`.
    pub share_runbooks: String,
    /// Bounds of the growing wait.
    pub waits: Waits,
    pub clock: Clock,
}

impl Deps {
    /// Clients and settings, from the environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn new(environment: &Environment, config: &SdkConfig) -> Result<Self, ConfigError> {
        let region: Region = environment.require("ORGANIZATIONS_REGION")?;
        Ok(Self {
            organizations: aws::organizations(config, &region),
            sfn: StepFunctions::new(config),
            share_runbooks: environment.require("SHARE_RUNBOOKS_ARN")?,
            waits: Waits {
                first: environment.or("POLL_FIRST_SECONDS", 5)?,
                longest: environment.or("POLL_LONGEST_SECONDS", 3600)?,
            },
            clock: Clock::system(),
        })
    }
}

/// Checks once. Safe to repeat: a hand-over that was made is found under its name.
///
/// # Errors
/// When Organizations or Step Functions refuse or do not answer. A missing membership is not an error.
pub async fn handle(
    deps: &Deps,
    input: CheckMembershipInput,
) -> Result<CheckMembershipOutput, Error> {
    let seen = look::look(&deps.organizations, &input.request).await?;
    let question = MembershipCheck {
        request: &input.request,
        since: input.execution.start_time,
        now: deps.clock.now(),
        attempt: input.attempt,
        waits: deps.waits,
    };
    let membership = match decide(question, seen) {
        MembershipDecision::HandOver(member) => hand_over(deps, member, input.trigger).await?,
        MembershipDecision::Report(membership) => membership,
    };
    tracing::info!(membership = ?membership, attempt = input.attempt, "looked");
    Ok(CheckMembershipOutput { membership, attempt: input.attempt.saturating_add(1) })
}

/// Starts the join, with the events that the wait began with.
async fn hand_over(deps: &Deps, member: Member, trigger: Trigger) -> Result<Membership, Error> {
    let name = ExecutionName::join(member.account, member.joined);
    let input = |attempt| {
        let trigger = Trigger { kind: TriggerKind::Join, attempt, ..trigger.clone() };
        serde_json::to_string(&ShareRunbooksInput::join(member.account, member.joined, trigger))
    };
    let started = aws::start_once(&deps.sfn, &deps.share_runbooks, &name, input)
        .await
        .map_err(Error::HandOver)?;
    let new = matches!(started, Started::New(_));
    tracing::info!(account = %member.account, join = %started.name(), new, "handed over");
    Ok(Membership::HandedOver { account: member.account })
}

#[cfg(test)]
mod tests;
