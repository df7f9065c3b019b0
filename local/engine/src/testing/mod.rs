//! The world in memory: what tests and benches give the engine instead of the real one.

mod actions;
mod aws;
mod clock;
mod documents;
mod quiet;

use std::sync::Arc;

use crate::Ports;

pub use actions::{Acted, FakeActions};
pub use aws::FakeAws;
pub use clock::TokioClock;
pub use documents::{FakeDirectory, FakeDocuments};
pub use quiet::{FakeEvents, NoScripts, NoWebhooks};

/// A whole world in memory. Clones share it.
#[derive(Clone, Default)]
pub struct FakePorts {
    pub aws: Arc<FakeAws>,
    pub documents: Arc<FakeDocuments>,
    pub directory: Arc<FakeDirectory>,
    pub events: Arc<FakeEvents>,
}

impl FakePorts {
    /// The ports to it. Time is tokio's: paused, it is virtual.
    pub fn ports(&self) -> Ports {
        self.ports_with(TokioClock::default())
    }

    /// The same with a clock.
    pub fn ports_with(&self, clock: TokioClock) -> Ports {
        Ports {
            clock: Arc::new(clock),
            aws: self.aws.clone(),
            scripts: Arc::new(NoScripts),
            webhooks: Arc::new(NoWebhooks),
            documents: self.documents.clone(),
            directory: self.directory.clone(),
            events: self.events.clone(),
        }
    }
}
