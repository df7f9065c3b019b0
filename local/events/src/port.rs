//! The port through which delivery uses the emulator. The gateway implements it over HTTP, tests in memory.

use std::{fmt::Debug, future::Future};

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{BusRef, RuleTarget, target::RunCommandTarget};

/// The world that events are delivered in.
pub trait DeliveryPort: Send + Sync + 'static {
    /// The enabled rules of `bus` that match the event, with their targets as they are stored.
    fn matching(
        &self,
        bus: &BusRef,
        envelope: &Value,
    ) -> impl Future<Output = Result<Matches, PortError>> + Send;

    /// Whether a resource's own policy lets the caller in. Log groups have none of their own:
    /// CloudWatch Logs' account-wide resource policies answer for them.
    fn resource_policy(
        &self,
        check: &ResourcePolicyCheck,
    ) -> impl Future<Output = Result<ResourceVerdict, PortError>> + Send;

    /// Whether `events.amazonaws.com` may assume the role and the role may do the action.
    fn role(
        &self,
        check: &RoleCheck,
    ) -> impl Future<Output = Result<RoleVerdict, PortError>> + Send;

    /// Does it. Permission has been established. A repeat must be expected: delivery is at least
    /// once.
    fn invoke(&self, call: &TargetCall) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// The rules that matched.
#[derive(Clone, Debug, Deserialize)]
pub struct Matches {
    /// False if there is no such bus.
    #[serde(rename = "bus")]
    pub bus_exists: bool,
    /// The matching rules, in any order.
    pub rules: Vec<MatchedRule>,
}

/// A rule that matched.
#[derive(Clone, Debug, Deserialize)]
pub struct MatchedRule {
    pub name: String,
    /// `arn:aws:events:REGION:ACCOUNT:rule/[BUS/]NAME`.
    pub arn: String,
    pub targets: Vec<RuleTarget>,
}

/// Who asks a resource's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// `events.amazonaws.com`.
    Service,
    /// The target's role, by its ARN.
    Role(String),
}

/// A question to a resource's policy.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourcePolicyCheck {
    pub resource: String,
    pub action: &'static str,
    pub caller: Caller,
    /// `aws:SourceArn`, the rule's ARN. Absent for a role at a queue, topic or function.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount`, the account of the rule's bus.
    pub source_account: String,
    /// More condition keys, e.g. `events:source`.
    pub context: Map<String, Value>,
}

/// The policy of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceVerdict {
    /// It allows, and nothing in it denies.
    Allowed,
    /// It denies, or does not allow.
    Denied,
    /// There is no such resource.
    Missing,
}

/// A question about a target's role.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleCheck {
    pub role: String,
    pub action: &'static str,
    pub resource: String,
    /// `aws:SourceArn` in the trust policy: the rule's ARN.
    pub source_arn: String,
    /// `aws:SourceAccount` in the trust policy.
    pub source_account: String,
    /// More condition keys for the role's own policies.
    pub context: Map<String, Value>,
}

/// The permissions of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleVerdict {
    Allowed,
    /// It does not exist or does not trust EventBridge.
    NotAssumable,
    /// It may be assumed, but not do this.
    Denied,
}

/// One call to a target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetCall {
    /// The target's ARN; account and Region of the call are in it.
    pub arn: String,
    /// The rule that asks for it.
    pub rule_arn: String,
    /// The role it is done under; none: as the service.
    pub role: Option<String>,
    pub action: Action,
}

/// The call at a target.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `sqs:SendMessage`.
    SendMessage {
        body: String,
        /// For FIFO queues; deduplication is then by content.
        group_id: Option<String>,
        /// String attributes: those of a dead letter.
        attributes: Vec<(&'static str, String)>,
    },
    /// `sns:Publish`, without subject.
    Publish { message: String },
    /// `lambda:Invoke` with `InvocationType` `Event`.
    Invoke {
        /// A JSON document, as text.
        payload: String,
    },
    /// `states:StartExecution`.
    StartExecution {
        /// The same for every attempt of one delivery.
        name: String,
        /// A JSON document, as text.
        input: String,
    },
    /// `ssm:StartAutomationExecution` of the document and version that the ARN names.
    StartAutomation {
        /// The same for every attempt of one delivery.
        token: Uuid,
        /// JSON: parameters, each a list of strings.
        parameters: String,
    },
    /// `ssm:SendCommand` of the document that the ARN names, in the account of the rule.
    SendCommand {
        targets: Vec<RunCommandTarget>,
        /// JSON: parameters, each a list of strings.
        parameters: String,
    },
    /// `ssm:CreateOpsItem`, in the account and Region that the ARN names.
    CreateOpsItem {
        /// JSON: the fields of an OpsItem, spelled with small letters at the front; or an event.
        item: String,
    },
    /// One `logs:PutLogEvents`, into a stream of the port's choosing.
    PutLogEvent {
        /// Milliseconds since the epoch.
        timestamp: i64,
        /// One line of the log.
        message: String,
    },
}

/// Why the port could not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// No answer: worth another attempt.
    #[error("the emulator did not answer: {0}")]
    Unreachable(String),
    /// The target's service answered with an error.
    #[error("{code}: {message}")]
    Refused {
        status: u16,
        code: String,
        message: String,
        /// The request's id, as far as known.
        request_id: String,
    },
}
