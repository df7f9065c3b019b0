//! Starting executions under the name of the fact they are about.
//!
//! A name blocks for 90 days, so a fact that is told again meets its execution: that is what makes
//! deliveries idempotent. The flows converge, so a failed execution may be followed by another one.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use relay_core::id::arn::Arn;
use relay_core::name::ExecutionName;

use crate::{AwsError, AwsErrorKind};

/// The error with which `await-membership` ends when AWS created no account: an answer, not a fault
/// that another try could overcome.
pub const LAST_WORD: &str = "MembershipFailed";

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// An execution was started under this name.
    New(ExecutionName),
    /// This one runs already, or has succeeded: nothing was started.
    Already(ExecutionName),
}

impl Started {
    /// The name of the execution that takes care of the fact.
    #[must_use]
    pub fn name(&self) -> &ExecutionName {
        match self {
            Self::New(name) | Self::Already(name) => name,
        }
    }
}

/// Why no execution takes care of the fact.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The start was refused or not answered.
    #[error("start execution {name}")]
    Start { name: ExecutionName, source: AwsError },
    /// The execution of this name could not be looked at.
    #[error("look at execution {name}")]
    Describe { name: ExecutionName, source: AwsError },
    /// All the tries a fact has were used up.
    #[error("start execution {name} again: {} of them have failed", name.attempt())]
    UsedUp {
        /// The last of them.
        name: ExecutionName,
    },
    /// The machine's ARN is none, so that its executions cannot be named.
    #[error("{0:?} is not the ARN of a state machine")]
    NotAMachine(String),
}

impl StartError {
    /// What AWS said, where it was asked.
    #[must_use]
    pub fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Start { source, .. } | Self::Describe { source, .. } => Some(source),
            Self::UsedUp { .. } | Self::NotAMachine(_) => None,
        }
    }

    /// What it means; [`AwsErrorKind::Other`] where AWS was not asked.
    #[must_use]
    pub fn kind(&self) -> AwsErrorKind {
        self.aws().map_or(AwsErrorKind::Other, |error| error.kind)
    }
}

/// Sees to it that one execution of `machine` takes care of the fact `name`: idempotent.
///
/// When the name is taken, the old execution decides: running or succeeded, it stays the only one;
/// failed, timed out or aborted, the next of `name-2` … `name-5` is tried the same way. An execution
/// that failed with [`LAST_WORD`] has said what there is to say and counts as one that succeeded.
///
/// # Errors
/// When AWS refuses or does not answer, or when all names are used up.
pub async fn start_once(
    client: &Client,
    machine: &str,
    name: &ExecutionName,
    input: &str,
) -> Result<Started, StartError> {
    let mut name = name.clone();
    loop {
        let start = client
            .start_execution()
            .state_machine_arn(machine)
            .name(name.to_string())
            .input(input)
            .send();
        match start.await.map_err(AwsError::from) {
            Ok(_) => return Ok(Started::New(name)),
            Err(error) if error.is("ExecutionAlreadyExists") => {
                if !wants_another_try(client, machine, &name).await? {
                    return Ok(Started::Already(name));
                }
                name = name.next().ok_or(StartError::UsedUp { name })?;
            }
            Err(source) => return Err(StartError::Start { name, source }),
        }
    }
}

/// Sees to it that one execution of `machine` takes care of the fact `name`, and never a second one:
/// idempotent. When the name is taken nothing is started, however the old execution ended: it has an
/// outcome of its own, and what it did is not done again because an event came twice.
///
/// # Errors
/// When AWS refuses or does not answer.
pub async fn start_only_once(
    client: &Client,
    machine: &str,
    name: &ExecutionName,
    input: &str,
) -> Result<Started, StartError> {
    let start = client
        .start_execution()
        .state_machine_arn(machine)
        .name(name.to_string())
        .input(input)
        .send();
    match start.await.map_err(AwsError::from) {
        Ok(_) => Ok(Started::New(name.clone())),
        Err(error) if error.is("ExecutionAlreadyExists") => Ok(Started::Already(name.clone())),
        Err(source) => Err(StartError::Start { name: name.clone(), source }),
    }
}

async fn wants_another_try(
    client: &Client,
    machine: &str,
    name: &ExecutionName,
) -> Result<bool, StartError> {
    let execution =
        execution_arn(machine, name).ok_or_else(|| StartError::NotAMachine(machine.to_owned()))?;
    let answer = client.describe_execution().execution_arn(execution).send().await;
    let answer = answer.map_err(|error| {
        let mut source = AwsError::from(error);
        // The name was taken a moment ago: what cannot be seen yet will be.
        if source.kind == AwsErrorKind::NotFound {
            source.kind = AwsErrorKind::Unavailable;
        }
        StartError::Describe { name: name.clone(), source }
    })?;
    Ok(match answer.status() {
        ExecutionStatus::Failed => answer.error() != Some(LAST_WORD),
        ExecutionStatus::TimedOut | ExecutionStatus::Aborted => true,
        _ => false,
    })
}

/// `arn:…:stateMachine:M` and a name make `arn:…:execution:M:name`.
fn execution_arn(machine: &str, name: &ExecutionName) -> Option<String> {
    let mut arn: Arn = machine.parse().ok()?;
    let machine = arn.resource.strip_prefix("stateMachine:")?;
    arn.resource = format!("execution:{machine}:{name}");
    Some(arn.to_string())
}

#[cfg(test)]
mod tests;
