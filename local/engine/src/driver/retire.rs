//! Executions that have ended leave the memory; a request for one reads it from the log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::Engine;
use super::drive::illegal;
use super::execution::Execution;
use crate::event::{Event, Stamped};
use crate::log::LogError;
use crate::state::State;
use crate::view::ExecutionView;

/// How long an execution stays in memory after its end: the caller that started it looks at it now.
const RETENTION: Duration = Duration::from_secs(30);
/// How long one stays that is in use when its time has come.
const IN_USE: Duration = Duration::from_secs(10);
/// How many leave at once: the others may be looked at in between.
const AT_ONCE: usize = 256;
/// How many executions are listed without a look at the log.
const BRIEFS: usize = 1_000;

/// The executions that have ended.
#[derive(Default)]
pub(super) struct Retired {
    state: Mutex<RetiredState>,
}

#[derive(Default)]
struct RetiredState {
    /// When which of them leaves the memory. The times ascend.
    leaving: VecDeque<(Timestamp, Uuid)>,
    /// Whether a task waits for the first of them.
    has_task: bool,
    /// The latest that have left, as lists show them.
    briefs: HashMap<Uuid, ExecutionView>,
    order: VecDeque<Uuid>,
}

impl Retired {
    fn state(&self) -> MutexGuard<'_, RetiredState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RetiredState {
    /// Keeps the view of an execution that leaves, in place of the one that left first.
    fn keep(&mut self, id: Uuid, view: ExecutionView) {
        if self.briefs.insert(id, view).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > BRIEFS
            && let Some(first) = self.order.pop_front()
        {
            self.briefs.remove(&first);
        }
    }
}

impl Engine {
    /// How many executions are in memory: those that have not ended, or not long ago.
    pub fn resident(&self) -> usize {
        self.executions.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// An owner beside the table, as a call in flight is one.
    #[cfg(test)]
    pub(crate) fn execution_in_use(&self, id: &str) -> impl Sized + use<> {
        id.parse().ok().and_then(|id| self.in_memory(id))
    }

    /// The execution leaves the memory some time from now.
    pub(super) fn retire(&self, id: Uuid) {
        let at = self.now().checked_add(RETENTION).unwrap_or(Timestamp::MAX);
        let mut retired = self.retired.state();
        retired.leaving.push_back((at, id));
        if std::mem::replace(&mut retired.has_task, true) {
            return;
        }
        let (me, clock) = (self.me.clone(), Arc::clone(&self.ports.clock));
        tokio::spawn(async move {
            let mut next = Some(at);
            while let Some(at) = next {
                clock.sleep_until(at).await;
                next = me.upgrade().and_then(|engine| engine.dismiss());
            }
        });
    }

    /// Removes the executions whose time has come. Returns when to look again.
    fn dismiss(&self) -> Option<Timestamp> {
        let now = self.now();
        let mut executions = self.executions.write().unwrap_or_else(PoisonError::into_inner);
        let mut retired = self.retired.state();
        for _ in 0..AT_ONCE {
            if retired.leaving.front().is_none_or(|(at, _)| *at > now) {
                break;
            }
            let Some((_, id)) = retired.leaving.pop_front() else { break };
            let Some(execution) = executions.get(&id) else { continue };
            // Nobody can ask for it while the table is locked: a single owner is the table itself.
            if Arc::strong_count(execution) > 1 {
                let later = now.checked_add(IN_USE).unwrap_or(Timestamp::MAX);
                let place = retired.leaving.partition_point(|(at, _)| *at <= later);
                retired.leaving.insert(place, (later, id));
                continue;
            }
            let view = execution.state().view(now, false);
            retired.keep(id, view);
            executions.remove(&id);
        }
        if retired.leaving.is_empty() {
            executions.shrink_to_fit();
        }
        retired.has_task = !retired.leaving.is_empty();
        retired.leaving.front().map(|(at, _)| *at)
    }

    /// An execution that is in memory.
    pub(super) fn in_memory(&self, id: Uuid) -> Option<Arc<Execution>> {
        self.executions.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Brings an execution that has ended back into memory.
    pub(super) fn recall(&self, id: Uuid) -> Option<Arc<Execution>> {
        let state = self.stored(id)?;
        let execution = {
            let mut executions = self.executions.write().unwrap_or_else(PoisonError::into_inner);
            // Somebody else may have been faster: there is one of it at most.
            let recalled = executions.entry(id).or_insert_with(|| Arc::new(self.hold(state)));
            Arc::clone(recalled)
        };
        self.retire(id);
        Some(execution)
    }

    /// An execution as lists show it.
    pub(super) fn brief(&self, id: Uuid) -> Option<ExecutionView> {
        let now = self.now();
        if let Some(execution) = self.in_memory(id) {
            return Some(execution.state().view(now, false));
        }
        if let Some(view) = self.retired.state().briefs.get(&id) {
            return Some(view.clone());
        }
        Some(self.stored(id)?.view(now, false))
    }

    /// The state of an execution that has ended, from the log.
    fn stored(&self, id: Uuid) -> Option<State> {
        match self.fold_stored(id) {
            Ok(state) => state.filter(|state| state.status.is_terminal()),
            Err(error) => {
                tracing::error!(execution = %id, %error, "the execution cannot be read");
                None
            }
        }
    }

    fn fold_stored(&self, id: Uuid) -> Result<Option<State>, LogError> {
        let mut state: Option<State> = None;
        for entry in self.log.read(id)? {
            let stamped = Stamped::read(&entry)?;
            state = match (state, stamped) {
                (None, Stamped { at, event: Event::Submitted(submission) }) => {
                    let document = self.library.get(submission.document);
                    document.map(|document| State::new(id, *submission, document, at))
                }
                (Some(mut state), stamped) => {
                    state.apply(stamped).map_err(illegal)?;
                    Some(state)
                }
                (None, _) => None,
            };
        }
        Ok(state)
    }

    /// An execution with the shared names of its account and Region.
    pub(super) fn hold(&self, state: State) -> Execution {
        let account = self.index.name(&state.submission.account);
        let region = self.index.name(&state.submission.region);
        Execution::new(state, account, region)
    }
}
