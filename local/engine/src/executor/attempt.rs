//! A step in flight: its attempt, what it waits for, and what ends it early.

use jiff::Timestamp;
use runbook::ActionKind;

use super::{
    Effect, Next, Task, approve, branch, cancel_deadline, child, earlier, pause, repeat, sleep,
    variable,
};
use crate::actions::{Done, Failure, registry};
use crate::event::{End, Event};
use crate::execution::{Detail, State, StepState};

pub(super) fn in_flight(state: &State, place: u32, step: &StepState, now: Timestamp) -> Next {
    if is_told_to_end(state, place, step) {
        return match &step.detail {
            // The child was told as well, and is waited for.
            Detail::Child { end: None, .. } => Next::Wait(None),
            _ => finished(place, End::Cancelled),
        };
    }
    if cancel_deadline(state).is_some_and(|deadline| deadline <= now) {
        return finished(place, End::Cancelled);
    }
    if step.deadline.is_some_and(|deadline| deadline <= now) {
        return Next::Log(vec![timed_out(state, place, step, now)]);
    }
    match next(state, place, step, now) {
        Next::Wait(until) => {
            Next::Wait(earlier(until, earlier(step.deadline, cancel_deadline(state))))
        }
        next => next,
    }
}

fn is_told_to_end(state: &State, place: u32, step: &StepState) -> bool {
    let at_stop = state.stop.as_ref().is_some_and(|stop| stop.in_flight == Some(place));
    let waits_for_no_effect =
        matches!(step.detail, Detail::Approval(_) | Detail::Resume { .. } | Detail::Until(_));
    (state.is_cancelling() && at_stop)
        || state.stopping_step == Some(place)
        || (state.is_completing() && waits_for_no_effect)
}

fn next(state: &State, place: u32, step: &StepState, now: Timestamp) -> Next {
    let Some(def) = state.document.step(step.def) else {
        return finished(place, failure(Failure::input("The step is not in the document")));
    };
    match (&step.detail, def.action) {
        (Detail::Attempt, ActionKind::Approve) => approve::enter(place, step),
        (Detail::Attempt, ActionKind::Branch) => branch::enter(state, place, step),
        (Detail::Attempt, ActionKind::ExecuteAutomation) => act(place, step, Task::StartChild),
        (Detail::Attempt, ActionKind::Loop) => repeat::enter(place, step),
        (Detail::Attempt, ActionKind::Pause) => pause::enter(place),
        (Detail::Attempt, ActionKind::Sleep) => sleep::enter(place, step, now),
        (Detail::Attempt, ActionKind::UpdateVariable) => variable::enter(state, place, step),
        (Detail::Attempt, _) => act(place, step, Task::Run),
        (Detail::Until(until), _) if *until <= now => finished(place, success(Done::default())),
        (Detail::Until(until), _) => Next::Wait(Some(*until)),
        (Detail::Approval(decisions), _) => approve::weigh(place, step, decisions),
        (Detail::Resume { resumed: true }, _) => finished(place, success(Done::default())),
        (Detail::Child { end: Some(end), id }, _) => {
            child::ended(state, place, step, *id, end, now)
        }
        (Detail::Resume { .. } | Detail::Child { .. } | Detail::Loop(_), _) => Next::Wait(None),
    }
}

fn timed_out(state: &State, place: u32, step: &StepState, now: Timestamp) -> Event {
    let action = state.document.step(step.def).map(|def| def.action);
    let waiting =
        action.map_or("Execute/Cancelling action", |action| registry::entry(action).waiting);
    failed(state, place, step, Failure::time_out(waiting), now)
}

/// What a failed attempt comes to: another one, or the step's end.
pub(crate) fn failed(
    state: &State,
    place: u32,
    step: &StepState,
    failure: Failure,
    now: Timestamp,
) -> Event {
    if step.attempt >= step.max_attempts || state.is_cancelling() || state.is_completing() {
        return Event::Finished { step: place, end: self::failure(failure), route: None };
    }
    let attempt = step.attempt + 1;
    // Each attempt has the whole time.
    let deadline = step
        .deadline
        .and_then(|deadline| now.checked_add(deadline.duration_since(step.attempt_at)).ok());
    Event::Retried {
        step: place,
        attempt,
        token: state.token(place, attempt),
        deadline,
        failure: Box::new(failure),
    }
}

pub(super) fn act(place: u32, step: &StepState, task: Task) -> Next {
    Next::Act(Effect::Step { step: place, attempt: step.attempt, task })
}

pub(super) fn finished(place: u32, end: End) -> Next {
    Next::Log(vec![Event::Finished { step: place, end, route: None }])
}

pub(super) fn success(done: Done) -> End {
    End::Success(Box::new(done))
}

pub(super) fn failure(failure: Failure) -> End {
    End::Failure(Box::new(failure))
}
