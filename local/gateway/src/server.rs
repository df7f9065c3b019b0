//! The public port: every request is read, perhaps disturbed, answered here or passed through, and
//! recorded.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use api::{AwsError, Emission, Reply, Request};
use automation_api::{Automation, Ways};
use bytes::Bytes;
use events::BusRef;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::TcpListener;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::alarms::Actions;
use crate::attachments::{Attachments, File};
use crate::automation::{self, CalendarWatch, Hands};
use crate::calls::{Call, Calls};
use crate::clock::Clock;
use crate::emulator::{Emulator, Principal};
use crate::events::Delivery;
use crate::faults::Faults;
use crate::incoming::Incoming;
use crate::protocol::{self, Answer};
use crate::services::{Own, Services};
use crate::{control, limits};

/// What the gateway is made of.
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
    /// The record of calls.
    pub calls: Calls,
    /// Its clock.
    pub clock: Arc<Clock>,
    /// Where events go.
    pub delivery: Arc<Delivery>,
    /// What acts on alarms.
    pub alarms: Actions,
}

/// What a gateway is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The emulator's private port.
    pub emulator_port: u16,
    /// Where calls that write are journalled; what else the gateway keeps is beside it.
    pub journal: PathBuf,
    /// Whether webhooks may leave the loopback interface.
    pub allow_webhooks: bool,
}

/// The connection is closed without an answer.
#[derive(Debug)]
struct ReplyLost;

impl std::fmt::Display for ReplyLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reply lost on purpose")
    }
}

impl std::error::Error for ReplyLost {}

/// Serves connections until the listener fails.
///
/// # Errors
/// When the listener can no longer accept.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener) -> Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        // Small answers must not wait for Nagle.
        let _ = stream.set_nodelay(true);
        let gateway = Arc::clone(&gateway);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&gateway), request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = served.await {
                debug!(%error, "connection ended");
            }
        });
    }
}

async fn answer(
    gateway: Arc<Gateway>,
    request: http::Request<Body>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if let Some(path) = parts.uri.path().strip_prefix("/_relay/") {
        return Ok(control::answer(&gateway, &parts, path, &body).await);
    }
    let incoming = Incoming::read(&parts, &body);
    let id = request_id();
    let exchange = Exchange { gateway: &gateway, parts: &parts, body: &body, incoming, id };
    exchange.run().await.map_err(Into::into)
}

#[expect(clippy::disallowed_methods, reason = "a request id is the one thing that must be random")]
fn request_id() -> Uuid {
    Uuid::new_v4()
}

/// One request on its way to its answer.
struct Exchange<'a> {
    gateway: &'a Arc<Gateway>,
    parts: &'a Parts,
    body: &'a Bytes,
    incoming: Incoming,
    id: Uuid,
}

