//! The inputs and outputs of the functions that state machines call.

#![warn(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_core::execution::{ErrorOutput, ExecutionRef, Trigger, TriggerKind};
use relay_core::id::{AccountId, CreateAccountRequestId, HandshakeId, Region};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::read::{self, Form, LazyForm, Problems, Written};
use relay_core::storage::S3Object;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Touched;
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

impl std::ops::AddAssign for ShareCounts {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.added += other.added;
        self.removed += other.removed;
        self.present += other.present;
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

/// Whom an execution of `share-runbooks` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// These accounts; never empty.
    Accounts(BTreeSet<AccountId>),
    /// Every account of the organization.
    Organization,
}

/// The input of `share-runbooks`: `{"accounts":["…"], "trigger"?, "after"?: seconds, "joined"?: seconds}`
/// or `{"organization": true, "trigger"?, "drift"?: bool, "dryRun"?: bool, "rules"?: {…}, "plan"?: "<execution>",
/// "confirm"?: "<plan id>", "touched"?}`.
///
/// Without a trigger it is `manual` for accounts and `backfill` for the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawShareRunbooksInput", into = "RawShareRunbooksInput")]
#[schemars(with = "RawShareRunbooksInput")]
pub struct ShareRunbooksInput {
    /// Whom to look at.
    pub scope: Scope,
    /// The cause of the execution.
    pub trigger: Trigger,
    /// How long to wait before planning.
    pub after: Option<u32>,
    /// Of a join: when the account joined, in seconds since 1970. The second look is named after it.
    pub joined: Option<i64>,
    /// Of the organization: compare with what SSM says, not only with the ledger.
    pub drift: bool,
    /// Of the organization: change nothing, and store what would be changed.
    pub dry_run: bool,
    /// Of a dry run: sharing rules as they would be, by name, in place of the deployed ones; `None` for a rule that
    /// would be deleted. Rules that are not named are the deployed ones.
    pub rules: BTreeMap<String, Option<String>>,
    /// Of the organization: the name of an execution that was a dry run. What it has found is applied, and nothing
    /// else; if any of it has changed since, nothing is.
    pub plan: Option<String>,
    /// Of the organization: the id of a plan that was held and is to be applied.
    pub confirm: Option<String>,
    /// Of the organization: look at nothing but this.
    pub touched: Option<Touched>,
}

impl ShareRunbooksInput {
    /// One account, at once.
    #[must_use]
    pub fn account(account: AccountId, trigger: Trigger) -> Self {
        let scope = Scope::Accounts(BTreeSet::from([account]));
        Self {
            scope,
            trigger,
            after: None,
            joined: None,
            drift: false,
            dry_run: false,
            rules: BTreeMap::new(),
            plan: None,
            confirm: None,
            touched: None,
        }
    }

    /// What a change of documents, rules or OUs has touched.
    #[must_use]
    pub fn change(touched: Touched, trigger: Trigger) -> Self {
        Self {
            scope: Scope::Organization,
            trigger,
            after: None,
            joined: None,
            drift: false,
            dry_run: false,
            rules: BTreeMap::new(),
            plan: None,
            confirm: None,
            touched: Some(touched),
        }
    }

    /// One account that joined at this time.
    #[must_use]
    pub fn join(account: AccountId, joined: Timestamp, trigger: Trigger) -> Self {
        Self { joined: Some(joined.as_second()), ..Self::account(account, trigger) }
    }

    /// The accounts named, or none for the whole organization.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match &self.scope {
            Scope::Accounts(accounts) => accounts.iter().copied().collect(),
            Scope::Organization => Vec::new(),
        }
    }
}

/// Either `accounts` or `organization: true`, never both.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShareRunbooksInput", deny_unknown_fields, extend("oneOf" = [
    { "required": ["accounts"] },
    { "required": ["organization"] }
]))]
struct RawShareRunbooksInput {
    /// The accounts to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<AccountId>", length(min = 1, max = 1000))]
    accounts: Option<Vec<AccountId>>,
    /// Look at every account of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool", extend("const" = true))]
    organization: Option<bool>,
    /// The cause of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    /// Seconds to wait before planning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 604_800))]
    after: Option<u32>,
    /// Of a join: when the account joined, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    /// Of the organization: compare with what SSM says, not only with the ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    drift: bool,
    /// Of the organization: change nothing, and store what would be changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Of a dry run: sharing rules as they would be, by name, in place of the deployed ones; null for a rule that
    /// would be deleted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rules: BTreeMap<String, Option<String>>,
    /// Of the organization: the name of an execution that was a dry run. What it has found is applied, and nothing
    /// else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// Of the organization: the id of a plan that was held and is to be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{12}$"), extend("x-expected" = "the id of a plan (12 hexadecimal digits)"))]
    confirm: Option<String>,
    /// Of the organization: look at nothing but this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touched: Option<Touched>,
}

