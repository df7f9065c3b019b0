//! The input of `run-automation`: what an alarm's intake, an operator, EventBridge Scheduler, a State
//! Manager association and onboarding start it with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, Contributor, TriggerId};
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::flow::{Flow, Severity};
use relay_core::id::{AccountId, Region};
use relay_core::period::Period;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::read::{self, Form, LazyForm, Problems, Written};
use relay_core::with_defaults;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::{RunOptions, Rung, check};

/// The alarm that a run answers, or that shows whether it helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct AlarmRef {
    /// The ARN, which names account and Region.
    pub arn: AlarmArn,
    /// The time series that went into ALARM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<Contributor>,
    /// When it went into ALARM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
    /// CloudWatch's reason for the state, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The rule that a run is a case of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleRef {
    /// The name of the rule.
    pub name: String,
    /// The policy it was read from: `sha256:…`.
    pub rules_version: String,
}

/// The locks that a run holds, to be released at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockRef {
    /// The trigger that holds them.
    pub trigger: TriggerId,
    /// The rule whose cool-down begins with the release.
    pub rule: String,
    /// The resources: `<account>#<region>#<resource>`.
    pub keys: Vec<String>,
    /// How long it cools down.
    pub cool_down: Period,
}

with_defaults! {
    /// The input of `run-automation`: one runbook or a ladder of them, the resources, and how they are run.
    ///
    /// An input may name one `runbook`, with the fields of a rung beside it, in the place of `ladder`.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", default, remote = "Self")]
    #[schemars(rename = "RunAutomationInput", deny_unknown_fields, transform = or_one_rung)]
    pub struct RunAutomationInput {
        /// The runbooks, tried one after the other until one helps.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(length(min = 1, max = 10))]
        pub ladder: Vec<Rung> = Vec::new(),
        /// The account to run in, in quotes. Without it, the hub account. Another account needs
        /// `stacks/target-account.yaml`.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub account: Option<AccountId> = None,
        /// The Region to run in. Without it, the hub's.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub region: Option<Region> = None,
        /// The resource, for `{resource}` and for the outcome. Several need rate controls in `run`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(length(max = 50))]
        pub resources: Vec<String> = Vec::new(),
        /// Set by the intake of alarms: the names of the resources, by their ids.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub resource_names: BTreeMap<String, String> = BTreeMap::new(),
        /// More words for parameters: `dimension.path`.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub values: BTreeMap<String, String> = BTreeMap::new(),
        /// How the runbooks are run.
        pub run: RunOptions = RunOptions::default(),
        /// An alarm that shows whether the run helped: it must return to OK afterwards.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub alarm: Option<AlarmRef> = None,
        /// Set by the intake of alarms: the rule.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub rule: Option<RuleRef> = None,
        /// Set by the intake of alarms: the locks that the run holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub lock: Option<LockRef> = None,
        /// Set by the intake of alarms: the Auto Scaling group of the instance, which is on standby
        /// during the run.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub standby: Option<String> = None,
        /// Set by the intake of alarms: problems that are published with the run.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub warnings: Vec<Problem> = Vec::new(),
        /// The severity of the outcome if the run does not help.
        pub severity: Severity = Severity::High,
        /// The cause of the execution.
        pub trigger: Trigger = Trigger::without_event(TriggerKind::Manual),
    }
}

impl RunAutomationInput {
    /// A ladder of at least one rung, run in the hub account, with nothing else said.
    #[must_use]
    pub fn of(ladder: Vec<Rung>) -> Self {
        Self { ladder, ..Self::default() }
    }

    /// Whether an alarm started it, or something else.
    #[must_use]
    pub fn flow(&self) -> Flow {
        if self.rule.is_some() && self.alarm.is_some() { Flow::Remediation } else { Flow::Run }
    }
}

impl Serialize for RunAutomationInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The derived one: `remote` makes it a function of its own.
        Self::serialize(self, serializer)
    }
}

/// As the suite's functions hand it on: a field of a later version is ignored.
impl<'de> Deserialize<'de> for RunAutomationInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read::payload::<WrittenInput, D>(deserializer).map(|input| input.0)
    }
}

/// Reads the input of an execution for the first time. A person writes the inputs of runs by hand, of schedules and
/// of associations, and learns of a field that does not exist. The suite itself writes all others, possibly in a later
/// version.
///
/// # Errors
/// With everything that is wrong with it.
pub(crate) fn first_read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RunAutomationInput, D::Error> {
    let input = Value::deserialize(deserializer)?;
    let by_the_suite = [TriggerKind::Alarm, TriggerKind::Onboarding]
        .into_iter()
        .any(|kind| serde_json::to_value(kind).is_ok_and(|kind| input["trigger"]["kind"] == kind));
    let read = if by_the_suite {
        read::payload::<WrittenInput, Value>(input)
    } else {
        read::deserialize::<WrittenInput, Value>(input)
    };
    read.map(|input| input.0).map_err(serde::de::Error::custom)
}

/// The fields of the one rung of an input without `ladder`.
static RUNG_FIELDS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut rung = schema_for!(Rung).to_value();
    serde_json::from_value(rung["properties"].take()).unwrap_or_default()
});

/// Adds the fields of one rung to the schema.
fn or_one_rung(schema: &mut Schema) {
    let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let others = std::mem::replace(fields, RUNG_FIELDS.clone());
    for (_, of_rung) in fields.iter_mut().filter(|(name, _)| *name != "runbook") {
        let description = of_rung["description"].as_str().unwrap_or_default();
        of_rung["description"] = format!("With `runbook`. {description}").into();
    }
    fields.extend(others);
    schema.insert(
        "oneOf".to_owned(),
        json!([{ "required": ["runbook"] }, { "required": ["ladder"] }]),
    );
}

/// The input as it is written: with a ladder, or with the fields of its only rung.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct WrittenInput(RunAutomationInput);

impl<'de> Deserialize<'de> for WrittenInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Map::<String, Value>::deserialize(deserializer)?;
        let (rung, mut input): (Map<_, _>, Map<_, _>) =
            written.into_iter().partition(|(name, _)| RUNG_FIELDS.contains_key(name));
        if !rung.is_empty() {
            input.insert("ladder".to_owned(), json!([rung]));
        }
        let input = RunAutomationInput::deserialize(Value::Object(input));
        input.map(Self).map_err(serde::de::Error::custom)
    }
}

impl Written for WrittenInput {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<WrittenInput>);
        &FORM
    }

    fn check(read: &Value, problems: &mut Problems<'_>) {
        check::ladder(read, problems);
        check::approval(&read["approval"], "approval", problems);
        check::options(read, problems);
        let fields = RUNG_FIELDS.keys().filter(|name| *name != "runbook");
        for name in fields.filter(|name| read.get("ladder").is_some() && read.get(name).is_some()) {
            let what = format!("`{name}` belongs to a rung of `ladder`");
            problems.report(ProblemCode::InvalidField, name, what, None);
        }
    }
}
