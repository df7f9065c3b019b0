//! The id of one installation of the suite, and the names that follow from it. `template.yaml` and `stacks/` build the same
//! names; a test holds the two against each other.

use std::str::FromStr;

use crate::id::InvalidId;
use crate::string_traits;

/// Half of what IAM, Lambda and EventBridge allow for a name: the other half is for suffixes.
const LONGEST: usize = 32;

/// The key of the tag on a run that carries its installation and its client token: IAM knows the suite's runs by it, and SSM
/// finds the run by it when it answers a repeated start oddly. The same in every installation, because a template cannot
/// fill in the key of a condition.
pub const TOKEN_TAG: &str = "relay:token";

/// The key of the tag on a copy of a document that carries its installation and the account that owns the document. IAM lets
/// nothing else be changed in the accounts that get copies.
pub const COPY_TAG: &str = "relay:copy";

/// The key of the tag on a replica: a document that the suite made in the owner's own account, in another Region than the one it is
/// of. It carries the installation and that home Region. IAM lets no other document of an owner be changed.
pub const REPLICA_TAG: &str = "relay:replica";

/// The path in Parameter Store under which every installation says which documents of an account it claims. The same for all
/// installations, so that each sees the others.
pub const CLAIMS_PATH: &str = "/runbook-relay/claims";

/// The id of an installation, `runbook-relay` unless its stacks say otherwise: 2 to 32 lower-case letters, digits and
/// hyphens, a letter first and no hyphen last. Parameter Store reserves what begins with `aws` or `ssm`.
///
/// Installations with different ids share one organization, even one account, without touching each other's rules, roles,
/// shares and runs: docs/decisions/0019-installations.md.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallationId(Box<str>);

impl InstallationId {
    /// The id as it is in names and paths.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the sharing rules in Parameter Store.
    #[must_use]
    pub fn sharing_rules(&self) -> String {
        format!("/{self}/sharing")
    }

    /// The path of the remediation rules in Parameter Store.
    #[must_use]
    pub fn remediation_rules(&self) -> String {
        format!("/{self}/remediation")
    }

    /// The parameter that is the kill switch.
    #[must_use]
    pub fn control_parameter(&self) -> String {
        format!("/{self}/control")
    }

    /// The parameter in owner accounts, the hub's included, that says which documents this installation claims.
    #[must_use]
    pub fn claim_parameter(&self) -> String {
        format!("{CLAIMS_PATH}/{self}")
    }

    /// The role in owner accounts, the hub's included, that shares documents.
    #[must_use]
    pub fn share_role(&self) -> String {
        format!("{self}-share")
    }

    /// The role in target accounts, the hub's included, that makes and deletes copies of documents.
    #[must_use]
    pub fn copy_role(&self) -> String {
        format!("{self}-copy")
    }

    /// The value of [`COPY_TAG`] on a copy of a document of `owner`: `runbook-relay/<owner>`.
    #[must_use]
    pub fn copy_tag(&self, owner: impl std::fmt::Display) -> String {
        format!("{self}/{owner}")
    }

    /// The value of [`REPLICA_TAG`] on a document that was made from the one in the Region `home`: `runbook-relay/us-east-1`.
    #[must_use]
    pub fn replica_tag(&self, home: impl std::fmt::Display) -> String {
        format!("{self}/{home}")
    }

    /// The bucket of an owner account in one Region that takes the files of replicas until SSM has read them.
    #[must_use]
    pub fn files_bucket(
        &self,
        owner: impl std::fmt::Display,
        region: impl std::fmt::Display,
    ) -> String {
        format!("{self}-{owner}-{region}")
    }

    /// The role in target accounts that looks at alarms and resources.
    #[must_use]
    pub fn read_role(&self) -> String {
        format!("{self}-read")
    }

    /// The role under which runbooks act in target accounts, unless a run names another.
    #[must_use]
    pub fn execution_role(&self) -> String {
        format!("{self}-execution")
    }

    /// The path of roles in the hub's account that the suite may pass to SSM.
    #[must_use]
    pub fn role_path(&self) -> String {
        format!("/{self}/")
    }

    /// The name of the hub's roles, and of their sessions in the CloudTrail of other accounts: `runbook-relay-route-alarms`.
    #[must_use]
    pub fn session(&self, function: &str) -> String {
        format!("{self}-{function}")
    }

    /// The alarms about an installation, by what follows its id in their names. A test compares them with the template.
    pub const ALARMS: &[&str] = &[
        "alarms-dead-letters",
        "alarms-stalled",
        "await-membership-failed",
        "intake-dead-letters",
        "intake-stalled",
        "recover-dead-letters",
        "run-automation-failed",
        "share-runbooks-failed",
        "sweep-recovered",
    ];

    /// Whether an alarm of the hub's account and Region is about the suite itself, by its name.
    #[must_use]
    pub fn owns_alarm(&self, name: &str) -> bool {
        name.strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Whether an alarm of the hub's account is about some installation of the suite, by its name: `trial-intake-stalled`. Two
    /// installations may live in one hub account, and each must leave the other's alarms alone: runs that fail there would set off
    /// the alarms that start runs here, and so on.
    #[must_use]
    pub fn is_alarm_of_one(name: &str) -> bool {
        let id = |alarm: &str| name.strip_suffix(alarm)?.strip_suffix('-')?.parse::<Self>().ok();
        Self::ALARMS.iter().any(|alarm| id(alarm).is_some())
    }

    /// The key of the tag on documents of the hub's account that may be started.
    #[must_use]
    pub fn runbook_tag(&self) -> &str {
        &self.0
    }

    /// The key of the tag on a run that carries the name of the suite's execution.
    #[must_use]
    pub fn execution_tag(&self) -> String {
        format!("{self}:execution")
    }

    /// The value of [`TOKEN_TAG`] on a run of this installation: `runbook-relay/<token>`.
    #[must_use]
    pub fn token_tag(&self, token: impl std::fmt::Display) -> String {
        format!("{self}/{token}")
    }
}

impl Default for InstallationId {
    fn default() -> Self {
        Self("runbook-relay".into())
    }
}

impl FromStr for InstallationId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (2..=LONGEST).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-')
            && !["aws", "ssm"].iter().any(|reserved| text.starts_with(reserved));
        if valid { Ok(Self(text.into())) } else { Err(InvalidId::new(text, Self::EXPECTED)) }
    }
}

string_traits!(
    InstallationId,
    "the id of an installation (2 to 32 lower-case letters, digits and hyphens)",
    "^(?!aws|ssm)[a-z][a-z0-9-]{0,30}[a-z0-9]$"
);
