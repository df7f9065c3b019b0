//! A sharing rule: its fields, and what makes one invalid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use relay_core::id::{DocumentName, Region};
use relay_core::organization::Selection;
use relay_core::place::{Places, field, item};
use relay_core::problem::ProblemCode;
use relay_core::read::{Form, LazyForm, Problems, Written};
use relay_core::rules::{AccountSelector, OneOrMore, Rule, RuleSet, sorted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Documents;

/// The sharing rules that are valid, and the problems of the others.
pub type SharingRules = RuleSet<SharingRule>;

/// A sharing rule: one parameter under `/runbook-relay/sharing/`, YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SharingRule {
    /// The last part of the parameter's name, or the file's name without its extension.
    #[serde(skip)]
    pub name: String,
    /// Where the fields are in the rule's text.
    #[serde(skip)]
    pub places: Places,
    /// Which documents are shared. Everything given must hold.
    pub documents: Documents,
    /// The Regions in which they are shared. SSM shares within a Region.
    #[serde(deserialize_with = "sorted")]
    #[schemars(length(min = 1))]
    pub regions: Vec<Region>,
    /// The accounts they are shared with.
    pub accounts: Accounts,
    /// The version that these accounts see.
    #[serde(default)]
    pub document_version: SharedVersion,
    /// How the accounts get the documents.
    #[serde(default)]
    pub distribution: Distribution,
    /// Which shares of these documents the suite may remove.
    #[serde(default)]
    pub ownership: Ownership,
    /// Runbooks that run once in each new account, as soon as the account can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub onboarding: Vec<OnboardingRunbook>,
}

/// The accounts of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accounts {
    /// `organization`, OU paths (`/Workloads/Prod`), root ids, OU ids or account ids.
    #[schemars(length(min = 1))]
    pub r#in: Vec<AccountSelector>,
    /// OUs and roots in `in` include the OUs below them.
    #[serde(default)]
    pub include_child_units: bool,
    /// Accounts and OUs to leave out, whatever else selects them. An OU includes the OUs below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<AccountSelector>,
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
#[schemars(extend("x-hint" = "SSM does not share versions by number."))]
pub enum SharedVersion {
    /// The version that is the default at the owner.
    #[default]
    #[serde(rename = "$DEFAULT")]
    Default,
    /// The version that was made last.
    #[serde(rename = "$LATEST")]
    Latest,
    /// Every version, to be named by its number.
    #[serde(rename = "$ALL")]
    All,
}

impl SharedVersion {
    /// The version as SSM spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "$DEFAULT",
            Self::Latest => "$LATEST",
            Self::All => "$ALL",
        }
    }

    /// Reads SSM's spelling; `None` for any other text.
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

/// How accounts get a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Distribution {
    /// The owner's document is shared with them.
    #[default]
    Share,
    /// Each of them has a copy of its own in each Region, which follows the owner's document.
    Copy,
    /// Shared with as many as its quota allows, and copied for the others. An account keeps what it has.
    Auto,
}

/// Which shares of the rule's documents the suite may remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ownership {
    /// Shares that are in the suite's ledger: those that it made itself.
    #[default]
    Ledger,
    /// Shares with any account of the organization, also those that others made.
    Exclusive,
}

/// A runbook that runs once in each new account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct OnboardingRunbook {
    /// The name of a runbook of the owner, or of one of Amazon's.
    pub runbook: DocumentName,
    /// Its parameters: lists of texts, or single texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(
        with = "BTreeMap<String, OneOrMore>",
        extend("x-expected" = "a mapping of parameters to lists of texts")
    )]
    pub parameters: BTreeMap<String, Vec<String>>,
}

impl Written for SharingRule {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<SharingRule>);
        &FORM
    }

    fn check(read: &Value, problems: &mut Problems<'_>) {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for (index, excluded) in list(&read["accounts"]["exclude"]).iter().enumerate() {
            if excluded == "organization" {
                let what = "the rule excludes the whole organization".to_owned();
                let path = item("accounts.exclude", index);
                problems.report(ProblemCode::EmptySelection, &path, what, None);
            }
        }
        let copies = read["distribution"].as_str().filter(|how| *how != "share");
        if let (Some(how), Some("$ALL")) = (copies, read["documentVersion"].as_str()) {
            let what = format!(
                "a copy has the content of one version, and `distribution: {how}` makes copies"
            );
            let hint = "Write `$DEFAULT` or `$LATEST`, or `distribution: share`.".to_owned();
            problems.report(ProblemCode::InvalidField, "documentVersion", what, Some(hint));
        }
        let home = read["documents"]["homeRegion"].as_str();
        if let (Some(home), Some("$ALL")) = (home, read["documentVersion"].as_str()) {
            let what = format!(
                "a replica has the content of one version, and `homeRegion: {home}` makes replicas"
            );
            let hint = "Write `$DEFAULT` or `$LATEST`, or leave out `homeRegion`.".to_owned();
            problems.report(ProblemCode::InvalidField, "documentVersion", what, Some(hint));
        }
        let mut known = BTreeSet::new();
        for (index, onboarding) in list(&read["onboarding"]).iter().enumerate() {
            let Some(runbook) = onboarding["runbook"].as_str() else { continue };
            if !known.insert(runbook.to_owned()) {
                let what = format!("{runbook} is named twice, and it runs once in an account");
                let path = field(&item("onboarding", index), "runbook");
                problems.report(ProblemCode::InvalidField, &path, what, None);
            }
        }
    }
}

impl Rule for SharingRule {
    fn named(mut self, name: &str, places: Places) -> Self {
        name.clone_into(&mut self.name);
        self.places = places;
        self
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl SharingRule {
    /// The accounts that the rule asks for.
    #[must_use]
    pub fn selection(&self) -> Selection<'_> {
        Selection {
            places: &self.places,
            accounts: &self.accounts.r#in,
            include_child_units: self.accounts.include_child_units,
            exclude: &self.accounts.exclude,
        }
    }
}
