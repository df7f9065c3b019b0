//! Decides what an execution does next. Pure: a state and a time in, a decision out. The driver writes
//! the decisions to the log, carries out the effects, and asks again.

mod approve;
mod attempt;
mod begin;
mod branch;
mod child;
mod deadline;
mod next;
mod onward;
mod pause;
mod repeat;
mod retry;
mod sleep;
mod targets;
mod variable;

use jiff::Timestamp;

use crate::state::State;

pub(crate) use approve::{ask, open_approver};
pub(crate) use child::child_of;
pub(crate) use deadline::latest_end;
pub(crate) use next::{Effect, Next, Task};
pub(crate) use retry::after_failure;

/// The next action of an execution.
pub(crate) fn decide(state: &State, now: Timestamp) -> Next {
    if state.status.is_terminal() {
        return Next::Ended;
    }
    if !state.began {
        return match state.stop {
            Some(_) => onward::end(state),
            None => Next::Wait(None),
        };
    }
    if state.has_targets() {
        return targets::decide(state);
    }
    match state.innermost() {
        Some((place, step)) if step.looping().is_none() => {
            attempt::in_flight(state, place, step, now)
        }
        _ => onward::onward(state, now),
    }
}
