//! Between steps: which one is next, whether a loop goes round, whether the execution ends.

use jiff::Timestamp;

use super::deadline::of_cancellation;
use super::next::Next;
use super::{begin, repeat};
use crate::actions::{Failure, handling};
use crate::event::{End, Event, Route};
use crate::flow::Then;
use crate::state::{State, StepState};
use crate::status::{Outcome, Status};

/// The next action when nothing but loops is in flight.
pub(super) fn onward(state: &State, now: Timestamp) -> Next {
    let around = state.innermost();
    if let Some((place, step)) = around
        && step.deadline.is_some_and(|deadline| deadline <= now)
        && !state.is_cancelling()
    {
        let waiting = handling(runbook::ActionKind::Loop).waiting;
        return Next::fail(place, Failure::time_out(waiting));
    }
    let spent = of_cancellation(state).is_some_and(|deadline| deadline <= now);
    let then =
        if spent || state.is_completing() { Then::Ends { aborted: spent } } else { state.then };
    match (then, around) {
        (Then::Step(def), around) => step(state, def, around, now),
        (Then::ListEnds, Some((place, looping))) => repeat::around(state, place, looping),
        (Then::Ends { aborted }, Some((place, looping))) => {
            let route = if aborted { Route::Abort } else { Route::End };
            leave(state, place, looping, route)
        }
        (Then::ListEnds, None) => last(state, false),
        (Then::Ends { aborted }, None) => last(state, aborted),
    }
}

fn step(state: &State, def: u32, around: Option<(u32, &StepState)>, now: Timestamp) -> Next {
    let within = state.document.def(def).and_then(|def| def.within);
    if let Some((place, looping)) = around
        && within != Some(looping.def)
    {
        return leave(state, place, looping, Route::Step(def));
    }
    if within.is_none() && state.step(def).is_some() {
        // Documents with a cycle are refused; a finished step never runs again.
        return last(state, true);
    }
    if state.is_interactive()
        && !state.is_cancelling()
        && within.is_none()
        && state.requested != Some(def)
    {
        return idle(state);
    }
    Next::Log(begin::begin(state, def, now))
}

/// A step within the loop sends the execution out of it.
fn leave(state: &State, place: u32, looping: &StepState, route: Route) -> Next {
    let end = match innermost_failure(state, place) {
        _ if state.is_cancelling() => End::Cancelled,
        Some(failure) => End::Failure(failure),
        None => repeat::ended(looping),
    };
    Next::event(Event::Finished { step: place, end, route: Some(route) })
}

/// Why the step that ended last within this loop failed, if it did.
fn innermost_failure(state: &State, place: u32) -> Option<Box<Failure>> {
    let within = |step: &&StepState| step.within.is_some_and(|(around, _)| around == place);
    let steps = state.steps.iter().rev().flatten().map(AsRef::as_ref);
    let last = steps.filter(within).find(|step| step.ended_at.is_some())?;
    last.failure.clone().filter(|_| matches!(last.status, Status::Failed | Status::TimedOut))
}

/// No step is left.
fn last(state: &State, aborted: bool) -> Next {
    if state.is_interactive() && !aborted && state.stop.is_none() {
        return idle(state);
    }
    end(state)
}

fn idle(state: &State) -> Next {
    match state.status {
        Status::Waiting => Next::Wait(None),
        _ => Next::event(Event::Idle),
    }
}

pub(super) fn end(state: &State) -> Next {
    let outcome = state.roll_up();
    let message = match outcome {
        Outcome::Failed | Outcome::TimedOut => state.failure.clone(),
        Outcome::Success | Outcome::Cancelled => None,
    };
    Next::event(Event::Ended { outcome, message })
}
