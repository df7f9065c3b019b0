//! SSM Automation behind the gateway: the engine on its log, with the local AWS as its world.

mod calendars;
mod directory;
mod documents;
mod events;
mod rule_target;
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
use crate::clock::Clock;
use crate::emulator::Emulator;
use crate::events::Delivery;
use crate::services::Services;
pub use calendars::CalendarWatch;
pub use rule_target::RuleTarget;
pub use sessions::Iam;

use documents::Shelf;
use events::Bus;
use webhooks::Poster;

/// What runs in processes of its own: API calls and scripts.
#[derive(Clone)]
pub struct Hands {
    /// Any AWS API.
    pub aws: Arc<dyn Aws>,
    /// `aws:executeScript`.
    pub scripts: Arc<dyn Scripts>,
}

/// The gateway's parts, as the engine needs them.
pub struct World {
    /// Time.
    pub clock: Arc<Clock>,
    /// The emulator behind the gateway.
    pub emulator: Emulator,
    /// Documents and organizations.
    pub services: Arc<Services>,
    /// The files attached to documents.
    pub attachments: Arc<Attachments>,
    /// Where events go.
    pub delivery: Arc<Delivery>,
    /// API calls and scripts.
    pub hands: Hands,
    /// Whether webhooks may leave the loopback interface.
    pub allow_webhooks: bool,
}

/// Opens the engine on its log, and its API. What was running goes on.
///
/// # Errors
/// When the log cannot be read.
pub async fn open(world: World, log: &Path) -> Result<Arc<Automation>> {
    let documents = Arc::new(Shelf::new(Arc::clone(&world.services), world.attachments));
    let directory: Arc<dyn Directory> = world.services;
    let ports = Ports {
        clock: world.clock,
        aws: world.hands.aws,
        scripts: world.hands.scripts,
        webhooks: Arc::new(Poster::new(world.allow_webhooks)),
        documents: Arc::clone(&documents) as _,
        directory: Arc::clone(&directory),
        events: Arc::new(Bus::new(Arc::clone(&world.delivery))),
    };
    let opened = SqliteLog::open(log).with_context(|| format!("open {}", log.display()))?;
    let engine = Engine::open(ports, Box::new(opened)).await.context("replay the engine's log")?;
    let automation = Arc::new(Automation::new(automation_api::World {
        engine,
        documents,
        directory,
        records: records(&log.with_extension("jsonl"))?,
    }));
    let target = RuleTarget::new(Arc::clone(&automation), world.emulator);
    world.delivery.start_automations_with(target);
    Ok(automation)
}

/// What the API remembers, from its file and into it.
fn records(path: &Path) -> Result<Records> {
    let opened = File::options().create(true).append(true).read(true).open(path);
    let file = opened.with_context(|| format!("open {}", path.display()))?;
    Records::open(BufReader::new(file.try_clone()?), Box::new(file))
        .with_context(|| format!("read {}", path.display()))
}
