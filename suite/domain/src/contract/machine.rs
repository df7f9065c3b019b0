//! The inputs of the state machines.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, CreateAccountRequestId, HandshakeId};
use crate::outcome::Flow;
use crate::run::RunAutomationInput;

/// Which execution a call belongs to (Step Functions' context object).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRef {
    /// The execution's ARN.
    pub arn: String,
    /// Its name, the fact's key.
    pub name: String,
    /// When it started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub start_time: Timestamp,
}

/// What set an execution off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TriggerKind {
    /// An account joined the organization.
    Join,
    /// An account's place in the organization changed.
    Place,
    /// An account left the organization.
    Leave,
    /// A second look at an account's place, a while after it joined.
    Settle,
    /// All accounts of the organization.
    Backfill,
    /// Somebody started the machine.
    Manual,
    /// An alarm rang.
    Alarm,
    /// EventBridge Scheduler started the machine.
    Schedule,
    /// A State Manager association started the machine.
    Association,
    /// A new account is set up.
    Onboarding,
}

/// What set an execution off, and the events it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The kind of cause.
    pub kind: TriggerKind,
    /// The ARN of what rang, for causes that have one (alarms).
    #[serde(default)]
    pub arn: Option<String>,
    /// EventBridge ids of the events that led here.
    #[serde(default)]
    pub event_ids: Vec<String>,
}

impl Trigger {
    /// A cause that came as one event.
    #[must_use]
    pub fn event(kind: TriggerKind, event_id: impl Into<String>) -> Self {
        Self { kind, arn: None, event_ids: vec![event_id.into()] }
    }

    /// A cause without an event.
    #[must_use]
    pub fn without_event(kind: TriggerKind) -> Self {
        Self { kind, arn: None, event_ids: Vec::new() }
    }
}

/// Whom an execution of `share-runbooks` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// These accounts; never empty.
    Accounts(BTreeSet<AccountId>),
    /// Every account of the organization.
    Organization,
}

/// The input of `share-runbooks`: `{"accounts":["…"], "trigger"?, "after"?: seconds}` or
/// `{"organization": true, "trigger"?}`.
///
/// Without a trigger it is `manual` for accounts and `backfill` for the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawShareRunbooksInput", into = "RawShareRunbooksInput")]
#[schemars(with = "RawShareRunbooksInput")]
pub struct ShareRunbooksInput {
    /// Whom to look at.
    pub scope: Scope,
    /// What set this off.
    pub trigger: Trigger,
    /// How long to wait before planning.
    pub after: Option<u32>,
}

impl ShareRunbooksInput {
    /// One account, at once.
    #[must_use]
    pub fn account(account: AccountId, trigger: Trigger) -> Self {
        Self { scope: Scope::Accounts(BTreeSet::from([account])), trigger, after: None }
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
#[schemars(rename = "ShareRunbooksInput", extend("oneOf" = [
    { "required": ["accounts"] },
    { "required": ["organization"] }
]))]
struct RawShareRunbooksInput {
    /// The accounts to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<AccountId>", length(min = 1))]
    accounts: Option<Vec<AccountId>>,
    /// Look at every account of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool", extend("const" = true))]
    organization: Option<bool>,
    /// What set this off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    /// Seconds to wait before planning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<u32>,
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
        let kind = match scope {
            Scope::Accounts(_) => TriggerKind::Manual,
            Scope::Organization => TriggerKind::Backfill,
        };
        let trigger = raw.trigger.unwrap_or_else(|| Trigger::without_event(kind));
        Ok(Self { scope, trigger, after: raw.after })
    }
}

impl From<ShareRunbooksInput> for RawShareRunbooksInput {
    fn from(input: ShareRunbooksInput) -> Self {
        let (accounts, organization) = match input.scope {
            Scope::Accounts(accounts) => (Some(accounts.into_iter().collect()), None),
            Scope::Organization => (None, Some(true)),
        };
        Self { accounts, organization, trigger: Some(input.trigger), after: input.after }
    }
}

/// What has no account id yet: `{"createAccountRequestId":"car-…"}` or `{"handshakeId":"h-…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MembershipRequest {
    /// A creation in progress.
    CreateAccountRequestId(CreateAccountRequestId),
    /// An open invitation.
    HandshakeId(HandshakeId),
}

/// The input of `await-membership`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwaitMembershipInput {
    /// What to wait for.
    pub request: MembershipRequest,
    /// What set this off.
    pub trigger: Trigger,
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
            Self::Unknown(_) => None,
        }
    }

    /// The flow that an execution with this input belongs to.
    #[must_use]
    pub fn flow(&self) -> Flow {
        match self {
            Self::RunAutomation(input) => input.flow(),
            Self::ShareRunbooks(_) | Self::AwaitMembership(_) | Self::Unknown(_) => Flow::Sharing,
        }
    }

    /// The accounts named in the input.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match self {
            Self::ShareRunbooks(input) => input.accounts(),
            Self::RunAutomation(input) => input.account.into_iter().collect(),
            Self::AwaitMembership(_) | Self::Unknown(_) => Vec::new(),
        }
    }
}
