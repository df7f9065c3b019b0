//! SSM Automation behind the gateway: the engine on its log, with the local AWS behind its ports.

mod automation_target;
mod calendars;
mod directory;
mod documents;
mod events;
mod sessions;
mod webhooks;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use automation_api::{Automation, Records};
use engine::log::SqliteLog;
use engine::ports::{Aws, Directory, Scripts};
use engine::{Engine, Ports};

use crate::attachments::Attachments;
use crate::clock::MovableClock;
use crate::emulator::Emulator;
use crate::events::Delivery;
use crate::services::Services;
pub use automation_target::AutomationTarget;
pub use calendars::CalendarWatch;
pub use sessions::Iam;

use documents::GatewayDocuments;
use events::StatusEvents;
use webhooks::WebhookClient;

/// The work done in processes of its own: API calls and scripts.
#[derive(Clone)]
pub struct Adapters {
    /// Calls of any AWS API.
    pub aws: Arc<dyn Aws>,
    /// `aws:executeScript`.
    pub scripts: Arc<dyn Scripts>,
}

/// The gateway's parts, as the engine needs them.
pub struct AutomationSetup {
    pub clock: Arc<MovableClock>,
    /// The emulator behind the gateway.
    pub emulator: Emulator,
    pub services: Arc<Services>,
    /// The files attached to documents.
    pub attachments: Arc<Attachments>,
    pub delivery: Arc<Delivery>,
    /// API calls and scripts.
    pub adapters: Adapters,
    /// Whether webhooks may leave the loopback interface.
    pub allow_webhooks: bool,
    /// How long an `aws:sleep` lasts, as a share of its time.
    pub sleep_scale: f64,
}

/// Opens the engine on its log, and its API. What was running goes on.
///
/// # Errors
/// When the log cannot be read.
pub async fn open(setup: AutomationSetup, log: &Path) -> Result<Arc<Automation>> {
    let documents = Arc::new(GatewayDocuments::new(Arc::clone(&setup.services), setup.attachments));
    let services = Arc::clone(&setup.services);
    let directory: Arc<dyn Directory> = setup.services;
    let ports = Ports {
        clock: setup.clock,
        aws: setup.adapters.aws,
        scripts: setup.adapters.scripts,
        webhooks: Arc::new(WebhookClient::new(setup.allow_webhooks)),
        documents: Arc::clone(&documents) as _,
        directory: Arc::clone(&directory),
        events: Arc::new(StatusEvents::new(Arc::clone(&setup.delivery))),
    };
    let opened = SqliteLog::open(log).with_context(|| format!("open {}", log.display()))?;
    let engine = Engine::open(ports, Box::new(opened)).await.context("replay the engine's log")?;
    engine.set_sleep_scale(setup.sleep_scale);
    let automation = Arc::new(Automation::new(automation_api::AutomationParts {
        engine,
        documents,
        directory,
        records: records(&log.with_extension("jsonl"))?,
    }));
    let target = AutomationTarget::new(Arc::clone(&automation), services, setup.emulator);
    setup.delivery.start_automations_with(target);
    Ok(automation)
}

/// The memory of the API, from its file and into it.
fn records(path: &Path) -> Result<Records> {
    let opened = File::options().create(true).append(true).read(true).open(path);
    let file = opened.with_context(|| format!("open {}", path.display()))?;
    Records::open(BufReader::new(file.try_clone()?), Box::new(file))
        .with_context(|| format!("read {}", path.display()))
}
