//! The input of `share-runbooks`: whom an execution looks at, and how. People write it as well as the suite.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::AccountId;
use relay_core::problem::ProblemCode;
use relay_core::read::{self, Form, LazyForm, Problems, Written};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Touched;

/// Whom an execution of `share-runbooks` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// These accounts; never empty.
    Accounts(BTreeSet<AccountId>),
    /// Every account of the organization.
    Organization,
}

/// The input of `share-runbooks`: `{"accounts":["…"], "trigger"?, "after"?: seconds, "joined"?: seconds}`
/// or `{"organization": true, "trigger"?, "drift"?: bool, "dryRun"?: bool, "rules"?: {…}, "plan"?: "<execution>",
/// "confirm"?: "<plan id>", "adopt"?: bool, "touched"?}`.
///
/// Without a trigger it is `manual` for accounts and `backfill` for the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawShareRunbooksInput", into = "RawShareRunbooksInput")]
#[schemars(with = "RawShareRunbooksInput")]
pub struct ShareRunbooksInput {
    /// Whom to look at.
    pub scope: Scope,
    /// The cause of the execution.
    pub trigger: Trigger,
    /// How long to wait before planning.
    pub after: Option<u32>,
    /// Of a join: when the account joined, in seconds since 1970. The second look is named after it.
    pub joined: Option<i64>,
    /// Of the organization: compare with what SSM says, not only with the ledger.
    pub drift: bool,
    /// Of the organization: change nothing, and store what would be changed.
    pub dry_run: bool,
    /// Of a dry run: sharing rules as they would be, by name, in place of the deployed ones; `None` for a rule that
    /// would be deleted. Rules that are not named are the deployed ones.
    pub rules: BTreeMap<String, Option<String>>,
    /// Of the organization: the name of an execution that was a dry run. What it has found is applied, and nothing
    /// else; if any of it has changed since, nothing is.
    pub plan: Option<String>,
    /// Of the organization: the id of a plan that was held and is to be applied.
    pub confirm: Option<String>,
    /// Of the organization: make shares of others that the rules want the suite's, and change nothing else.
    pub adopt: bool,
    /// Of the organization: look at nothing but this.
    pub touched: Option<Touched>,
}

impl ShareRunbooksInput {
    /// One account, at once.
    #[must_use]
    pub fn account(account: AccountId, trigger: Trigger) -> Self {
        let scope = Scope::Accounts(BTreeSet::from([account]));
        Self {
            scope,
            trigger,
            after: None,
            joined: None,
            drift: false,
            dry_run: false,
            rules: BTreeMap::new(),
            plan: None,
            confirm: None,
            adopt: false,
            touched: None,
        }
    }

    /// The subjects that a change of documents, rules or OUs has touched.
    #[must_use]
    pub fn change(touched: Touched, trigger: Trigger) -> Self {
        Self {
            scope: Scope::Organization,
            trigger,
            after: None,
            joined: None,
            drift: false,
            dry_run: false,
            rules: BTreeMap::new(),
            plan: None,
            confirm: None,
            adopt: false,
            touched: Some(touched),
        }
    }

    /// One account that joined at this time.
    #[must_use]
    pub fn join(account: AccountId, joined: Timestamp, trigger: Trigger) -> Self {
        Self { joined: Some(joined.as_second()), ..Self::account(account, trigger) }
    }

    /// The accounts named, or none for the whole organization.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match &self.scope {
            Scope::Accounts(accounts) => accounts.iter().copied().collect(),
            Scope::Organization => Vec::new(),
        }
    }
}

/// Either `accounts` or `organization: true`, never both.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShareRunbooksInput", deny_unknown_fields, extend("oneOf" = [
    { "required": ["accounts"] },
    { "required": ["organization"] }
]))]
struct RawShareRunbooksInput {
    /// The accounts to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<AccountId>", length(min = 1, max = 1000))]
    accounts: Option<Vec<AccountId>>,
    /// Look at every account of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool", extend("const" = true))]
    organization: Option<bool>,
    /// The cause of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    /// Seconds to wait before planning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 604_800))]
    after: Option<u32>,
    /// Of a join: when the account joined, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    /// Of the organization: compare with what SSM says, not only with the ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    drift: bool,
    /// Of the organization: change nothing, and store what would be changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Of a dry run: sharing rules as they would be, by name, in place of the deployed ones; null for a rule that
    /// would be deleted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rules: BTreeMap<String, Option<String>>,
    /// Of the organization: the name of an execution that was a dry run. What it has found is applied, and nothing
    /// else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// Of the organization: the id of a plan that was held and is to be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{12}$"), extend("x-expected" = "the id of a plan (12 hexadecimal digits)"))]
    confirm: Option<String>,
    /// Of the organization: make shares of others that the rules want the suite's, and change nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    adopt: bool,
    /// Of the organization: look at nothing but this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touched: Option<Touched>,
}

