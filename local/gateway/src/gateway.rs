//! The parts of the gateway, and the work that it does without being asked.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use api::Emission;
use automation_api::Automation;
use events::BusRef;
use tracing::warn;

use crate::alarms::AlarmActions;
use crate::attachments::Attachments;
use crate::automation::{self, Adapters, CalendarWatch};
use crate::calls::CallLog;
use crate::clock::MovableClock;
use crate::emulator::Emulator;
use crate::events::Delivery;
use crate::faults::Faults;
use crate::rates::Rates;
use crate::services::Services;

/// The parts of the gateway.
#[derive(Debug)]
pub struct Gateway {
    /// The emulator behind it.
    pub emulator: Emulator,
    /// The services it answers itself.
    pub services: Arc<Services>,
    /// SSM Automation, which it answers itself too.
    pub automation: Arc<Automation>,
    /// The files attached to documents.
    pub attachments: Arc<Attachments>,
    /// Which change calendars are open.
    pub calendars: CalendarWatch,
    /// The faults in force.
    pub faults: Faults,
    /// How many calls a second are taken.
    pub rates: Rates,
    /// The record of calls.
    pub calls: CallLog,
    pub clock: Arc<MovableClock>,
    pub delivery: Arc<Delivery>,
    /// The part that acts on alarms.
    pub alarms: AlarmActions,
}

/// The settings that a gateway is opened with.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The emulator's private port.
    pub emulator_port: u16,
    /// Where calls that write are journalled; what else the gateway keeps is beside it.
    pub journal: PathBuf,
    /// Whether webhooks may leave the loopback interface.
    pub allow_webhooks: bool,
    /// How long an `aws:sleep` lasts, as a share of its time.
    pub sleep_scale: f64,
}

impl Gateway {
    /// A gateway in front of the emulator on a private port, with the state that its journal and
    /// its engine's log hold. What was running goes on.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn open(settings: &GatewaySettings, adapters: Adapters) -> Result<Self> {
        let emulator = Emulator::new(settings.emulator_port);
        let clock = Arc::new(MovableClock::open(settings.journal.with_file_name("clock")));
        let now = Arc::clone(&clock);
        let delivery = Arc::new(Delivery::new(emulator.clone(), Arc::new(move || now.now())));
        let services = Arc::new(Services::open(&settings.journal)?);
        let beside = |name: &str| settings.journal.with_file_name(name);
        let attachments = Arc::new(Attachments::new(beside("attachments"), emulator.clone()));
        let setup = automation::AutomationSetup {
            clock: Arc::clone(&clock),
            emulator: emulator.clone(),
            services: Arc::clone(&services),
            attachments: Arc::clone(&attachments),
            delivery: Arc::clone(&delivery),
            adapters,
            allow_webhooks: settings.allow_webhooks,
            sleep_scale: settings.sleep_scale,
        };
        let automation = automation::open(setup, &beside("automation.sqlite")).await?;
        let alarms = AlarmActions::new(emulator.clone(), Arc::clone(&delivery));
        Ok(Self {
            emulator,
            services,
            automation,
            attachments,
            calendars: CalendarWatch::default(),
            faults: Faults::default(),
            rates: Rates::default(),
            calls: CallLog::default(),
            clock,
            delivery,
            alarms,
        })
    }

    /// Hands events over for delivery.
    pub fn emit(&self, events: Vec<Emission>) {
        for Emission { account, region, envelope } in events {
            self.delivery.deliver(BusRef::default_of(account, region), envelope);
        }
    }

    /// Sends the memberships in organizations to the emulator, for IAM conditions.
    pub(crate) async fn publish_memberships(&self) -> Result<()> {
        let Some(members) = self.delivery.changed_memberships(&self.services) else {
            return Ok(());
        };
        self.emulator.hook("organizations", &members).await.map(drop)
    }

    /// Brings about what becomes due, for as long as the gateway lives.
    pub async fn tick_forever(self: Arc<Self>) {
        // Due work is looked at often enough that nobody notices, whatever moves the clock.
        let mut every = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            every.tick().await;
            self.tick().await;
        }
    }

    /// Brings about what is due by now.
    pub async fn tick(&self) {
        let now = self.clock.now();
        self.automation.tick(now).await;
        self.emit(self.calendars.changes(&self.services, now));
        let (events, _) = self.services.tick(now);
        if events.is_empty() {
            return;
        }
        if let Err(error) = self.publish_memberships().await {
            warn!(%error, "the emulator does not know the organization");
        }
        self.emit(events);
    }
}
