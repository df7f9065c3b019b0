//! The contracts of `run-automation` and its functions, and what they report of a run.

#![warn(missing_docs)]

use jiff::Timestamp;
use relay_core::execution::ExecutionRef;
use relay_core::id::{AccountId, AutomationId, Region, RunbookName};
use relay_core::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApprovalDecision, AutomationStatus, Pace, RunAutomationInput, RungEnd};

/// Whether a run was seen to help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// The alarm returned to OK.
    // The words before: executions that began before an update carry them.
    #[serde(alias = "cleared")]
    Recovered,
    /// The alarm did not return to OK in the time allowed.
    #[serde(alias = "notCleared")]
    NotRecovered,
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
    /// The account it ran in.
    pub account: AccountId,
    /// The Region it ran in.
    pub region: Region,
    /// SSM's status of the child.
    pub status: AutomationStatus,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// SSM's message about the failed step.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The account and Region of the hub's in which an automation execution is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunPlace {
    /// The account whose console shows it.
    pub account: AccountId,
    /// The Region whose console shows it.
    pub region: Region,
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
    /// Where SSM was called; none when it was not started, and in reports of versions that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_in: Option<RunPlace>,
    /// Whether it ran, and how that ended.
    pub end: RungEnd,
    /// SSM's status at the end.
    #[serde(default)]
    pub status: Option<AutomationStatus>,
    /// The step that failed.
    #[serde(default)]
    pub failed_step: Option<String>,
    /// SSM's message about the failed step, or about the run.
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
    /// Who approved or rejected it.
    #[serde(default)]
    pub decisions: Vec<ApprovalDecision>,
    /// Nobody answered the request for an approval by the deadline. `end` is `rejected` then, as it was before this field
    /// existed: for what comes next both are the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// The problems for which it was not started.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// The signal that a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitingFor {
    /// An approval by approvers of the runbook.
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
    /// The account it waits in.
    pub account: AccountId,
    /// The Region it waits in.
    pub region: Region,
    /// The signal that it waits for.
    pub waiting_for: WaitingFor,
    /// When the approval is not taken any more; none where a step of the runbook waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// The outcome that says that it waits is published already, and the deadline is near.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminder: bool,
}

/// Asks `start-automation` to start a rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartAutomationInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The input of that execution, read for the first time: what a person wrote has no unknown fields.
    #[serde(deserialize_with = "crate::input::first_read")]
    pub input: RunAutomationInput,
    /// Which rung, from 0.
    pub rung: usize,
}

/// A run that was started, until it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedRun {
    /// The id that SSM gave the run.
    pub execution_id: AutomationId,
    /// Where SSM was called: always an account and Region of the hub's.
    pub account: AccountId,
    /// Where SSM was called.
    pub region: Region,
    /// When it was started.
    pub at: Timestamp,
    /// How long it may run, in seconds.
    pub limit: u32,
}

impl StartedRun {
    /// Where its automation execution is.
    #[must_use]
    pub fn place(&self) -> RunPlace {
        RunPlace { account: self.account, region: self.region.clone() }
    }
}

/// The answer of `start-automation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StartAutomationOutput {
    /// The rung runs: follow it.
    Follow {
        /// The run to follow.
        run: StartedRun,
        /// How often to look.
        pace: Pace,
    },
    /// Something stands against it.
    Finish {
        /// The rung with the problems that say why.
        report: Box<RunReport>,
    },
    /// A new account is not ready: ask again.
    Wait {
        /// After so many seconds.
        seconds: u32,
    },
}

/// Asks `follow-automation` to answer a task's token when there is something to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowAutomationInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The input of that execution.
    pub input: RunAutomationInput,
    /// Which rung, from 0.
    pub rung: usize,
    /// The run to look at.
    pub run: StartedRun,
    /// The outcome that says that it waits for somebody is published already.
    // The word before, of executions that began before an update. words: quoted
    #[serde(default, alias = "told")]
    pub pending_published: bool,
    /// The reminder before the deadline is published already. Machines of versions that do not publish it do not say so.
    #[serde(default = "yes")]
    pub reminded: bool,
    /// The waiting task's token.
    pub token: String,
}

fn yes() -> bool {
    true
}

/// The answer to a waiting task. While there is nothing to say it is not answered: it looks
/// again after its time-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FollowAutomationOutput {
    /// The run has ended.
    Verify {
        /// How the run ended.
        report: Box<RunReport>,
        /// When that was seen.
        ended: Timestamp,
    },
    /// It waits for somebody: publish that.
    Publish {
        /// For whom, and what.
        pending: PendingRun,
    },
}

/// Asks `verify-recovery` whether a run has helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyRecoveryInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The input of that execution.
    pub input: RunAutomationInput,
    /// Which rung, from 0.
    pub rung: usize,
    /// How the run ended.
    pub report: RunReport,
    /// When that was seen.
    pub ended: Timestamp,
    /// Since when the status checks are ok, from the answer before.
    #[serde(default)]
    pub checks_ok_since: Option<Timestamp>,
}

/// The answer of `verify-recovery`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum VerifyRecoveryOutput {
    /// Look again after a while.
    Wait {
        /// After so many seconds.
        seconds: u32,
        /// Since when the status checks are ok.
        #[serde(default)]
        checks_ok_since: Option<Timestamp>,
    },
    /// It did not help: the next rung.
    Rung {
        /// Which, from 0.
        rung: usize,
        /// The run, with what was seen.
        report: Box<RunReport>,
    },
    /// The ladder ends here.
    Finish {
        /// The run, with what was seen.
        report: Box<RunReport>,
    },
}
