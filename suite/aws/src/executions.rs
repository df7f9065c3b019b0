//! Starting executions under the name of the fact they are about.
//!
//! Step Functions refuses a used name for 90 days, so a repeated event finds the execution that the first
//! one started: this makes deliveries idempotent. The flows converge, so another execution may follow a
//! failed one.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use relay_core::id::arn::Arn;
use relay_core::name::ExecutionName;

use crate::{AwsError, AwsErrorKind};

/// The error with which `await-membership` ends when AWS created no account: a final answer, which another
/// attempt would not change.
pub const MEMBERSHIP_FAILED: &str = "MembershipFailed";

/// How a start ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// An execution was started under this name.
    New(ExecutionName),
    /// This execution is running or has succeeded, so nothing was started.
    Already(ExecutionName),
}

impl Started {
    /// The name of the execution for the fact.
    #[must_use]
    pub fn name(&self) -> &ExecutionName {
        match self {
            Self::New(name) | Self::Already(name) => name,
        }
    }
}

/// Why there is no execution for the fact.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Step Functions refused the start or did not answer.
    #[error("start execution {name}")]
    Start {
        /// The name of the execution.
        name: ExecutionName,
        /// The failed call of Step Functions.
        source: AwsError,
    },
    /// The execution of this name could not be looked at.
    #[error("look at execution {name}")]
    Describe {
        /// The name of the execution.
        name: ExecutionName,
        /// The failed call of Step Functions.
        source: AwsError,
    },
    /// Every name that the fact may have belongs to a failed execution.
    #[error("start execution {name} again: {} of them have failed", name.attempt())]
    UsedUp {
        /// The last of them.
        name: ExecutionName,
    },
    /// The input of the execution could not be written. Plain data: never in practice.
    #[error("write the input of execution {name} as JSON")]
    Input {
        /// The name it would have had.
        name: ExecutionName,
        /// The error of the serializer, which plain data never meets.
        source: serde_json::Error,
    },
    /// Not a state machine ARN, so no execution ARN can be derived.
    #[error("{0:?} is not the ARN of a state machine")]
    NotAMachine(String),
}

impl StartError {
    /// AWS's error, if AWS was called.
    #[must_use]
    pub fn aws(&self) -> Option<&AwsError> {
        match self {
            Self::Start { source, .. } | Self::Describe { source, .. } => Some(source),
            Self::UsedUp { .. } | Self::Input { .. } | Self::NotAMachine(_) => None,
        }
    }

    /// The meaning for the caller; [`AwsErrorKind::Other`] where AWS was not called.
    #[must_use]
    pub fn kind(&self) -> AwsErrorKind {
        self.aws().map_or(AwsErrorKind::Other, |error| error.kind)
    }
}

/// Ensures that exactly one execution of `machine` is running or has succeeded for `name`. Idempotent.
///
/// When the name is taken, the old execution decides: if it is running or has succeeded, nothing is
/// started; if it failed, timed out or was aborted, the next of `name-2` … `name-5` is tried the same way.
/// An execution that failed with [`MEMBERSHIP_FAILED`] counts as succeeded.
///
/// `input` makes the input of the attempt that it is given the number of: the execution has to know it, and
/// cannot read it from its name, which anybody may choose.
///
/// # Errors
/// When AWS refuses or does not answer, or when all names are used up.
pub async fn start_once(
    client: &Client,
    machine: &str,
    name: &ExecutionName,
    input: impl Fn(u32) -> serde_json::Result<String>,
) -> Result<Started, StartError> {
    let mut name = name.clone();
    loop {
        let input = input(name.attempt())
            .map_err(|source| StartError::Input { name: name.clone(), source })?;
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

/// Ensures that there is exactly one execution of `machine` for `name`, and never a second one. Idempotent.
/// When the name is taken nothing is started, however the old execution ended: it has its own outcome, and
/// its effects are not repeated because an event arrived twice.
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
        // The name was taken a moment ago, so the execution exists and will be visible soon.
        if source.kind == AwsErrorKind::NotFound {
            source.kind = AwsErrorKind::Unavailable;
        }
        StartError::Describe { name: name.clone(), source }
    })?;
    Ok(match answer.status() {
        ExecutionStatus::Failed => answer.error() != Some(MEMBERSHIP_FAILED),
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
