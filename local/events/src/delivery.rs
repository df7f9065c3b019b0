//! One delivery: one event to one target, from the first attempt to its end.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use relay_core::id::Arn;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Action, BusRef, Deliverer, DeliveryFailure, DeliveryOutcome, DeliveryPort, ErrorCode, Record,
    RuleTarget, TargetCall,
    classify::Kind,
    dead_letter::{DeadLetter, Exhausted},
    forward::{self, Hops},
    input::Input,
    permission::Permission,
    retry,
    template::Source,
};

/// An event that has arrived on a bus.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) bus: BusRef,
    pub(crate) envelope: Value,
    pub(crate) hops: Hops,
    /// Retrying is counted from here.
    pub(crate) ingested: Timestamp,
    /// Its number among all arrivals.
    pub(crate) sequence: u64,
}

impl Arrival {
    pub(crate) fn event_id(&self) -> &str {
        self.envelope["id"].as_str().unwrap_or_default()
    }

    /// How this event's way ended; `rule` and `target` where it got that far.
    pub(crate) fn record(&self, at: Timestamp, attempts: u32, outcome: DeliveryOutcome) -> Record {
        Record {
            at,
            event_id: self.event_id().to_owned(),
            detail_type: self.envelope["detail-type"].as_str().unwrap_or_default().to_owned(),
            bus: self.bus.to_string(),
            rule: None,
            target: None,
            attempts,
            outcome,
        }
    }
}

/// One event on its way to one target.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) arrival: Arc<Arrival>,
    pub(crate) rule_name: String,
    pub(crate) rule_arn: String,
    pub(crate) target: RuleTarget,
    /// From 1; more where a knob asks for duplicates.
    pub(crate) copy: u32,
}

impl Delivery {
    /// The same for every run of the same delivery, distinct among deliveries.
    pub(crate) fn derived_id(&self, purpose: &str) -> Uuid {
        let (event, target) = (self.arrival.event_id(), &self.target.id);
        let name = format!("{event}/{}/{target}/{}/{purpose}", self.rule_arn, self.copy);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    }

    /// Delivers, retries, gives up: returns when it is decided, and leaves a record.
    pub(crate) async fn run<E: DeliveryPort>(&self, deliverer: &Deliverer<E>) {
        let source = Source {
            envelope: &self.arrival.envelope,
            rule_name: &self.rule_name,
            rule_arn: &self.rule_arn,
            ingested: self.arrival.ingested,
        };
        let is_bus = self.kind() == Some(Kind::Bus);
        // Buses take the event itself: PutTargets refuses an input for them.
        let input = if is_bus {
            Input::Text(self.arrival.envelope.to_string())
        } else {
            Input::of(&self.target, &source)
        };
        let (attempts, outcome) = match input {
            Input::Empty => {
                let message = "the input for the target came out empty".to_owned();
                (
                    0,
                    DeliveryOutcome::Dropped {
                        code: ErrorCode::InvalidJson.as_str().into(),
                        message,
                    },
                )
            }
            Input::Unusable(body, failure) => {
                (0, self.dead_letter(deliverer, body, failure, None).await)
            }
            Input::Text(body) => self.attempts(deliverer, body).await,
        };
        let mut record = self.arrival.record(deliverer.now(), attempts, outcome);
        record.rule = Some(self.rule_arn.clone());
        record.target = Some(self.target.arn.clone());
        deliverer.keep(record);
    }

