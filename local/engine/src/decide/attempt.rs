//! A step in flight: its attempt, what it waits for, and what ends it early.

use jiff::Timestamp;
use runbook::ActionKind;

use super::deadline::{earlier, of_cancellation};
use super::next::{Next, Task};
use super::{approve, branch, child, pause, repeat, retry, sleep, variable};
use crate::actions::failure::phrase;
use crate::actions::{Done, Failure, handling};
use crate::event::{End, Event};
use crate::state::{Detail, State, StepState};

pub(super) fn in_flight(state: &State, place: u32, step: &StepState, now: Timestamp) -> Next {
    if is_stopped(state, place, step) {
        return match &step.detail {
            // The child was stopped as well, and is waited for.
            Detail::Child { end: None, .. } => Next::Wait(None),
            _ => Next::finish(place, End::Cancelled),
        };
    }
    let cancellation = of_cancellation(state);
    if cancellation.is_some_and(|deadline| deadline <= now) {
        return Next::finish(place, End::Cancelled);
    }
    if step.deadline.is_some_and(|deadline| deadline <= now) {
        return Next::event(timed_out(state, place, step, now));
    }
    match next(state, place, step, now) {
        Next::Wait(until) => Next::Wait(earlier(until, earlier(step.deadline, cancellation))),
        next => next,
    }
}

fn is_stopped(state: &State, place: u32, step: &StepState) -> bool {
    let at_stop = state.stop.as_ref().is_some_and(|stop| stop.in_flight == Some(place));
    let waits_for_no_effect =
        matches!(step.detail, Detail::Approval(_) | Detail::Resume { .. } | Detail::Until(_));
    (state.is_cancelling() && at_stop)
        || state.stopping_step == Some(place)
        || (state.is_completing() && waits_for_no_effect)
}

fn next(state: &State, place: u32, step: &StepState, now: Timestamp) -> Next {
    let Some(def) = state.document.step(step.def) else {
        return Next::invalid(place, "The step is not in the document");
    };
    match (&step.detail, def.action) {
        (Detail::Attempt, ActionKind::Approve) => approve::enter(place, step),
        (Detail::Attempt, ActionKind::Branch) => branch::enter(state, place, step),
        (Detail::Attempt, ActionKind::ExecuteAutomation) => {
            Next::act(place, step, Task::StartChild)
        }
        (Detail::Attempt, ActionKind::Loop) => repeat::enter(place, step),
        (Detail::Attempt, ActionKind::Pause) => pause::enter(place),
        (Detail::Attempt, ActionKind::Sleep) => sleep::enter(place, step, now),
        (Detail::Attempt, ActionKind::UpdateVariable) => variable::enter(state, place, step),
        (Detail::Attempt, _) => Next::act(place, step, Task::Run),
        (Detail::Until(until), _) if *until <= now => Next::succeed(place, Done::default()),
        (Detail::Until(until), _) => Next::Wait(Some(*until)),
        (Detail::Approval(decisions), _) => approve::evaluate(place, step, decisions),
        (Detail::Resume { resumed: true }, _) => Next::succeed(place, Done::default()),
        (Detail::Child { end: Some(end), id }, _) => {
            child::ended(state, place, step, *id, end, now)
        }
        (Detail::Resume { .. } | Detail::Child { .. } | Detail::Loop(_), _) => Next::Wait(None),
    }
}

fn timed_out(state: &State, place: u32, step: &StepState, now: Timestamp) -> Event {
    let action = state.document.step(step.def).map(|def| def.action);
    let failure = match (&step.waiting, action) {
        (Some(waiting), _) => Failure::time_out_with(&waiting.phrase, &waiting.error),
        (None, Some(action)) => Failure::time_out(handling(action).waiting),
        (None, None) => Failure::time_out(phrase::EXECUTE),
    };
    retry::after_failure(state, place, step, failure, now)
}
