//! `relay step`: a run in Interactive mode waits before each step for a person, who lets it take the next one or ends it.

use anyhow::{Context, Result};
use aws::AwsError;
use aws_sdk_ssm::types::{
    AutomationExecution, AutomationExecutionStatus as Status, SignalType, StepExecution, StopType,
};
use relay_core::id::Region;
use serde_json::json;

use super::{execution, name};
use crate::Exit;
use crate::archive::Archive;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  relay run Relay-RebootInstance --mode Interactive --no-follow --resource i-0123456789abcdef0 \\
      --parameter InstanceId={resource}
  relay step hand-5f0c2ac4-…  next            start the step that comes next, or go on after a pause
  relay step hand-5f0c2ac4-…  stop            end the run; what it did so far stays

relay show has the steps and which of them waits. Systems Manager has no signal that repeats or skips a step.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StepArguments {
    /// The name or ARN of an execution of run-automation
    execution: String,
    /// The answer to the step that comes next
    #[arg(value_enum)]
    action: StepAction,
    /// The step to start, where a branch leads past others; default: the first that has not begun
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
}

/// The answers of a person to a run that waits at a step.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum StepAction {
    Next,
    Stop,
}

/// The signal that is sent for the next step.
#[derive(Debug, PartialEq, Eq)]
enum Signal<'a> {
    Start(&'a str),
    Resume(&'a str),
}

/// Lets the newest automation of an execution take its next step, or ends it.
pub(crate) async fn step(
    arguments: &StepArguments,
    global: &Global,
    output: &Output,
) -> Result<Exit> {
    let session = Session::open(global).await?;
    session.announce(output);
    let arn = execution(&session, &arguments.execution)?;
    let runs = Archive::of(&session)?.table.runs(&arn).await?;
    let (_, run) = runs.into_iter().next_back().with_context(|| {
        Failure::new(format!("{} has started no automation", name(&arn)))
            .help("relay show has what became of it.")
    })?;
    let client = ssm(&session, &run.region);
    let id = run.execution_id.as_str();
    let answer = client.get_automation_execution().automation_execution_id(id).send().await;
    let answer =
        answer.map_err(AwsError::from).with_context(|| format!("look at the automation {id}"))?;
    let automation = answer.automation_execution.context("SSM does not show the automation")?;
    if arguments.action == StepAction::Stop {
        let stop = client.stop_automation_execution().automation_execution_id(id);
        let stopped = stop.r#type(StopType::Complete).send().await.map_err(AwsError::from);
        stopped.with_context(|| format!("end the automation {id}"))?;
        output.json(&json!({ "execution": arn, "executionId": id, "stopped": true }))?;
        output.line(format_args!("ended; the outcome follows: relay show {}", name(&arn)));
        return Ok(Exit::Done);
    }
    let signal = next(&automation, arguments.step.as_deref()).map_err(|why| {
        Failure::new(why).help(format!("relay show {} has its steps.", name(&arn)))
    })?;
    let (kind, step) = match &signal {
        Signal::Start(step) => (SignalType::StartStep, *step),
        Signal::Resume(step) => (SignalType::Resume, *step),
    };
    let send = client.send_automation_signal().automation_execution_id(id).signal_type(kind);
    let sent = send.payload("StepName", vec![step.to_owned()]).send().await.map_err(AwsError::from);
    sent.with_context(|| format!("signal the step {step} of {id}"))?;
    output.json(&json!({ "execution": arn, "executionId": id, "step": step }))?;
    output.line(format_args!("started: {step}"));
    Ok(Exit::Done)
}

fn ssm(session: &Session, region: &Region) -> aws_sdk_ssm::Client {
    let region = aws_sdk_ssm::config::Region::new(region.as_str().to_owned());
    let config = aws_sdk_ssm::config::Builder::from(&session.config).region(region).build();
    aws_sdk_ssm::Client::from_conf(config)
}

/// The signal that lets a run go on: a pause is resumed; otherwise the first step that has not begun is started.
fn next<'a>(
    automation: &'a AutomationExecution,
    named: Option<&'a str>,
) -> Result<Signal<'a>, String> {
    let status = automation.automation_execution_status();
    if status != Some(&Status::Waiting) {
        let status = status.map_or("unknown", Status::as_str);
        return Err(format!("the automation does not wait at a step: it is {status}"));
    }
    let steps = automation.step_executions();
    let of = |wanted: Status| move |step: &&StepExecution| step.step_status() == Some(&wanted);
    if let Some(waiting) = steps.iter().find(of(Status::Waiting)) {
        let step = waiting.step_name().unwrap_or_default();
        return match waiting.action() {
            Some("aws:pause") => Ok(Signal::Resume(step)),
            Some("aws:approve") => Err(format!("{step} waits for an approval: relay approvals")),
            _ => Err(format!("{step} waits for something that is not a person")),
        };
    }
    let pending = steps.iter().find(of(Status::Pending)).and_then(StepExecution::step_name);
    named
        .or(pending)
        .map(Signal::Start)
        .ok_or_else(|| "no step is left: relay step … stop".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automation(status: Status, steps: &[(&str, &str, Status)]) -> AutomationExecution {
        let steps = steps.iter().map(|(name, action, status)| {
            let step = StepExecution::builder().step_name(*name).action(*action);
            step.step_status(status.clone()).build()
        });
        AutomationExecution::builder()
            .automation_execution_status(status)
            .set_step_executions(Some(steps.collect()))
            .build()
    }

    #[test]
    fn the_next_step_is_started_a_pause_is_resumed_and_an_approval_is_left_to_its_approver() {
        use Status::{Inprogress, Pending, Success, Waiting};
        let steps = [("a", "aws:sleep", Success), ("b", "aws:sleep", Pending)];
        assert_eq!(next(&automation(Waiting, &steps), None), Ok(Signal::Start("b")));
        let steps = [("a", "aws:pause", Waiting), ("b", "aws:sleep", Pending)];
        assert_eq!(next(&automation(Waiting, &steps), None), Ok(Signal::Resume("a")));
        let steps = [("a", "aws:approve", Waiting)];
        assert!(
            next(&automation(Waiting, &steps), None).is_err_and(|why| why.contains("approvals"))
        );
        let steps = [("a", "aws:sleep", Inprogress)];
        assert!(
            next(&automation(Inprogress, &steps), None)
                .is_err_and(|why| why.contains("InProgress"))
        );
        let steps = [("a", "aws:sleep", Success)];
        assert!(
            next(&automation(Waiting, &steps), None)
                .is_err_and(|why| why.contains("no step is left"))
        );
    }
}
