//! The actions that act on the world: what each is given and what it gives back.
//!
//! Actions that steer the execution itself (branch, loop, pause, approve, updateVariable, sleep,
//! executeAutomation) are part of the decision what comes next (`decide`).
//!
//! One file per action: its inputs, what it does, what it gives back. What is common to them:
//! [`failure`] words what went wrong, [`registry`] lists what each can do.

#![expect(
    clippy::result_large_err,
    reason = "a failure is made once an attempt; its parts are what the log and the API show"
)]

mod assert_aws_resource_property;
mod call;
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

use futures::FutureExt;
use futures::future::BoxFuture;
use runbook::ActionKind;

pub use call::{Call, DeclaredOutput, Done, World};
pub use failure::{Failure, FailureStage, FailureType};

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
            &format!("{} is not run as an attempt", call.action.name()),
        )),
    }
}
