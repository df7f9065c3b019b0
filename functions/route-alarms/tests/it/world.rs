//! The function on an AWS in memory, with rules, alarms and instances as tests need them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::MutexGuard;

use aws_double::{Alarm, Aws, ENVIRONMENT, HUB, Instance, REGION, RUN_AUTOMATION, State};
use route_alarms::{Deps, Error, handle};
use runtime::{Clock, Environment};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2019-10-02T17:04:45Z";
/// The alarm of the fixtures, in the name of an execution.
pub(crate) const NAME: &str = "alarm-111122223333-us-east-1-1570035880989-ServerCpuTooHigh";
/// A rule about it.
pub(crate) const RULE: &str = r#"
mode: active
alarm: {names: ["Server*"]}
resource: {dimension: InstanceId}
ladder: [{runbook: Relay-RebootInstance, parameters: {InstanceId: ["{resource}"]}}]
"#;
/// No message is to be delivered again.
pub(crate) const NONE: [&str; 0] = [];

pub(crate) fn fixture(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The alarm of the fixtures goes into ALARM.
pub(crate) fn event() -> Value {
    fixture("aws.cloudwatch/alarm-state-change.json")
}

/// The same alarm, going off so many seconds after 17:05.
pub(crate) fn again(seconds: u32) -> Value {
    let mut event = event();
    event["id"] = json!(format!("e-{seconds}"));
    event["detail"]["state"]["timestamp"] =
        json!(format!("2019-10-02T17:05:{seconds:02}.000+0000"));
    event
}

/// The alarm of the fixtures, and the rule about it.
pub(crate) fn ruled() -> World {
    let world = World::at(NOW);
    world.rule("cpu", RULE);
    world
}

/// Namespace, name and instance of a metric.
pub(crate) type Metric<'a> = (&'a str, &'a str, &'a str);

pub(crate) struct World {
    pub(crate) aws: Aws,
    deps: Deps,
}

impl World {
    /// At this time, with the alarm of the fixtures in ALARM and its instance running.
    pub(crate) fn at(now: &str) -> Self {
        let world = Self::on(Aws::at(now));
        let metric = ("AWS/EC2", "CPUUtilization", "i-12345678901234567");
        world.alarm("ServerCpuTooHigh", "ALARM", Some(metric));
        world.instance("i-12345678901234567", Instance::default());
        world
    }

    /// Another instance of the function, on the same AWS.
    pub(crate) fn another(&self) -> Self {
        Self::on(self.aws.clone())
    }

    fn on(aws: Aws) -> Self {
        let mut deps = Deps::new(&Environment::from_iter(ENVIRONMENT), &aws.sdk()).unwrap();
        deps.clock = Clock::from(aws.now());
        Self { aws, deps }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.aws.state()
    }

    pub(crate) fn rule(&self, name: &str, text: &str) {
        let name = format!("/runbook-relay/remediation/{name}");
        self.state().hub().ssm.parameters.insert(name, text.to_owned());
    }

    pub(crate) fn control(&self, text: &str) {
        let name = "/runbook-relay/control".to_owned();
        self.state().hub().ssm.parameters.insert(name, text.to_owned());
    }

    /// An alarm of the hub; a composite one without a metric.
    pub(crate) fn alarm(&self, name: &str, state: &'static str, metric: Option<Metric<'_>>) {
        self.alarm_at((HUB, REGION), name, state, metric);
    }

    pub(crate) fn alarm_at(
        &self,
        (account, region): (&str, &str),
        name: &str,
        state: &'static str,
        metric: Option<Metric<'_>>,
    ) {
        let alarm = match metric {
            Some((namespace, metric, instance)) => Alarm::of(state, namespace, metric, instance),
            None => Alarm::composite(state),
        };
        self.state().at(account, region).alarms.insert(name.to_owned(), alarm);
    }

    /// An instance of the hub.
    pub(crate) fn instance(&self, id: &str, instance: Instance) {
        self.instance_at((HUB, REGION), id, instance);
    }

    pub(crate) fn instance_at(
        &self,
        (account, region): (&str, &str),
        id: &str,
        instance: Instance,
    ) {
        self.state().at(account, region).instances.insert(id.to_owned(), instance);
    }

    /// The executions of `run-automation`: names and inputs.
    pub(crate) fn executions(&self) -> BTreeMap<String, Value> {
        self.state().states.of(RUN_AUTOMATION)
    }

    /// The messages that were sent to the queue, with their delays.
    pub(crate) fn queue(&self) -> Vec<(Value, i64)> {
        let sent = self.state().queue.clone();
        sent.into_iter().map(|message| (message.body, message.delay)).collect()
    }

    /// Takes the newest message from the queue.
    pub(crate) fn pop(&self) -> (Value, i64) {
        let message = self.state().queue.pop().unwrap();
        (message.body, message.delay)
    }

    /// Hands over a batch; the ids of the messages that failed: `m-0`, `m-1`, …
    pub(crate) async fn batch(&self, bodies: &[Value]) -> Vec<String> {
        let texts: Vec<String> = bodies.iter().map(Value::to_string).collect();
        self.texts(&texts).await
    }

    pub(crate) async fn texts(&self, bodies: &[String]) -> Vec<String> {
        let record = |(index, body): (usize, &String)| json!({ "messageId": format!("m-{index}"), "eventSource": "aws:sqs", "body": body });
        let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
        let answer = self.direct(json!({ "Records": records })).await.unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        failures.map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    /// Calls the function as it is.
    pub(crate) async fn direct(&self, input: Value) -> Result<Value, Error> {
        handle(&self.deps, input).await.map(|answer| serde_json::to_value(answer).unwrap())
    }
}
