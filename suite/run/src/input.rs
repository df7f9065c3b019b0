//! The input of `run-automation`: what an alarm's intake, an operator, EventBridge Scheduler, a State
//! Manager association and onboarding start it with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, Contributor, TriggerId};
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::flow::{Flow, Severity};
use relay_core::id::{AccountId, Region, RunbookName};
use relay_core::period::Period;
use relay_core::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Approval, RunOptions, Rung};

/// The alarm that set a run off, or that tells whether it helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlarmRef {
    /// The alarm.
    pub arn: AlarmArn,
    /// The time series that rang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Contributor")]
    pub contributor: Option<Contributor>,
    /// When it rang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
    /// CloudWatch's reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The rule that a run is a case of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleRef {
    /// Its name.
    pub name: String,
    /// The policy it was read from: `sha256:…`.
    pub rules_version: String,
}

/// The locks that a run holds, to be released at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockRef {
    /// Who holds them.
    pub trigger: TriggerId,
    /// The rule whose cool-down begins with the release.
    pub rule: String,
    /// The resources: `<account>#<region>#<resource>`.
    pub keys: Vec<String>,
    /// How long it cools down.
    pub cool_down: Period,
}

/// What is to be run, on what, and how: one runbook, or a ladder of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawRunAutomationInput", into = "RawRunAutomationInput")]
#[schemars(with = "RawRunAutomationInput")]
pub struct RunAutomationInput {
    /// The runbooks, tried one after the other; at least one.
    pub ladder: Vec<Rung>,
    /// The account to run in; default: the hub's.
    pub account: Option<AccountId>,
    /// The Region to run in; default: the hub's.
    pub region: Option<Region>,
    /// The resources.
    pub resources: Vec<String>,
    /// What is put in the place of words in parameters.
    pub values: BTreeMap<String, String>,
    /// How to run.
    pub run: RunOptions,
    /// The alarm.
    pub alarm: Option<AlarmRef>,
    /// The rule.
    pub rule: Option<RuleRef>,
    /// The locks.
    pub lock: Option<LockRef>,
    /// The instance belongs to this Auto Scaling group and is to be on standby meanwhile.
    pub standby: Option<String>,
    /// What is told beside the run.
    pub warnings: Vec<Problem>,
    /// How much somebody should care when it does not help.
    pub severity: Severity,
    /// What set this off.
    pub trigger: Trigger,
}

impl RunAutomationInput {
    /// A ladder of at least one rung, run in the hub's account, with nothing else said.
    #[must_use]
    pub fn of(ladder: Vec<Rung>) -> Self {
        Self {
            ladder,
            account: None,
            region: None,
            resources: Vec::new(),
            values: BTreeMap::new(),
            run: RunOptions::default(),
            alarm: None,
            rule: None,
            lock: None,
            standby: None,
            warnings: Vec::new(),
            severity: high(),
            trigger: Trigger::without_event(TriggerKind::Manual),
        }
    }

    /// Whether an alarm set it off, or something else.
    #[must_use]
    pub fn flow(&self) -> Flow {
        if self.rule.is_some() && self.alarm.is_some() { Flow::Remediation } else { Flow::Run }
    }
}

/// Either `runbook`, or `ladder` with at least one rung, never both.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RunAutomationInput", extend("oneOf" = [
    { "required": ["runbook"] },
    { "required": ["ladder"] }
]))]
struct RawRunAutomationInput {
    /// The runbook's name, or its ARN where another account shares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RunbookName")]
    runbook: Option<RunbookName>,
    /// With `runbook`: a version's number, `$LATEST` or `$DEFAULT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$"))]
    document_version: Option<String>,
    /// With `runbook`: its parameters, lists of texts. `{resource}`, `{account}`, `{region}` and the
    /// words of `values` are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Vec<String>>,
    /// With `runbook`: how long it may run; default: 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Period")]
    timeout: Option<Period>,
    /// With `runbook`: it destroys something, and that is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    destructive: bool,
    /// With `runbook`: who has to agree first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Approval")]
    approval: Option<Approval>,
    /// Several runbooks, tried one after the other until one helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Rung>", length(min = 1, max = 10))]
    ladder: Option<Vec<Rung>>,
    /// The account to run in, quoted; default: the hub's. Another account needs
    /// `stacks/target-account.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountId")]
    account: Option<AccountId>,
    /// The Region to run in; default: the hub's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Region")]
    region: Option<Region>,
    /// The resource, for `{resource}` and for the outcome; several need rate controls in `run`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    resources: Vec<String>,
    /// More words for parameters: `dimension.path`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, String>,
    /// How to run.
    #[serde(default)]
    run: RunOptions,
    /// An alarm that tells whether it helped: it has to clear after the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AlarmRef")]
    alarm: Option<AlarmRef>,
    /// Set by the intake of alarms: the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RuleRef")]
    rule: Option<RuleRef>,
    /// Set by the intake of alarms: what the run holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LockRef")]
    lock: Option<LockRef>,
    /// Set by the intake of alarms: the Auto Scaling group that the instance is taken out of
    /// meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    standby: Option<String>,
    /// Set by the intake of alarms: what is told beside the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Problem>,
    /// How much somebody should care when it does not help.
    #[serde(default = "high")]
    severity: Severity,
    /// What set this off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Trigger")]
    trigger: Option<Trigger>,
}

fn high() -> Severity {
    Severity::High
}

impl TryFrom<RawRunAutomationInput> for RunAutomationInput {
    type Error = String;

    fn try_from(raw: RawRunAutomationInput) -> Result<Self, Self::Error> {
        let plain = raw.document_version.is_none()
            && raw.parameters.is_empty()
            && raw.timeout.is_none()
            && !raw.destructive
            && raw.approval.is_none();
        let ladder = match (raw.runbook, raw.ladder) {
            (Some(runbook), None) => vec![Rung {
                document_version: raw.document_version,
                parameters: raw.parameters,
                timeout: raw.timeout.unwrap_or_else(|| Period::minutes(60)),
                destructive: raw.destructive,
                approval: raw.approval,
                ..Rung::new(runbook)
            }],
            (None, Some(ladder)) if ladder.is_empty() => return Err("`ladder` is empty".into()),
            (None, Some(ladder)) if plain => ladder,
            (None, Some(_)) => {
                return Err("what belongs to a runbook stands in its rung of `ladder`".into());
            }
            (Some(_), Some(_)) => return Err("`runbook` and `ladder` exclude each other".into()),
            (None, None) => return Err("expected `runbook` or `ladder`".into()),
        };
        let manual = || Trigger::without_event(TriggerKind::Manual);
        Ok(Self {
            ladder,
            account: raw.account,
            region: raw.region,
            resources: raw.resources,
            values: raw.values,
            run: raw.run,
            alarm: raw.alarm,
            rule: raw.rule,
            lock: raw.lock,
            standby: raw.standby,
            warnings: raw.warnings,
            severity: raw.severity,
            trigger: raw.trigger.unwrap_or_else(manual),
        })
    }
}

impl From<RunAutomationInput> for RawRunAutomationInput {
    fn from(input: RunAutomationInput) -> Self {
        Self {
            runbook: None,
            document_version: None,
            parameters: BTreeMap::new(),
            timeout: None,
            destructive: false,
            approval: None,
            ladder: Some(input.ladder),
            account: input.account,
            region: input.region,
            resources: input.resources,
            values: input.values,
            run: input.run,
            alarm: input.alarm,
            rule: input.rule,
            lock: input.lock,
            standby: input.standby,
            warnings: input.warnings,
            severity: input.severity,
            trigger: Some(input.trigger),
        }
    }
}
