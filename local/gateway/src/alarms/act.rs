//! Carries out what a transition asks for: the event by the deployed rules, actions by calls under
//! the permissions that AWS asks for. How each action ended is noted in the alarm's history.

use std::sync::Arc;
use std::time::Duration;

use events::BusRef;
use http::Request;
use relay_core::id::Arn;
use serde_json::{Value, json};
use tracing::warn;

use super::event;
use super::plan::{AlarmCall, Planned, plan};
use super::record::{AlarmChange, Transition};
use crate::emulator::Emulator;
use crate::events::{Delivery, form, invocations, refused};

/// An action is tried so often while the emulator does not answer.
const ATTEMPTS: u32 = 3;

/// Carries out the actions of alarms.
#[derive(Clone, Debug)]
pub struct AlarmActions {
    emulator: Emulator,
    delivery: Arc<Delivery>,
}

/// A call that was not carried out.
struct Failed {
    message: String,
    /// Whether the emulator did not answer at all.
    unanswered: bool,
}

impl AlarmActions {
    /// Calls through an emulator, events through a delivery.
    pub fn new(emulator: Emulator, delivery: Arc<Delivery>) -> Self {
        Self { emulator, delivery }
    }

    /// Takes a change as the emulator hands it over. Returns at once; must be called within a tokio
    /// runtime. The event goes its own way, actions follow each other.
    pub fn take(&self, change: AlarmChange) {
        match change {
            AlarmChange::Configuration(change) => {
                let bus = BusRef::default_of(&change.account, &change.region);
                self.delivery.deliver(bus, event::configuration_change(&change));
            }
            AlarmChange::Contributor(change) => {
                let bus = BusRef::default_of(&change.account, &change.region);
                self.delivery.deliver(bus, event::contributor_change(&change));
            }
            AlarmChange::State(transition) => {
                let bus = BusRef::default_of(&transition.account, &transition.region);
                self.delivery.deliver(bus, event::state_change(&transition));
                let actions = self.clone();
                tokio::spawn(async move {
                    for planned in plan(&transition) {
                        actions.carry_out(&transition, planned).await;
                    }
                });
            }
        }
    }

    async fn carry_out(&self, transition: &Transition, planned: Planned) {
        let Planned { action, call } = planned;
        let error = match call {
            Ok(call) => self.repeatedly(transition, &call).await.err(),
            Err(reason) => Some(reason),
        };
        let alarm = &transition.alarm.alarm_name;
        if let Some(error) = &error {
            warn!(alarm, action, error, "the action of an alarm failed");
        }
        let note = json!({
            "account": transition.account, "region": transition.region, "alarm": alarm,
            "action": action, "at": transition.at.as_millisecond(), "error": error,
        });
        if let Err(error) = self.emulator.hook("alarm-action", &note).await {
            warn!(alarm, action, %error, "how an action ended is not in the alarm's history");
        }
    }

    async fn repeatedly(&self, transition: &Transition, call: &AlarmCall) -> Result<(), String> {
        let mut attempt = 1;
        loop {
            match self.once(transition, call).await {
                Err(failed) if failed.unanswered && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(200) * attempt).await;
                    attempt += 1;
                }
                ended => return ended.map_err(|failed| failed.message),
            }
        }
    }

    async fn once(&self, transition: &Transition, call: &AlarmCall) -> Result<(), Failed> {
        if let Some((resource, principal, action)) = call.permission() {
            self.permitted(transition, resource, principal, action).await?;
        }
        let (account, region) = match call {
            AlarmCall::Publish { topic: arn, .. } | AlarmCall::Invoke { function: arn, .. } => {
                (&arn.account, &arn.region)
            }
            AlarmCall::Instance { .. } => (&transition.account, &transition.region),
        };
        let (service, request, body) = wire(call);
        let sent = self.emulator.as_root(account, region, service, request, body).await;
        let (status, answer) = sent.map_err(unanswered)?;
        if status < 300 {
            return Ok(());
        }
        Err(Failed { message: refused(status, &answer).to_string(), unanswered: false })
    }

    /// Whether the resource's own policy lets CloudWatch in, as the alarm's account.
    async fn permitted(
        &self,
        transition: &Transition,
        resource: &Arn,
        principal: &str,
        action: &str,
    ) -> Result<(), Failed> {
        let alarm = &transition.alarm.alarm_arn;
        let question = json!({
            "resource": resource.to_string(), "action": action, "principal": principal,
            "sourceArn": alarm, "sourceAccount": transition.account,
            // The condition of the policy that every topic is born with.
            "context": {"aws:SourceOwner": transition.account},
        });
        let answer = self.emulator.hook("resource-policy", &question).await.map_err(unanswered)?;
        let message = match (&answer["exists"], &answer["allowed"]) {
            (Value::Bool(false), _) => format!("{resource} does not exist"),
            (_, Value::Bool(true)) => return Ok(()),
            _ if action == "sns:Publish" => format!(
                "Resource: {alarm} is not authorized to perform: SNS:Publish on resource: {resource}"
            ),
            _ => format!(
                "CloudWatch Alarms is not authorized to perform: {action} on the resource because \
                 no resource-based policy allows the {action} action"
            ),
        };
        Err(Failed { message, unanswered: false })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unanswered(error: anyhow::Error) -> Failed {
    Failed { message: format!("{error:#}"), unanswered: true }
}

/// The call as its service wants it on the wire.
fn wire(call: &AlarmCall) -> (&'static str, http::request::Builder, String) {
    match call {
        AlarmCall::Publish { topic, notification } => {
            let (request, body) = form([
                ("Action", "Publish"),
                ("Version", "2010-03-31"),
                ("TopicArn", &topic.to_string()),
                ("Subject", &notification.subject),
                ("Message", &notification.message),
            ]);
            ("sns", request, body)
        }
        AlarmCall::Invoke { function, payload } => {
            let request = Request::post(invocations(&function.to_string()))
                .header("x-amz-invocation-type", "Event");
            ("lambda", request, payload.clone())
        }
        AlarmCall::Instance { operation, instance } => {
            let (request, body) = form([
                ("Action", *operation),
                ("Version", "2016-11-15"),
                ("InstanceId.1", instance),
            ]);
            ("ec2", request, body)
        }
    }
}
