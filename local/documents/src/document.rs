//! A document: its type, its versions, whom it is shared with.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    content::Content,
    input::{Attachment, Requirement},
    permissions::Permissions,
    reviews::Review,
    tags::TagSet,
};

/// The types of documents, as `CreateDocument` names them.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
#[expect(missing_docs, reason = "the names are AWS's and say all there is to say")]
pub enum DocumentType {
    ApplicationConfiguration,
    ApplicationConfigurationSchema,
    AutoApprovalPolicy,
    Automation,
    #[serde(rename = "Automation.ChangeTemplate")]
    ChangeTemplate,
    ChangeCalendar,
    CloudFormation,
    #[default]
    Command,
    ConformancePackTemplate,
    DeploymentStrategy,
    ManualApprovalPolicy,
    Package,
    Policy,
    ProblemAnalysis,
    ProblemAnalysisTemplate,
    QuickSetup,
    Session,
}

impl DocumentType {
    /// The type as the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApplicationConfiguration => "ApplicationConfiguration",
            Self::ApplicationConfigurationSchema => "ApplicationConfigurationSchema",
            Self::AutoApprovalPolicy => "AutoApprovalPolicy",
            Self::Automation => "Automation",
            Self::ChangeTemplate => "Automation.ChangeTemplate",
            Self::ChangeCalendar => "ChangeCalendar",
            Self::CloudFormation => "CloudFormation",
            Self::Command => "Command",
            Self::ConformancePackTemplate => "ConformancePackTemplate",
            Self::DeploymentStrategy => "DeploymentStrategy",
            Self::ManualApprovalPolicy => "ManualApprovalPolicy",
            Self::Package => "Package",
            Self::Policy => "Policy",
            Self::ProblemAnalysis => "ProblemAnalysis",
            Self::ProblemAnalysisTemplate => "ProblemAnalysisTemplate",
            Self::QuickSetup => "QuickSetup",
            Self::Session => "Session",
        }
    }
}

/// The format of a document's content.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are AWS's and say all there is to say")]
pub enum DocumentFormat {
    #[default]
    Json,
    Yaml,
    Text,
}

/// A document that AWS owns, the same in every account and Region.
#[derive(Clone, Debug)]
pub struct Predefined {
    /// Its name, e.g. `AWS-StopEC2Instance`.
    pub name: String,
    pub document_type: DocumentType,
    /// The format of `content`.
    pub format: DocumentFormat,
    pub content: String,
    /// Its target type, e.g. `/AWS::EC2::Instance`.
    pub target_type: Option<String>,
}

/// A document of one owner in one Region.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) name: String,
    /// The owner's account; empty for AWS's own.
    pub(crate) owner: String,
    pub(crate) kind: DocumentType,
    /// By number. Never empty.
    pub(crate) versions: BTreeMap<u32, Version>,
    /// A key of `versions`.
    pub(crate) default_version: u32,
    /// Numbers of deleted versions are not given again.
    pub(crate) next_version: u32,
    pub(crate) permissions: Permissions,
    /// By the account that tagged: a consumer's tags on a shared document are its own.
    pub(crate) tags: BTreeMap<String, TagSet>,
    /// Managed nodes associated with it, which forbid to delete it.
    pub(crate) instances: BTreeSet<String>,
}

/// A version of a document. Immutable but for its reviews.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) target_type: Option<String>,
    pub(crate) content: Content,
    pub(crate) created: Timestamp,
    pub(crate) requires: Vec<Requirement>,
    pub(crate) attachments: Vec<Attachment>,
    /// Why it cannot be used: its status is `Failed`.
    pub(crate) failure: Option<String>,
    pub(crate) review: Review,
}

impl Version {
    /// The status that it settles in.
    pub(crate) fn status(&self) -> &'static str {
        if self.failure.is_some() { "Failed" } else { "Active" }
    }
}

impl Document {
    /// A new document: its first version is the default.
    pub(crate) fn new(name: String, owner: String, kind: DocumentType, first: Version) -> Self {
        Self {
            name,
            owner,
            kind,
            default_version: first.number,
            next_version: first.number + 1,
            versions: BTreeMap::from([(first.number, first)]),
            permissions: Permissions::default(),
            tags: BTreeMap::new(),
            instances: BTreeSet::new(),
        }
    }

    pub(crate) fn is_amazons(&self) -> bool {
        self.owner.is_empty()
    }

    pub(crate) fn latest_version(&self) -> u32 {
        self.versions.keys().next_back().copied().unwrap_or(self.default_version)
    }

    pub(crate) fn version_named(&self, name: &str) -> Option<&Version> {
        self.versions.values().find(|version| version.name.as_deref() == Some(name))
    }
}

/// A version as a request names it: `$DEFAULT`, `$LATEST` or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Which {
    Default,
    Latest,
    Number(u32),
}

impl Which {
    /// `text` satisfies the model. A number too large to exist is one that does not.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "$DEFAULT" => Self::Default,
            "$LATEST" => Self::Latest,
            number => Self::Number(number.parse().unwrap_or(u32::MAX)),
        }
    }
}
