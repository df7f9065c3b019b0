//! A reference to an object in S3. `store` knows which objects there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct S3Object {
    /// The name of the bucket.
    pub bucket: String,
    /// The key within the bucket.
    pub key: String,
}
