//! The ways to run an automation, as rules and operators write them.

use std::collections::BTreeMap;
use std::str::FromStr;

use relay_core::id::arn::Arn;
use relay_core::id::{AccountId, InvalidId, Region};
use relay_core::rules::{AccountSelector, sorted};
use relay_core::string_traits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many at a time: a number, or a percentage of the targets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaxConcurrency(Box<str>);

/// How many may fail before no more are started: a number, 0 included, or a percentage.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MaxErrors(Box<str>);

macro_rules! rate {
    ($name:ident, $least:literal, $expected:literal, $pattern:literal) => {
        impl $name {
            /// As SSM writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let number = text.strip_suffix('%').unwrap_or(text);
                let most = if number == text { 1_000_000 } else { 100 };
                let plain = number.bytes().all(|byte| byte.is_ascii_digit())
                    && !(number.len() > 1 && number.starts_with('0'));
                match number.parse::<u32>() {
                    Ok(value) if plain && ($least..=most).contains(&value) => Ok(Self(text.into())),
                    _ => Err(InvalidId::new(text, Self::EXPECTED)),
                }
            }
        }

        string_traits!($name, $expected, $pattern);
    };
}

rate!(
    MaxConcurrency,
    1,
    "a number from 1, or a percentage from \"1%\" to \"100%\"",
    "^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$"
);

rate!(
    MaxErrors,
    0,
    "a number from 0, or a percentage from \"0%\" to \"100%\"",
    "^([1-9][0-9]*|0|[1-9][0-9]%|[0-9]%|100%)$"
);

/// The ARN of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleArn {
    text: Box<str>,
    account: AccountId,
    /// Where path and name begin: behind `role`.
    path: usize,
}

impl RoleArn {
    /// The ARN as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account that the role belongs to.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The role's path: `/`, `/runbook-relay/`.
    #[must_use]
    pub fn path(&self) -> &str {
        let whole = &self.text[self.path..];
        &whole[..=whole.rfind('/').unwrap_or(0)]
    }
}

impl FromStr for RoleArn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || InvalidId::new(text, Self::EXPECTED);
        let arn: Arn = text.parse().map_err(|_| expected())?;
        let path = arn.resource.strip_prefix("role").filter(|path| path.starts_with('/'));
        let path = path.filter(|path| !path.ends_with('/')).ok_or_else(expected)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(expected());
        }
        Ok(Self {
            account: arn.account.parse().map_err(|_| expected())?,
            path: text.len() - path.len(),
            text: text.into(),
        })
    }
}

string_traits!(
    RoleArn,
    "a role's ARN (arn:partition:iam::account:role/name)",
    "^arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/.*[^/]$"
);

/// A change calendar: the name of a document, or its ARN where another account shares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Calendar(Box<str>);

impl Calendar {
    /// The name or ARN as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Calendar {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shaped = text.parse::<relay_core::id::RunbookName>().is_ok();
        let whole = !text.starts_with("arn:") || text.contains(":document/");
        if shaped && whole {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId::new(text, Self::EXPECTED))
        }
    }
}

string_traits!(Calendar, "a change calendar's name or ARN", r"^[a-zA-Z0-9_\-.:/]{3,128}$");

/// Whether an automation runs by itself, or waits for a signal before every step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RunMode {
    /// It runs by itself.
    #[default]
    Auto,
    /// It waits before every step; an outcome says how to go on.
    Interactive,
}

impl RunMode {
    /// As SSM writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Interactive => "Interactive",
        }
    }
}

/// The targets of a runbook, one child for each: by a key (`tag:App`,
/// `AWS::EC2::Instance`) with values, by a resource group, or by values alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["values"] }, { "required": ["resourceGroup"] }
]))]
pub struct Targets {
    /// The runbook's parameter that takes a target.
    #[schemars(
        regex(pattern = r"^[a-zA-Z0-9]{1,50}$"),
        extend("x-expected" = "a parameter of the runbook")
    )]
    pub parameter: String,
    /// `tag:<key>` or `AWS::EC2::Instance`. Without it, `values` are the targets themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^(tag:.+|AWS::EC2::Instance)$"),
        length(max = 163),
        extend("x-expected" = "`tag:<key>` or `AWS::EC2::Instance`")
    )]
    pub key: Option<String>,
    /// The values of the key, or the targets themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1)))]
    pub values: Vec<String>,
    /// The name of a resource group; its members are the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub resource_group: Option<String>,
}

impl Targets {
    /// Key and values as SSM takes them.
    #[must_use]
    pub fn target(&self) -> (String, Vec<String>) {
        match (&self.resource_group, &self.key) {
            (Some(group), _) => ("ResourceGroup".to_owned(), vec![group.clone()]),
            (None, Some(key)) => (key.clone(), self.values.clone()),
            (None, None) => ("ParameterValues".to_owned(), self.values.clone()),
        }
    }
}

