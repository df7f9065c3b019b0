//! One rule, read and found valid.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_core::flow::Severity;
use relay_core::id::{AccountId, Region};
use relay_core::period::Period;
use relay_core::rules::{AccountSelector, Glob};
use run::{Calendar, RunOptions, Rung};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alarm::AlarmTrigger;

/// What a rule, or the whole suite, does about an alarm. The order is that of restraint.
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
    /// It acts.
    #[default]
    Active,
    /// It decides everything, runs nothing, and says what it would have done.
    Observe,
    /// It does nothing.
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

/// Which alarms a rule is about. Everything given must hold; one of names, namespace, metric and
/// tags is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("anyOf" = [
    { "required": ["names"] }, { "required": ["namespace"] },
    { "required": ["metric"] }, { "required": ["tags"] }
]))]
pub struct AlarmSelector {
    /// Globs over the alarm's name: `*` and `?`, anchored, case-sensitive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Glob>,
    /// A glob over the namespace of one of its metrics; for a composite alarm of its children's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Glob")]
    pub namespace: Option<Glob>,
    /// A glob over the name of one of its metrics; for a composite alarm of its children's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Glob")]
    pub metric: Option<Glob>,
    /// The accounts the alarm may live in; default: all whose alarms arrive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSelector>,
    /// OUs and roots in `accounts` stand for the OUs below them too.
    pub include_child_units: bool,
    /// Accounts and OUs to leave out; an OU takes the OUs below it along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<AccountSelector>,
    /// The Regions the alarm may live in; default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// Tags the alarm has, and globs over their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Glob>,
    /// Of alarms that watch many time series: each that rings by itself, instead of the alarm as a
    /// whole.
    pub contributors: bool,
}

/// What to do about an instance that belongs to an Auto Scaling group, which may replace it while
/// it is being repaired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AutoScaling {
    /// Leave it to its group.
    #[default]
    Refuse,
    /// Take it out of service first and put it back afterwards.
    Standby,
    /// Run all the same.
    Allow,
}

/// What to do about an instance whose root lies on an instance store: it cannot be stopped without
/// being lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum InstanceStore {
    /// Leave it alone.
    #[default]
    Refuse,
    /// Run all the same.
    Allow,
}

/// Which resource is behind the alarm: the value of a dimension, what has certain tags, or one that
/// is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    { "required": ["dimension"] }, { "required": ["tags"] }, { "required": ["literal"] }
]))]
pub struct ResourceSelector {
    /// A dimension of the alarm's metrics, e.g. `InstanceId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub dimension: Option<String>,
    /// Tags that the resource has, with their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("minProperties" = 1))]
    pub tags: BTreeMap<String, String>,
    /// With `tags`, the type of the resource as the tagging API names it; default: `ec2:instance`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9-]+(:[a-zA-Z0-9/_-]+)?$"))]
    pub kind: Option<String>,
    /// The resource itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 512))]
    pub literal: Option<String>,
    /// The account it lives in; default: the metric's or the alarm's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountId")]
    pub account: Option<AccountId>,
    /// The Region it lives in; default: the alarm's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Region")]
    pub region: Option<Region>,
    /// About instances of an Auto Scaling group.
    pub auto_scaling: AutoScaling,
    /// About instances whose root is an instance store.
    pub instance_store: InstanceStore,
}

/// When a rule thinks that something bigger is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storm {
    /// More resources than this …
    #[schemars(range(min = 1, max = 1000))]
    pub resources: u32,
    /// … within this time.
    pub window: Period,
}

/// The settings of a rule's guardrails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Guard {
    /// Quiet time for rule and resource, from the end of the last run.
    pub cool_down: Period,
    /// Runs of the rule in an hour of the clock.
    #[schemars(range(min = 1, max = 1000))]
    pub per_hour: u32,
    /// Runs in one account in an hour of the clock, by all the rules together.
    #[schemars(range(min = 1, max = 1000))]
    pub per_account_hour: u32,
    /// When it is a storm.
    pub storm: Storm,
    /// A change calendar that must be open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Calendar")]
    pub calendar: Option<Calendar>,
    /// How long EC2's own recovery has time to do it, where it may: for system status checks.
    pub defer_to_auto_recovery: Period,
}

impl Default for Storm {
    fn default() -> Self {
        Self { resources: 20, window: Period::minutes(5) }
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            cool_down: Period::minutes(30),
            per_hour: 5,
            per_account_hour: 20,
            storm: Storm::default(),
            calendar: None,
            defer_to_auto_recovery: Period::minutes(5),
        }
    }
}

/// A remediation rule: one parameter under `/runbook-relay/remediation/`, YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemediationRule {
    /// The last part of the parameter's name, or the file's name without its extension.
    #[serde(skip)]
    pub name: String,
    /// Where it was read from, and where its fields stand there.
    #[serde(skip)]
    pub places: Places,
    /// The lowest is tried first; then the name decides. Active rules come before observing ones.
    #[serde(default = "priority")]
    pub priority: u32,
    /// Whether it acts.
    #[serde(default)]
    pub mode: Mode,
    /// Which alarms.
    pub alarm: AlarmSelector,
    /// On which resource; may be left out where `run` names targets or locations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ResourceSelector")]
    pub resource: Option<ResourceSelector>,
    /// What is tried, one after the other, until the alarm clears.
    #[schemars(length(min = 1, max = 10))]
    pub ladder: Vec<Rung>,
    /// How it is run.
    #[serde(default)]
    pub run: RunOptions,
    /// What holds it back.
    #[serde(default)]
    pub guard: Guard,
    /// How much somebody should care when it does not help.
    #[serde(default = "severity")]
    pub severity: Severity,
}

pub(super) fn priority() -> u32 {
    100
}

pub(super) fn severity() -> Severity {
    Severity::High
}

impl RemediationRule {
    /// Where it stands in the order in which rules are tried.
    #[must_use]
    pub fn order(&self) -> (Mode, u32, &str) {
        (self.mode, self.priority, &self.name)
    }

    /// Where a field stands, for problems: at the field, or at the nearest part of the rule around
    /// it.
    #[must_use]
    pub fn place(&self, path: &str) -> String {
        self.places.of(path)
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

/// Where the fields of a rule stand in its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The parameter's or the file's name.
    pub origin: String,
    /// Paths such as `ladder[0].runbook`, to line and column.
    pub(super) positions: BTreeMap<String, (u64, u64)>,
}

impl Places {
    fn of(&self, path: &str) -> String {
        let mut around = path;
        loop {
            if let Some((line, column)) = self.positions.get(around) {
                return format!("{}:{line}:{column} ({path})", self.origin);
            }
            around = match around.rfind(['.', '[']) {
                Some(at) => &around[..at],
                None if around.is_empty() => return format!("{} ({path})", self.origin),
                None => "",
            };
        }
    }
}
