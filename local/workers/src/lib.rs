//! The engine's Python: AWS API calls on botocore, and the scripts of `aws:executeScript`.
//!
//! [`Python`] implements the ports [`Aws`](engine::ports::Aws) and
//! [`Scripts`](engine::ports::Scripts) over processes of two kinds: a few long-lived workers
//! that make API calls, and one fork server that has boto3 loaded and forks a process for every
//! script. Messages are length-prefixed JSON over a socket that a process inherits; when this
//! process ends, however it does, theirs end with it.
//!
//! It does not: retry (the engine's), check limits of payloads (the action's), mint
//! credentials for services and callers (from an implementation of [`Sessions`]).

mod apis;
mod credentials;
mod errors;
mod frames;
mod pool;
mod process;
mod runtime;
mod scripts;
mod settings;
mod sources;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

pub use credentials::{Keys, Sessions};
pub use settings::PythonSettings;

use credentials::Cache;
use pool::Slot;
use sources::Sources;

/// API calls and scripts. Its processes end when it is dropped.
pub struct Python {
    settings: PythonSettings,
    sessions: Arc<dyn Sessions>,
    held: Cache,
    apis: Vec<Slot>,
    next_api: AtomicUsize,
    scripts: Slot,
    room: Semaphore,
    // Last: the processes read their sources from it.
    _sources: Sources,
}

impl std::fmt::Debug for Python {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Python").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Python {
    /// Starts the processes and does not wait for them: calls made meanwhile wait in line. Call it
    /// in a Tokio runtime that lives as long as the value.
    ///
    /// # Errors
    /// When the folder cannot be written, or Python cannot be started.
    pub fn start(
        mut settings: PythonSettings,
        sessions: Arc<dyn Sessions>,
    ) -> io::Result<Arc<Self>> {
        settings.folder = std::path::absolute(&settings.folder)?;
        let sources = Sources::write(&settings.folder)?;
        let apis = (0..settings.api_workers.max(1))
            .map(|_| Slot::new(settings.api_command(sources.folder())))
            .collect::<Vec<_>>();
        let scripts = Slot::new(settings.script_command(sources.folder())?);
        for slot in apis.iter().chain([&scripts]) {
            slot.worker()?;
        }
        Ok(Arc::new(Self {
            room: Semaphore::new(settings.scripts_at_once.max(1)),
            settings,
            sessions,
            held: Cache::default(),
            apis,
            next_api: AtomicUsize::new(0),
            scripts,
            _sources: sources,
        }))
    }

    /// The process ids of those that run now: of the workers for API calls, then of the fork
    /// server.
    pub fn processes(&self) -> Vec<u32> {
        self.apis.iter().chain([&self.scripts]).filter_map(Slot::process).collect()
    }

    /// The API worker with the fewest calls in flight; among equals, in turn.
    fn idlest(&self) -> &Slot {
        let first = self.next_api.fetch_add(1, Ordering::Relaxed);
        let turn = |at: usize| &self.apis[first.wrapping_add(at) % self.apis.len()];
        (1..self.apis.len()).map(turn).fold(turn(0), |idlest, slot| {
            if slot.in_flight() < idlest.in_flight() { slot } else { idlest }
        })
    }
}
