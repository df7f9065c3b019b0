//! The actions that act on the world: what each is given and what it gives back.
//!
//! Actions that steer the execution itself (branch, loop, pause, approve, updateVariable, sleep,
//! executeAutomation) live with the executor.
//!
//! One file per action: its inputs, what it does, what it gives back. What is common to them:
//! [`failure`] words what went wrong, [`registry`] lists what each can do.

#![expect(
    clippy::result_large_err,
    reason = "a failure is made once an attempt; its parts are what the log and the API show"
)]

mod assert_aws_resource_property;
mod change_instance_state;
mod command;
mod copy_image;
mod create_image;
mod create_stack;
mod create_tags;
mod delete_image;
mod delete_stack;
mod execute_aws_api;
mod execute_script;
mod execute_state_machine;
pub mod failure;
mod images;
mod inputs;
mod instances;
mod invoke_lambda_function;
mod invoke_webhook;
mod outputs;
mod property;
mod python;
pub mod registry;
mod request;
mod run_command;
mod run_instances;
mod script_log;
mod service;
mod stacks;
#[cfg(test)]
mod testing;
mod wait_for_aws_resource_property;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use runbook::ActionKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ports::{Actor, Aws, Clock, Documents, Scripts, Webhooks};

/// Runs one attempt of a step whose action acts on the world. Dropping the future abandons the
/// attempt; what it began at AWS goes on (see [`cancel`]).
///
/// # Errors
/// When the attempt failed; [`Failure::message`] says why in AWS's words.
pub fn run<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>> {
    async move { dispatch(call).await }.boxed()
}

/// Ends what a dropped attempt left running at AWS, as far as it can be found again: an execution
/// of a state machine, a command. Never fails: whoever cancels does not wait for AWS's consent.
pub fn cancel<'a>(call: &'a Call<'a>) -> BoxFuture<'a, ()> {
    async move {
        let cancelled = match call.action {
            ActionKind::ExecuteStateMachine => execute_state_machine::cancel(call).await,
            ActionKind::RunCommand => run_command::cancel(call).await,
            _ => Ok(()),
        };
        if let Err(error) = cancelled {
            let action = call.action.name();
            tracing::warn!(action, error = error.message, "what was begun could not be cancelled");
        }
    }
    .boxed()
}

async fn dispatch(call: &Call<'_>) -> Result<Done, Failure> {
    let entry = registry::entry(call.action);
    if call.resumed && entry.recovery == registry::Recovery::Interrupted {
        return Err(Failure::interrupted());
    }
    match call.action {
        ActionKind::AssertAwsResourceProperty => assert_aws_resource_property::run(call).await,
        ActionKind::ChangeInstanceState => change_instance_state::run(call).await,
        ActionKind::CopyImage => copy_image::run(call).await,
        ActionKind::CreateImage => create_image::run(call).await,
        ActionKind::CreateStack => create_stack::run(call).await,
        ActionKind::CreateTags => create_tags::run(call).await,
        ActionKind::DeleteImage => delete_image::run(call).await,
        ActionKind::DeleteStack => delete_stack::run(call).await,
        ActionKind::ExecuteAwsApi => execute_aws_api::run(call).await,
        ActionKind::ExecuteScript => execute_script::run(call).await,
        ActionKind::ExecuteStateMachine => execute_state_machine::run(call).await,
        ActionKind::InvokeLambdaFunction => invoke_lambda_function::run(call).await,
        ActionKind::InvokeWebhook => invoke_webhook::run(call).await,
        ActionKind::RunCommand => run_command::run(call).await,
        ActionKind::RunInstances => run_instances::run(call).await,
        ActionKind::WaitForAwsResourceProperty => wait_for_aws_resource_property::run(call).await,
        ActionKind::Approve
        | ActionKind::Branch
        | ActionKind::ExecuteAutomation
        | ActionKind::Loop
        | ActionKind::Pause
        | ActionKind::Sleep
        | ActionKind::UpdateVariable => Err(Failure::new(
            FailureStage::Invocation,
            FailureType::Internal,
            failure::phrase::EXECUTE,
            &format!("{} is run by the executor", call.action.name()),
        )),
    }
}

/// What one attempt of a step is given.
pub struct Call<'a> {
    /// The action.
    pub action: ActionKind,
    /// The step's inputs after substitution.
    pub inputs: &'a Map<String, Value>,
    /// The outputs that the step declares: name, selector, type.
    pub outputs: &'a [DeclaredOutput],
    /// Stable over restarts, new for every attempt: the token of calls that take one.
    pub token: Uuid,
    /// The start of this attempt was logged before a restart: its effect may have happened.
    pub resumed: bool,
    /// Under whose authority.
    pub actor: &'a Actor,
    /// 12 digits.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// The execution's id.
    pub execution_id: &'a str,
    /// How long this attempt may take, if the step or the action's default says. The executor
    /// ends the attempt then; an action need not look.
    pub timeout: Duration,
    /// How long a throttled call is repeated before the attempt fails
    /// (`/ssm/automation/throttling-retry-time-limit`).
    pub throttling_retry: Duration,
    /// The document's attachments by name.
    pub attachments: &'a BTreeMap<String, Vec<u8>>,
    /// The world.
    pub world: World<'a>,
}

/// The ports that actions use.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// AWS.
    pub aws: &'a dyn Aws,
    /// Scripts.
    pub scripts: &'a dyn Scripts,
    /// Documents and settings.
    pub documents: &'a dyn Documents,
    /// Webhooks.
    pub webhooks: &'a dyn Webhooks,
}

/// An output that a step declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredOutput {
    /// Its name.
    pub name: String,
    /// The selector's text, e.g. `$.Reservations[0].Instances[0].State.Name`.
    pub selector: String,
    /// `String`, `StringList`, `Boolean`, `Integer`, `StringMap`, `MapList`.
    pub kind: String,
}

/// What an attempt achieved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Outputs by name, native types. Fixed-output actions add `OutputPayload` themselves.
    pub outputs: Map<String, Value>,
    /// `ResponseCode` of the step execution.
    pub response_code: Option<String>,
    /// `Response` of the step execution.
    pub response: Option<String>,
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// AWS's `FailureStage`.
    pub stage: FailureStage,
    /// AWS's `FailureType`.
    pub kind: FailureType,
    /// `FailureMessage`, whole, in AWS's wording.
    pub message: String,
    /// `FailureDetails.Details`.
    pub details: BTreeMap<String, Vec<String>>,
    /// Whether the step timed out (status `TimedOut`) rather than failed.
    pub timed_out: bool,
    /// Outputs there are all the same (runCommand's `Output`, `Status`).
    pub outputs: Map<String, Value>,
    /// `ResponseCode` of the step execution.
    pub response_code: Option<String>,
}

/// Where an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureStage {
    /// The inputs do not fit.
    InputValidation,
    /// Before the call.
    PreVerification,
    /// The call.
    Invocation,
    /// After the call.
    PostVerification,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureType {
    /// The action itself.
    Action,
    /// Not allowed.
    Permission,
    /// Throttled.
    Throttling,
    /// A verification.
    Verification,
    /// The engine.
    Internal,
}
