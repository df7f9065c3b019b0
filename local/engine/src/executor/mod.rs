//! What an execution does next. Pure: a state and a time in, a decision out; whoever drives
//! executions writes decisions to the log, makes effects happen, and asks again.

mod approve;
mod attempt;
mod begin;
mod branch;
mod child;
mod onward;
mod pause;
mod repeat;
mod sleep;
mod spread;
mod variable;

use jiff::{SignedDuration, Timestamp};

use crate::event::Event;
use crate::execution::State;

pub(crate) use approve::{ask, judge, waiting};
pub(crate) use attempt::failed;
pub(crate) use child::child_of;

/// What an execution does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// This happens. Ask again.
    Log(Vec<Event>),
    /// This has to be done; its result happens to the execution.
    Act(Effect),
    /// Nothing, until something happens to it or it is this late.
    Wait(Option<Timestamp>),
    /// Nothing any more.
    Ended,
}

/// What has to be done in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Something for the attempt of a step.
    Step { step: u32, attempt: u32, task: Task },
    /// Find out what the targets are.
    Resolve,
    /// Start the executions of these targets.
    StartTargets(Vec<u32>),
}

/// What has to be done for the attempt of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Run its action, which acts on the world.
    Run,
    /// Tell approvers that their approval is asked for.
    Ask,
    /// Start its child execution.
    StartChild,
}

/// How long the steps that a cancellation runs may take, all together.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html#automation-common>
const CANCEL_BRANCH: SignedDuration = SignedDuration::from_mins(2);

/// What an execution does next.
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
        return spread::decide(state);
    }
    match state.innermost() {
        Some((place, step)) if step.looping().is_none() => {
            attempt::in_flight(state, place, step, now)
        }
        _ => onward::onward(state, now),
    }
}

/// When the steps that a cancellation runs have taken too long.
fn cancel_deadline(state: &State) -> Option<Timestamp> {
    let stop = state.stop.as_ref().filter(|_| state.is_cancelling())?;
    stop.at.checked_add(CANCEL_BRANCH).ok()
}

/// The earlier of two times, if there are any.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// When the step in flight is ended at the latest.
pub(crate) fn limit(state: &State) -> Option<Timestamp> {
    let deadline = state.innermost().and_then(|(_, step)| step.deadline);
    earlier(deadline, cancel_deadline(state))
}