impl Written for RawShareRunbooksInput {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<RawShareRunbooksInput>);
        &FORM
    }

    fn check(read: &Value, problems: &mut Problems<'_>) {
        let given = |name: &&str| read.get(*name).is_some_and(|value| *value != false);
        if read.get("organization").is_none() {
            for name in ["drift", "dryRun", "confirm", "adopt"].iter().filter(|name| given(name)) {
                let what = format!("`{name}` goes with `organization`, not with `accounts`");
                problems.report(ProblemCode::InvalidField, name, what, None);
            }
        }
    }
}

/// Reads the input of an execution for the first time. A person learns of a field that does not exist; what the suite
/// itself starts may be of a later version.
pub(crate) fn first_read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ShareRunbooksInput, D::Error> {
    use TriggerKind::{Change, Departure, Join, Move, Recheck};
    let input = Value::deserialize(deserializer)?;
    let by_the_suite = [Join, Move, Departure, Recheck, Change]
        .into_iter()
        .any(|kind| serde_json::to_value(kind).is_ok_and(|kind| input["trigger"]["kind"] == kind));
    let read = if by_the_suite {
        read::payload::<RawShareRunbooksInput, Value>(input)
    } else {
        read::deserialize::<RawShareRunbooksInput, Value>(input)
    };
    let read = read.map_err(|error| error.to_string()).and_then(ShareRunbooksInput::try_from);
    read.map_err(serde::de::Error::custom)
}

impl TryFrom<RawShareRunbooksInput> for ShareRunbooksInput {
    type Error = String;

    fn try_from(raw: RawShareRunbooksInput) -> Result<Self, Self::Error> {
        let scope = match (raw.accounts, raw.organization) {
            (Some(accounts), None | Some(false)) if !accounts.is_empty() => {
                Scope::Accounts(accounts.into_iter().collect())
            }
            (Some(_), None | Some(false)) => return Err("`accounts` is empty".into()),
            (None, Some(true)) => Scope::Organization,
            (Some(_), Some(true)) => {
                return Err("`accounts` and `organization` exclude each other".into());
            }
            (None, None | Some(false)) => {
                return Err("expected `accounts` or `organization: true`".into());
            }
        };
        let RawShareRunbooksInput {
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            adopt,
            touched,
            ..
        } = raw;
        let whole = drift || dry_run || plan.is_some() || confirm.is_some() || adopt;
        if whole && scope != Scope::Organization {
            return Err(
                "`drift`, `dryRun`, `plan`, `confirm` and `adopt` go with `organization: true`"
                    .into(),
            );
        }
        if adopt && !drift {
            return Err(
                "`adopt` goes with `drift: true`: permissions say which shares are others'".into(),
            );
        }
        if !rules.is_empty() && !dry_run {
            return Err("`rules` go with `dryRun: true`: only deployed rules are applied".into());
        }
        if touched.is_some() && (scope != Scope::Organization || drift || confirm.is_some()) {
            return Err("`touched` goes with `organization: true` alone".into());
        }
        let kind = match scope {
            Scope::Accounts(_) => TriggerKind::Manual,
            Scope::Organization => TriggerKind::Backfill,
        };
        let trigger = raw.trigger.unwrap_or_else(|| Trigger::without_event(kind));
        Ok(Self {
            scope,
            trigger,
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            adopt,
            touched,
        })
    }
}

impl From<ShareRunbooksInput> for RawShareRunbooksInput {
    fn from(input: ShareRunbooksInput) -> Self {
        let (accounts, organization) = match input.scope {
            Scope::Accounts(accounts) => (Some(accounts.into_iter().collect()), None),
            Scope::Organization => (None, Some(true)),
        };
        let ShareRunbooksInput {
            trigger,
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            adopt,
            touched,
            ..
        } = input;
        Self {
            accounts,
            organization,
            trigger: Some(trigger),
            after,
            joined,
            drift,
            dry_run,
            rules,
            plan,
            confirm,
            adopt,
            touched,
        }
    }
}
