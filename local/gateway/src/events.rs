//! Where events go: the delivery engine with the emulator's rules, policies and targets behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result, bail};
use events::{
    Action, BusRef, Caller, Deliverer, Knobs, Matches, PortError, ResourcePolicyCheck,
    ResourceVerdict, RoleCheck, RoleVerdict, TargetCall,
};
use http::Request;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relay_core::id::Arn;
use serde_json::{Value, json};

use crate::automation::AutomationTarget;
use crate::emulator::Emulator;
use crate::services::Services;

/// Delivers events through the rules deployed in the emulator.
pub struct Delivery {
    deliverer: Deliverer<Port>,
    automation: Arc<OnceLock<AutomationTarget>>,
    /// The memberships in organizations that were last sent to the emulator.
    memberships: Mutex<BTreeMap<String, Value>>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Delivery")
    }
}

impl Delivery {
    /// Delivery through an emulator, on a clock.
    pub fn new(emulator: Emulator, clock: events::Now) -> Self {
        let automation = Arc::new(OnceLock::new());
        let port = Port { emulator, automation: Arc::clone(&automation) };
        let deliverer = Deliverer::new(port, clock);
        Self { deliverer, automation, memberships: Mutex::default() }
    }

    /// Lets rules start automations. The engine is opened after delivery, because it sends its own
    /// events through it.
    pub fn start_automations_with(&self, target: AutomationTarget) {
        // Set once, while the gateway is opened.
        let _ = self.automation.set(target);
    }

    /// Delivers an event that has arrived on a bus; returns at once.
    pub fn deliver(&self, bus: BusRef, envelope: Value) {
        self.deliverer.accept(bus, envelope);
    }

    /// Makes delivery more unpleasant, or pleasant again.
    pub fn configure(&self, knobs: Knobs) {
        self.deliverer.set_knobs(knobs);
    }

    /// The ends of the deliveries.
    pub fn record(&self) -> Value {
        serde_json::to_value(self.deliverer.records()).unwrap_or_default()
    }

    /// Who is in which organization, if that has changed since it was last asked.
    pub fn changed_memberships(&self, services: &Services) -> Option<Value> {
        let present = services.organizations(|organizations| {
            let known = organizations.member_accounts().map(|account| {
                let (id, path) =
                    (organizations.organization_of(account), organizations.path_of(account));
                (account.to_owned(), json!({"id": id, "path": path}))
            });
            known.collect::<BTreeMap<String, Value>>()
        });
        let mut known = self.memberships.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *known == present {
            return None;
        }
        known.clone_from(&present);
        Some(json!(present))
    }
}

/// The emulator, as delivery sees it.
struct Port {
    emulator: Emulator,
    automation: Arc<OnceLock<AutomationTarget>>,
}

impl events::DeliveryPort for Port {
    async fn matching(&self, bus: &BusRef, envelope: &Value) -> Result<Matches, PortError> {
        let question = json!({
            "account": bus.account, "region": bus.region, "bus": bus.name, "envelope": envelope
        });
        let answer = self.emulator.hook("matching", &question).await.map_err(unreachable)?;
        serde_json::from_value(answer).map_err(|error| PortError::Unreachable(error.to_string()))
    }

    async fn resource_policy(
        &self,
        check: &ResourcePolicyCheck,
    ) -> Result<ResourceVerdict, PortError> {
        let principal = match &check.caller {
            Caller::Service => "events.amazonaws.com".to_owned(),
            Caller::Role(role) => role.clone(),
        };
        let question = json!({
            "resource": check.resource, "action": check.action, "principal": principal,
            "sourceArn": check.source_arn, "sourceAccount": check.source_account,
            "context": check.context,
        });
        let answer = self.emulator.hook("resource-policy", &question).await.map_err(unreachable)?;
        Ok(match (&answer["exists"], &answer["allowed"]) {
            (Value::Bool(false), _) => ResourceVerdict::Missing,
            (_, Value::Bool(true)) => ResourceVerdict::Allowed,
            _ => ResourceVerdict::Denied,
        })
    }