impl Written for RawShareRunbooksInput {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<RawShareRunbooksInput>);
        &FORM
    }

    fn check(read: &Value, problems: &mut Problems<'_>) {
        let given = |name: &&str| read.get(*name).is_some_and(|value| *value != false);
        if read.get("organization").is_none() {
            for name in ["drift", "dryRun", "confirm"].iter().filter(|name| given(name)) {
                let what = format!("`{name}` goes with `organization`, not with `accounts`");
                problems.report(ProblemCode::InvalidField, name, what, None);
            }
        }
    }
}

/// Reads the input of an execution for the first time. A person learns of a field that does not exist; what the suite
/// itself starts may be of a later version.
fn first_read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ShareRunbooksInput, D::Error> {
    use TriggerKind::{Change, Departure, Join, Move, Recheck};
    let input = Value::deserialize(deserializer)?;
    let by_the_suite = [Join, Move, Departure, Recheck, Change]
        .into_iter()
        .any(|kind| serde_json::to_value(kind).is_ok_and(|kind| input["trigger"]["kind"] == kind));
    let read = match by_the_suite {
        true => read::payload::<RawShareRunbooksInput, Value>(input),
        false => read::deserialize::<RawShareRunbooksInput, Value>(input),
    };
    let read = read.map_err(|error| error.to_string()).and_then(ShareRunbooksInput::try_from);
    read.map_err(serde::de::Error::custom)
}

impl TryFrom<RawShareRunbooksInput> for ShareRunbooksInput {
    type Error = String;

    fn try_from(raw: RawShareRunbooksInput) -> Result<Self, Self::Error> {
        let scope = match (raw.accounts, raw.organization) {
            (Some(accounts), None | Some(false)) if !accounts.is_empty() => {
                Scope::Accounts(accounts.into_iter().collect())
            }
            (Some(_), None | Some(false)) => return Err("`accounts` is empty".into()),
            (None, Some(true)) => Scope::Organization,
            (Some(_), Some(true)) => {
                return Err("`accounts` and `organization` exclude each other".into());
            }
            (None, None | Some(false)) => {
                return Err("expected `accounts` or `organization: true`".into());
            }
        };
        let RawShareRunbooksInput {
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            touched,
            ..
        } = raw;
        let whole = drift || dry_run || plan.is_some() || confirm.is_some();
        if whole && scope != Scope::Organization {
            return Err(
                "`drift`, `dryRun`, `plan` and `confirm` go with `organization: true`".into()
            );
        }
        if !rules.is_empty() && !dry_run {
            return Err("`rules` go with `dryRun: true`: only deployed rules are applied".into());
        }
        if touched.is_some() && (scope != Scope::Organization || drift || confirm.is_some()) {
            return Err("`touched` goes with `organization: true` alone".into());
        }
        let kind = match scope {
            Scope::Accounts(_) => TriggerKind::Manual,
            Scope::Organization => TriggerKind::Backfill,
        };
        let trigger = raw.trigger.unwrap_or_else(|| Trigger::without_event(kind));
        Ok(Self { scope, trigger, after, joined, drift, dry_run, rules, plan, confirm, touched })
    }
}

impl From<ShareRunbooksInput> for RawShareRunbooksInput {
    fn from(input: ShareRunbooksInput) -> Self {
        let (accounts, organization) = match input.scope {
            Scope::Accounts(accounts) => (Some(accounts.into_iter().collect()), None),
            Scope::Organization => (None, Some(true)),
        };
        let ShareRunbooksInput {
            trigger,
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            touched,
            ..
        } = input;
        Self {
            accounts,
            organization,
            trigger: Some(trigger),
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            touched,
        }
    }
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
