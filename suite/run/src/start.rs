//! The parameters of StartAutomationExecution, in the API's own words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The call's input: serialised, it is the API's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StartAutomation {
    /// The document, by name or ARN.
    pub document_name: String,
    /// The version; without it, the default version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_version: Option<String>,
    /// The parameters by name, each a list of texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The same for every repeat of this start.
    pub client_token: Uuid,
    /// `Auto` or `Interactive`.
    pub mode: String,
    /// The parameter that takes a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_parameter_name: Option<String>,
    /// Empty, or exactly one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Other accounts and Regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_locations: Vec<TargetLocation>,
    /// Targets at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<String>,
    /// Targets that may fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<String>,
    /// The alarm that stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_configuration: Option<AlarmConfiguration>,
    /// At most 5: SSM's limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The targets of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// `tag:…`, `ResourceGroup`, `ParameterValues`, `AWS::EC2::Instance`.
    pub key: String,
    /// The values of the key.
    pub values: Vec<String>,
}

/// Where it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetLocation {
    /// Accounts, OUs, a root.
    pub accounts: Vec<String>,
    /// The Regions, each an own child in each account.
    pub regions: Vec<String>,
    /// Pairs of the two at a time.
    pub target_location_max_concurrency: String,
    /// Pairs that may fail.
    pub target_location_max_errors: String,
    /// The role it runs under there.
    pub execution_role_name: String,
    /// OUs below OUs too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub include_child_organization_units: bool,
    /// Accounts and OUs that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_accounts: Vec<String>,
    /// The alarm there that stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_location_alarm_configuration: Option<AlarmConfiguration>,
}

/// The alarm that stops a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmConfiguration {
    /// The alarms; SSM takes one.
    pub alarms: Vec<Alarm>,
    /// Whether to go on when the alarm cannot be read.
    pub ignore_poll_alarm_failure: bool,
}

/// An alarm, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alarm {
    /// The name, in the account and Region of the run.
    pub name: String,
}

/// A tag of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// The key, unique among the tags.
    pub key: String,
    /// The value, which may be empty.
    pub value: String,
}

impl AlarmConfiguration {
    pub(crate) fn one(name: &str) -> Self {
        let alarms = vec![Alarm { name: name.to_owned() }];
        // Who cannot see the alarm does not know whether to stop: SSM then cancels the run.
        Self { alarms, ignore_poll_alarm_failure: false }
    }
}
