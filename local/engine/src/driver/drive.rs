//! Drives executions: writes decisions to the log, carries out effects, applies their results.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::Engine;
use super::effects::EffectResult;
use super::execution::Execution;
use crate::decide::{self, Effect, Next};
use crate::event::{Event, Stamped, Wait};
use crate::log::{Entry, LogError};
use crate::ports::StatusChange;
use crate::state::{Detail, State};
use crate::status::IllegalTransition;

/// Events that were decided under the lock, to be committed outside of it.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    notices: Vec<StatusChange>,
    /// Children that no step waits for any longer.
    orphans: Vec<Uuid>,
    /// Children that are waited for from now on.
    children: Vec<Uuid>,
    ended: bool,
}

/// A batch that is being written to the log.
pub(super) struct Commit {
    done: BoxFuture<'static, Result<(), LogError>>,
    batch: Batch,
}

/// The next move of a driver.
enum Move {
    Commit(Commit),
    Act(Effect),
    Rest(Option<Timestamp>),
}

/// Why an update of an execution was refused.
#[derive(Debug)]
pub(super) enum Refused<E> {
    /// The execution is not in a state for it.
    Here(E),
    /// The log could not be written.
    Log(LogError),
}

impl Engine {
    /// Wakes the driver of an execution after an event from outside.
    pub(super) fn wake(&self, execution: &Arc<Execution>) {
        if execution.mark_changed()
            && let Some(me) = self.me.upgrade()
        {
            tokio::spawn(me.drive(Arc::clone(execution)));
        }
    }

    async fn drive(self: Arc<Self>, execution: Arc<Execution>) {
        let mut effect_result = None;
        loop {
            execution.look();
            let moved = match self.advance(&execution, effect_result.take()) {
                Ok(Move::Commit(commit)) => self.settle(&execution, commit).await,
                Ok(Move::Act(effect)) => {
                    effect_result = self.act(&execution, effect).await;
                    Ok(())
                }
                Ok(Move::Rest(until)) => {
                    if execution.rest(|| self.alarm_clock(&execution, until)) {
                        return;
                    }
                    Ok(())
                }
                Err(error) => Err(error),
            };
            if let Err(error) = moved {
                // Without its log an execution must not go on: what it did would be forgotten.
                tracing::error!(execution = %execution.id, %error, "the execution is halted");
                return;
            }
        }
    }

    /// Decides until an effect has to be carried out or something has to be waited for.
    fn advance(
        &self,
        execution: &Execution,
        effect_result: Option<EffectResult>,
    ) -> Result<Move, LogError> {
        let mut state = execution.state();
        let now = self.now();
        let mut batch = Batch::default();
        if let Some(effect_result) = effect_result {
            for event in effect_result.events(&state, now) {
                batch.add(&mut state, event, now)?;
            }
        }
        let next = loop {
            match decide::decide(&state, now) {
                Next::Log(events) => {
                    for event in events {
                        batch.add(&mut state, self.scaled(event, now), now)?;
                    }
                }
                Next::Act(effect) => break Move::Act(effect),
                Next::Wait(until) => break Move::Rest(until),
                Next::Ended => break Move::Rest(None),
            }
        };
        if batch.entries.is_empty() {
            return Ok(next);
        }
        // Decide again once this is committed: an effect must not come before its start is in the
        // log, and a stop may come in between.
        Ok(Move::Commit(self.commit(batch)))
    }

    /// Hands a batch to the log. Call it under the lock of the state that the batch belongs to, so
    /// that the log has the order of the decisions.
    pub(super) fn commit(&self, mut batch: Batch) -> Commit {
        let done = self.log.append(std::mem::take(&mut batch.entries));
        Commit { done, batch }
    }

    /// Waits for a commit, then emits its events and notifies parents and children.
    pub(super) fn settle<'a>(
        &'a self,
        execution: &'a Arc<Execution>,
        commit: Commit,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        async move {
            commit.done.await?;
            for notice in commit.batch.notices {
                self.ports.events.emit(notice);
            }
            for child in commit.batch.orphans {
                self.cancel_child(child).await;
            }
            for child in commit.batch.children {
                self.look_at_child(execution, child).await;
            }
            if commit.batch.ended {
                self.ended(execution).await;
            }
            Ok(())
        }
        .boxed()
    }

    /// Applies the events that `decide` returns, and logs them, unless it refuses.
    pub(super) async fn update<E>(
        &self,
        execution: &Arc<Execution>,
        decide: impl FnOnce(&State) -> Result<Vec<Event>, E>,
    ) -> Result<(), Refused<E>> {
        let commit = {
            let mut state = execution.state();
            let now = self.now();
            let mut batch = Batch::default();
            for event in decide(&state).map_err(Refused::Here)? {
                batch.add(&mut state, event, now).map_err(Refused::Log)?;
            }
            if batch.entries.is_empty() {
                return Ok(());
            }
            self.commit(batch)
        };
        self.settle(execution, commit).await.map_err(Refused::Log)?;
        self.wake(execution);
        Ok(())
    }

    /// Wakes an execution at a time.
    fn alarm_clock(
        &self,
        execution: &Arc<Execution>,
        until: Option<Timestamp>,
    ) -> Option<AbortHandle> {
        let until = until?;
        let (me, execution) = (self.me.clone(), Arc::clone(execution));
        let clock = Arc::clone(&self.ports.clock);
        let task = tokio::spawn(async move {
            clock.sleep_until(until).await;
            if let Some(engine) = me.upgrade() {
                engine.wake(&execution);
            }
        });
        Some(task.abort_handle())
    }
}

impl Batch {
    /// Adds one event of an execution and applies it to the state.
    pub(super) fn add(
        &mut self,
        state: &mut State,
        event: Event,
        now: Timestamp,
    ) -> Result<(), LogError> {
        self.note(state, &event);
        let stamped = Stamped { at: now, event };
        self.entries.push(stamped.entry(state.id)?);
        let changes = state.apply(stamped).map_err(illegal)?;
        state.notices(changes, now, &mut self.notices);
        Ok(())
    }

    /// Adds an entry that is not an event of the execution.
    pub(super) fn entry(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Applies the effects of an event once it is committed.
    fn note(&mut self, state: &State, event: &Event) {
        match event {
            Event::Finished { step, .. } | Event::Retried { step, .. } => {
                let detail = state.step(*step).map(|step| &step.detail);
                if let Some(Detail::Child { id, end: None }) = detail {
                    self.orphans.push(*id);
                }
            }
            Event::Waits { wait: Wait::Child(child), .. } | Event::TargetStarted { child, .. } => {
                self.children.push(*child);
            }
            Event::Ended { .. } => self.ended = true,
            _ => {}
        }
    }
}

pub(super) fn illegal(error: IllegalTransition) -> LogError {
    LogError { message: error.to_string() }
}
