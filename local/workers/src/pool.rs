//! A place for a process: a call that finds a dead one starts another.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::process::{Launch, Process};

#[derive(Debug)]
pub(crate) struct Slot {
    launch: Launch,
    process: Mutex<Option<Arc<Process>>>,
}

impl Slot {
    pub(crate) fn new(launch: Launch) -> Self {
        Self { launch, process: Mutex::new(None) }
    }

    /// The process that lives here.
    ///
    /// # Errors
    /// When it has died and no other can be started.
    pub(crate) fn worker(&self) -> io::Result<Arc<Process>> {
        let mut place = self.place();
        if let Some(process) = place.as_ref().filter(|process| !process.is_dead()) {
            return Ok(Arc::clone(process));
        }
        if place.is_some() {
            tracing::warn!(program = ?self.launch.arguments.get(2), "a Python process died; starting another");
        }
        let process = Arc::new(Process::start(&self.launch)?);
        *place = Some(Arc::clone(&process));
        Ok(process)
    }

    /// How many wait for an answer of it.
    pub(crate) fn in_flight(&self) -> usize {
        self.place().as_ref().map_or(0, |process| process.in_flight())
    }

    /// Its process id, while it lives.
    pub(crate) fn process(&self) -> Option<u32> {
        self.place().as_ref().filter(|process| !process.is_dead()).and_then(|process| process.id())
    }

    fn place(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
