//! A remediation rule: its fields.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_core::flow::Severity;
use relay_core::id::{AccountId, Region};
use relay_core::period::Period;
use relay_core::place::{Place, Places};
use relay_core::rules::{AccountSelector, Glob, RuleSet};
use relay_core::with_defaults;
use run::{Calendar, RunOptions, Rung};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alarm::AlarmTrigger;

/// The reaction of a rule, or of the whole suite, to an alarm. The order is that of restraint.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// The runbooks are run.
    #[default]
    Active,
    /// A dry run: everything is decided, nothing is run, and an outcome says what would have been run.
    Observe,
    /// A rule is ignored; the whole suite suppresses every trigger.
    Off,
}

impl Mode {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Observe => "observe",
            Self::Off => "off",
        }
    }
}

/// Which alarms a rule is about. Everything given must hold. At least one of names, namespace, metric
/// and tags is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("anyOf" = [
    { "required": ["names"] }, { "required": ["namespace"] },
    { "required": ["metric"] },
    { "required": ["tags"], "properties": { "tags": { "minProperties": 1 } } }
]))]
pub struct AlarmSelector {
    /// Globs over the alarm's name: `*` and `?`, anchored, case-sensitive. One of them must match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("items" = {"type": "string", "minLength": 1}))]
    pub names: Vec<Glob>,
    /// A glob over the namespace of one of its metrics; for a composite alarm, of its children's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1))]
    pub namespace: Option<Glob>,
    /// A glob over the name of one of its metrics; for a composite alarm, of its children's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minLength" = 1))]
    pub metric: Option<Glob>,
    /// The accounts of the alarm: `organization`, OU paths (`/Workloads/Prod`), root ids, OU ids or
    /// account ids. Without it, all accounts whose alarms arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub accounts: Vec<AccountSelector>,
    /// OUs and roots in `accounts` include the OUs below them.
    pub include_child_units: bool,
    /// Accounts and OUs to leave out. An OU includes the OUs below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<AccountSelector>,
    /// The Regions of the alarm. Without it, all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub regions: Vec<Region>,
    /// Tags that the alarm has, with globs over their values. All must match.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-expected" = "a mapping of tags to values"))]
    pub tags: BTreeMap<String, Glob>,
    /// For an alarm over many time series: each time series that goes into ALARM is answered by itself,
    /// instead of the alarm as a whole.
    pub contributors: bool,
}

/// The treatment of an instance that belongs to an Auto Scaling group, which may replace the instance
/// while it is being repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AutoScaling {
    /// The trigger is suppressed: the group looks after its instances.
    #[default]
    Refuse,
    /// The instance is put into standby first, and into service again afterwards.
    Standby,
    /// The runbook runs all the same.
    Allow,
}

/// The treatment of an instance whose root is on an instance store: it cannot be stopped without being
/// lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum InstanceStore {
    /// The trigger is suppressed.
    #[default]
    Refuse,
    /// The runbook runs all the same.
    Allow,
}

/// Which resource the runbook runs on: the value of a dimension, resources with certain tags, or one
/// that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    { "required": ["dimension"] }, { "required": ["tags"] }, { "required": ["literal"] }
]))]
pub struct ResourceSelector {
    /// A dimension of the alarm's metrics, e.g. `InstanceId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), extend("x-expected" = "a dimension's name"))]
    pub dimension: Option<String>,
    /// Tags that the resource has, with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("minProperties" = 1, "x-expected" = "a mapping of tags to values"))]
    pub tags: BTreeMap<String, String>,
    /// With `tags`, the resource's type as the tagging API names it. Without it, `ec2:instance`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^[a-z0-9-]+(:[a-zA-Z0-9/_-]+)?$"),
        extend("x-expected" = "a type of the tagging API, like ec2:instance")
    )]
    pub kind: Option<String>,
    /// The id or ARN of the one resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), extend("x-expected" = "an id or ARN"))]
    pub literal: Option<String>,
    /// The account of the resource. Without it, the metric's or the alarm's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The Region of the resource. Without it, the alarm's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The treatment of an instance of an Auto Scaling group.
    pub auto_scaling: AutoScaling,
    /// The treatment of an instance whose root is an instance store.
    pub instance_store: InstanceStore,
}

