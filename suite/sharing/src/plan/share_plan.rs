//! The plan of one execution, as it lies in S3.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Distribution, DocumentSelector, OnboardingRunbook, Ownership, SharedVersion, WorkItem,
};

/// The work of an execution of `share-runbooks`: rules resolved to accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharePlan {
    /// The rules it was made from: `sha256:…`.
    pub rules_version: String,
    /// When reading for it began: whatever was planned or shared later knows more than this plan.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub seen_at: Timestamp,
    /// Every account of the organization is in scope, and whatever the ledger holds.
    pub organization: bool,
    /// The accounts in scope; with `organization` for information only.
    pub accounts: Vec<AccountId>,
    /// Where each account in scope lies. One that is not here is not a member of the organization (any more).
    pub places: Vec<AccountPlace>,
    /// How many valid rules there are, those included that mean nobody in scope.
    pub valid_rules: u64,
    /// The rules that mean somebody in scope, the exclusive ones, and those whose OUs were not all found.
    pub rules: Vec<PlannedRule>,
    /// The pairs to look at: owners, Regions, and which rules apply there.
    pub work: Vec<PlannedWork>,
    /// From which accounts shares may be removed.
    pub removals: Removals,
    /// Every OU that a rule names was looked up, whether it exists or not.
    pub selectors_read: bool,
    /// SSM's permissions are read for every document, not only the ledger.
    #[serde(default)]
    pub drift: bool,
    /// Every owner and Region is looked at before anything is changed.
    #[serde(default)]
    pub surveyed: bool,
    /// The plan that somebody has seen and applies: nothing but its pairs is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<AppliedPlan>,
    /// Shares of others that the rules want become the suite's, and nothing else is changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopts: bool,
    /// Only what change events have touched is looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub touched: bool,
    /// The problems found while planning.
    pub problems: Vec<Problem>,
}

impl SharePlan {
    /// Whether accounts in scope may get copies. Unlike shares, these need something of the account: a role, which its
    /// stack brings minutes after it joined.
    #[must_use]
    pub fn makes_copies(&self) -> bool {
        let copies = |rule: &PlannedRule| rule.distribution != Distribution::Share;
        self.rules.iter().any(|rule| copies(rule) && !rule.accounts.is_empty())
    }
}

/// A plan that was made by a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedPlan {
    /// The name of the execution that made it.
    pub execution: String,
    /// The owners and Regions of which it has a part. Elsewhere it changes nothing.
    pub parts: Vec<WorkItem>,
}

/// From which accounts an execution may remove shares that no rule wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Removals {
    /// From none: a join only adds.
    Nobody,
    /// From accounts that have left the organization: not every rule could be read, and rules select
    /// members only.
    Departed,
    /// From all accounts in scope: there is a rule, and every rule could be read.
    Everybody,
}

/// Where an account lies in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPlace {
    /// The account that lies there.
    pub account: AccountId,
    /// Root and OUs that lead to it, by id: `r-…/ou-…/ou-…`; null where that is not known.
    pub path: Option<String>,
    /// Whether it is active: closed and suspended accounts are not.
    pub active: bool,
    /// It is in a state in which it neither can be shared with nor is it leaving, or in one that this
    /// version does not know. Its shares stay as they are.
    pub unsettled: bool,
    /// It was created in the organization minutes ago: nobody else has shared anything with it yet.
    pub fresh: bool,
}

impl AccountPlace {
    /// Whether everything is known that a removal of its shares follows from.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.path.is_some() && !self.unsettled
    }
}

/// A rule, resolved to those accounts in scope that it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRule {
    /// The rule's name, as problems and outcomes name it.
    pub name: String,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Regions in which the documents are shared.
    pub regions: Vec<Region>,
    /// The Region from which documents are made in the others where the owner lacks them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_region: Option<Region>,
    /// Selects the documents of the owner.
    pub documents: DocumentSelector,
    /// The version that accounts see.
    pub document_version: SharedVersion,
    /// How the accounts get the documents.
    #[serde(default)]
    pub distribution: Distribution,
    /// Whose shares are ours to take back.
    pub ownership: Ownership,
    /// The accounts in scope that the rule means, sorted.
    pub accounts: Vec<AccountId>,
    /// All OUs that the rule names were found. Without that it may mean more accounts, or fewer: who has
    /// its documents keeps them.
    pub certain: bool,
    /// Runbooks to start in a new account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onboarding: Vec<OnboardingRunbook>,
}

impl PlannedRule {
    /// The Region from which the rule's documents are made in this one, if the owner lacks them here.
    #[must_use]
    pub fn home_for(&self, region: &Region) -> Option<&Region> {
        self.home_region.as_ref().filter(|home| *home != region)
    }
}

/// One owner in one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedWork {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// Indexes into the plan's rules; empty where only shares of the past are looked at.
    pub rules: Vec<usize>,
    /// The only documents to look at, which may be gone; without it, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeSet<DocumentName>>,
}
