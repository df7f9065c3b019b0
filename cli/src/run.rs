//! `relay run`, `retry` and `cancel`: a runbook or a rung of a rule by hand, through the suite's own state machine, so that
//! its permissions, its looks at the run and its one outcome hold for people, too.

pub(crate) mod follow;
mod input;
mod step;
pub(crate) mod steps;

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use input::Request;
pub(crate) use step::{StepArguments, step};

const RUN: &str = "\
Examples:
  relay run Relay-RebootInstance --resource i-0123456789abcdef0 --parameter InstanceId={resource}
  relay run --rule ec2-instance-check --rung 2 --resource i-0123456789abcdef0
  relay run Relay-StopStartInstance --in-account 444455556666 --in-region eu-west-1 \\
      --resource i-0123456789abcdef0 --parameter InstanceId={resource} --alarm web-status --destructive

It runs as an alarm's runbook does: only what the stack allows, under its roles, with one outcome. An approval that the rung
asks for is asked for. Guardrails of the rule (locks, cool-down, budgets, the kill switch) are for alarms: a person is not held up.
Ctrl-C ends the view, not the run.";

const RETRY: &str = "\
Examples:
  relay retry alarm-444455556666-eu-west-1-1767323045678-web-status

The same ladder begins again with its first rung, as a run by hand: without the lock that the first one held.";

const CANCEL: &str = "\
Examples:
  relay cancel alarm-444455556666-eu-west-1-1767323045678-web-status -m \"it is being replaced\"

Steps that are under way are stopped as Automation stops them; what they did is not undone. The outcome says that it was cancelled.";

#[derive(clap::Args, Debug)]
#[command(after_help = RUN)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    request: Request,
    /// Start it and end, without the view of its steps
    #[arg(long)]
    no_follow: bool,
}

#[derive(clap::Args, Debug)]
#[command(after_help = RETRY)]
pub(crate) struct RetryArguments {
    /// The name or ARN of an execution of run-automation that has ended
    execution: String,
    /// Start it and end, without the view of its steps
    #[arg(long)]
    no_follow: bool,
}

#[derive(clap::Args, Debug)]
#[command(after_help = CANCEL)]
pub(crate) struct CancelArguments {
    /// The name or ARN of an execution that runs
    execution: String,
    /// Why, for those who read the outcome
    #[arg(long, short = 'm', value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

/// Starts a runbook or a rung and shows its steps until its outcome.
pub(crate) async fn run(
    arguments: &RunArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let input = arguments.request.input(&session).await?;
    start(&session, &input, arguments.no_follow, output).await
}

/// Starts an ended execution's ladder again.
pub(crate) async fn retry(
    arguments: &RetryArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let arn = execution(&session, &arguments.execution)?;
    let client = aws_sdk_sfn::Client::new(&session.config);
    let described = described(&client, &arn).await?;
    if described.status().as_str() == "RUNNING" {
        return Err(Failure::new(format!("{arn} still runs"))
            .help("relay cancel ends it; relay show has its steps.")
            .into());
    }
    let before: Value = serde_json::from_str(described.input().unwrap_or("{}"))
        .context("read the input of the execution")?;
    start(&session, &input::again(before), arguments.no_follow, output).await
}

/// Stops an execution. `recover-outcomes` stops its automation and publishes its outcome.
pub(crate) async fn cancel(
    arguments: &CancelArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let arn = execution(&session, &arguments.execution)?;
    let client = aws_sdk_sfn::Client::new(&session.config);
    let described = described(&client, &arn).await?;
    let status = described.status().as_str();
    if status != "RUNNING" {
        let what = format!("it has ended already: {status}");
        return Err(Failure::new(what).help(format!("relay show {}", name(&arn))).into());
    }
    let who = session.caller.name();
    let cause = format!("{} ({who})", arguments.reason);
    let stop = client.stop_execution().execution_arn(&arn).error("Cancelled").cause(cause);
    let stopped = stop.send().await.map_err(AwsError::from);
    stopped.with_context(|| format!("stop the execution {arn}"))?;
    output.json(&json!({ "execution": arn, "cancelled": true }))?;
    output.line(format_args!(
        "cancelled; its automation is stopped within a minute, and its outcome follows: relay show {}",
        name(&arn)
    ));
    Ok(Exit::Done)
}

async fn start(session: &Session, input: &Value, no_follow: bool, output: &Output) -> Result<Exit> {
    let machine = session.stack.output("RunAutomationStateMachineArn")?;
    let client = aws_sdk_sfn::Client::new(&session.config);
    let start = client.start_execution().state_machine_arn(machine);
    #[expect(clippy::disallowed_methods, reason = "each start by a person is a new one")]
    let unique = format!("hand-{}", Uuid::new_v4());
    let start = start.name(unique).input(input.to_string());
    let started = start.send().await.map_err(AwsError::from).context("start run-automation")?;
    let arn = started.execution_arn;
    if no_follow {
        output.json(&json!({ "execution": arn }))?;
        output.line(format_args!("started: relay show {}", name(&arn)));
        return Ok(Exit::Done);
    }
    output.note(format_args!("started {}", name(&arn)));
    follow::follow(session, &Archive::of(session)?, &arn, output).await
}

/// How an execution stands.
async fn described(client: &aws_sdk_sfn::Client, arn: &str) -> Result<DescribeExecutionOutput> {
    let described = client.describe_execution().execution_arn(arn).send().await;
    described.map_err(AwsError::from).with_context(|| unknown(arn))
}

/// The ARN of an execution of the stack's run-automation, by its name or ARN.
fn execution(session: &Session, given: &str) -> Result<String> {
    execution_of(session.stack.output("RunAutomationStateMachineArn")?, given)
}

/// The same by the machine's ARN. The execution of another machine is refused: it would be stopped for another one's.
fn execution_of(machine: &str, given: &str) -> Result<String> {
    let prefix = format!("{}:", machine.replacen(":stateMachine:", ":execution:", 1));
    if !given.contains(':') {
        return Ok(prefix + given);
    }
    if given.starts_with(&prefix) {
        return Ok(given.to_owned());
    }
    let failure = Failure::new(format!("{given} is not an execution of {machine}"));
    Err(failure.help("Give the name of the execution, as outcomes have it.").into())
}

fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn unknown(arn: &str) -> Failure {
    Failure::new(format!("look at the execution {arn}"))
        .help("relay outcomes --output json has the executions of outcomes; relay show ALARM one that runs.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str =
        "arn:aws:states:us-east-1:111122223333:stateMachine:runbook-relay-run-automation";

    #[test]
    fn an_execution_is_known_by_name_and_by_arn_and_that_of_another_machine_is_refused() {
        let arn = "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-run-automation:a";
        for given in ["a", arn] {
            assert_eq!(execution_of(MACHINE, given).unwrap(), arn);
        }
        for other in [
            "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-share-runbooks:a",
            "arn:aws:states:us-east-1:111122223333:execution:payroll:a",
            "arn:aws:states:eu-west-1:111122223333:execution:runbook-relay-run-automation:a",
        ] {
            let refused = execution_of(MACHINE, other).unwrap_err().to_string();
            assert!(refused.contains("is not an execution of"), "{refused}");
        }
    }
}
