//! The next action of an execution, and the decisions about a step that every action shares.

use jiff::Timestamp;

use crate::actions::{Done, Failure};
use crate::event::{End, Event};
use crate::state::StepState;

/// The next action of an execution.
#[derive(Debug)]
pub(crate) enum Next {
    /// These events happen; then decide again.
    Log(Vec<Event>),
    /// This effect has to be carried out; its result happens to the execution.
    Act(Effect),
    /// Nothing, until something happens to the execution or this time has come.
    Wait(Option<Timestamp>),
    /// The execution has ended.
    Ended,
}

/// An effect outside of the execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Something for the attempt of a step.
    Step { step: u32, attempt: u32, task: Task },
    /// Find out what the targets are.
    Resolve,
    /// Start the executions of these targets.
    StartTargets(Vec<u32>),
}

/// The work for the attempt of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Run its action, which calls AWS or a script.
    Run,
    /// Send the approvers the request for their approval.
    Ask,
    /// Start its child execution.
    StartChild,
}

impl Next {
    pub(super) fn event(event: Event) -> Self {
        Self::Log(vec![event])
    }

    /// The step ends, and the execution goes where the step's properties say.
    pub(super) fn finish(step: u32, end: End) -> Self {
        Self::event(Event::Finished { step, end, route: None })
    }

    pub(super) fn succeed(step: u32, done: Done) -> Self {
        Self::finish(step, End::success(done))
    }

    /// The step fails for good, whatever attempts are left.
    pub(super) fn fail(step: u32, failure: Failure) -> Self {
        Self::finish(step, End::failure(failure))
    }

    /// The step's inputs cannot be used. Another attempt would find the same inputs.
    pub(super) fn invalid(step: u32, message: &str) -> Self {
        Self::fail(step, Failure::input(message))
    }

    /// The step's present attempt needs something done.
    pub(super) fn act(place: u32, step: &StepState, task: Task) -> Self {
        Self::Act(Effect::Step { step: place, attempt: step.attempt, task })
    }
}
