//! The result of a comparison of the whole organization with the rules: the missing and the surplus shares, which of
//! it was changed, and what was left and why.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sharing::plan::{EffectCounts, LeftBecause, PartEffect};
use sharing::{ShareCounts, Verdict};

/// The drift that an execution has found, in pairs of document and account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Drift {
    /// Pairs that the rules want and that were neither shared nor copied as they should be.
    pub missing: u64,
    /// Those of them that the suite had shared or copied: somebody took them back.
    pub taken_back: u64,
    /// Pairs that the suite had shared or copied and that no rule wants.
    pub surplus: u64,
    /// Pairs that were shared or copied now.
    pub added: u64,
    /// Pairs that were unshared now, and copies that were deleted.
    pub removed: u64,
    /// Pairs, or documents, that could not be changed or looked at.
    pub failed: u64,
    /// Nothing was changed, since members would lose too much, or a plan was not current any more.
    pub held: bool,
    /// Pairs that were left as they are, by reason.
    pub left: Vec<LeftPairs>,
}

/// Pairs that were left as they are for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftPairs {
    /// Why they are left.
    pub because: LeftBecause,
    /// How many of them there are.
    pub pairs: u64,
}

impl Drift {
    /// The findings, none of them changed yet.
    #[must_use]
    pub fn new(verdict: Verdict, totals: EffectCounts) -> Self {
        Self {
            missing: totals.share + totals.copy,
            taken_back: totals.restore,
            surplus: totals.unshare + totals.delete,
            held: verdict == Verdict::Held,
            ..Self::default()
        }
    }

    /// Adds what was left at an owner in a Region.
    pub fn add_left(&mut self, part: &PartEffect) {
        let mut left: BTreeMap<LeftBecause, u64> =
            self.left.iter().map(|left| (left.because, left.pairs)).collect();
        for of_document in part.documents.values().flat_map(|document| &document.left) {
            *left.entry(of_document.because).or_default() += of_document.accounts.len() as u64;
        }
        self.left = left.into_iter().map(|(because, pairs)| LeftPairs { because, pairs }).collect();
    }

    /// The same with what was changed.
    #[must_use]
    pub fn with_changes(self, counts: ShareCounts) -> Self {
        let ShareCounts { added, removed, copied, deleted, failed, .. } = counts;
        Self { added: added + copied, removed: removed + deleted, failed, ..self }
    }

    /// Whether there is no drift: what is left is as it was.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.missing + self.surplus == 0
    }

    /// In a few words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { missing, taken_back, surplus, added, removed, failed, held, .. } = self;
        let mut words = match (missing, surplus) {
            (0, 0) => "no drift".to_owned(),
            _ => format!("{missing} missing ({taken_back} taken back by hand), {surplus} too many"),
        };
        if *held {
            words += "; held";
        } else if !self.is_none() {
            words += &format!("; {added} shared, {removed} taken back");
        }
        if *failed > 0 {
            words += &format!(", {failed} failed");
        }
        for LeftPairs { because, pairs } in &self.left {
            words += &format!("; {pairs} left: {}", because.in_words());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(region: &str) -> PartEffect {
        serde_json::from_value(json!({
            "owner": "222233334444", "region": region, "problems": [],
            "documents": {
                "Org-A": {"document": "Org-A", "rules": [], "left": [
                    {"because": "foreign", "accounts": ["111111111111", "222222222222"]},
                    {"because": "doubt", "accounts": ["333333333333"]},
                ]},
                "Org-B": {"document": "Org-B", "rules": [], "left": [
                    {"because": "foreign", "accounts": ["111111111111"]},
                ]},
            },
        }))
        .unwrap()
    }

    #[test]
    fn what_is_left_is_counted_by_reason_over_all_regions() {
        let totals = EffectCounts { share: 3, restore: 2, unshare: 1, ..EffectCounts::default() };
        let mut drift = Drift::new(Verdict::Apply, totals);
        drift.add_left(&part("us-east-1"));
        drift.add_left(&part("eu-west-1"));
        let counts = ShareCounts { added: 2, removed: 1, failed: 1, ..ShareCounts::default() };
        let drift = drift.with_changes(counts);
        assert_eq!(
            drift.in_words(),
            "3 missing (2 taken back by hand), 1 too many; 2 shared, 1 taken back, 1 failed; 6 left: somebody else shared \
             it, and no rule names them; 2 left: a rule is invalid, or names an OU that does not exist"
        );
        assert!(!drift.is_none());
    }

    #[test]
    fn nothing_found_is_no_drift_and_a_plan_that_is_held_changed_nothing() {
        assert_eq!(Drift::default().in_words(), "no drift");
        let totals = EffectCounts { unshare: 30, ..EffectCounts::default() };
        let held = Drift::new(Verdict::Held, totals);
        assert_eq!(held.in_words(), "0 missing (0 taken back by hand), 30 too many; held");
    }
}
