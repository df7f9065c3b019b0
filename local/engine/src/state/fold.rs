//! The fold: how each event changes the state. It decides nothing.

use std::sync::Arc;

use jiff::Timestamp;

use super::step::{Detail, StepState};
use super::targets::Targets;
use super::{NEVER, State, Stop};
use crate::event::{End, Event, Stamped, Started, Submission, Wait};
use crate::flow::{self, Ended, Then};
use crate::status::{Change, IllegalTransition, Outcome, Status};

/// Whose status an event changed, and to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) execution: Option<Status>,
    /// A step's place, or a target's.
    pub(crate) step: Option<(u32, Status)>,
}

impl State {
    /// Applies one event.
    ///
    /// # Errors
    /// When the event cannot happen in this state: the log was tampered with, or the engine is
    /// wrong.
    pub(crate) fn apply(&mut self, stamped: Stamped) -> Result<Changes, IllegalTransition> {
        let Stamped { at, event } = stamped;
        let mut changes = Changes::default();
        match event {
            Event::Submitted(_) => {}
            Event::Began => {
                self.begin();
                changes.execution = self.change(Change::Run)?;
            }
            Event::Idle => changes.execution = self.change(Change::Wait)?,
            Event::Requested { step } => {
                self.requested = Some(step);
                changes.execution = self.change(Change::Run)?;
            }
            Event::Started(started) => {
                changes.step = Some((started.step, Status::InProgress));
                self.start(*started, at);
            }
            Event::Retried { step, attempt, token, deadline, failure } => {
                if let Some(step) = self.step_mut(step) {
                    step.attempt = attempt;
                    step.token = token;
                    step.attempt_at = at;
                    step.deadline = deadline;
                    step.failure = Some(failure);
                    step.detail = Detail::Attempt;
                    step.waiting = None;
                    // An approval that timed out is asked for again.
                    step.status = step.status.next(Change::Run)?;
                }
            }
            Event::WaitsFor { step, waiting } => {
                if let Some(step) = self.step_mut(step) {
                    step.waiting = Some(Box::new(waiting));
                }
            }
            Event::Waits { step, wait } => changes = self.wait(step, &wait)?,
            Event::Decided { step, decision } => {
                if let Some(Detail::Approval(decisions)) = self.detail_mut(step) {
                    decisions.push(decision);
                }
            }
            Event::Resumed { step } => {
                if let Some(Detail::Resume { resumed }) = self.detail_mut(step) {
                    *resumed = true;
                }
            }
            Event::Iterated { step, iteration, value } => {
                self.then = match self.step(step).and_then(|step| self.document.def(step.def)) {
                    Some(def) => def.first_inner.map_or(Then::ListEnds, Then::Step),
                    None => Then::ListEnds,
                };
                if let Some(Detail::Loop(looping)) = self.detail_mut(step) {
                    looping.iteration = iteration;
                    looping.value = value;
                }
            }
            Event::ChildEnded { step, child } => {
                if let Some(Detail::Child { end, .. }) = self.detail_mut(step) {
                    *end = Some(Box::new(child));
                }
            }
            Event::Finished { step, end, route } => {
                let outcome = outcome(&end);
                let def = self.finish(step, end, route.is_none(), at)?;
                let is_end = self.step(step).is_some_and(|step| step.is_end);
                self.then = flow::after(
                    &self.document,
                    Ended { def, outcome, is_end, route: route.as_ref() },
                );
                changes.step = Some((step, outcome.into()));
                if self.status == Status::Waiting {
                    changes.execution = self.change(Change::Run)?;
                }
            }
            Event::Set { name, value } => {
                self.variables.insert(name, value);
            }
            Event::StepStopped { step } => self.stopping_step = Some(step),
            Event::Resolved { targets } => {
                let targeting = self.submission.targeting.as_deref();
                self.targets =
                    targeting.map(|targeting| Box::new(Targets::new(targeting, &targets)));
            }
            Event::TargetStarted { target, child } => {
                if let Some(targets) = &mut self.targets {
                    targets.start(target, child, at);
                }
                changes.step = Some((target, Status::InProgress));
            }
            Event::TargetEnded { target, child } => {
                if let Some(targets) = &mut self.targets {
                    targets.end(target, &child, at);
                }
                changes.step = Some((target, child.outcome.into()));
            }
            Event::Stopped { how, alarms } => {
                // A Cancel may follow a Complete that takes long.
                let in_flight = self.active.last().copied();
                self.stop = Some(Stop { at, how, alarms, in_flight });
                if self.is_cancelling() {
                    if in_flight.is_none() {
                        self.then = Then::Ends { aborted: true };
                    }
                    changes.execution = self.change(Change::Stop)?;
                }
            }
            Event::Tagged { tags } => self.tags = tags,
            Event::Ended { outcome, message } => {
                self.failure = message;
                self.ended_at = Some(at);
                self.active = Vec::new();
                self.latest.shrink_to_fit();
                changes.execution = self.change(Change::End(outcome))?;
            }
        }
        Ok(changes)
    }