    async fn role(&self, check: &RoleCheck) -> Result<RoleVerdict, PortError> {
        let verdict = self.role_allows(check, &check.resource).await?;
        // Policies of today name the document and the executions of an automation.
        let Some((before, definition)) = check.resource.split_once(":automation-definition/")
        else {
            return Ok(verdict);
        };
        if verdict != RoleVerdict::Denied {
            return Ok(verdict);
        }
        let name = definition.split(':').next().unwrap_or(definition);
        for resource in
            [format!("{before}:document/{name}"), format!("{before}:automation-execution/*")]
        {
            let verdict = self.role_allows(check, &resource).await?;
            if verdict != RoleVerdict::Allowed {
                return Ok(verdict);
            }
        }
        Ok(RoleVerdict::Allowed)
    }

    async fn invoke(&self, call: &TargetCall) -> Result<(), PortError> {
        if matches!(call.action, Action::StartAutomation { .. } | Action::SendCommand { .. }) {
            return self.run(call).await;
        }
        let arn: Arn = call.arn.parse().map_err(|_| PortError::Refused {
            status: 400,
            code: "ValidationException".into(),
            message: format!("{} is not an ARN", call.arn),
            request_id: String::new(),
        })?;
        let (service, request, body) = wire(call, &arn).map_err(unreachable)?;
        let sent = self.emulator.as_root(&arn.account, &arn.region, service, request, body).await;
        let (status, answer) = sent.map_err(unreachable)?;
        if status < 300 {
            return Ok(());
        }
        match (&call.action, refused(status, &answer)) {
            // Its dedup string is that of an open one: what was wanted is there.
            (Action::CreateOpsItem { .. }, PortError::Refused { code, .. })
                if code == "OpsItemAlreadyExistsException" =>
            {
                Ok(())
            }
            (_, error) => Err(error),
        }
    }
}

impl Port {
    /// A document, which is the gateway's own business.
    async fn run(&self, call: &TargetCall) -> Result<(), PortError> {
        let target = self
            .automation
            .get()
            .ok_or_else(|| PortError::Unreachable("the engine is not open yet".to_owned()))?;
        match &call.action {
            Action::StartAutomation { token, parameters } => {
                target.start(call, *token, parameters).await
            }
            Action::SendCommand { targets, parameters } => {
                target.send(call, targets, parameters).await
            }
            _ => Ok(()),
        }
    }

    async fn role_allows(
        &self,
        check: &RoleCheck,
        resource: &str,
    ) -> Result<RoleVerdict, PortError> {
        let question = json!({
            "role": check.role, "action": check.action, "resource": resource,
            "service": "events.amazonaws.com", "sourceArn": check.source_arn,
            "sourceAccount": check.source_account, "context": check.context,
        });
        let answer = self.emulator.hook("role-allows", &question).await.map_err(unreachable)?;
        Ok(match (&answer["assumable"], &answer["allowed"]) {
            (Value::Bool(true), Value::Bool(true)) => RoleVerdict::Allowed,
            (Value::Bool(true), _) => RoleVerdict::Denied,
            _ => RoleVerdict::NotAssumable,
        })
    }
}

