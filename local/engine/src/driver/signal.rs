//! Signals: approvals, resumes, and steps that a caller starts or stops.

use super::Engine;
use super::drive::Refused;
use crate::decide;
use crate::error::SignalError;
use crate::event::{Decision, Event};
use crate::flow::Then;
use crate::request::Signal;
use crate::state::{Detail, State};

impl Engine {
    /// Signals an execution; `by` is the principal's ARN.
    ///
    /// # Errors
    /// When nothing waits for the signal, or `by` may not send it.
    pub async fn signal(
        &self,
        account: &str,
        region: &str,
        id: &str,
        signal: Signal,
        by: &str,
    ) -> Result<(), SignalError> {
        let Some(execution) = self.find(account, region, id) else {
            return Err(SignalError::NotFound(format!(
                "Couldn't find automation execution with id {id}"
            )));
        };
        let now = self.now();
        let happened = self.update(&execution, |state| {
            if state.status.is_terminal() {
                return Err(SignalError::Invalid("The automation execution has ended".to_owned()));
            }
            let event = match signal {
                Signal::Approve { comment } => decide(state, by, true, comment, now)?,
                Signal::Reject { comment } => decide(state, by, false, comment, now)?,
                Signal::StartStep { step } => start_step(state, &step)?,
                Signal::Resume { step } => resume(state, &step)?,
                Signal::StopStep { step_execution_id } => stop_step(state, &step_execution_id)?,
            };
            Ok(vec![event])
        });
        happened.await.map_err(|refused| match refused {
            Refused::Here(error) => error,
            Refused::Log(error) => SignalError::Internal(error.to_string()),
        })?;
        self.stop_children(&execution).await;
        Ok(())
    }
}

fn invalid(message: impl Into<String>) -> SignalError {
    SignalError::Invalid(message.into())
}

fn decide(
    state: &State,
    by: &str,
    approved: bool,
    comment: Option<String>,
    at: jiff::Timestamp,
) -> Result<Event, SignalError> {
    let waiting = state.innermost().filter(|(_, step)| matches!(step.detail, Detail::Approval(_)));
    let Some((place, step)) = waiting.filter(|_| !state.is_cancelling()) else {
        return Err(invalid("No step of the automation execution waits for an approval"));
    };
    let approver = decide::open_approver(step, &state.submission.account, by).map_err(invalid)?;
    let decision = Decision { approver, by: by.to_owned(), approved, comment, at };
    Ok(Event::Decided { step: place, decision })
}

fn named(state: &State, name: &str) -> Result<u32, SignalError> {
    let place = state.document.place(name).filter(|_| !state.has_targets());
    place.ok_or_else(|| {
        SignalError::StepNotFound(format!("The automation execution has no step {name}"))
    })
}

fn start_step(state: &State, name: &str) -> Result<Event, SignalError> {
    let def = named(state, name)?;
    if !state.is_interactive() {
        return Err(invalid("StartStep is only for automation executions in Interactive mode"));
    }
    let waits = state.began && state.stop.is_none() && state.active.is_empty();
    if !waits || state.requested.is_some() {
        return Err(invalid("The automation execution does not wait for a step to be started"));
    }
    if state.then != Then::Step(def) {
        return Err(invalid(format!("Step {name} cannot be started now")));
    }
    Ok(Event::Requested { step: def })
}

fn resume(state: &State, name: &str) -> Result<Event, SignalError> {
    let def = named(state, name)?;
    let paused = state.innermost().filter(|(_, step)| {
        step.def == def && matches!(step.detail, Detail::Resume { resumed: false })
    });
    match paused.filter(|_| !state.is_cancelling()) {
        Some((step, _)) => Ok(Event::Resumed { step }),
        None => Err(invalid(format!("Step {name} is not paused"))),
    }
}

fn stop_step(state: &State, id: &str) -> Result<Event, SignalError> {
    let Some((step, _)) =
        state.innermost().filter(|(place, _)| state.step_id(*place).to_string() == id)
    else {
        let known = (0..state.steps.len())
            .filter_map(|place| u32::try_from(place).ok())
            .any(|place| state.step_id(place).to_string() == id);
        return Err(if known {
            invalid("The step is not in progress")
        } else {
            SignalError::StepNotFound(format!("The automation execution has no step {id}"))
        });
    };
    if state.stopping_step.is_some() || state.is_cancelling() {
        return Err(invalid("The step is being stopped"));
    }
    Ok(Event::StepStopped { step })
}
