//! The run that holds a lock: whether it goes on, as far as the table, Step Functions and Systems Manager say.

use anyhow::{Context, Result};
use aws::AwsError;
use relay_core::alarm::TriggerId;
use remediation::alarm::AlarmTrigger;
use run::{AutomationStatus, RunAutomationInput};

use crate::archive::Archive;
use crate::session::Session;
use crate::show::runs::{self, LiveRun};

/// The statuses of an execution that does nothing any more.
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// The facts about the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// Its execution and all its automations have ended.
    Ended {
        /// By its name, as in Step Functions.
        execution: String,
        /// As Step Functions says it.
        status: String,
    },
    /// Its execution or one of its automations goes on.
    Runs {
        /// By its name, as in Step Functions.
        execution: String,
        /// Execution, automations and steps in words.
        lines: Vec<String>,
    },
    /// It cannot be looked at, or was never started.
    Unknown {
        /// Why nothing is known.
        why: String,
    },
}

impl Holder {
    /// Looks at the run of a trigger. A call that fails leaves it unknown.
    pub(super) async fn of(session: &Session, archive: &Archive, owner: TriggerId) -> Self {
        let found = look(session, archive, owner).await;
        found.unwrap_or_else(|error| Self::Unknown { why: format!("{error:#}") })
    }

    /// Whether nothing of it goes on, for certain.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }

    /// The same in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Ended { execution, status } => format!("{execution}\nended: {status}"),
            Self::Runs { execution, lines } => format!("{execution}\n{}", lines.join("\n")),
            Self::Unknown { why } => format!("unknown: {why}"),
        }
    }
}

async fn look(session: &Session, archive: &Archive, owner: TriggerId) -> Result<Holder> {
    let unknown = |why: &str| Ok(Holder::Unknown { why: why.to_owned() });
    let Some(input) = archive.table.input(owner).await? else {
        return unknown("no run is stored for it; route-alarms may be about to start one");
    };
    let Some(name) = execution_name(&input, owner) else {
        return unknown("the input of the run does not name the alarm's transition");
    };
    let machine = session.stack.output("RunAutomationStateMachineArn")?;
    let arn = format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1));
    let client = aws_sdk_sfn::Client::new(&session.config);
    let described = client.describe_execution().execution_arn(&arn).send().await;
    let status = match described.map_err(AwsError::from) {
        Ok(described) => described.status().as_str().to_owned(),
        Err(error) if error.is("ExecutionDoesNotExist") => {
            return unknown(
                "its execution was not started yet, or is older than Step Functions keeps",
            );
        }
        Err(error) => return Err(error).with_context(|| format!("look at the execution {arn}")),
    };
    let automations = runs::of_execution(session, archive, &arn).await?;
    Ok(judge(name, status, &automations))
}

/// The name of the execution that the stored input was for.
fn execution_name(input: &str, owner: TriggerId) -> Option<String> {
    let input: RunAutomationInput = serde_json::from_str(input).ok()?;
    let alarm = input.alarm?;
    let (at, contributor) = (alarm.at?, alarm.contributor.as_ref().map(|one| &*one.id));
    let resumed = [false, true]
        .into_iter()
        .find(|resumed| AlarmTrigger::id_of(&alarm.arn, contributor, at, *resumed) == owner)?;
    Some(AlarmTrigger::execution_name_of(&alarm.arn, contributor, at, resumed).to_string())
}

/// An execution that has ended may have left an automation behind until `recover-outcomes` stops it.
fn judge(execution: String, status: String, automations: &[LiveRun]) -> Holder {
    let going_on = |run: &&LiveRun| AutomationStatus::parse(&run.status).ending().is_none();
    if let Some(unseen) = automations.iter().find_map(|run| run.unseen.as_ref()) {
        return Holder::Unknown { why: format!("{execution}: {status}; its automation: {unseen}") };
    }
    if ENDED.contains(&&*status) && !automations.iter().any(|run| going_on(&run)) {
        return Holder::Ended { execution, status };
    }
    let mut lines = vec![status];
    lines.extend(automations.iter().map(LiveRun::text));
    Holder::Runs { execution, lines }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn automation(status: &str, unseen: Option<&str>) -> LiveRun {
        LiveRun {
            rung: 1,
            runbook: "Mine".to_owned(),
            execution_id: "id".to_owned(),
            status: status.to_owned(),
            place: "111122223333/us-east-1".to_owned(),
            failure: None,
            steps: Vec::new(),
            unseen: unseen.map(str::to_owned),
        }
    }

    #[test]
    fn a_run_has_ended_when_its_execution_and_all_its_automations_have() {
        let judged = |status: &str, automations: &[LiveRun]| {
            judge("alarm-1".to_owned(), status.to_owned(), automations)
        };
        for status in ENDED {
            assert!(judged(status, &[]).has_ended());
            assert!(judged(status, &[automation("Success", None)]).has_ended());
            let left =
                judged(status, &[automation("Success", None), automation("InProgress", None)]);
            assert!(matches!(left, Holder::Runs { .. }), "{left:?}");
            let unseen = judged(status, &[automation("Unknown", Some("AccessDenied"))]);
            assert!(matches!(unseen, Holder::Unknown { .. }), "{unseen:?}");
        }
        let runs = judged("RUNNING", &[automation("Success", None)]);
        assert!(matches!(runs, Holder::Runs { .. }), "{runs:?}");
        assert!(!judged("PENDING_REDRIVE", &[automation("Success", None)]).has_ended());
        assert!(!judged("FAILED", &[automation("Waiting", None)]).has_ended());
    }

    #[test]
    fn the_execution_of_a_trigger_is_found_by_the_input_that_is_stored_for_it() {
        let arn = "arn:aws:cloudwatch:eu-west-1:444455556666:alarm:web";
        let at = "2026-01-02T03:04:05.678Z";
        let input = |more: &serde_json::Value| {
            let mut alarm = json!({"arn": arn, "at": at});
            for (key, value) in more.as_object().unwrap() {
                alarm[key] = value.clone();
            }
            json!({"ladder": [{"runbook": "Mine"}], "alarm": alarm}).to_string()
        };
        let id = |contributor: Option<&str>, resumed: bool| {
            AlarmTrigger::id_of(&arn.parse().unwrap(), contributor, at.parse().unwrap(), resumed)
        };
        let name = "alarm-444455556666-eu-west-1-1767323045678-web";
        let plain = input(&json!({}));
        assert_eq!(execution_name(&plain, id(None, false)).as_deref(), Some(name));
        let resumed = execution_name(&plain, id(None, true)).unwrap();
        assert_eq!(resumed, format!("{name}-resumed"));
        let one = input(&json!({"contributor": {"id": "c-1", "attributes": {}}}));
        assert_eq!(execution_name(&one, id(Some("c-1"), false)).unwrap(), format!("{name}-c-1"));
        assert_eq!(execution_name(&one, id(None, false)), None);
        assert_eq!(execution_name("{}", id(None, false)), None);
    }
}
