//! The control interface `/_relay/…`: faults, events, clock, scripted creations, calls. Loopback
//! only, for tests and scripts; the functions do not use it.

use anyhow::{Context, Result, bail};
use events::BusRef;
use http::Method;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::events::knobs;
use crate::faults::Fault;
use crate::gateway::Gateway;
use crate::incoming::form_value;
use crate::protocol::{self, Answer};
use crate::services::Control;

const CONTRIBUTOR_CHANGE: &str = "CloudWatch Alarm Contributor State Change";

/// The events of executions and their steps, for `{"ssmStatus": "drop"}`.
const STATUS_EVENTS: [&str; 2] = [
    "EC2 Automation Execution Status-change Notification",
    "EC2 Automation Step Status-change Notification",
];

/// `POST /_relay/clock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    #[serde(deserialize_with = "crate::duration::deserialize")]
    advance: SignedDuration,
}

/// Answers a request to `/_relay/<path>`.
pub async fn answer(gateway: &Gateway, parts: &Parts, path: &str, body: &[u8]) -> Answer {
    if let Some(file) = path.strip_prefix("attachments/") {
        return match gateway.attachments.file(file) {
            Some(content) if parts.method == Method::GET => protocol::file(content),
            _ => protocol::plain(404, &json!({"error": format!("there is no attachment {file}")})),
        };
    }
    match handle(gateway, parts, path, body).await {
        Ok(answer) => protocol::plain(200, &answer),
        Err(error) => protocol::plain(400, &json!({"error": format!("{error:#}")})),
    }
}

async fn handle(gateway: &Gateway, parts: &Parts, path: &str, body: &[u8]) -> Result<Value> {
    let query = |name: &str| form_value(parts.uri.query().unwrap_or_default(), name);
    match (&parts.method, path) {
        (&Method::GET, "health") => {
            Ok(json!({"pid": std::process::id(), "now": gateway.clock.now()}))
        }
        (&Method::GET, "faults") => Ok(serde_json::to_value(gateway.faults.list())?),
        (&Method::POST, "faults") => {
            let faults: Vec<Fault> = parse(body)?;
            gateway.faults.add(faults);
            Ok(json!({}))
        }
        (&Method::DELETE, "faults") => {
            gateway.faults.clear();
            Ok(json!({}))
        }
        (&Method::GET, "rates") => Ok(gateway.rates.list()),
        (&Method::POST, "rates") => {
            gateway.rates.add(parse(body)?)?;
            Ok(json!({}))
        }
        (&Method::DELETE, "rates") => {
            gateway.rates.clear();
            Ok(json!({}))
        }
        (&Method::POST, "clock") => {
            let advance: Advance = parse(body)?;
            gateway.clock.advance(advance.advance);
            // Everything that is due by then is done before the reply.
            gateway.tick().await;
            let seconds = json!({"seconds": advance.advance.as_secs_f64()});
            gateway.emulator.hook("advance", &seconds).await?;
            Ok(json!({"now": gateway.clock.now()}))
        }
        (&Method::GET, "calls") => {
            let since = query("since").map(|since| since.parse::<Timestamp>());
            let since = since.transpose().context("since: an RFC 3339 instant is expected")?;
            Ok(serde_json::to_value(gateway.calls.list(query("principal").as_deref(), since))?)
        }
        (&Method::GET, "used-permissions") => gateway.emulator.hook("used", &json!({})).await,
        (&Method::POST, "impair" | "commands" | "contributors" | "quotas") => {
            gateway.emulator.hook(path, &parse::<Value>(body)?).await
        }
        // From people, and from the emulator for what it is handed by PutEvents.
        (&Method::POST, "events") => {
            let account = query("account").context("the query names no account")?;
            let region = query("region").context("the query names no region")?;
            let bus = query("bus").unwrap_or_else(|| "default".into());
            let envelope: Value = parse(body)?;
            if envelope["detail-type"] == CONTRIBUTOR_CHANGE {
                // DescribeAlarmContributors then shows the same of a contributor.
                let delivered = json!({"account": account, "region": region, "envelope": envelope});
                gateway.emulator.hook("delivered", &delivered).await?;
            }
            // The emulator's own events go this way too, and it does not wait for an answer.
            let rules = match query("matching") {
                None => Value::Null,
                Some(_) => {
                    let question = json!({
                        "account": account, "region": region, "bus": bus, "envelope": envelope
                    });
                    let found = gateway.emulator.hook("matching", &question).await?;
                    let rules = found["rules"].as_array().into_iter().flatten();
                    rules.map(|rule| rule["name"].clone()).collect()
                }
            };
            gateway.delivery.deliver(BusRef { account, region, name: bus }, envelope);
            Ok(json!({"rules": rules}))
        }
        // From the emulator alone.
        (&Method::POST, "alarms") => {
            gateway.alarms.take(parse(body)?);
            Ok(json!({}))
        }
        (&Method::GET, "events") => Ok(gateway.delivery.record()),
        (&Method::POST, "events/delivery") => {
            let mut input: serde_json::Map<String, Value> = parse(body)?;
            if let Some(heard_by) = input.remove("AcceptHandshake") {
                let heard_by = serde_json::from_value(heard_by)?;
                gateway.services.control(Control::AcceptHandshake(heard_by))?;
            }
            if let Some(status) = input.remove("ssmStatus") {
                if status != "drop" {
                    bail!("ssmStatus: drop is expected, not {status}");
                }
                let dropped = input.entry("drop").or_insert_with(|| json!([]));
                let names = dropped.as_array_mut().context("drop: a list is expected")?;
                names.extend(STATUS_EVENTS.map(Value::from));
            }
            gateway.delivery.configure(knobs(Value::Object(input))?);
            Ok(json!({}))
        }
        (&Method::POST, "create-account") => {
            gateway.services.control(Control::CreateAccount(parse(body)?))?;
            Ok(json!({}))
        }
        (&Method::POST, "organizations") => {
            gateway.services.control(parse(body)?)?;
            Ok(json!({}))
        }
        (&Method::POST, "documents") => {
            gateway.services.control(Control::Documents(parse(body)?))?;
            Ok(json!({}))
        }
        (method, _) => bail!("there is no {method} /_relay/{path}"),
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).context("the body does not fit")
}
