//! The public port: every request is read, perhaps disturbed, answered here or passed through, and
//! recorded.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use local_api::{AwsError, Emission, Request};
use local_events::BusRef;
use serde_json::Value;
use tokio::net::TcpListener;
use tracing::{debug, warn};
use uuid::Uuid;

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
    pub services: Services,
    /// The faults in force.
    pub faults: Faults,
    /// The record of calls.
    pub calls: Calls,
    /// Its clock.
    pub clock: Arc<Clock>,
    /// Where events go.
    pub delivery: Delivery,
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

    async fn serve_own(&self, own: Own, principal: &Principal, input: Value) -> Answer {
        let gateway = self.gateway;
        let request = Request {
            id: self.id,
            account: principal.account.clone(),
            region: self.incoming.region.clone(),
            principal_arn: principal.arn.clone(),
            access_key_id: self.incoming.access_key.clone(),
            user_agent: self.user_agent(),
            operation: self.incoming.operation.clone(),
            body: input,
            now: gateway.clock.now(),
        };
        if self.incoming.root_account().is_none() {
            let needs = gateway.services.authorizations(own, &request);
            let allowed = gateway
                .emulator
                .authorize(&self.incoming, principal, self.parts, self.body, &needs)
                .await;
            match allowed {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return self.record_error_of(principal, &error, request.body),
                Err(error) => {
                    return self.record_error_of(principal, &unavailable(&error), request.body);
                }
            }
        }
        let (reply, events) = gateway.services.call(own, &request);
        if own == Own::Organizations
            && let Err(error) = gateway.publish_memberships().await
        {
            warn!(%error, "the emulator does not know the organization");
        }
        gateway.emit(events);
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
    /// A gateway in front of the emulator on a private port, with the state its journal holds.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn open(emulator_port: u16, journal: &Path) -> Result<Self> {
        let emulator = Emulator::new(emulator_port);
        let clock = Arc::new(Clock::default());
        let now = Arc::clone(&clock);
        Ok(Self {
            delivery: Delivery::new(emulator.clone(), Arc::new(move || now.now())),
            emulator,
            services: Services::open(journal)?,
            faults: Faults::default(),
            calls: Calls::default(),
            clock,
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
            let (events, _) = self.services.tick(self.clock.now());
            if events.is_empty() {
                continue;
            }
            if let Err(error) = self.publish_memberships().await {
                warn!(%error, "the emulator does not know the organization");
            }
            self.emit(events);
        }
    }
}

fn unavailable(error: &anyhow::Error) -> AwsError {
    AwsError { status: 503, ..AwsError::new("ServiceUnavailable", format!("{error:#}")) }
}
