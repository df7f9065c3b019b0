//! The inputs and outputs of the functions that state machines call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ExecutionRef, MachineInput, MembershipRequest, PendingRun, RunReport, S3Object,
    ShareRunbooksInput, Trigger,
};
use crate::id::{AccountId, Region};
use crate::plan::{OnboardingReport, OnboardingStart};
use crate::problem::Problem;

/// Asks `check-membership` whether the account has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckMembershipInput {
    /// The asking execution.
    pub execution: ExecutionRef,
    /// What is waited for.
    pub request: MembershipRequest,
    /// What set the wait off; handed on with the account.
    pub trigger: Trigger,
    /// How often it was asked before; 0 the first time.
    #[serde(default)]
    pub attempt: u32,
}

/// How a creation or an invitation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Membership {
    /// Not yet: ask again after this long.
    Pending {
        /// How long to wait before asking again.
        wait_seconds: u32,
    },
    /// Joined, and `share-runbooks` has been started for it.
    HandedOver {
        /// The account that joined.
        account: AccountId,
    },
    /// No account comes of it: AWS failed, or nothing was seen in the time allowed.
    Failed {
        /// The account, if one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// AWS's reason, or ours.
        reason: String,
    },
    /// The invitation was declined, cancelled, or ran out.
    Cancelled {
        /// The account that was invited, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Which of the three.
        reason: String,
    },
}

/// What `check-membership` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckMembershipOutput {
    /// How it stands.
    #[serde(flatten)]
    pub membership: Membership,
    /// To be passed in the next time.
    pub attempt: u32,
}

/// Asks `plan-shares` for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSharesInput {
    /// The asking execution.
    pub execution: ExecutionRef,
    /// The machine's input.
    pub input: ShareRunbooksInput,
}

/// One owner in one Region: what the machine maps over.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct WorkItem {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
}

/// What `plan-shares` answers: the plan itself is in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSharesOutput {
    /// Where the plan lies.
    pub plan: S3Object,
    /// What is to be done.
    pub work: Vec<WorkItem>,
    /// How many accounts are in scope.
    pub accounts: u64,
    /// How many problems the plan holds.
    pub problems: u64,
    /// The policy the plan was made from: `sha256:…`.
    pub policy_version: String,
    /// Nothing that the plan rests on has changed since the last one: no work.
    pub unchanged: bool,
    /// The onboarding runbooks to start once everything is shared.
    #[serde(default)]
    pub onboarding: Vec<OnboardingStart>,
}

/// What has been done at one owner in one Region so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ShareCounts {
    /// Documents that some rule selects.
    pub documents: u64,
    /// Pairs of document and account newly shared.
    pub added: u64,
    /// Pairs taken back.
    pub removed: u64,
    /// Wanted pairs that were in place already.
    pub present: u64,
    /// Pairs that could not be changed.
    pub failed: u64,
}

impl std::ops::AddAssign for ShareCounts {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.added += other.added;
        self.removed += other.removed;
        self.present += other.present;
        self.failed += other.failed;
    }
}

/// Asks `share-documents` for work at one owner in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareDocumentsInput {
    /// The asking execution.
    pub execution: ExecutionRef,
    /// Where the plan lies.
    pub plan: S3Object,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// Where the last call stopped; absent or null at the beginning.
    #[serde(default)]
    pub cursor: Option<String>,
    /// What the calls before this one did.
    #[serde(default)]
    pub counts: Option<ShareCounts>,
}

/// What `share-documents` answers. Counts are cumulative over the loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareDocumentsOutput {
    /// Nothing is left to do.
    pub done: bool,
    /// Where to go on, while not done.
    pub cursor: Option<String>,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// What has been done so far.
    pub counts: ShareCounts,
}

/// What failed at one owner in one Region: an object in S3 ([`super::storage::details_key`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareDetails {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// One for each document that failed.
    pub problems: Vec<Problem>,
}

/// A caught error, as Step Functions words it (`$states.errorOutput`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorOutput {
    /// The error's name.
    #[serde(rename = "Error")]
    pub error: String,
    /// What it says, which may be a JSON text or nothing.
    #[serde(rename = "Cause", default)]
    pub cause: Option<String>,
}

/// How the work at one owner in one Region ended: with counts, with an error, or with an error
/// after counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareReport {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// What was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ShareCounts>,
    /// Why it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOutput>,
}

/// Asks `publish-outcome` to tell the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishOutcomeInput {
    /// The execution whose outcome it is.
    pub execution: ExecutionRef,
    /// The flow.
    pub flow: crate::outcome::Flow,
    /// What the execution was started with.
    pub input: MachineInput,
    /// What planning answered, if it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanSharesOutput>,
    /// How each owner and Region ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Vec<ShareReport>>,
    /// What became of the onboarding runbooks.
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

/// What became of an outcome.
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
    /// There was nothing to tell.
    None,
}

/// What `publish-outcome` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishOutcomeOutput {
    /// What was published.
    pub outcome: Published,
    /// The outcome's id, the same for every repeat.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: Uuid,
}
