//! The inputs of the operations on executions, as the service model names their members. They
//! have passed [`crate::validation`].

use std::collections::BTreeMap;

use engine::{AlarmConfiguration, Mode, StopType, Tag, Target, TargetLocation};
use serde::Deserialize;

/// `StartAutomationExecution`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Start {
    pub(crate) document_name: String,
    pub(crate) document_version: Option<String>,
    pub(crate) parameters: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) client_token: Option<String>,
    pub(crate) mode: Option<Mode>,
    pub(crate) target_parameter_name: Option<String>,
    pub(crate) targets: Option<Vec<Target>>,
    pub(crate) target_maps: Option<Vec<BTreeMap<String, Vec<String>>>>,
    pub(crate) max_concurrency: Option<String>,
    pub(crate) max_errors: Option<String>,
    pub(crate) target_locations: Option<Vec<TargetLocation>>,
    #[serde(rename = "TargetLocationsURL")]
    pub(crate) target_locations_url: Option<String>,
    pub(crate) tags: Option<Vec<Tag>>,
    pub(crate) alarm_configuration: Option<AlarmConfiguration>,
}

/// `StopAutomationExecution`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Stop {
    pub(crate) automation_execution_id: String,
    #[serde(rename = "Type", default)]
    pub(crate) how: StopType,
}

/// `GetAutomationExecution`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Get {
    pub(crate) automation_execution_id: String,
}

/// `SendAutomationSignal`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Send {
    pub(crate) automation_execution_id: String,
    pub(crate) signal_type: String,
    pub(crate) payload: Option<BTreeMap<String, Vec<String>>>,
}

/// A filter: its key, and the values of which one must match.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// `DescribeAutomationExecutions`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct List {
    #[serde(default)]
    pub(crate) filters: Vec<Filter>,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
}

/// `DescribeAutomationStepExecutions`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Steps {
    pub(crate) automation_execution_id: String,
    #[serde(default)]
    pub(crate) filters: Vec<Filter>,
    pub(crate) max_results: Option<usize>,
    pub(crate) next_token: Option<String>,
    #[serde(default)]
    pub(crate) reverse_order: bool,
}

/// `AddTagsToResource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddTags {
    pub(crate) resource_id: String,
    pub(crate) tags: Vec<Tag>,
}

/// `RemoveTagsFromResource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemoveTags {
    pub(crate) resource_id: String,
    pub(crate) tag_keys: Vec<String>,
}

/// `ListTagsForResource`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListTags {
    pub(crate) resource_id: String,
}
