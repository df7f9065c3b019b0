//! What the table remembers about an account: where it has shares of ours, and the place it was
//! last planned for. ARCHITECTURE.md has the items' shapes.

use std::collections::{BTreeSet, HashMap};

use aws::AwsError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use relay_core::id::AccountId;
use sharing::WorkItem;

use crate::Error;

/// The index of the share ledger by account.
const BY_ACCOUNT: &str = "by-account";
/// The path of an account that is no member.
pub(crate) const NOWHERE: &str = "-";
/// Sorts before every `sk2`, which begins with a digit.
const BEGINNING: &str = "#";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) client: &'a Client,
    pub(crate) name: &'a str,
}

/// What an account's last plan rested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Root and OUs that led to the account.
    pub path: String,
    /// Whether it could be shared with.
    pub active: bool,
    /// The policy: `sha256:…`.
    pub rules_version: String,
    /// The name of the execution that planned.
    pub execution: String,
}

impl Table<'_> {
    /// The owners and Regions where the ledger has shares with an account.
    ///
    /// One query per pair and one more, each reading one item: what it costs does not depend on how
    /// many documents were shared.
    pub(crate) async fn pairs(self, account: AccountId) -> Result<BTreeSet<WorkItem>, Error> {
        let failed = |source| Error::Ledger { what: "read the ledger's entries", account, source };
        let mut pairs = BTreeSet::new();
        let mut after = BEGINNING.to_owned();
        loop {
            let page = self
                .client
                .query()
                .table_name(self.name)
                .index_name(BY_ACCOUNT)
                .key_condition_expression("account = :account AND sk2 > :after")
                .expression_attribute_values(":account", text(account.as_str()))
                .expression_attribute_values(":after", text(&after))
                .projection_expression("sk2")
                .limit(1)
                .send()
                .await
                .map_err(|error| failed(AwsError::from(error)))?;
            let Some(key) = page.items().first().and_then(|item| string(item, "sk2")) else {
                return Ok(pairs);
            };
            after = match pair(&key) {
                Some(pair) => {
                    // `$` is the character after `#`: past every document of this pair.
                    let end = format!("{}#{}$", pair.owner, pair.region);
                    pairs.insert(pair);
                    end
                }
                None => {
                    tracing::warn!(sk2 = key, "an entry of the ledger cannot be read");
                    key
                }
            };
        }
    }

    /// What the account was last planned for, if it ever was.
    pub(crate) async fn place(self, account: AccountId) -> Result<Option<Place>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(self.name)
            .key("pk", text(&place_key(account)))
            .key("sk", text("place"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| {
                let source = AwsError::from(error);
                Error::Ledger { what: "read the last planned place", account, source }
            })?;
        Ok(answer.item().and_then(|item| {
            Some(Place {
                path: string(item, "path")?,
                active: *item.get("active")?.as_bool().ok()?,
                rules_version: string(item, "rulesVersion")?,
                execution: string(item, "execution")?,
            })
        }))
    }

    /// Remembers what an account has been planned for, as seen at this time; `false` when somebody
    /// has seen it later: then nothing is written.
    pub(crate) async fn remember(
        self,
        account: AccountId,
        place: Place,
        seen_at: Timestamp,
    ) -> Result<bool, Error> {
        let at = AttributeValue::N(seen_at.as_millisecond().to_string());
        let written = self
            .client
            .put_item()
            .table_name(self.name)
            .item("pk", text(&place_key(account)))
            .item("sk", text("place"))
            .item("path", AttributeValue::S(place.path))
            .item("active", AttributeValue::Bool(place.active))
            .item("rulesVersion", AttributeValue::S(place.rules_version))
            .item("execution", AttributeValue::S(place.execution))
            .item("at", at.clone())
            .condition_expression("attribute_not_exists(pk) OR #at <= :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", at)
            .send()
            .await
            .map_err(AwsError::from);
        match written {
            Ok(_) => Ok(true),
            Err(error) if error.is("ConditionalCheckFailedException") => {
                tracing::info!(%account, "a later plan for this account exists");
                Ok(false)
            }
            Err(source) => {
                Err(Error::Ledger { what: "remember the planned place", account, source })
            }
        }
    }
}

fn place_key(account: AccountId) -> String {
    format!("place#{account}")
}

/// `<owner>#<region>#<document>`.
fn pair(sk2: &str) -> Option<WorkItem> {
    let mut parts = sk2.splitn(3, '#');
    let (owner, region) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| WorkItem { owner, region })
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn string(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}
