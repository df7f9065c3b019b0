//! The plan of one execution, as it lies in S3.

use relay_core::id::{AccountId, Region};
use relay_core::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DocumentSelector, OnboardingRunbook, Ownership, SharedVersion};

/// What an execution of `share-runbooks` is to do: rules resolved to accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharePlan {
    /// The policy it was made from: `sha256:…`.
    pub rules_version: String,
    /// Every account of the organization is in scope, and whatever the ledger holds.
    pub organization: bool,
    /// The accounts in scope; with `organization` for information only.
    pub accounts: Vec<AccountId>,
    /// Where each account in scope lies. One that is not here is no member (any more).
    pub places: Vec<AccountPlace>,
    /// How many valid rules policy has, those included that mean nobody in scope.
    pub valid_rules: u64,
    /// The rules that mean somebody in scope, and the exclusive ones.
    pub rules: Vec<PlannedRule>,
    /// What to look at: owners, Regions, and which rules apply there.
    pub work: Vec<PlannedWork>,
    /// Shares may be taken back: there is a rule, every rule could be read, every OU they name and
    /// every account's path was found.
    pub removals_allowed: bool,
    /// What was found wrong while planning.
    pub problems: Vec<Problem>,
}

/// Where an account lies in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPlace {
    /// The account.
    pub account: AccountId,
    /// Root and OUs that lead to it, by id: `r-…/ou-…/ou-…`.
    pub path: String,
    /// Whether it can be shared with.
    pub active: bool,
}

/// A rule, resolved to those accounts in scope that it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRule {
    /// The rule's name.
    pub name: String,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// In which Regions.
    pub regions: Vec<Region>,
    /// Which documents.
    pub documents: DocumentSelector,
    /// The version that accounts see.
    pub document_version: SharedVersion,
    /// Whose shares are ours to take back.
    pub ownership: Ownership,
    /// The accounts, sorted.
    pub accounts: Vec<AccountId>,
    /// Runbooks to start in a new account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onboarding: Vec<OnboardingRunbook>,
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
}
