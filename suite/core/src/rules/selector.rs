//! Who is meant by a rule.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, InvalidId, OrganizationalUnitId, RootId};

const EXPECTED: &str = "`organization`, an OU path (/Workloads/Prod), a root, OU or account id";

/// One entry of `accounts.in` or `accounts.exclude`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountSelector {
    /// Every account of the organization.
    Organization,
    /// The accounts in the root itself; with its children, every account.
    Root(RootId),
    /// An OU by its id.
    Unit(OrganizationalUnitId),
    /// An OU by the names that lead to it from the root: `/Workloads/Prod`; `/` is the root. Kept
    /// whole, because an OU's name may have slashes of its own; never ends in one.
    Path(String),
    /// One account by its id.
    Account(AccountId),
}

impl fmt::Display for AccountSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("organization"),
            Self::Root(id) => write!(f, "{id}"),
            Self::Unit(id) => write!(f, "{id}"),
            Self::Path(path) if path.is_empty() => f.write_str("/"),
            Self::Path(path) => f.write_str(path),
            Self::Account(id) => write!(f, "{id}"),
        }
    }
}

impl FromStr for AccountSelector {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let selector = match text {
            "organization" => Some(Self::Organization),
            path if path.starts_with('/') => {
                Some(Self::Path(path.trim_end_matches('/').to_owned()))
            }
            id if id.starts_with("r-") => id.parse().ok().map(Self::Root),
            id if id.starts_with("ou-") => id.parse().ok().map(Self::Unit),
            id => id.parse().ok().map(Self::Account),
        };
        selector.ok_or_else(|| InvalidId::new(text, EXPECTED))
    }
}

impl Serialize for AccountSelector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountSelector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for AccountSelector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AccountSelector".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": EXPECTED,
            "type": "string",
            "pattern": "^(organization|/.*|r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|[0-9]{12})$"
        })
    }
}
