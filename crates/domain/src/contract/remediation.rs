//! What `run-automation` tells of its runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AutomationId, Region, RunbookName};
use crate::problem::Problem;
use crate::run::{AutomationStatus, RungEnd};

/// Whether a run was seen to help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// The alarm cleared.
    Cleared,
    /// It did not, in the time allowed.
    NotCleared,
    /// There was nothing to see it by.
    Unverified,
}

/// A child of a run: one target, or one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildReport {
    /// SSM's id; none for one that was never started.
    #[serde(default)]
    pub execution_id: Option<AutomationId>,
    /// Where it ran.
    pub account: AccountId,
    /// Where it ran.
    pub region: Region,
    /// Its status.
    pub status: AutomationStatus,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// SSM's message.
    #[serde(default)]
    pub reason: Option<String>,
}

/// One run of a rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Which rung, from 1.
    pub rung: u32,
    /// The runbook that was meant, whether or not an approval ran before it.
    pub runbook: RunbookName,
    /// SSM's id; none when it was not started.
    #[serde(default)]
    pub execution_id: Option<AutomationId>,
    /// Where it ran, or was started.
    pub account: AccountId,
    /// Where it ran, or was started.
    pub region: Region,
    /// How it ended.
    pub end: RungEnd,
    /// SSM's status at the end.
    #[serde(default)]
    pub status: Option<AutomationStatus>,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// SSM's message.
    #[serde(default)]
    pub reason: Option<String>,
    /// Whether it helped; none when nobody looked.
    #[serde(default)]
    pub seen: Option<Seen>,
    /// Its children that did not succeed, as many as are worth telling.
    #[serde(default)]
    pub children: Vec<ChildReport>,
    /// How many children succeeded.
    #[serde(default)]
    pub children_succeeded: u32,
    /// How many did not.
    #[serde(default)]
    pub children_failed: u32,
    /// What stood against its start.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitingFor {
    /// An approval.
    Approval,
    /// In interactive mode, or at a pause: the word to go on.
    Step,
}

/// A run that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingRun {
    /// Which rung, from 1.
    pub rung: u32,
    /// The runbook that is to be run.
    pub runbook: RunbookName,
    /// The execution that waits.
    pub execution_id: AutomationId,
    /// Where it waits.
    pub account: AccountId,
    /// Where it waits.
    pub region: Region,
    /// For what.
    pub waiting_for: WaitingFor,
}
