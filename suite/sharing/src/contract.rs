//! The inputs and outputs of the functions that state machines call.

#![warn(missing_docs)]

use relay_core::execution::{ErrorOutput, ExecutionRef, Trigger};
use relay_core::id::{AccountId, CreateAccountRequestId, HandshakeId, Region};
use relay_core::problem::Problem;
use relay_core::storage::S3Object;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ShareRunbooksInput;
use crate::input::first_read;
use crate::plan::OnboardingStart;

/// Asks `check-membership` whether the account has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckMembershipInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The creation request or invitation.
    pub request: MembershipRequest,
    /// The cause of the wait; it is handed on with the account.
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
        /// AWS's code, if it is AWS that could not create the account: `EMAIL_ALREADY_EXISTS`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
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

/// The answer of `check-membership`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckMembershipOutput {
    /// The state of the membership.
    #[serde(flatten)]
    pub membership: Membership,
    /// To be passed in the next time.
    pub attempt: u32,
}

/// Asks `plan-shares` for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSharesInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The input of that execution, read for the first time: what a person wrote has no unknown fields.
    #[serde(deserialize_with = "first_read")]
    pub input: ShareRunbooksInput,
    /// The state machine looks at every owner and Region before it changes anything, where that is asked of it.
    #[serde(default)]
    pub surveys: bool,
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

/// The answer of `plan-shares`: the plan itself is in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSharesOutput {
    /// Where the plan lies.
    pub plan: S3Object,
    /// The pairs of owner and Region to work on.
    pub work: Vec<WorkItem>,
    /// How many accounts are in scope.
    pub accounts: u64,
    /// How many problems the plan holds.
    pub problems: u64,
    /// The policy the plan was made from: `sha256:…`.
    pub rules_version: String,
    /// The pairs of owner and Region to look at first. Then there is no work yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survey: Vec<WorkItem>,
    /// The execution that does the same already: no work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    /// Nothing that the plan rests on has changed since the last one: no work.
    pub unchanged: bool,
    /// The execution whose plan is applied, and nothing else. A function of the version before does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies: Option<String>,
    /// How many rules were taken as they would be. A function of the version before does not say so.
    #[serde(default)]
    pub proposed: u64,
    /// An account that joined minutes ago is still in the root, from where accounts are moved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_transit: bool,
    /// The onboarding runbooks to start once everything is shared.
    #[serde(default)]
    pub onboarding: Vec<OnboardingStart>,
}

/// The work at one owner in one Region so far, as counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ShareCounts {
    /// Documents that some rule selects.
    pub documents: u64,
    /// Pairs of document and account newly shared.
    pub added: u64,
    /// Pairs of account and document that were unshared.
    pub removed: u64,
    /// Wanted pairs that were in place already.
    pub present: u64,
    /// Copies and replicas that were made or brought up to date.
    #[serde(skip_serializing_if = "is_zero")]
    pub copied: u64,
    /// Copies and replicas that were deleted.
    #[serde(skip_serializing_if = "is_zero")]
    pub deleted: u64,
    /// Pairs that could not be changed.
    pub failed: u64,
    /// Documents that are left in part: this installation does not have them to itself, or somebody else shares
    /// them with accounts that no rule names.
    #[serde(skip_serializing_if = "is_zero")]
    pub disputed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ShareCounts {
    /// How many pairs were changed.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.added + self.removed + self.copied + self.deleted
    }
}

impl std::ops::AddAssign for ShareCounts {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.added += other.added;
        self.removed += other.removed;
        self.present += other.present;
        self.copied += other.copied;
        self.deleted += other.deleted;
        self.failed += other.failed;
        self.disputed += other.disputed;
    }
}

/// Asks `share-documents` for work at one owner in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareDocumentsInput {
    /// The execution that calls the function.
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
    /// The counts of the calls before this one.
    #[serde(default)]
    pub counts: Option<ShareCounts>,
}

/// The answer of `share-documents`. Counts are cumulative over the loop.
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
    /// The counts so far.
    pub counts: ShareCounts,
}

/// The failures at one owner in one Region: an object in S3.
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

/// How the work at one owner in one Region ended: with counts, with an error, or with an error
/// after counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShareReport {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// Which pairs of account and document were shared and unshared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ShareCounts>,
    /// Why it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOutput>,
}

/// A membership without an account id yet: `{"createAccountRequestId":"car-…"}` or `{"handshakeId":"h-…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MembershipRequest {
    /// A creation in progress.
    CreateAccountRequestId(CreateAccountRequestId),
    /// An invitation that is still open.
    HandshakeId(HandshakeId),
}

/// The input of `await-membership`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwaitMembershipInput {
    /// The creation request or invitation to wait for.
    pub request: MembershipRequest,
    /// The cause of the execution.
    pub trigger: Trigger,
}