impl Exchange<'_> {
    async fn run(&self) -> Result<Answer, ReplyLost> {
        let principal = match self.principal().await {
            Ok(principal) => principal,
            Err(error) => {
                return Ok(self.record_error("", &error, Value::Null));
            }
        };
        let effect = self.gateway.faults.effect(&self.incoming, &principal.account);
        if !effect.delay.is_zero() {
            tokio::time::sleep(effect.delay).await;
        }
        if let Some(error) = effect.error {
            return Ok(self.record_error_of(&principal, &error, Value::Null));
        }
        let answer = self.serve(&principal).await;
        if effect.lose_reply { Err(ReplyLost) } else { Ok(answer) }
    }

    /// A 12-digit access key is its account's root; others are looked up in the emulator's IAM.
    async fn principal(&self) -> Result<Principal, AwsError> {
        if let Some(account) = self.incoming.root_account() {
            let arn = format!("arn:aws:iam::{account}:root");
            return Ok(Principal { arn, account: account.to_owned() });
        }
        let unknown =
            || Principal { arn: self.incoming.access_key.clone(), account: String::new() };
        if self.incoming.access_key.is_empty() {
            return Ok(unknown());
        }
        match self.gateway.emulator.identify(&self.incoming.access_key).await {
            Ok(Ok(principal)) => Ok(principal),
            // The emulator answers for its own services; ours refuse below.
            Ok(Err(error)) if self.is_own_service() => Err(error),
            Ok(Err(_)) => Ok(unknown()),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn is_own_service(&self) -> bool {
        matches!(self.incoming.service.as_str(), "ssm" | "organizations")
    }

    async fn serve(&self, principal: &Principal) -> Answer {
        if self.is_own_service() {
            let body = if self.body.is_empty() { b"{}".as_slice() } else { self.body };
            let Ok(input) = serde_json::from_slice::<Value>(body) else {
                let error = AwsError::new("SerializationException", "The body is not JSON.");
                return self.record_error_of(principal, &error, Value::Null);
            };
            let Incoming { service, operation, .. } = &self.incoming;
            if service == "ssm" && Automation::handles(operation, &input) {
                return self.serve_automation(principal, input).await;
            }
            if let Some(own) = self.gateway.services.own(service, operation, &input) {
                return self.serve_own(own, principal, input).await;
            }
        }
        if let Some(error) = limits::refusal(&self.incoming, self.body) {
            return self.record_error_of(principal, &error, Value::Null);
        }
        match self.gateway.emulator.forward(self.parts, self.body.clone()).await {
            Ok(answer) => {
                self.record(principal, answer.status().as_u16(), None, Value::Null);
                answer
            }
            Err(error) => self.record_error_of(principal, &unavailable(&error), Value::Null),
        }
    }

    /// Documents, settings, organizations: pure services behind one lock.
    async fn serve_own(&self, own: Own, principal: &Principal, input: Value) -> Answer {
        let gateway = self.gateway;
        let request = self.request(principal, input);
        let ways = vec![gateway.services.authorizations(own, &request)];
        if let Err(error) = self.allowed(principal, &ways).await {
            return self.record_error_of(principal, &error, request.body);
        }
        let files = match self.attached(own, &request).await {
            Ok(files) => files,
            Err(error) => {
                let error = AwsError::new("InvalidDocumentContent", format!("{error:#}"));
                return self.record_error_of(principal, &error, request.body);
            }
        };
        let (reply, events) = gateway.services.call(own, &request);
        if let Ok(reply) = &reply
            && !files.is_empty()
            && let Err(error) =
                gateway.attachments.keep(&request.region, &request.account, reply, &files)
        {
            warn!(%error, "attachments are not kept");
        }
        if own == Own::Organizations
            && let Err(error) = gateway.publish_memberships().await
        {
            warn!(%error, "the emulator does not know the organization");
        }
        gateway.emit(events);
        if own == Own::Documents {
            // A calendar is known from its creation on.
            gateway.emit(gateway.calendars.changes(&gateway.services, request.now));
        }
        self.reply(principal, request, reply)
    }

    async fn serve_automation(&self, principal: &Principal, input: Value) -> Answer {
        let request = self.request(principal, input);
        let ways = self.gateway.automation.authorizations(&request);
        if let Err(error) = self.allowed(principal, &ways).await {
            return self.record_error_of(principal, &error, request.body);
        }
        let reply = self.gateway.automation.call(&request).await;
        self.reply(principal, request, reply)
    }

    fn request(&self, principal: &Principal, input: Value) -> Request {
        Request {
            id: self.id,
            account: principal.account.clone(),
            region: self.incoming.region.clone(),
            principal_arn: principal.arn.clone(),
            access_key_id: self.incoming.access_key.clone(),
            user_agent: self.user_agent(),
            operation: self.incoming.operation.clone(),
            body: input,
            now: self.gateway.clock.now(),
        }
    }

    /// Checks that one of the ways is open to the caller. A root key may do anything.
    async fn allowed(&self, principal: &Principal, ways: &Ways) -> Result<(), AwsError> {
        if self.incoming.root_account().is_some() {
            return Ok(());
        }
        let mut refusal = None;
        for (number, needs) in ways.iter().enumerate() {
            let verdict = self
                .gateway
                .emulator
                .authorize(&self.incoming, principal, self.parts, self.body, needs)
                .await
                .map_err(|error| unavailable(&error))?;
            match verdict {
                Ok(()) => {
                    if number > 0 {
                        let matched = needs.first().map(|need| need.resource.as_str());
                        info!(principal = principal.arn, matched, "allowed by an older policy");
                    }
                    return Ok(());
                }
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The files that a document is made with.
    async fn attached(&self, own: Own, request: &Request) -> Result<Vec<File>> {
        let makes = matches!(request.operation.as_str(), "CreateDocument" | "UpdateDocument");
        if own != Own::Documents || !makes {
            return Ok(Vec::new());
        }
        let Request { account, region, body, .. } = request;
        self.gateway.attachments.fetch(account, region, body).await
    }

    fn reply(&self, principal: &Principal, request: Request, reply: Reply) -> Answer {
        match reply {
            Ok(body) => {
                self.record(principal, 200, None, request.body);
                protocol::json_ok(self.id, &body)
            }
            Err(error) => self.record_error_of(principal, &error, request.body),
        }
    }

    fn user_agent(&self) -> String {
        let agent = self.parts.headers.get("user-agent").and_then(|value| value.to_str().ok());
        agent.unwrap_or_default().to_owned()
    }

    fn record_error(&self, account: &str, error: &AwsError, input: Value) -> Answer {
        let principal =
            Principal { arn: self.incoming.access_key.clone(), account: account.to_owned() };
        self.record_error_of(&principal, error, input)
    }

    fn record_error_of(&self, principal: &Principal, error: &AwsError, input: Value) -> Answer {
        self.record(principal, error.status, Some(error.code.clone()), input);
        protocol::error(&self.incoming.service, self.id, error)
    }

    fn record(&self, principal: &Principal, status: u16, error: Option<String>, input: Value) {
        self.gateway.calls.record(Call {
            at: self.gateway.clock.now(),
            principal: principal.arn.clone(),
            account: principal.account.clone(),
            region: self.incoming.region.clone(),
            service: self.incoming.service.clone(),
            operation: self.incoming.operation.clone(),
            status,
            error,
            input,
        });
    }
}

impl Gateway {
    /// A gateway in front of the emulator on a private port, with the state that its journal and
    /// its engine's log hold. What was running goes on.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn open(settings: &Settings, hands: Hands) -> Result<Self> {
        let emulator = Emulator::new(settings.emulator_port);
        let clock = Arc::new(Clock::open(settings.journal.with_file_name("clock")));
        let now = Arc::clone(&clock);
        let delivery = Arc::new(Delivery::new(emulator.clone(), Arc::new(move || now.now())));
        let services = Arc::new(Services::open(&settings.journal)?);
        let beside = |name: &str| settings.journal.with_file_name(name);
        let attachments = Arc::new(Attachments::new(beside("attachments"), emulator.clone()));
        let world = automation::World {
            clock: Arc::clone(&clock),
            emulator: emulator.clone(),
            services: Arc::clone(&services),
            attachments: Arc::clone(&attachments),
            delivery: Arc::clone(&delivery),
            hands,
            allow_webhooks: settings.allow_webhooks,
        };
        let automation = automation::open(world, &beside("automation.sqlite")).await?;
        let alarms = Actions::new(emulator.clone(), Arc::clone(&delivery));
        Ok(Self {
            emulator,
            services,
            automation,
            attachments,
            calendars: CalendarWatch::default(),
            faults: Faults::default(),
            calls: Calls::default(),
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

    /// Tells the emulator who is in which organization: IAM conditions ask for it.
    async fn publish_memberships(&self) -> Result<()> {
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

fn unavailable(error: &anyhow::Error) -> AwsError {
    AwsError { status: 503, ..AwsError::new("ServiceUnavailable", format!("{error:#}")) }
}
