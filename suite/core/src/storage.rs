//! Where plans, details and outcomes lie in the bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AccountId, Region};

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3Object {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

/// The key of an execution's plan.
#[must_use]
pub fn plan_key(execution_name: &str) -> String {
    format!("plans/{execution_name}.json")
}

/// The key of what failed at one owner in one Region ([`sharing::ShareDetails`]).
#[must_use]
pub fn details_key(execution_name: &str, owner: AccountId, region: &Region) -> String {
    format!("details/{execution_name}/{owner}/{region}.json")
}

/// The key of a whole outcome; the name of the execution makes it findable by hand.
#[must_use]
pub fn outcome_key(execution_name: &str, id: Uuid) -> String {
    format!("outcomes/{execution_name}/{id}.json")
}
