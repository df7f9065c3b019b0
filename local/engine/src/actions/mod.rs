//! The actions: how the engine runs each, and what it does when it is interrupted.
//!
//! Actions that steer the execution itself (branch, loop, pause, approve, updateVariable, sleep,
//! executeAutomation) are part of the decision what comes next (`decide`).
//!
//! One file per action: its inputs, what it does, what it returns. What is common to them:
//! [`failure`] words what went wrong. What each action takes and returns is in the language's table
//! ([`ActionKind::signature`]); `handling` adds how the engine runs it.

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
mod handling;
mod images;
mod inputs;
mod instances;
mod invoke_lambda_function;
mod invoke_webhook;
mod outputs;
#[cfg(test)]
mod page;
mod property;
mod python;
mod request;
mod run_command;
mod run_instances;
mod script_log;
mod service;
mod stacks;
#[cfg(test)]
mod testing;
mod wait_for_aws_resource_property;
pub(crate) mod words;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use runbook::ActionKind;

pub use call::{ActionPorts, Call, DeclaredOutput, Done, Progress, Waiting};
use failure::phrase;
pub use failure::{Failure, FailureStage, FailureType};
pub(crate) use handling::Handling;
use handling::{Recovery, Runner};
pub(crate) use outputs::selected;

/// How the engine runs an action. Every action is here once.
pub(crate) const fn handling(action: ActionKind) -> Handling {
    match action {
        ActionKind::Approve
        | ActionKind::Branch
        | ActionKind::ExecuteAutomation
        | ActionKind::Loop
        | ActionKind::Pause
        | ActionKind::Sleep
        | ActionKind::UpdateVariable => Handling::STEERING,
        ActionKind::AssertAwsResourceProperty => Handling::new(Recovery::Idempotent, |call| {
            assert_aws_resource_property::run(call).boxed()
        }),
        ActionKind::ChangeInstanceState => {
            Handling::new(Recovery::NaturalKey, |call| change_instance_state::run(call).boxed())
        }
        ActionKind::CopyImage => {
            Handling::new(Recovery::Token, |call| copy_image::run(call).boxed())
        }
        ActionKind::CreateImage => {
            Handling::new(Recovery::NaturalKey, |call| create_image::run(call).boxed())
        }
        ActionKind::CreateStack => {
            Handling::new(Recovery::NaturalKey, |call| create_stack::run(call).boxed())
        }
        ActionKind::CreateTags => {
            Handling::new(Recovery::Idempotent, |call| create_tags::run(call).boxed())
                .waiting(phrase::EXECUTE)
        }
        ActionKind::DeleteImage => {
            Handling::new(Recovery::NaturalKey, |call| delete_image::run(call).boxed())
        }
        ActionKind::DeleteStack => {
            Handling::new(Recovery::Idempotent, |call| delete_stack::run(call).boxed())
        }
        ActionKind::ExecuteAwsApi => {
            Handling::new(Recovery::ByCall, |call| execute_aws_api::run(call).boxed())
                .waiting(phrase::EXECUTE)
        }
        ActionKind::ExecuteScript => {
            Handling::new(Recovery::Interrupted, |call| execute_script::run(call).boxed())
        }
        ActionKind::ExecuteStateMachine => {
            Handling::new(Recovery::NaturalKey, |call| execute_state_machine::run(call).boxed())
        }
        ActionKind::InvokeLambdaFunction => {
            Handling::new(Recovery::Interrupted, |call| invoke_lambda_function::run(call).boxed())
                .waiting(phrase::EXECUTE)
        }
        ActionKind::InvokeWebhook => {
            Handling::new(Recovery::Interrupted, |call| invoke_webhook::run(call).boxed())
                .waiting(phrase::EXECUTE)
        }
        ActionKind::RunCommand => {
            Handling::new(Recovery::NaturalKey, |call| run_command::run(call).boxed())
                .waiting(phrase::COMMAND)
        }
        ActionKind::RunInstances => {
            Handling::new(Recovery::Token, |call| run_instances::run(call).boxed())
                .waiting(phrase::LAUNCHED)
        }
        ActionKind::WaitForAwsResourceProperty => Handling::new(Recovery::Idempotent, |call| {
            wait_for_aws_resource_property::run(call).boxed()
        }),
    }
}

/// Runs one attempt of a step whose action calls AWS, a script or a webhook. Dropping the future
/// abandons the attempt; what it began at AWS goes on (see [`cancel`]).
///
/// # Errors
/// When the attempt failed; [`Failure::message`] says why in AWS's words.
pub fn run<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Result<Done, Failure>> {
    let handling = handling(call.action);
    match handling.runner {
        Runner::Attempt(_) if call.resumed && handling.recovery == Recovery::Interrupted => {
            ready(Err(Failure::interrupted())).boxed()
        }
        Runner::Attempt(run) => run(call),
        Runner::Decision => ready(Err(Failure::new(
            FailureStage::Invocation,
            FailureType::Internal,
            phrase::EXECUTE,
            &format!("{} is not run as an attempt", call.action.name()),
        )))
        .boxed(),
    }
}

/// Ends what a dropped attempt left running at AWS, as far as it can be found again: an execution
/// of a state machine, a command. It never fails: a cancellation does not wait for AWS's consent.
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
