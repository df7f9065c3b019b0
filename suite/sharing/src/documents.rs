//! Which documents a rule is about.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::rules::Glob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A document of an owner, as ListDocuments shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name, unique in account and Region.
    pub name: DocumentName,
    /// Its type, e.g. `Automation`.
    pub kind: String,
    /// The tags that the owner gave it.
    pub tags: BTreeMap<String, String>,
}

/// A document of an owner as one Region has it, and as the home Regions of rules have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDocument {
    /// The name, the same everywhere.
    pub name: DocumentName,
    /// The document of the Region itself; `None` where the owner does not have it there.
    pub here: Option<Document>,
    /// The documents of home Regions.
    pub homes: BTreeMap<Region, Document>,
    /// Home Regions of which it is not known whether they have it.
    pub unread: BTreeSet<Region>,
}

impl From<Document> for ListedDocument {
    fn from(document: Document) -> Self {
        let (homes, unread) = (BTreeMap::new(), BTreeSet::new());
        Self { name: document.name.clone(), here: Some(document), homes, unread }
    }
}

/// The documents of a rule. Everything given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Documents {
    /// The account that owns the documents, in quotes. Without it, the hub account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountId>,
    /// The Region of the documents from which the owner gets those that it lacks in other Regions of the rule. Without it, the rule
    /// shares what the owner has in each Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_region: Option<Region>,
    /// The documents of that account.
    #[serde(flatten)]
    pub selector: DocumentSelector,
}

/// Which documents of an owner a rule means. Everything given must hold; at least one is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("anyOf" = [
    { "required": ["names"] },
    { "required": ["tags"], "properties": { "tags": { "minProperties": 1 } } },
    { "required": ["types"] }
]))]
pub struct DocumentSelector {
    /// Globs over the name: `*` and `?`, anchored, case-sensitive. One of them must match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("items" = {"type": "string", "minLength": 1}))]
    pub names: Vec<Glob>,
    /// Tags that the document has, with globs over their values. All must match.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-expected" = "a mapping of tags to values"))]
    pub tags: BTreeMap<String, Glob>,
    /// SSM's document types. The document has one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("items" = document_types()))]
    pub types: Vec<String>,
}

/// SSM's document types (service model 2014-11-06).
fn document_types() -> serde_json::Value {
    serde_json::json!({
        "type": "string",
        "enum": [
            "Command",
            "Policy",
            "Automation",
            "Session",
            "Package",
            "ApplicationConfiguration",
            "ApplicationConfigurationSchema",
            "DeploymentStrategy",
            "ChangeCalendar",
            "Automation.ChangeTemplate",
            "ProblemAnalysis",
            "ProblemAnalysisTemplate",
            "CloudFormation",
            "ConformancePackTemplate",
            "QuickSetup",
            "ManualApprovalPolicy",
            "AutoApprovalPolicy",
        ],
        "x-expected": "a document type of SSM",
        "x-hint": "Runbooks are of type `Automation`."
    })
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
}
