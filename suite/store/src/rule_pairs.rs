//! The owners and Regions that each sharing rule named when it was last looked at: `place#rules` / the rule's name,
//! `pairs` is a set of `<owner>/<region>`. And how many pairs of document and member the suite had shared when
//! everything was last looked at: `place#holding` / `pairs`, `holding`.
//!
//! Written and read by `plan-shares`.

use std::collections::BTreeSet;

use aws::AwsError;
use aws_sdk_dynamodb::types::AttributeValue;
use sharing::{RulePairs, WorkItem};

use crate::item::Key;
use crate::{StoreError, Table};

const PARTITION: &str = "place#rules";

impl Table {
    /// The pairs that the rules named, also rules that were deleted since.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn rule_pairs(&self) -> Result<RulePairs, StoreError> {
        let what = "read what the rules named before";
        let items = self.query(what, PARTITION.to_owned(), "").await?;
        let pairs = |item: &crate::item::Item| {
            let texts = item.texts("pairs").into_iter().flatten();
            texts.filter_map(|text| pair(text)).collect()
        };
        Ok(items.iter().map(|(rule, item)| (rule.clone(), pairs(item))).collect())
    }

    /// Stores what a rule names.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_rule_pairs(
        &self,
        rule: &str,
        pairs: &BTreeSet<WorkItem>,
    ) -> Result<(), StoreError> {
        let texts = pairs.iter().map(|WorkItem { owner, region }| format!("{owner}/{region}"));
        let put = self.client.put_item().table_name(&self.name);
        let written = put
            .set_item(Some(Key::new(PARTITION, rule).into_values()))
            .item("pairs", AttributeValue::Ss(texts.collect()))
            .send()
            .await
            .map_err(AwsError::from);
        written.map(drop).map_err(|e| StoreError::new(format!("store what rule {rule} names"), e))
    }

    /// How many pairs of document and member the suite had shared; 0 where nobody has looked yet.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn holding(&self) -> Result<u64, StoreError> {
        let item = self.get("read how much members have", holding()).await?;
        let holding = item.and_then(|item| item.number("holding"));
        Ok(holding.and_then(|holding| u64::try_from(holding).ok()).unwrap_or_default())
    }

    /// Stores how many pairs of document and member the suite has shared.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_holding(&self, pairs: u64) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.name);
        let written = put
            .set_item(Some(holding().into_values()))
            .item("holding", AttributeValue::N(pairs.to_string()))
            .send()
            .await
            .map_err(AwsError::from);
        written.map(drop).map_err(|error| StoreError::new("store how much members have", error))
    }
}

fn pair(text: &str) -> Option<WorkItem> {
    let (owner, region) = text.split_once('/')?;
    Some(WorkItem { owner: owner.parse().ok()?, region: region.parse().ok()? })
}

fn holding() -> Key {
    Key::new("place#holding", "pairs")
}
