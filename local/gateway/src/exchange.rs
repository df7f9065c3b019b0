//! One request on its way to its answer: read, perhaps disturbed by a fault, answered here or passed
//! through, and recorded.

use std::sync::Arc;

use anyhow::Result;
use api::{AwsError, Reply, Request};
use automation_api::{Automation, PermissionAlternatives};
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tracing::{info, warn};
use uuid::Uuid;

use crate::attachments::AttachedFile;
use crate::calls::RecordedCall;
use crate::emulator::Principal;
use crate::gateway::Gateway;
use crate::incoming::Incoming;
use crate::limits;
use crate::parameters;
use crate::protocol::{self, Answer};
use crate::run_command;
use crate::services::LocalService;

/// The connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct ReplyLost;

impl std::fmt::Display for ReplyLost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reply lost on purpose")
    }
}

impl std::error::Error for ReplyLost {}

#[expect(clippy::disallowed_methods, reason = "a request id is the one thing that must be random")]
fn request_id() -> Uuid {
    Uuid::new_v4()
}

/// One request on its way to its answer.
pub(crate) struct Exchange<'a> {
    gateway: &'a Arc<Gateway>,
    parts: &'a Parts,
    body: &'a Bytes,
    incoming: Incoming,
    id: Uuid,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(gateway: &'a Arc<Gateway>, parts: &'a Parts, body: &'a Bytes) -> Self {
        let incoming = Incoming::read(parts, body);
        Self { gateway, parts, body, incoming, id: request_id() }
    }

    /// The answer, or the fault that keeps it from the caller.
    pub(crate) async fn run(&self) -> Result<Answer, ReplyLost> {
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
        let (rates, now) = (&self.gateway.rates, self.gateway.clock.now());
        if let Some(error) = rates.refusal(&self.incoming, &principal.account, now) {
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
            if service == "ssm"
                && operation == "SendCommand"
                && let Err(error) = self.check_command(principal, &input).await
            {
                return self.record_error_of(principal, &error, input);
            }
            if let Some(local) = self.gateway.services.local_service(service, operation, &input) {
                return self.serve_locally(local, principal, input).await;
            }
        }
        if let Some(error) = limits::refusal(&self.incoming, self.body) {
            return self.record_error_of(principal, &error, Value::Null);
        }
        match self.gateway.emulator.forward(self.parts, self.body.clone()).await {
            Ok(answer) => {
                self.record(principal, answer.status().as_u16(), None, Value::Null);
                self.tell_of_parameters(principal, answer).await
            }
            Err(error) => self.record_error_of(principal, &unavailable(&error), Value::Null),
        }
    }

    /// Sends the events of parameters that the emulator has changed.
    async fn tell_of_parameters(&self, principal: &Principal, answer: Answer) -> Answer {
        let Incoming { service, operation, .. } = &self.incoming;
        if service != "ssm" || !parameters::may_change(operation) || !answer.status().is_success() {
            return answer;
        }
        let (head, body) = answer.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                warn!(%error, "the emulator's answer broke off");
                Bytes::new()
            }
        };
        let output: Value = serde_json::from_slice(&body).unwrap_or_default();
        let input = serde_json::from_slice(self.body).unwrap_or_default();
        let request = self.request(principal, input);
        self.gateway.emit(parameters::changes(&request, &output));
        Answer::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed())
    }

    /// The refusal of SendCommand for its document or parameters. Only who may send the command learns
    /// why it is refused; what passes is authorized by the emulator.
    async fn check_command(&self, principal: &Principal, input: &Value) -> Result<(), AwsError> {
        let (account, region) = (&principal.account, &self.incoming.region);
        let services = &self.gateway.services;
        let checked =
            services.documents(|documents| run_command::check(documents, account, region, input));
        let Err(error) = checked else { return Ok(()) };
        let needs = services
            .documents(|documents| run_command::authorizations(documents, account, region, input));
        self.allowed(principal, &vec![needs]).await?;
        Err(error)
    }

    /// Documents, settings, organizations: pure services behind one lock.
    async fn serve_locally(
        &self,
        local: LocalService,
        principal: &Principal,
        input: Value,
    ) -> Answer {
        let gateway = self.gateway;
        let mut request = self.request(principal, input);
        let alternatives = vec![gateway.services.authorizations(local, &request)];
        if let Err(error) = self.allowed(principal, &alternatives).await {
            return self.record_error_of(principal, &error, request.body);
        }
        // The record has what the caller said.
        let said = request.body.clone();
        let files = match self.attached(local, &mut request).await {
            Ok(files) => files,
            Err(error) => {
                let error = AwsError::new("InvalidDocumentContent", format!("{error:#}"));
                return self.record_error_of(principal, &error, said);
            }
        };
        let (mut reply, events) = gateway.services.call(local, &request);
        request.body = said;
        if let Ok(reply) = &reply
            && !files.is_empty()
            && let Err(error) =
                gateway.attachments.keep(&request.region, &request.account, reply, &files)
        {
            warn!(%error, "attachments are not kept");
        }
        if local == LocalService::Organizations
            && let Err(error) = gateway.publish_memberships().await
        {
            warn!(%error, "the emulator does not know the organization");
        }
        gateway.emit(events);
        if local == LocalService::Documents {
            // A calendar is known from its creation on.
            gateway.emit(gateway.calendars.changes(&gateway.services, request.now));
        }
        if request.operation == "GetDocument"
            && let Ok(reply) = &mut reply
        {
            self.locate_attachments(&request, reply);
        }
        self.reply(principal, request, reply)
    }

    /// Adds to the attachments of a document where they can be had: AWS signs an address of S3, here it
    /// is one of the control interface.
    fn locate_attachments(&self, request: &Request, reply: &mut Value) {
        let Request { account, region, .. } = request;
        let name = request.body["Name"].as_str().unwrap_or_default();
        let version = reply["DocumentVersion"].as_str().map(str::to_owned);
        let named = self.gateway.services.documents(|documents| {
            documents.place(account, region, name).map(|(owner, name)| format!("{owner}/{name}"))
        });
        let host = self.parts.headers.get("host").and_then(|host| host.to_str().ok());
        let (Some(named), Some(version), Some(host)) = (named, version, host) else { return };
        let folder = format!("http://{host}/_relay/attachments/{region}/{named}/{version}");
        let files = reply.get_mut("AttachmentsContent").and_then(Value::as_array_mut);
        for file in files.into_iter().flatten() {
            if let (Some(name), true) = (file["Name"].as_str(), file["Size"].is_number()) {
                file["Url"] = format!("{folder}/{name}").into();
            }
        }
    }

    async fn serve_automation(&self, principal: &Principal, input: Value) -> Answer {
        let request = self.request(principal, input);
        let alternatives = self.gateway.automation.authorizations(&request);
        if let Err(error) = self.allowed(principal, &alternatives).await {
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

    /// Checks that one of the alternatives is open to the caller. A root key may do anything.
    async fn allowed(
        &self,
        principal: &Principal,
        alternatives: &PermissionAlternatives,
    ) -> Result<(), AwsError> {
        if self.incoming.root_account().is_some() {
            return Ok(());
        }
        let mut refusal = None;
        for (number, needs) in alternatives.iter().enumerate() {
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
    async fn attached(
        &self,
        local: LocalService,
        request: &mut Request,
    ) -> Result<Vec<AttachedFile>> {
        let makes = matches!(request.operation.as_str(), "CreateDocument" | "UpdateDocument");
        if local != LocalService::Documents || !makes {
            return Ok(Vec::new());
        }
        let Request { account, region, body, .. } = request;
        let services = &self.gateway.services;
        self.gateway.attachments.fetch(account, region, body, services).await
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
        self.gateway.calls.record(RecordedCall {
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

fn unavailable(error: &anyhow::Error) -> AwsError {
    AwsError { status: 503, ..AwsError::new("ServiceUnavailable", format!("{error:#}")) }
}
