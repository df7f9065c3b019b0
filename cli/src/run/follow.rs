//! The live view of an execution: each step as a line when it begins or ends, and the outcome at the end.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use aws::AwsError;
use outcome::{Outcome, OutcomeStatus};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::name;
use super::steps::StepLines;
use crate::Exit;
use crate::archive::Archive;
use crate::outcomes::colored_status;
use crate::output::Output;
use crate::session::Session;
use crate::show::runs::{self, LiveRun};

/// How often it is looked at.
const PACE: Duration = Duration::from_secs(1);
/// How long the outcome may take to be stored after the end of the execution.
const PATIENCE: Duration = Duration::from_secs(90);

/// Shows an execution until its outcome. Ctrl-C ends the view, not the run.
pub(crate) async fn follow(
    session: &Session,
    archive: &Archive,
    arn: &str,
    output: &Output,
) -> Result<Exit> {
    tokio::select! {
        outcome = watch(session, archive, arn, output) => {
            let outcome = outcome?;
            output.json(&json!({ "execution": arn, "outcome": outcome }))?;
            output.line(format_args!("{}  {}", colored_status(outcome.outcome), outcome.summary));
            for problem in &outcome.problems {
                output.line(format_args!("{}: {}\n  {}", problem.code, problem.what, problem.hint));
            }
            output.note(format_args!("outcome {}: relay show {0}", short(&outcome)));
            Ok(match outcome.outcome {
                OutcomeStatus::Succeeded => Exit::Done,
                _ => Exit::Failed,
            })
        }
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("wait for Ctrl-C")?;
            output.note(format_args!("the run goes on: relay show {0}, relay cancel {0}", name(arn)));
            Ok(Exit::Failed)
        }
    }
}

fn short(outcome: &Outcome) -> String {
    outcome.id.to_string().chars().take(8).collect()
}

async fn watch(
    session: &Session,
    archive: &Archive,
    arn: &str,
    output: &Output,
) -> Result<Outcome> {
    let client = aws_sdk_sfn::Client::new(&session.config);
    let begun = Instant::now();
    let mut view = View::default();
    let mut ended = None;
    loop {
        for run in runs::of_execution(session, archive, arn).await? {
            for line in view.news(&run, begun.elapsed().as_secs()) {
                output.line(line);
            }
        }
        if let Some(outcome) = archive.of_execution(arn).await?.into_iter().next() {
            match outcome.outcome {
                OutcomeStatus::PendingApproval => view.waits(&outcome, output),
                _ => return Ok(outcome),
            }
        }
        match ended {
            None => {
                let described = client.describe_execution().execution_arn(arn).send().await;
                let described = described
                    .map_err(AwsError::from)
                    .with_context(|| format!("look at the execution {arn}"))?;
                if described.status().as_str() != "RUNNING" {
                    ended = Some(Instant::now());
                }
            }
            Some(at) if at.elapsed() > PATIENCE => {
                anyhow::bail!(
                    "{arn} has ended, and its outcome is not stored: relay show {}",
                    name(arn)
                );
            }
            Some(_) => {}
        }
        sleep(PACE).await;
    }
}

/// The lines that were printed already.
#[derive(Debug, Default)]
struct View {
    runs: HashMap<String, String>,
    steps: StepLines,
    asked: Option<String>,
}

impl View {
    /// The lines about a run that are new, with the seconds since the start.
    fn news(&mut self, run: &LiveRun, elapsed: u64) -> Vec<String> {
        let mut lines = Vec::new();
        let before = self.runs.insert(run.execution_id.clone(), run.status.clone());
        if before.is_none() {
            let LiveRun { rung, runbook, place, execution_id, .. } = run;
            lines.push(format!(
                "{elapsed:>4} s  rung {rung}: {runbook} in {place} ({execution_id})"
            ));
        }
        lines.extend(self.steps.news(&run.execution_id, &run.steps, elapsed));
        if before.is_some_and(|before| before != run.status) {
            lines.push(format!("{elapsed:>4} s  rung {}: {}", run.rung, run.status));
        }
        lines
    }

    /// Says once that somebody is asked.
    fn waits(&mut self, outcome: &Outcome, output: &Output) {
        let id = short(outcome);
        if self.asked.as_ref() != Some(&id) {
            output.note(format_args!(
                "it waits for an approval: relay approve {id}, or relay reject {id}"
            ));
            self.asked = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::runs::LiveStep;

    fn run(status: &str, steps: &[(&str, &str)]) -> LiveRun {
        let step = |(name, status): &(&str, &str)| LiveStep {
            name: (*name).to_owned(),
            action: "aws:sleep".to_owned(),
            status: (*status).to_owned(),
            seconds: (*status == "Success").then_some(2.0),
            failure: (*status == "Failed").then(|| "it broke".to_owned()),
        };
        LiveRun {
            rung: 1,
            runbook: "Mine".to_owned(),
            execution_id: "id".to_owned(),
            status: status.to_owned(),
            place: "111122223333/us-east-1".to_owned(),
            failure: None,
            steps: steps.iter().map(step).collect(),
            unseen: None,
        }
    }

    #[test]
    fn each_change_of_a_run_and_of_a_step_is_one_line() {
        let mut view = View::default();
        let first = run("InProgress", &[("a", "InProgress"), ("b", "Pending")]);
        assert_eq!(
            view.news(&first, 1),
            [
                "   1 s  rung 1: Mine in 111122223333/us-east-1 (id)",
                "   1 s    1 of 2  InProgress a (aws:sleep)",
            ]
        );
        assert!(view.news(&first, 2).is_empty());
        let last = run("Failed", &[("a", "Success"), ("b", "Failed")]);
        assert_eq!(
            view.news(&last, 30),
            [
                "  30 s    1 of 2  Success a (aws:sleep), 2 s",
                "  30 s    2 of 2  Failed b (aws:sleep)",
                "            it broke",
                "  30 s  rung 1: Failed",
            ]
        );
    }
}
