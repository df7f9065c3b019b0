//! The subjects that a change event has touched: documents, rules, OUs. An execution for the whole organization that names it
//! looks at nothing else.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::rules::AccountSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Accounts, SharingRule, SharingRules, WorkItem};

/// So many documents are named one by one; of more, their owners and Regions are.
const MOST_DOCUMENTS: usize = 300;

/// The subjects that have been touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Touched {
    /// Documents that were created, changed, tagged or deleted.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub documents: BTreeSet<TouchedDocument>,
    /// Sharing rules that were written or deleted, by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub rules: BTreeSet<String>,
    /// OUs were created, renamed or deleted: every rule that names an OU may mean other accounts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub units: bool,
}

/// A document that was touched.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct TouchedDocument {
    /// The account that owns it.
    pub owner: AccountId,
    /// The Region it is in.
    pub region: Region,
    /// Its name; without it, every document of the owner in the Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentName>,
}

impl Touched {
    /// A single document of an owner account.
    #[must_use]
    pub fn document(owner: AccountId, region: Region, document: DocumentName) -> Self {
        let document = TouchedDocument { owner, region, document: Some(document) };
        Self { documents: BTreeSet::from([document]), ..Self::default() }
    }

    /// A single sharing rule.
    #[must_use]
    pub fn rule(name: impl Into<String>) -> Self {
        Self { rules: BTreeSet::from([name.into()]), ..Self::default() }
    }

    /// The tree of OUs.
    #[must_use]
    pub fn units() -> Self {
        Self { units: true, ..Self::default() }
    }

    /// Adds what another event has touched.
    pub fn add(&mut self, other: &Self) {
        self.documents.extend(other.documents.iter().cloned());
        self.rules.extend(other.rules.iter().cloned());
        self.units |= other.units;
    }

    /// The same, or more, in an input of reasonable size.
    #[must_use]
    pub fn that_fits(mut self) -> Self {
        if self.documents.len() > MOST_DOCUMENTS {
            let whole = |document: TouchedDocument| TouchedDocument { document: None, ..document };
            self.documents = self.documents.into_iter().map(whole).collect();
        }
        self
    }
}

/// Owners and Regions that were touched, with the only documents to look at; without them, all.
pub type TouchedPairs = BTreeMap<WorkItem, Option<BTreeSet<DocumentName>>>;

/// Owners and Regions by the rule that names them.
pub type RulePairs = BTreeMap<String, BTreeSet<WorkItem>>;

/// The owners and Regions that the valid rules name.
#[must_use]
pub fn rule_pairs(rules: &SharingRules, hub: AccountId) -> RulePairs {
    let of_rule = |rule: &SharingRule| {
        let owner = rule.documents.owner.unwrap_or(hub);
        let regions = rule.regions.iter().cloned();
        regions.map(|region| WorkItem { owner, region }).collect()
    };
    rules.rules.iter().map(|rule| (rule.name.clone(), of_rule(rule))).collect()
}

/// Where the documents of an owner in one Region have replicas.
fn replicas_of(
    rules: &SharingRules,
    hub: AccountId,
    owner: AccountId,
    home: &Region,
) -> BTreeSet<WorkItem> {
    let of_home = |rule: &&SharingRule| {
        rule.documents.owner.unwrap_or(hub) == owner
            && rule.documents.home_region.as_ref() == Some(home)
    };
    let regions = rules.rules.iter().filter(of_home).flat_map(|rule| rule.regions.iter().cloned());
    regions.map(|region| WorkItem { owner, region }).collect()
}

impl Touched {
    /// Where to look, given the rules as they are and what they named before. `None` where that is not enough to
    /// know: then everything has to be looked at. Documents of accounts that no rule names are nothing to the suite.
    #[must_use]
    pub fn pairs(
        &self,
        rules: &SharingRules,
        hub: AccountId,
        before: &RulePairs,
    ) -> Option<TouchedPairs> {
        let now = rule_pairs(rules, hub);
        let mut pairs = TouchedPairs::new();
        for document in &self.documents {
            let TouchedDocument { owner, region, document } = document.clone();
            let mut places = replicas_of(rules, hub, owner, &region);
            places.insert(WorkItem { owner, region });
            places.retain(|pair| now.values().chain(before.values()).any(|all| all.contains(pair)));
            for pair in places {
                match (&document, pairs.entry(pair).or_insert_with(|| Some(BTreeSet::new()))) {
                    (Some(document), Some(only)) => drop(only.insert(document.clone())),
                    (None, only) => *only = None,
                    (Some(_), None) => {}
                }
            }
        }
        let selects_units = |rule: &SharingRule| {
            let Accounts { r#in, exclude, .. } = &rule.accounts;
            let mut selectors = r#in.iter().chain(exclude);
            selectors.any(|s| matches!(s, AccountSelector::Unit(_) | AccountSelector::Path(_)))
        };
        let by_unit = rules.rules.iter().filter(|rule| self.units && selects_units(rule));
        let by_unit = by_unit.map(|rule| &rule.name);
        for rule in self.rules.iter().chain(by_unit) {
            let (now, before) = (now.get(rule), before.get(rule));
            if now.is_none() && before.is_none() {
                return None;
            }
            for pair in now.into_iter().chain(before).flatten() {
                pairs.insert(pair.clone(), None);
            }
        }
        Some(pairs)
    }
}