with_defaults! {
    /// How many resources at once mean that something bigger is wrong.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
    pub struct Storm {
        /// More resources than this, in ALARM within the window, open the storm breaker.
        #[schemars(range(min = 1, max = 1000))]
        pub resources: u32 = 20,
        /// The time in which the resources are counted. The breaker stays open as long.
        #[schemars(extend("x-least" = "10s", "x-most" = "1d"))]
        pub window: Period = Period::minutes(5),
    }
}

with_defaults! {
    /// The guardrails of a rule.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
    pub struct Guard {
        /// Time from the end of a run until the rule may run on the same resource again.
        #[schemars(extend("x-least" = "0s", "x-most" = "30d"))]
        pub cool_down: Period = Period::minutes(30),
        /// The most runs of the rule in an hour of the clock.
        #[schemars(range(min = 1, max = 1000))]
        pub per_hour: u32 = 5,
        /// The most runs in one account in an hour of the clock, by all rules together.
        #[schemars(range(min = 1, max = 1000))]
        pub per_account_hour: u32 = 20,
        /// How many resources in ALARM at once stop the rule, because something bigger must be wrong.
        pub storm: Storm = Storm::default(),
        /// A change calendar that must be open. Without it, none is asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub calendar: Option<Calendar> = None,
        /// How long EC2's own recovery has time first, for alarms about system status checks.
        #[schemars(extend("x-least" = "0s", "x-most" = "1h"))]
        pub defer_to_auto_recovery: Period = Period::minutes(5),
    }
}

/// The remediation rules that are valid, and the problems of the others.
pub type RemediationRules = RuleSet<RemediationRule>;

/// A remediation rule: one parameter under `/runbook-relay/remediation/`, YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["resource"] },
    { "required": ["run"], "properties": {
        "run": { "anyOf": [{ "required": ["targets"] }, { "required": ["locations"] }] }
    } }
]))]
pub struct RemediationRule {
    /// The last part of the parameter's name, or the file's name without its extension.
    #[serde(skip)]
    pub name: String,
    /// Where the fields are in the rule's text.
    #[serde(skip)]
    pub places: Places,
    /// Of several rules that match, the one with the lowest number is taken, then by name. Active rules
    /// come before observing ones.
    #[serde(default = "priority")]
    #[schemars(range(max = 1_000_000))]
    pub priority: u32,
    /// The rule's reaction to an alarm.
    #[serde(default = "observe")]
    pub mode: Mode,
    /// Which alarms the rule answers. Everything given must hold.
    pub alarm: AlarmSelector,
    /// Which resource the runbooks run on. Not needed if `run` has `targets` or `locations`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceSelector>,
    /// The runbooks, tried one after the other until the alarm returns to OK.
    #[schemars(length(min = 1, max = 10))]
    pub ladder: Vec<Rung>,
    /// How the runbooks are run.
    #[serde(default)]
    pub run: RunOptions,
    /// When the guardrails suppress a trigger.
    #[serde(default)]
    pub guard: Guard,
    /// The severity of the outcome if the alarm does not return to OK.
    #[serde(default = "severity")]
    pub severity: Severity,
}

/// A first draft never acts.
fn observe() -> Mode {
    Mode::Observe
}

fn priority() -> u32 {
    100
}

fn severity() -> Severity {
    Severity::High
}

impl RemediationRule {
    /// Its place in the order in which rules are tried.
    #[must_use]
    pub fn order(&self) -> (Mode, u32, &str) {
        (self.mode, self.priority, &self.name)
    }

    /// The place of a field, or of the nearest part of the rule around it.
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        self.places.place(path)
    }

    /// The longest that a run of the whole ladder can last: the lock is leased for so long.
    #[must_use]
    pub fn longest_run(&self) -> Period {
        const SLACK: u32 = 15 * 60;
        let rungs = self.ladder.iter().map(|rung| {
            let approval = rung.approval.as_ref().map_or(0, |approval| approval.within.as_secs());
            approval + rung.timeout.as_secs() + rung.recover_within.as_secs()
        });
        Period::seconds(rungs.fold(SLACK, u32::saturating_add))
    }

    /// Until when EC2's own recovery has time to do it: for alarms about system status checks.
    #[must_use]
    pub fn deferred_until(&self, trigger: &AlarmTrigger) -> Option<Timestamp> {
        let recovers = trigger.metrics.iter().any(|metric| {
            metric.namespace == "AWS/EC2" && metric.name == "StatusCheckFailed_System"
        });
        let defer = &self.guard.defer_to_auto_recovery;
        (recovers && !defer.is_zero()).then(|| trigger.at + defer.duration())
    }
}
