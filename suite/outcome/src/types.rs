//! The fields of an outcome.

use jiff::Timestamp;
use relay_core::execution::Trigger;
use relay_core::flow::{Flow, Severity};
use relay_core::id::{AccountId, Region};
use relay_core::problem::Problem;
use relay_core::storage::S3Object;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// At most so many problems, and so many runs, stand in the message itself.
pub const INLINE_LIMIT: usize = 50;

/// The version of the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutcomeVersion {
    /// The only one so far.
    #[default]
    #[serde(rename = "1")]
    V1,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeStatus {
    /// All that was wanted is in place.
    Succeeded,
    /// None of it is.
    Failed,
    /// Some of it is, some failed.
    Partial,
    /// A brake held it back.
    Suppressed,
    /// Decided but, in observe mode, not done.
    Observed,
    /// Waits for somebody's approval; a final outcome follows.
    PendingApproval,
    /// It came to nothing: an invitation was not accepted.
    Cancelled,
}

impl OutcomeStatus {
    /// As it stands in the message.
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

/// One outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The version of this schema.
    pub version: OutcomeVersion,
    /// The same for every delivery of this outcome.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: Uuid,
    /// The flow it comes from.
    pub flow: Flow,
    /// How it ended.
    pub outcome: OutcomeStatus,
    /// How much somebody should care.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// When it was decided.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// From the start of the execution to `at`.
    #[serde(default)]
    pub duration_seconds: f64,
    /// Which start of the execution this was: 1, or the number its name ends in.
    #[serde(default = "one")]
    pub attempt: u32,
    /// The rules that took part, by name.
    #[serde(default)]
    pub policy: Vec<String>,
    /// The hash of the whole policy: `sha256:…`; null when it was not read.
    #[serde(default)]
    pub policy_version: Option<String>,
    /// The execution's ARN; empty for triggers that were held back before there was one.
    pub execution: String,
    /// What set it off; null when the execution's input does not say.
    #[serde(default)]
    pub trigger: Option<Trigger>,
    /// The accounts it is about; empty when it is about the whole organization.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// The Regions it touched.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// The resources behind the alarm.
    #[serde(default)]
    pub resources: Vec<String>,
    /// How many triggers this outcome stands for.
    #[serde(default = "one")]
    pub count: u32,
    /// The runs of automations, the first [`INLINE_LIMIT`].
    #[serde(default)]
    pub runs: Vec<Run>,
    /// How many runs there were.
    #[serde(default)]
    pub runs_total: u64,
    /// What was shared, by owner and Region.
    #[serde(default)]
    pub shares: Vec<Shares>,
    /// What went wrong, the first [`INLINE_LIMIT`].
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// How many problems there were.
    #[serde(default)]
    pub problems_total: u64,
    /// Where the whole outcome lies.
    #[serde(default)]
    pub details: Option<S3Object>,
    /// Something was left out of the message; the whole is at `details`.
    #[serde(default)]
    pub truncated: bool,
}

fn one() -> u32 {
    1
}

/// One run of an automation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The runbook's name.
    pub runbook: String,
    /// Which rung of the ladder.
    pub rung: u32,
    /// SSM's id of the execution; empty when it was not started.
    pub execution_id: String,
    /// Where it ran.
    pub account: AccountId,
    /// Where it ran.
    pub region: Region,
    /// SSM's status.
    pub status: String,
    /// The console's page.
    #[serde(default)]
    pub console: Option<String>,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What was done at one owner in one Region.
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
    /// Pairs taken back.
    pub removed: u64,
    /// Pairs that could not be changed.
    pub failed: u64,
}
