//! A double of the emulator: buses with rules, verdicts, and targets that answer as a test has set.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use events::{
    Action, BusRef, Deliverer, DeliveryPort, MatchedRule, Matches, PortError, Record,
    ResourcePolicyCheck, ResourceVerdict, RoleCheck, RoleVerdict, TargetCall,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:intake";
pub(crate) const DEAD: &str = "arn:aws:sqs:us-east-1:111122223333:dead";
pub(crate) const RULE: &str = "arn:aws:events:us-east-1:111122223333:rule/all";

/// When the double's clock starts.
const START: &str = "2026-01-01T00:00:00Z";

#[derive(Default)]
struct State {
    rules: HashMap<String, Vec<MatchedRule>>,
    verdicts: HashMap<String, ResourceVerdict>,
    roles: HashMap<String, RoleVerdict>,
    answers: HashMap<String, VecDeque<PortError>>,
    calls: Vec<(Timestamp, TargetCall)>,
    policy_checks: Vec<ResourcePolicyCheck>,
    role_checks: Vec<RoleCheck>,
    unreachable: u32,
    jump: SignedDuration,
}

/// The double. Everything is allowed and succeeds unless a test says otherwise; a bus exists once it has
/// a rule.
#[derive(Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    start: Instant,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { state: Arc::default(), start: Instant::now() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn deliverer(&self) -> Deliverer<Self> {
        let world = self.clone();
        Deliverer::new(self.clone(), Arc::new(move || world.now()))
    }

    pub(crate) fn now(&self) -> Timestamp {
        let start: Timestamp = START.parse().unwrap();
        let elapsed = SignedDuration::try_from(self.start.elapsed()).unwrap();
        start + elapsed + self.state().jump
    }

    /// Moves the clock, but not tokio's timers.
    pub(crate) fn jump(&self, by: SignedDuration) {
        self.state().jump += by;
    }

    /// A rule `name` on `bus` with these targets; each target gets an id.
    pub(crate) fn rule(&self, bus: &BusRef, name: &str, targets: &[Value]) -> &Self {
        let at = if bus.name == "default" { String::new() } else { format!("{}/", bus.name) };
        let arn = format!("arn:aws:events:{}:{}:rule/{at}{name}", bus.region, bus.account);
        let targets = targets.iter().enumerate().map(|(id, target)| {
            let mut target = target.clone();
            target["Id"] = json!(id.to_string());
            serde_json::from_value(target).unwrap()
        });
        let rule = MatchedRule { name: name.into(), arn, targets: targets.collect() };
        self.state().rules.entry(bus.to_string()).or_default().push(rule);
        self
    }

    pub(crate) fn verdict(&self, resource: &str, verdict: ResourceVerdict) -> &Self {
        self.state().verdicts.insert(resource.into(), verdict);
        self
    }

    pub(crate) fn role_verdict(&self, role: &str, verdict: RoleVerdict) -> &Self {
        self.state().roles.insert(role.into(), verdict);
        self
    }

    /// The next `times` calls of `arn` fail so.
    pub(crate) fn fails(&self, arn: &str, times: usize, error: &PortError) -> &Self {
        let errors = std::iter::repeat_n(error.clone(), times);
        self.state().answers.entry(arn.into()).or_default().extend(errors);
        self
    }

    /// The next questions for rules get no answer.
    pub(crate) fn unreachable(&self, times: u32) {
        self.state().unreachable = times;
    }

    pub(crate) fn calls(&self, arn: &str) -> Vec<TargetCall> {
        let state = self.state();
        state
            .calls
            .iter()
            .filter(|(_, call)| call.arn == arn)
            .map(|(_, call)| call.clone())
            .collect()
    }

    /// When each call of `arn` was made, in seconds from the start.
    pub(crate) fn seconds(&self, arn: &str) -> Vec<f64> {
        let start: Timestamp = START.parse().unwrap();
        let state = self.state();
        let calls = state.calls.iter().filter(|(_, call)| call.arn == arn);
        calls.map(|(at, _)| at.duration_since(start).as_secs_f64()).collect()
    }

    pub(crate) fn policy_checks(&self) -> Vec<ResourcePolicyCheck> {
        self.state().policy_checks.clone()
    }

    pub(crate) fn role_checks(&self) -> Vec<RoleCheck> {
        self.state().role_checks.clone()
    }

    /// The bodies that a queue got, parsed.
    pub(crate) fn bodies(&self, queue: &str) -> Vec<Value> {
        let body = |call: TargetCall| match call.action {
            Action::SendMessage { body, .. } => serde_json::from_str(&body).unwrap(),
            other => panic!("{other:?}"),
        };
        self.calls(queue).into_iter().map(body).collect()
    }

    /// The attributes of the only message that a queue got.
    pub(crate) fn attributes(&self, queue: &str) -> Vec<(&'static str, String)> {
        let calls = self.calls(queue);
        let [TargetCall { action: Action::SendMessage { attributes, .. }, .. }] = &calls[..] else {
            panic!("{calls:?}")
        };
        attributes.clone()
    }
}

impl DeliveryPort for World {
    async fn matching(&self, bus: &BusRef, _: &Value) -> Result<Matches, PortError> {
        let mut state = self.state();
        if state.unreachable > 0 {
            state.unreachable -= 1;
            return Err(PortError::Unreachable("connection refused".into()));
        }
        let rules = state.rules.get(&bus.to_string());
        Ok(Matches { bus_exists: rules.is_some(), rules: rules.cloned().unwrap_or_default() })
    }

    async fn resource_policy(
        &self,
        check: &ResourcePolicyCheck,
    ) -> Result<ResourceVerdict, PortError> {
        let mut state = self.state();
        state.policy_checks.push(check.clone());
        Ok(state.verdicts.get(&check.resource).copied().unwrap_or(ResourceVerdict::Allowed))
    }

    async fn role(&self, check: &RoleCheck) -> Result<RoleVerdict, PortError> {
        let mut state = self.state();
        state.role_checks.push(check.clone());
        Ok(state.roles.get(&check.role).copied().unwrap_or(RoleVerdict::Allowed))
    }

    async fn invoke(&self, call: &TargetCall) -> Result<(), PortError> {
        let now = self.now();
        let mut state = self.state();
        state.calls.push((now, call.clone()));
        let answer = state.answers.get_mut(&call.arn).and_then(VecDeque::pop_front);
        answer.map_or(Ok(()), Err)
    }
}

pub(crate) fn bus() -> BusRef {
    BusRef::default_of(ACCOUNT, REGION)
}

pub(crate) fn event(id: &str) -> Value {
    json!({
        "version": "0", "id": id, "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.organizations", "account": ACCOUNT, "time": "2025-12-31T23:59:58Z",
        "region": REGION, "resources": [], "detail": {"eventName": "CreateAccount"},
    })
}

pub(crate) fn refused(status: u16, code: &str) -> PortError {
    PortError::Refused { status, code: code.into(), message: "no".into(), request_id: "r".into() }
}

/// Accepts one event and waits until all is decided.
pub(crate) async fn delivered(world: &World, bus: BusRef, envelope: Value) -> Vec<Record> {
    let deliverer = world.deliverer();
    deliverer.accept(bus, envelope);
    deliverer.settled().await;
    deliverer.records()
}
