//! The fields of an outcome.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, Contributor};
use relay_core::execution::Trigger;
use relay_core::flow::{Flow, Severity};
use relay_core::id::{AccountId, Region};
use relay_core::portal::AccessPortal;
use relay_core::problem::Problem;
use relay_core::storage::S3Object;
use run::ApprovalDecision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Drift;

/// The most problems, and the most runs, that a message holds.
pub const INLINE_LIMIT: usize = 50;

/// The version of the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutcomeVersion {
    /// The only one so far.
    #[default]
    #[serde(rename = "1")]
    V1,
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeStatus {
    /// All that was wanted is in place.
    Succeeded,
    /// None of it is.
    Failed,
    /// Some of it is, some failed.
    Partial,
    /// A guardrail suppressed it.
    Suppressed,
    /// Decided but, in observe mode, not done.
    Observed,
    /// Waits for somebody's approval; a final outcome follows.
    PendingApproval,
    /// It came to nothing: an invitation was not accepted.
    Cancelled,
}

impl OutcomeStatus {
    /// The text of the message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Suppressed => "suppressed",
            Self::Observed => "observed",
            Self::PendingApproval => "pendingApproval",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The outcome of one execution, or of suppressed triggers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The version of this schema.
    pub version: OutcomeVersion,
    /// The version of the suite that published it; empty in outcomes of versions that did not say.
    #[serde(default)]
    pub suite_version: String,
    /// The same for every delivery of this outcome.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: Uuid,
    /// The flow it comes from.
    pub flow: Flow,
    /// How the execution ended.
    pub outcome: OutcomeStatus,
    /// How urgently somebody should look at it.
    pub severity: Severity,
    /// The result in one sentence.
    pub summary: String,
    /// When it was decided.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// From the start of the execution to `at`.
    #[serde(default)]
    pub duration_seconds: f64,
    /// Which execution for the same fact this was, counted from 1: the earlier ones failed.
    #[serde(default = "one")]
    pub attempt: u32,
    /// The rules that took part, by name.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The hash of all rules together: `sha256:…`; null when they were not read.
    #[serde(default)]
    pub rules_version: Option<String>,
    /// The execution's ARN; empty for triggers that were suppressed before there was one.
    pub execution: String,
    /// The cause; null when the execution's input does not say.
    #[serde(default)]
    pub trigger: Option<Trigger>,
    /// The alarm that the outcome is about; null when there is none, or more than one.
    #[serde(default)]
    pub alarm: Option<AlarmDetails>,
    /// The alarms that the outcome is about: of a digest, all of them.
    #[serde(default)]
    pub alarms: Vec<AlarmArn>,
    /// The approval that a run waits for, or that decided it; null when none was needed.
    #[serde(default)]
    pub approval: Option<ApprovalDetails>,
    /// The accounts it is about; empty when it is about the whole organization.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// The Regions it touched.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// The resources behind the alarm.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The names of these resources, by their ids: the tag `Name` of instances. As far as the suite looked: it does
    /// not look at the resources of an alarm that a guardrail suppressed before.
    #[serde(default)]
    pub resource_names: BTreeMap<String, String>,
    /// How many triggers this outcome stands for.
    #[serde(default = "one")]
    pub count: u32,
    /// The runs of automations, the first [`INLINE_LIMIT`].
    #[serde(default)]
    pub runs: Vec<Run>,
    /// How many runs there were.
    #[serde(default)]
    pub runs_total: u64,
    /// The shares that were made or removed, by owner and Region.
    #[serde(default)]
    pub shares: Vec<Shares>,
    /// The findings of a comparison of the whole organization with the rules; null where there was none.
    #[serde(default)]
    pub drift: Option<Drift>,
    /// Problems, the most urgent first; the first [`INLINE_LIMIT`].
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// How many problems there were.
    #[serde(default)]
    pub problems_total: u64,
    /// Standing problems that an earlier outcome named and that are gone.
    #[serde(default)]
    pub solved: Vec<Problem>,
    /// Pages of the AWS console to look at.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Where the whole outcome is stored.
    #[serde(default)]
    pub details: Option<S3Object>,
    /// Something was left out of the message; `details` has the whole.
    #[serde(default)]
    pub truncated: bool,
}

impl Outcome {
    /// An outcome with nothing but its head: the first attempt of no execution, about one trigger.
    /// Callers set the other fields that they know.
    #[must_use]
    pub fn new(id: Uuid, flow: Flow, outcome: OutcomeStatus, at: Timestamp) -> Self {
        Self {
            version: OutcomeVersion::V1,
            suite_version: env!("CARGO_PKG_VERSION").to_owned(),
            id,
            flow,
            outcome,
            severity: Severity::Info,
            summary: String::new(),
            at,
            duration_seconds: 0.0,
            attempt: 1,
            rules: Vec::new(),
            rules_version: None,
            execution: String::new(),
            trigger: None,
            alarm: None,
            alarms: Vec::new(),
            approval: None,
            accounts: Vec::new(),
            regions: Vec::new(),
            resources: Vec::new(),
            resource_names: BTreeMap::new(),
            count: 1,
            runs: Vec::new(),
            runs_total: 0,
            shares: Vec::new(),
            drift: None,
            problems: Vec::new(),
            problems_total: 0,
            solved: Vec::new(),
            links: Vec::new(),
            details: None,
            truncated: false,
        }
    }