    async fn attempts<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        body: String,
    ) -> (u32, DeliveryOutcome) {
        let policy = self.target.retry_policy;
        let age = SignedDuration::from_secs(policy.maximum_event_age_in_seconds.into());
        let deadline = self.arrival.ingested.saturating_add(age).unwrap_or(Timestamp::MAX);
        let seed = retry::seed_of(&self.derived_id("retry").to_string());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.attempt(deliverer, &body, attempt).await {
                Ok(()) => return (attempt, DeliveryOutcome::Delivered),
                Err(failure) => failure,
            };
            tracing::info!(
                event = self.arrival.event_id(),
                rule = self.rule_arn,
                target = self.target.arn,
                attempt,
                code = failure.code.as_str(),
                message = failure.message,
                "delivery attempt failed"
            );
            let retries = attempt - 1;
            let exhausted = if !failure.retryable {
                None
            } else if retries >= policy.maximum_retry_attempts {
                Some(Exhausted::attempts(retries))
            } else {
                let left = deadline.duration_since(deliverer.now());
                let left = Duration::try_from(left).unwrap_or_default();
                tokio::time::sleep(retry::delay(seed, attempt).min(left)).await;
                if deliverer.now() < deadline {
                    continue;
                }
                Some(Exhausted::age(retries))
            };
            return (attempt, self.dead_letter(deliverer, body, failure, exhausted).await);
        }
    }

    async fn attempt<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        body: &str,
        attempt: u32,
    ) -> Result<(), DeliveryFailure> {
        let (Ok(arn), Some(kind)) = (self.target.arn.parse::<Arn>(), self.kind()) else {
            let message =
                format!("the local AWS does not deliver to targets like {}", self.target.arn);
            return Err(DeliveryFailure::terminal(ErrorCode::InvalidParameter, message));
        };
        let request_id = self.derived_id(&attempt.to_string()).to_string();
        let permission =
            Permission { emulator: deliverer.emulator(), delivery: self, request_id: &request_id };
        let Some(action) = self.action(kind, &arn, body, deliverer.now())? else {
            return self.forward(deliverer, &permission, &arn).await;
        };
        permission.of_target(kind, &arn).await?;
        let call = TargetCall {
            arn: self.target.arn.clone(),
            rule_arn: self.rule_arn.clone(),
            role: self.target.role_arn.clone(),
            action,
        };
        deliverer.emulator().invoke(&call).await.map_err(|error| kind.failure(error))
    }

    /// The request to the port; nothing for a bus, where the event simply arrives.
    fn action(
        &self,
        kind: Kind,
        arn: &Arn,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<Action>, DeliveryFailure> {
        let body = body.to_owned();
        Ok(Some(match kind {
            Kind::Bus => return Ok(None),
            Kind::Queue => {
                let parameters = self.target.sqs_parameters.as_ref();
                let group_id =
                    parameters.and_then(|parameters| parameters.message_group_id.clone());
                if arn.resource.ends_with(".fifo") && group_id.is_none() {
                    let message = "The request must contain the parameter MessageGroupId.";
                    return Err(DeliveryFailure::terminal(ErrorCode::InvalidParameter, message));
                }
                Action::SendMessage { body, group_id, attributes: Vec::new() }
            }
            Kind::Topic => Action::Publish { message: body },
            Kind::Function => Action::Invoke { payload: body },
            Kind::StateMachine => {
                // AWS's ids are UUIDs; one that is not may be no legal part of a name.
                let event = Uuid::try_parse(self.arrival.event_id())
                    .unwrap_or_else(|_| self.derived_id("event"));
                let name = format!("{event}_{}", self.derived_id("execution"));
                Action::StartExecution { name, input: body }
            }
            Kind::LogGroup => self.log_event(body, now),
            Kind::Automation => {
                let parameters = self.parameters(body);
                Action::StartAutomation { token: self.derived_id("automation"), parameters }
            }
            Kind::OpsItem => Action::CreateOpsItem { item: body },
            Kind::Command => Action::SendCommand {
                targets: self.target.command_targets().to_vec(),
                parameters: self.parameters(body),
            },
        }))
    }

    /// Those of a document. A target without an input of its own has none: the event is not used as one.
    fn parameters(&self, body: String) -> String {
        if self.target.has_input() { body } else { "{}".to_owned() }
    }

    async fn forward<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        permission: &Permission<'_, E>,
        arn: &Arn,
    ) -> Result<(), DeliveryFailure> {
        let (arrival, Some(to)) = (&self.arrival, BusRef::from_arn(arn)) else {
            let message = format!("{arn} names no bus");
            return Err(DeliveryFailure::terminal(ErrorCode::InvalidParameter, message));
        };
        let hops = arrival.hops.and(&arrival.bus, &to, arrival.event_id())?;
        permission.of_bus(arn).await?;
        let envelope = forward::received(&arrival.envelope, &arrival.bus, &to, deliverer.now());
        deliverer.arrive(to, envelope, hops);
        Ok(())
    }

    /// The whole event under its own time, or what a template made: `timestamp` and `message`.
    fn log_event(&self, body: String, now: Timestamp) -> Action {
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let time = if self.target.input_transformer.is_some() { "timestamp" } else { "time" };
        let timestamp = match &parsed[time] {
            Value::Number(milliseconds) => milliseconds.as_i64(),
            Value::String(text) => text.parse().ok().map(Timestamp::as_millisecond),
            _ => None,
        };
        let message = match &parsed["message"] {
            Value::String(message) if self.target.input_transformer.is_some() => message.clone(),
            _ => body,
        };
        Action::PutLogEvent { timestamp: timestamp.unwrap_or(now.as_millisecond()), message }
    }

    async fn dead_letter<E: DeliveryPort>(
        &self,
        deliverer: &Deliverer<E>,
        body: String,
        failure: DeliveryFailure,
        exhausted: Option<Exhausted>,
    ) -> DeliveryOutcome {
        DeadLetter { delivery: self, body, failure, exhausted }.send(deliverer).await
    }

    fn kind(&self) -> Option<Kind> {
        Kind::of(&self.target.arn.parse().ok()?)
    }
}
