//! One rule, read and found valid.

use std::collections::BTreeMap;
use std::fmt;

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::organization::Selection;
use relay_core::rules::{AccountSelector, Glob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A document of an owner, as ListDocuments shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: DocumentName,
    /// Its type, e.g. `Automation`.
    pub kind: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Which documents a rule means. Everything given must hold: a name (one of the globs), every
/// tag, a type (one of them). At least one of the three is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentSelector {
    /// Globs over the name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Glob>,
    /// Tags and globs over their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Glob>,
    /// SSM's document types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
}

impl DocumentSelector {
    /// Whether the rule means this document.
    #[must_use]
    pub fn selects(&self, document: &Document) -> bool {
        let name = document.name.as_str();
        (self.names.is_empty() || self.names.iter().any(|glob| glob.matches(name)))
            && (self.types.is_empty() || self.types.contains(&document.kind))
            && self.tags.iter().all(|(key, value)| {
                document.tags.get(key).is_some_and(|actual| value.matches(actual))
            })
    }

    /// Whether nothing is selected by anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.tags.is_empty() && self.types.is_empty()
    }
}

/// The version of a document that accounts see. SSM shares these three, never a number.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum SharedVersion {
    /// The default version.
    #[default]
    #[serde(rename = "$DEFAULT")]
    Default,
    /// The latest version.
    #[serde(rename = "$LATEST")]
    Latest,
    /// Every version.
    #[serde(rename = "$ALL")]
    All,
}

impl SharedVersion {
    /// As SSM writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "$DEFAULT",
            Self::Latest => "$LATEST",
            Self::All => "$ALL",
        }
    }

    /// From SSM's writing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "$DEFAULT" => Some(Self::Default),
            "$LATEST" => Some(Self::Latest),
            "$ALL" => Some(Self::All),
            _ => None,
        }
    }
}

impl fmt::Display for SharedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whose shares on the rule's documents are ours to take back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ownership {
    /// Those in the share ledger.
    #[default]
    Ledger,
    /// Every account of the organization.
    Exclusive,
}

/// A runbook started in an account once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingRunbook {
    /// The runbook's name.
    pub runbook: DocumentName,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// One valid rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharingRule {
    /// The last part of the parameter's name, or the file's name without its extension.
    pub name: String,
    /// Where it was read from, for problems: the parameter's or the file's name.
    pub origin: String,
    /// The account that owns the documents; `None` is the hub's own.
    pub owner: Option<AccountId>,
    /// Which of its documents.
    pub documents: DocumentSelector,
    /// In which Regions; sorted, without repeats.
    pub regions: Vec<Region>,
    /// Which accounts.
    pub accounts: Vec<AccountSelector>,
    /// Whether an OU stands for the OUs below it too.
    pub include_child_units: bool,
    /// Which accounts are left out, whatever else selects them.
    pub exclude: Vec<AccountSelector>,
    /// The version that accounts see.
    pub document_version: SharedVersion,
    /// Whose shares are ours to take back.
    pub ownership: Ownership,
    /// Runbooks to start in a new account.
    pub onboarding: Vec<OnboardingRunbook>,
}

impl SharingRule {
    /// The accounts that the rule asks for.
    #[must_use]
    pub fn selection(&self) -> Selection<'_> {
        Selection {
            origin: &self.origin,
            accounts: &self.accounts,
            include_child_units: self.include_child_units,
            exclude: &self.exclude,
        }
    }
}