/// The call as the target's service wants it on the wire.
fn wire(call: &TargetCall, arn: &Arn) -> Result<(&'static str, http::request::Builder, String)> {
    let json_call = |target: &str, version: &str| {
        Request::post("/")
            .header("x-amz-target", target)
            .header("content-type", format!("application/x-amz-json-{version}"))
    };
    Ok(match &call.action {
        Action::SendMessage { body, group_id, attributes } => {
            let url = format!("http://127.0.0.1/{}/{}", arn.account, arn.resource);
            let attributes: serde_json::Map<String, Value> = attributes
                .iter()
                .map(|(name, value)| {
                    ((*name).to_owned(), json!({"DataType": "String", "StringValue": value}))
                })
                .collect();
            let mut input =
                json!({"QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes});
            if let Some(group) = group_id {
                input["MessageGroupId"] = json!(group);
            }
            ("sqs", json_call("AmazonSQS.SendMessage", "1.0"), input.to_string())
        }
        Action::Publish { message } => {
            let (request, body) = form([
                ("Action", "Publish"),
                ("Version", "2010-03-31"),
                ("TopicArn", &call.arn),
                ("Message", message),
            ]);
            ("sns", request, body)
        }
        Action::Invoke { payload } => {
            let request =
                Request::post(invocations(&call.arn)).header("x-amz-invocation-type", "Event");
            ("lambda", request, payload.clone())
        }
        Action::StartExecution { name, input } => {
            let body = json!({"stateMachineArn": call.arn, "name": name, "input": input});
            ("states", json_call("AWSStepFunctions.StartExecution", "1.0"), body.to_string())
        }
        Action::StartAutomation { .. } | Action::SendCommand { .. } => {
            bail!("documents are run by the gateway itself")
        }
        Action::CreateOpsItem { item } => {
            ("ssm", json_call("AmazonSSM.CreateOpsItem", "1.1"), ops_item(item).to_string())
        }
        Action::PutLogEvent { timestamp, message } => {
            let group = arn.resource.trim_start_matches("log-group:").trim_end_matches(":*");
            let body = json!({
                "logGroupName": group, "logStreamName": "events",
                "logEvents": [{"timestamp": timestamp, "message": message}],
            });
            ("logs", json_call("Logs_20140328.PutLogEvents", "1.1"), body.to_string())
        }
    })
}

/// CreateOpsItem's input from what a rule makes of an event. A rule without an input has the event's kind as the title; that AWS
/// does so is what its own runbook AWS-AddOpsItemDedupStringToEventBridgeRule takes for granted.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/OpsCenter-automatically-create-OpsItems-2.html>
fn ops_item(text: &str) -> Value {
    let item: Value = serde_json::from_str(text).unwrap_or_default();
    let data = item["operationalData"].as_object().into_iter().flatten();
    let data = data.map(|(key, held)| {
        let kind = held["type"].as_str().unwrap_or("String");
        (key.clone(), json!({"Type": kind, "Value": held["value"]}))
    });
    let description =
        if item["description"].is_null() { json!(text) } else { item["description"].clone() };
    let title = if item["title"].is_null() { &item["detail-type"] } else { &item["title"] };
    json!({
        "Title": title, "Description": description, "Source": item["source"],
        "Category": item["category"], "Severity": item["severity"], "Priority": item["priority"],
        "OperationalData": data.collect::<serde_json::Map<String, Value>>(),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: anyhow::Error) -> PortError {
    PortError::Unreachable(format!("{error:#}"))
}

/// The error's code and message, whichever protocol the service speaks.
pub(crate) fn refused(status: u16, body: &[u8]) -> PortError {
    let text = String::from_utf8_lossy(body);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let tag = |name: &str| {
        let after = text.split(&format!("<{name}>")).nth(1)?;
        after.split(&format!("</{name}>")).next().map(str::to_owned)
    };
    let member = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str());
    let code = member(&["__type", "Code", "code"])
        .map(|code| code.rsplit('#').next().unwrap_or(code).to_owned());
    PortError::Refused {
        status,
        code: code.or_else(|| tag("Code")).unwrap_or_else(|| format!("HTTP{status}")),
        message: member(&["message", "Message"])
            .map(str::to_owned)
            .or_else(|| tag("Message"))
            .unwrap_or_else(|| text.chars().take(200).collect()),
        request_id: tag("RequestId").unwrap_or_default(),
    }
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of Lambda's Invoke for a function's ARN.
pub(crate) fn invocations(function: &str) -> String {
    let function = utf8_percent_encode(function, RESERVED);
    format!("/2015-03-31/functions/{function}/invocations")
}

/// A request of the query protocol, with its body.
pub(crate) fn form<'a>(
    members: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> (http::request::Builder, String) {
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    (request, body)
}

/// Reads the knobs of `POST /_relay/events/delivery` that are delivery's own.
///
/// # Errors
/// When a knob is unknown or has no sensible value.
pub fn knobs(input: Value) -> Result<Knobs> {
    serde_json::from_value(input).context("the knobs of delivery")
}
