//! Requests to the engine: the fields of `StartAutomationExecution`, signals, stops.
//!
//! Serde names are AWS's, so that a request's JSON parses into these types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::Actor;

/// A `StartAutomationExecution`.
#[derive(Clone, Debug, PartialEq)]
pub struct StartRequest {
    /// In which account: 12 digits.
    pub account: String,
    pub region: String,
    /// Who asks; without an `assumeRole` in the document the execution acts as this.
    pub caller: Actor,
    /// `ExecutedBy`: the caller's principal ARN.
    pub executed_by: String,
    /// The id that the execution gets. Unique; the caller derives it.
    pub id: Uuid,
    /// The document's name or ARN.
    pub document_name: String,
    /// A number, `$DEFAULT` or `$LATEST`.
    pub document_version: Option<String>,
    /// As on the wire: every value is a list of strings.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Makes a repeat of the request meet the first one's execution.
    pub client_token: Option<String>,
    pub mode: Mode,
    /// Which parameter gets the target.
    pub target_parameter_name: Option<String>,
    /// At most one is allowed.
    pub targets: Vec<Target>,
    /// Instead of `targets`: one child for each map.
    pub target_maps: Vec<BTreeMap<String, Vec<String>>>,
    /// Number or percentage; default 10.
    pub max_concurrency: Option<String>,
    /// Number or percentage; default 0.
    pub max_errors: Option<String>,
    /// Accounts and Regions to run in.
    pub target_locations: Vec<TargetLocation>,
    /// An S3 object that holds them instead.
    pub target_locations_url: Option<String>,
    /// At most five are allowed.
    pub tags: Vec<Tag>,
    /// The alarm that cancels the execution.
    pub alarms: Option<AlarmConfiguration>,
    /// The State Manager association that started it.
    pub association_id: Option<String>,
}

impl StartRequest {
    /// A request with nothing but what every one has.
    pub fn new(account: &str, region: &str, caller: Actor, id: Uuid, document_name: &str) -> Self {
        let executed_by = match &caller {
            Actor::Caller { principal_arn, .. } => principal_arn.clone(),
            Actor::Role { role_arn, .. } => role_arn.clone(),
        };
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            caller,
            executed_by,
            id,
            document_name: document_name.to_owned(),
            document_version: None,
            parameters: BTreeMap::new(),
            client_token: None,
            mode: Mode::Auto,
            target_parameter_name: None,
            targets: Vec::new(),
            target_maps: Vec::new(),
            max_concurrency: None,
            max_errors: None,
            target_locations: Vec::new(),
            target_locations_url: None,
            tags: Vec::new(),
            alarms: None,
            association_id: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Steps follow each other.
    #[default]
    Auto,
    /// Every step needs a `StartStep`.
    Interactive,
}

/// A `Target`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// `tag:K`, `ResourceGroup`, `ParameterValues` or `AWS::EC2::Instance`.
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
}

/// A `TargetLocation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TargetLocation {
    /// Account ids, OU ids, the root's id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_location_max_concurrency: Option<String>,
    /// Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_location_max_errors: Option<String>,
    /// Default `AWS-SystemsManager-AutomationExecutionRole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_name: Option<String>,
    /// The alarm that cancels the children of this location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_location_alarm_configuration: Option<AlarmConfiguration>,
    /// Whether OUs below an OU count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_child_organization_units: bool,
    /// Account and OU ids that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_accounts: Vec<String>,
    /// Targets within each account and Region, instead of the request's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Instead of the request's `MaxConcurrency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets_max_concurrency: Option<String>,
    /// Instead of the request's `MaxErrors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets_max_errors: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// An `AlarmConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmConfiguration {
    /// Whether the execution goes on when the alarm cannot be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_poll_alarm_failure: bool,
    /// Exactly one is allowed.
    pub alarms: Vec<Alarm>,
}

/// An `Alarm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alarm {
    pub name: String,
}

/// A signal of `SendAutomationSignal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    Approve {
        comment: Option<String>,
    },
    Reject {
        comment: Option<String>,
    },
    /// `StartStep`, in Interactive mode.
    StartStep {
        /// `StepName`.
        step: String,
    },
    /// `Resume` of an `aws:pause`.
    Resume {
        /// `StepName`.
        step: String,
    },
    StopStep {
        step_execution_id: String,
    },
}

/// `Type` of `StopAutomationExecution`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopType {
    /// The step in flight is cancelled, onCancel steps run.
    #[default]
    Cancel,
    /// The step in flight ends, no other is started.
    Complete,
}
