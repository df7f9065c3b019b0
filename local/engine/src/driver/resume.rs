//! Opens a log: folds the states, restores places and tokens, and resumes every execution that has
//! not ended.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use uuid::Uuid;

use super::Engine;
use super::drive::illegal;
use super::execution::Execution;
use crate::event::{Event, Stamped};
use crate::log::{Entry, EntryKind, LogError};
use crate::state::State;

impl Engine {
    /// Folds the log into the states of its executions.
    pub(super) fn replay(&self) -> Result<(), LogError> {
        let mut states: HashMap<Uuid, State> = HashMap::new();
        let mut order = Vec::new();
        self.log.replay(&mut |entry| match entry.kind {
            EntryKind::Document => self.library.restore(&entry),
            EntryKind::Event => self.fold(&entry, &mut states, &mut order),
        })?;
        for id in order {
            if let Some(state) = states.remove(&id) {
                self.restore(state);
            }
        }
        Ok(())
    }

    fn fold(
        &self,
        entry: &Entry,
        states: &mut HashMap<Uuid, State>,
        order: &mut Vec<Uuid>,
    ) -> Result<(), LogError> {
        let stamped = Stamped::read(entry)?;
        let id = entry.key;
        if let Event::Submitted(submission) = stamped.event {
            let document = self.library.get(submission.document).ok_or_else(|| LogError {
                message: format!("execution {id} runs a document that is not in the log"),
            })?;
            states.insert(id, State::new(id, *submission, document, stamped.at));
            order.push(id);
            return Ok(());
        }
        let state = states.get_mut(&id).ok_or_else(|| LogError {
            message: format!("execution {id} goes on without having been started"),
        })?;
        state.apply(stamped).map(|_| ()).map_err(illegal)
    }

    fn restore(&self, state: State) {
        let ended = state.status.is_terminal();
        let began = state.began;
        if let Some(idempotency) = state.submission.idempotency.clone() {
            let submission = &state.submission;
            let key =
                (submission.account.clone(), submission.region.clone(), idempotency.token.clone());
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.insert(key, (idempotency, state.id));
        }
        let in_flight = state
            .innermost()
            .filter(|(_, step)| step.attempts())
            .map(|(place, step)| (place, step.attempt));
        let mut execution = self.hold(state);
        execution.resumed = in_flight;
        let execution = Arc::new(execution);
        self.add(&execution);
        if let Some(pool) = execution.pool().filter(|_| !ended) {
            self.pools().restore(&pool, execution.id, began);
            execution.count(began);
        }
    }

    /// Resumes every execution that has not ended.
    pub(super) async fn resume(&self) -> Result<(), LogError> {
        let mut executions: Vec<_> = {
            let executions = self.executions.read().unwrap_or_else(PoisonError::into_inner);
            executions.values().cloned().collect()
        };
        executions.sort_by_key(|execution| (execution.submitted_at(), execution.id));
        for execution in &executions {
            self.take_up(execution).await;
        }
        let pools = self.pools().pools();
        for pool in pools {
            self.admit_next(&pool).await;
        }
        Ok(())
    }

    async fn take_up(&self, execution: &Arc<Execution>) {
        let (ended, began, cancelling, watched, shares_place) = {
            let state = execution.state();
            (
                state.status.is_terminal(),
                state.began,
                state.is_cancelling(),
                state.submission.alarms.is_some(),
                state.pool().is_none(),
            )
        };
        if ended {
            // Its parent may not have been notified yet.
            self.notify_parent(execution).await;
            self.retire(execution.id);
            return;
        }
        if cancelling || execution.state().stopping_step.is_some() {
            self.stop_children(execution).await;
        }
        if self.is_orphan(execution) {
            self.cancel_child(execution.id).await;
        }
        match (began, watched) {
            (true, true) => self.watch(execution),
            (false, _) if shares_place => self.begin(execution).await,
            _ => {}
        }
        self.wake(execution);
    }

    /// Whether the parent has ended, or its step does not wait for this child any longer.
    fn is_orphan(&self, execution: &Execution) -> bool {
        let Some(parent) = execution.state().submission.parent.clone() else {
            return false;
        };
        let Some(parent_execution) = self.get(parent.run) else {
            return false;
        };
        let state = parent_execution.state();
        if state.status.is_terminal() {
            return true;
        }
        // The child's id is the token of the attempt that started it.
        let step = state.step(parent.place).filter(|_| !state.has_targets());
        step.is_some_and(|step| step.token != execution.id || step.status.is_terminal())
    }
}
