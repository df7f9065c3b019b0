//! Ids as AWS shapes them. Each is a newtype with one way in (`FromStr`/`TryFrom`): a value that
//! exists is a valid one. Shapes are those of the service models (Organizations 2016-11-28, SSM
//! 2014-11-06).

mod account;
pub mod arn;
mod derived;
mod installation;
mod region;
mod text;

pub use account::AccountId;
pub use arn::Arn;
pub use derived::{derived_id, outcome_id};
pub use installation::{CLAIMS_PATH, COPY_TAG, InstallationId, REPLICA_TAG, TOKEN_TAG};
pub use region::{Partition, Region};
pub use text::{
    AutomationId, CreateAccountRequestId, DocumentName, HandshakeId, OrganizationalUnitId,
    ParentId, RootId, RunbookName,
};

/// A text that is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidId {
    /// The given text, cut to a printable length.
    pub text: String,
    /// The expected value, as a noun phrase: "an account id (12 digits)".
    pub expected: &'static str,
}

impl InvalidId {
    /// An error about this text, and what was expected in its place.
    pub fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(64).collect(), expected }
    }
}

/// The traits every id has in common, on top of `FromStr` and `as_str`: reading and writing as a
/// string, and the JSON Schema of that string with its pattern and the words for what is expected.
#[doc(hidden)]
#[macro_export]
macro_rules! string_traits {
    ($name:ident, $expected:expr, $pattern:expr) => {
        impl $name {
            /// As a noun phrase: "an account id (12 digits)".
            const EXPECTED: &'static str = $expected;
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::id::InvalidId;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": Self::EXPECTED, "type": "string", "pattern": $pattern
                })
            }
        }
    };
}

#[cfg(test)]
mod tests;