    fn change(&mut self, change: Change) -> Result<Option<Status>, IllegalTransition> {
        let next = self.status.next(change)?;
        let changed = next != self.status;
        self.status = next;
        Ok(changed.then_some(next))
    }

    fn begin(&mut self) {
        self.began = true;
        if !self.has_targets() {
            self.latest = vec![NEVER; self.document.len()];
            self.steps.resize_with(self.document.top_level() as usize, || None);
            self.then = flow::first(&self.document);
        }
    }

    fn start(&mut self, started: Started, at: Timestamp) {
        let within = self.active.last().and_then(|outer| {
            self.step(*outer)?.looping().map(|looping| (*outer, looping.iteration))
        });
        let (step, def) = (started.step, started.def);
        let place = step as usize;
        if place >= self.steps.len() {
            self.steps.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.steps.get_mut(place) {
            *slot = Some(Box::new(StepState::new(started, at, within)));
        }
        if let Some(latest) = self.latest.get_mut(def as usize) {
            *latest = step;
        }
        self.active.push(step);
        self.requested = None;
    }

    fn wait(&mut self, place: u32, wait: &Wait) -> Result<Changes, IllegalTransition> {
        let mut changes = Changes::default();
        if let Some(step) = self.step_mut(place) {
            step.wait(wait);
            if matches!(wait, Wait::Iterations(_)) {
                self.then = Then::ListEnds;
                return Ok(changes);
            }
            if matches!(wait, Wait::Approval | Wait::Resume) {
                step.status = step.status.next(Change::Wait)?;
                changes.step = Some((place, step.status));
                if self.status == Status::InProgress {
                    changes.execution = self.change(Change::Wait)?;
                }
            }
        }
        Ok(changes)
    }

    /// Ends a step in flight; its place in the document.
    /// A step that sends the execution out of a loop has been counted where it happened (`own` is false).
    fn finish(
        &mut self,
        place: u32,
        end: End,
        own: bool,
        at: Timestamp,
    ) -> Result<u32, IllegalTransition> {
        self.active.retain(|active| *active != place);
        self.stopping_step = self.stopping_step.filter(|stopping| *stopping != place);
        let Some(step) = self.step_mut(place) else {
            return Ok(NEVER);
        };
        step.status = step.status.next(Change::End(outcome(&end)))?;
        step.ended_at = Some(at);
        let (def, critical) = (step.def, step.critical);
        let cancelled = end == End::Cancelled;
        let mut count = None;
        match end {
            End::Success(done) => {
                step.outputs = done.outputs;
                step.response_code = done.response_code;
                step.response = done.response;
                step.failure = None;
            }
            End::Failure(failure) => {
                step.outputs.clone_from(&failure.outputs);
                step.response_code.clone_from(&failure.response_code);
                if critical && own {
                    count = Some((failure.timed_out, failure.message.clone()));
                }
                step.failure = Some(failure);
            }
            End::Cancelled => {}
        }
        if let Some((timed_out, message)) = count {
            self.count(timed_out, message);
        }
        if cancelled && self.stop.is_none() {
            self.step_cancelled = true;
        }
        Ok(def)
    }

    fn count(&mut self, timed_out: bool, message: String) {
        if timed_out {
            self.timed_out = true;
        } else {
            self.failed = true;
        }
        self.failure.get_or_insert(message);
    }

    fn step_mut(&mut self, place: u32) -> Option<&mut StepState> {
        self.steps.get_mut(place as usize)?.as_deref_mut()
    }

    fn detail_mut(&mut self, place: u32) -> Option<&mut Detail> {
        self.step_mut(place).map(|step| &mut step.detail)
    }

    /// The input of the execution, shared.
    pub(crate) fn submitted(&self) -> Arc<Submission> {
        Arc::clone(&self.submission)
    }
}

fn outcome(end: &End) -> Outcome {
    match end {
        End::Success(_) => Outcome::Success,
        End::Failure(failure) if failure.timed_out => Outcome::TimedOut,
        End::Failure(_) => Outcome::Failed,
        End::Cancelled => Outcome::Cancelled,
    }
}
