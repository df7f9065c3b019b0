//! A rule as it is written: the shape behind its JSON Schema, for editors and for whoever
//! generates policy. Reading goes through the parser, which says more when something is wrong.

use std::collections::BTreeMap;

use relay_core::id::{AccountId, DocumentName, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Ownership, SharedVersion};

/// A sharing rule: one parameter under `/runbook-relay/sharing/`, YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SharingRule")]
pub struct WrittenRule {
    /// Which documents.
    pub documents: WrittenDocuments,
    /// In which Regions; sharing never crosses one.
    #[schemars(length(min = 1))]
    pub regions: Vec<Region>,
    /// With which accounts.
    pub accounts: WrittenAccounts,
    /// The version that accounts see.
    #[serde(default)]
    pub document_version: SharedVersion,
    /// Whose shares on these documents may be taken back: those in the ledger, or those of every
    /// account of the organization.
    #[serde(default)]
    pub ownership: Ownership,
    /// Runbooks started in a new account once they and the execution role are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onboarding: Vec<WrittenOnboarding>,
}

/// Everything given must hold; at least one of names, tags and types is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["names"] }, { "required": ["tags"] }, { "required": ["types"] }
]))]
pub struct WrittenDocuments {
    /// The account that owns them, quoted; the hub's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountId")]
    pub owner: Option<AccountId>,
    /// Globs over their names: `*` and `?`, anchored, case-sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub names: Option<Vec<String>>,
    /// Tags they all have, and globs over the values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeMap<String, String>", extend("minProperties" = 1))]
    pub tags: Option<BTreeMap<String, String>>,
    /// Their types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>", length(min = 1), extend("items" = known_types()))]
    pub types: Option<Vec<String>>,
}

fn known_types() -> serde_json::Value {
    serde_json::json!({ "type": "string", "enum": crate::parse::DOCUMENT_TYPES })
}

/// Which accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WrittenAccounts {
    /// `organization`, OU paths (`/Workloads/Prod`), root, OU or account ids.
    #[schemars(length(min = 1), inner(regex(pattern = SELECTOR)))]
    pub r#in: Vec<String>,
    /// OUs and roots in `in` stand for the OUs below them too.
    #[serde(default)]
    pub include_child_units: bool,
    /// Account ids, OU ids or paths to leave out. An OU takes the OUs below it along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = SELECTOR)))]
    pub exclude: Vec<String>,
}

const SELECTOR: &str = "^(organization|/.*|r-[0-9a-z]{4,32}|\
                        ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|[0-9]{12})$";

/// A runbook for new accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WrittenOnboarding {
    /// The runbook's name.
    pub runbook: DocumentName,
    /// Its parameters: lists of texts, or single texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, OneOrMore>,
}

/// A text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}
