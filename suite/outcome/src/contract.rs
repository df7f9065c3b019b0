//! The input of `recover-outcomes`.

use relay_core::execution::{ErrorOutput, ExecutionRef, Trigger};
use relay_core::flow::Flow;
use relay_core::id::AccountId;
use remediation::guard::UnlockInput;
use run::{PendingRun, RunAutomationInput, RunReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sharing::plan::OnboardingReport;
use sharing::{
    AwaitMembershipInput, CheckMembershipOutput, PlanSharesOutput, ShareReport, ShareRunbooksInput,
};
use uuid::Uuid;

/// The request to `publish-outcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishOutcomeInput {
    /// The execution whose outcome it is.
    pub execution: ExecutionRef,
    /// The flow that the execution belongs to.
    pub flow: Flow,
    /// The input of the execution.
    pub input: MachineInput,
    /// The answer of `plan-shares`, if it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSharesOutput>,
    /// How each owner and Region ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Vec<ShareReport>>,
    /// The onboarding runbooks, with the error of each that was not started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding: Option<Vec<OnboardingReport>>,
    /// How the creation or invitation ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<CheckMembershipOutput>,
    /// The runs of automations, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub runs: Option<Vec<RunReport>>,
    /// A run that waits for somebody: this is not the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub pending: Option<PendingRun>,
    /// The error that ended the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOutput>,
}

/// The status under which an outcome was published, if it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Published {
    /// Everything wanted is in place.
    Succeeded,
    /// Some of it is.
    Partial,
    /// None of it is.
    Failed,
    /// The membership came to nothing.
    Cancelled,
    /// A run waits for somebody; another outcome follows.
    PendingApproval,
    /// There was nothing to publish.
    None,
}

/// The answer of `publish-outcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishOutcomeOutput {
    /// The status that was published.
    pub outcome: Published,
    /// The outcome's id, the same for every repeat.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: Uuid,
    /// Of an outcome that failed: why, in a sentence. The execution fails with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The input of any machine, as the publisher meets it: an execution that was started with
/// nonsense still has an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MachineInput {
    /// `share-runbooks`.
    ShareRunbooks(ShareRunbooksInput),
    /// `await-membership`.
    AwaitMembership(AwaitMembershipInput),
    /// `run-automation`, for a person who releases what blocks a resource.
    Unlock(Box<UnlockInput>),
    /// `run-automation`.
    RunAutomation(Box<RunAutomationInput>),
    /// None that this version knows.
    Unknown(serde_json::Value),
}

impl MachineInput {
    /// The trigger, where the input has one.
    #[must_use]
    pub fn trigger(&self) -> Option<&Trigger> {
        match self {
            Self::ShareRunbooks(input) => Some(&input.trigger),
            Self::AwaitMembership(input) => Some(&input.trigger),
            Self::RunAutomation(input) => Some(&input.trigger),
            Self::Unlock(input) => Some(&input.trigger),
            Self::Unknown(_) => None,
        }
    }

    /// The flow that an execution with this input belongs to.
    #[must_use]
    pub fn flow(&self) -> Flow {
        match self {
            Self::RunAutomation(input) => input.flow(),
            Self::Unlock(_) => Flow::Run,
            Self::ShareRunbooks(_) | Self::AwaitMembership(_) | Self::Unknown(_) => Flow::Sharing,
        }
    }

    /// The accounts named in the input.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match self {
            Self::ShareRunbooks(input) => input.accounts(),
            Self::RunAutomation(input) => input.account.into_iter().collect(),
            Self::Unlock(input) => vec![input.unlock.account],
            Self::AwaitMembership(_) | Self::Unknown(_) => Vec::new(),
        }
    }
}

/// Either a status change of one execution, or the order to look for what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecoverOutcomesInput {
    /// `{"sweep": true}`: look at every closed execution.
    Sweep {
        /// Always `true`: it distinguishes the sweep from an event.
        sweep: bool,
    },
    /// EventBridge's `Step Functions Execution Status Change`.
    StatusChange(ExecutionStatusChange),
}

/// The envelope of `Step Functions Execution Status Change`, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStatusChange {
    /// EventBridge's id of the event.
    pub id: String,
    /// The execution and its new status.
    pub detail: StatusChangeDetail,
}

/// The execution and its new status. Input and output are absent when they are too large for an
/// event (over 256 KiB): DescribeExecution has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChangeDetail {
    /// The execution whose status changed.
    pub execution_arn: String,
    /// The state machine that it belongs to.
    pub state_machine_arn: String,
    /// The execution's name, the key of its fact.
    pub name: String,
    /// RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE.
    pub status: String,
}