/// Where a runbook is started, one child for each account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Locations {
    /// `organization`, OU paths (`/Workloads/Prod`), root ids, OU ids or account ids.
    #[schemars(
        length(min = 1, max = 50),
        extend("x-hint" = "SSM takes 50 at a start: name OUs instead of their accounts, or write several rules.")
    )]
    pub accounts: Vec<AccountSelector>,
    /// OUs and roots in `accounts` include the OUs below them.
    #[serde(default)]
    pub include_child_units: bool,
    /// Accounts and OUs to leave out. An OU includes the OUs below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5000))]
    pub exclude: Vec<AccountSelector>,
    /// The Regions in which each account is meant.
    #[serde(deserialize_with = "sorted")]
    #[schemars(length(min = 1, max = 50))]
    pub regions: Vec<Region>,
    /// Pairs of account and Region that run at a time.
    #[serde(default = "one_at_a_time")]
    pub max_concurrency: MaxConcurrency,
    /// Pairs that may fail before no more of them are started.
    #[serde(default = "no_errors")]
    pub max_errors: MaxErrors,
}

fn one_at_a_time() -> MaxConcurrency {
    MaxConcurrency("1".into())
}

fn no_errors() -> MaxErrors {
    MaxErrors("0".into())
}

/// For what has nothing to do with each other.
pub fn all_at_a_time() -> MaxConcurrency {
    MaxConcurrency("100%".into())
}

/// For what has nothing to do with each other.
pub fn any_errors() -> MaxErrors {
    MaxErrors("100%".into())
}

/// The rate of targets where a rule gives none.
pub fn tenth() -> MaxConcurrency {
    MaxConcurrency("10%".into())
}

/// The rate of targets where a rule gives none.
pub fn one_error() -> MaxErrors {
    MaxErrors("1".into())
}

/// How an automation is run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(deny_unknown_fields)]
pub struct RunOptions {
    /// The role of the runbook's steps, passed as `AutomationAssumeRole`. Without it, the stack's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<RoleArn>,
    /// The name of the role in other accounts. Without it, the one of `stacks/target-account.yaml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^[a-zA-Z0-9_+=,.@/-]{1,64}$"),
        extend("x-expected" = "the name of a role that every account has, without its ARN")
    )]
    pub execution_role: Option<String>,
    /// Whether the automation runs by itself, or waits before every step.
    pub mode: RunMode,
    /// The targets of the runbook, if it runs on more than the one resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Targets>,
    /// Where the runbook is started, if that is more than the resource's account and Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Locations>,
    /// Targets that run at a time. Without it, `10%`. With this or `maxErrors`, one alarm may be about
    /// several resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<MaxConcurrency>,
    /// Targets that may fail before no more of them are started. Without it, `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<MaxErrors>,
    /// An alarm that stops the run when it goes into ALARM; never the alarm that the run answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), extend("x-expected" = "an alarm's name"))]
    pub stop_on_alarm: Option<String>,
    /// Enables adaptive concurrency (`/ssm/automation/enable-adaptive-concurrency`) in the hub account
    /// and the Region of the start: a higher quota of concurrent runs, for all runs there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("default" = false))]
    pub adaptive_concurrency: bool,
    /// Tags of the run, beside the suite's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = 3,
        "x-expected" = "a mapping of tags to values",
        "x-hint" = "SSM takes five tags at a start, and two are the suite's own."
    ))]
    pub tags: BTreeMap<String, String>,
}

impl RunOptions {
    /// Whether rate controls are set, so that one alarm may run on several resources.
    #[must_use]
    pub fn has_rate_control(&self) -> bool {
        self.max_concurrency.is_some() || self.max_errors.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_what_the_service_model_takes() {
        for text in ["1", "10", "250", "1%", "10%", "99%", "100%"] {
            assert!(text.parse::<MaxConcurrency>().is_ok() && text.parse::<MaxErrors>().is_ok());
        }
        for text in ["0", "0%"] {
            assert!(text.parse::<MaxConcurrency>().is_err() && text.parse::<MaxErrors>().is_ok());
        }
        for text in ["", "-1", "01", "00", "101%", "1.5", "10 %", "all", "%", "+5", "9999999"] {
            assert!(text.parse::<MaxConcurrency>().is_err(), "{text}");
            assert!(text.parse::<MaxErrors>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_roles_arn_knows_its_account_and_path() {
        let role: RoleArn = "arn:aws:iam::111122223333:role/runbook-relay/Fix".parse().unwrap();
        assert_eq!(role.path(), "/runbook-relay/");
        assert_eq!(role.account().as_str(), "111122223333");
        let plain: RoleArn = "arn:aws-cn:iam::111122223333:role/Fix".parse().unwrap();
        assert_eq!(plain.path(), "/");
        for text in [
            "arn:aws:iam::111122223333:user/Fix",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role",
            "arn:aws:iam:us-east-1:111122223333:role/Fix",
            "arn:aws:iam::1111:role/Fix",
            "Fix",
        ] {
            assert!(text.parse::<RoleArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn targets_are_given_by_key_by_group_or_by_value() {
        let target = |text: &str| serde_json::from_str::<Targets>(text).unwrap().target();
        let values = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            target(r#"{"parameter": "InstanceId", "key": "tag:App", "values": ["web"]}"#),
            ("tag:App".into(), values(&["web"]))
        );
        assert_eq!(
            target(r#"{"parameter": "InstanceId", "resourceGroup": "web"}"#),
            ("ResourceGroup".into(), values(&["web"]))
        );
        assert_eq!(
            target(r#"{"parameter": "InstanceId", "values": ["i-1", "i-2"]}"#),
            ("ParameterValues".into(), values(&["i-1", "i-2"]))
        );
    }
}