    /// The same outcome, whose links have shortcuts where the organization has an access portal.
    #[must_use]
    pub fn through(mut self, portal: Option<&AccessPortal>) -> Self {
        for link in &mut self.links {
            link.shortcut = portal
                .zip(link.account)
                .map(|(portal, account)| portal.shortcut(account, &link.href));
        }
        self
    }

    /// A resource as people read it: its id, and its name if that is known.
    #[must_use]
    pub fn resource_in_words(&self, resource: &str) -> String {
        match self.resource_names.get(resource) {
            Some(name) => format!("{resource} ({name})"),
            None => resource.to_owned(),
        }
    }

    /// The same outcome with these problems, counted.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems_total = problems.len() as u64;
        self.problems = problems;
        self
    }
}

/// The alarm that an outcome is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlarmDetails {
    /// The ARN, which names account and Region.
    pub arn: AlarmArn,
    /// The name, the last part of the ARN.
    pub name: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The Region it belongs to.
    pub region: Region,
    /// The contributor that went into ALARM, for alarms that have contributors.
    #[serde(default)]
    pub contributor: Option<String>,
    /// The dimensions that distinguish the contributor, with their values.
    #[serde(default)]
    pub contributor_attributes: BTreeMap<String, String>,
    /// When it went into ALARM; null when several transitions are meant.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
    /// CloudWatch's reason, if it is known.
    #[serde(default)]
    pub reason: Option<String>,
}

impl AlarmDetails {
    /// The same alarm, about one of its contributors.
    #[must_use]
    pub fn with_contributor(self, contributor: Option<Contributor>) -> Self {
        match contributor {
            Some(Contributor { id, attributes }) => {
                Self { contributor: Some(id), contributor_attributes: attributes, ..self }
            }
            None => self,
        }
    }

    /// The alarm with this ARN; when it went into ALARM, and why, are not known.
    #[must_use]
    pub fn new(arn: AlarmArn) -> Self {
        Self {
            name: arn.name().to_owned(),
            account: arn.account(),
            region: arn.region().clone(),
            arn,
            contributor: None,
            contributor_attributes: BTreeMap::new(),
            at: None,
            reason: None,
        }
    }
}

/// How an approval ended, as far as SSM says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalStatus {
    /// The run waits for it.
    Pending,
    /// It was given: the runbook behind it ran.
    Approved,
    /// An approver refused it.
    Rejected,
    /// Nobody decided by the deadline.
    Expired,
}

/// The approval of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalDetails {
    /// How an execution ended.
    pub status: ApprovalStatus,
    /// The runbook that it is about.
    pub runbook: String,
    /// SSM's id of the automation execution that asks.
    pub execution_id: String,
    /// Who may approve: user names, user, role or group ARNs, as the rule names them.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// How many of them have to.
    pub minimum: u32,
    /// How long after the start of the automation execution the approval may come, in seconds.
    pub within_seconds: u32,
    /// Until when it is taken; null where the outcome is not about a run that waits, and in outcomes of versions that did
    /// not say.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub deadline: Option<Timestamp>,
    /// Who approved or rejected it so far, when, and with which comment.
    #[serde(default)]
    pub decisions: Vec<ApprovalDecision>,
}

/// The kind of page that a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LinkKind {
    /// The execution of the state machine.
    Execution,
    /// The alarm in CloudWatch's console.
    Alarm,
    /// An automation execution in SSM's console.
    Automation,
}

/// A page of the AWS console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The kind of page.
    pub kind: LinkKind,
    /// The address of the page.
    pub href: String,
    /// The account to be signed in to; null in outcomes of versions that did not say.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// The same page by way of the AWS access portal, which signs in first; null where the stack has no
    /// `AccessPortalUrl`.
    #[serde(default)]
    pub shortcut: Option<String>,
}

impl Link {
    /// A link of this kind, where the partition's console is known.
    #[must_use]
    pub fn of(kind: LinkKind, account: AccountId, href: Option<String>) -> Option<Self> {
        href.map(|href| Self { kind, href, account: Some(account), shortcut: None })
    }

    /// The address that people click: the shortcut, if there is one.
    #[must_use]
    pub fn address(&self) -> &str {
        self.shortcut.as_deref().unwrap_or(&self.href)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn one() -> u32 {
    1
}

/// One run of an automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The name or ARN of the runbook.
    pub runbook: String,
    /// Which rung of the ladder.
    pub rung: u32,
    /// SSM's id of the execution; empty when it was not started.
    pub execution_id: String,
    /// The account it ran in.
    pub account: AccountId,
    /// The Region it ran in.
    pub region: Region,
    /// The status that SSM shows.
    pub status: String,
    /// The address of its page in the console.
    #[serde(default)]
    pub console: Option<String>,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// SSM's message about the failed step.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The shares of one owner in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shares {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// Documents that some rule selects.
    pub documents: u64,
    /// Pairs of document and account newly shared.
    pub added: u64,
    /// Pairs of account and document that were unshared.
    pub removed: u64,
    /// Copies that were made or brought up to date.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copied: u64,
    /// Copies that were deleted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deleted: u64,
    /// Pairs that could not be changed.
    pub failed: u64,
}
