//! An execution in memory: its state, and whether a task drives it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::quota::Pool;
use crate::state::State;
use crate::view::TriggeredAlarm;

/// An execution. A task exists only while it moves; while it waits, only its state is in memory.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: Uuid,
    pub(super) account: Arc<str>,
    pub(super) region: Arc<str>,
    /// Step and attempt that were in flight when the engine was last opened.
    pub(super) resumed: Option<(u32, u32)>,
    state: Mutex<State>,
    drive: Mutex<Drive>,
    /// Wakes the driver that carries out an effect when something else happens.
    pub(super) changed: Notify,
    /// Wakes the callers that wait for its end.
    pub(super) over: Notify,
    /// Whether it counts as running against its quota.
    pub(super) counted: AtomicBool,
    /// The alarms that the next stop is for.
    alarms: Mutex<Vec<TriggeredAlarm>>,
}

#[derive(Debug, Default)]
struct Drive {
    phase: Phase,
    alarm: Option<AbortHandle>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// No task drives the execution.
    #[default]
    Rests,
    /// A task drives it, and has seen its latest state.
    Moves,
    /// A task drives it, and something happened since it last looked.
    MovesAndChanged,
}

impl Execution {
    pub(super) fn new(state: State, account: Arc<str>, region: Arc<str>) -> Self {
        Self {
            id: state.id,
            account,
            region,
            resumed: None,
            state: Mutex::new(state),
            drive: Mutex::default(),
            changed: Notify::new(),
            over: Notify::new(),
            counted: AtomicBool::new(false),
            alarms: Mutex::default(),
        }
    }

    /// Its state. Hold it shortly.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Alarms have gone into ALARM: the stop that their execution is about to ask for is for them.
    pub(super) fn expect_alarms(&self, alarms: &[TriggeredAlarm]) {
        *self.alarms() = alarms.to_vec();
    }

    /// The alarms that a stop is for.
    pub(super) fn take_alarms(&self) -> Vec<TriggeredAlarm> {
        std::mem::take(&mut *self.alarms())
    }

    fn alarms(&self) -> MutexGuard<'_, Vec<TriggeredAlarm>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks that something happened. Returns whether a driver has to be started.
    pub(super) fn mark_changed(&self) -> bool {
        let mut drive = self.drive();
        let starts = drive.phase == Phase::Rests;
        drive.phase = if starts { Phase::Moves } else { Phase::MovesAndChanged };
        drop(drive);
        self.changed.notify_one();
        starts
    }

    /// Its driver has nothing to do. Returns whether it may end; if so, `wake` is kept until the next
    /// rest.
    pub(super) fn rest(&self, wake: impl FnOnce() -> Option<AbortHandle>) -> bool {
        let mut drive = self.drive();
        if drive.phase == Phase::MovesAndChanged {
            drive.phase = Phase::Moves;
            return false;
        }
        drive.phase = Phase::Rests;
        if let Some(alarm) = drive.alarm.take() {
            alarm.abort();
        }
        drive.alarm = wake();
        true
    }

    /// Its driver looks at the state now.
    pub(super) fn look(&self) {
        let mut drive = self.drive();
        if drive.phase == Phase::MovesAndChanged {
            drive.phase = Phase::Moves;
        }
    }

    fn drive(&self) -> MutexGuard<'_, Drive> {
        self.drive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether it counts against its quota. Returns whether it did before.
    pub(super) fn count(&self, counts: bool) -> bool {
        self.counted.swap(counts, Ordering::SeqCst)
    }

    /// The quota that it counts against.
    pub(super) fn pool(&self) -> Option<Pool> {
        self.state().pool()
    }

    /// When it was asked for.
    pub(super) fn submitted_at(&self) -> Timestamp {
        self.state().submitted_at
    }
}
