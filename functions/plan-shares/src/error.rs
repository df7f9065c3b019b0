//! Why there is no plan. An invalid rule is no reason: the plan names it as a problem.

use aws::{AwsError, AwsErrorKind};
use relay_core::id::AccountId;
use runtime::{ErrorName, FunctionError};

/// What kept `plan-shares` from planning. Nothing has been shared or taken back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policy could not be read as a whole.
    #[error("read the policy under {path}")]
    Policy { path: String, source: AwsError },
    /// The organization could not be read.
    #[error("{what}")]
    Organization {
        /// What was being done.
        what: String,
        source: AwsError,
    },
    /// The organization's answer makes no sense.
    #[error("read the organization: {0}")]
    Nonsense(String),
    /// The share ledger, or the last planned place, could not be read or written.
    #[error("{what} of account {account}")]
    Ledger {
        /// What was being done.
        what: &'static str,
        account: AccountId,
        source: AwsError,
    },
    /// The plan could not be written as JSON. Plain data: never in practice.
    #[error("write the plan as JSON")]
    Encode(#[source] serde_json::Error),
    /// The plan could not be stored.
    #[error("store the plan at {key}")]
    Store { key: String, source: AwsError },
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::RulesUnreadable,
        ErrorName::OrganizationUnreadable,
        ErrorName::LedgerUnavailable,
        ErrorName::InvalidInput,
        ErrorName::AccessDenied,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::Policy { source, .. } => passing(source).unwrap_or(ErrorName::RulesUnreadable),
            Self::Organization { source, .. } => {
                passing(source).unwrap_or(ErrorName::OrganizationUnreadable)
            }
            Self::Nonsense(_) => ErrorName::OrganizationUnreadable,
            Self::Ledger { source, .. } => passing(source).unwrap_or(ErrorName::LedgerUnavailable),
            Self::Encode(_) => ErrorName::Unexpected,
            Self::Store { source, .. } => source.kind.into(),
        }
    }
}

/// The name of what passes by itself, whatever was being read.
fn passing(source: &AwsError) -> Option<ErrorName> {
    match source.kind {
        AwsErrorKind::Throttled | AwsErrorKind::Unavailable => Some(source.kind.into()),
        AwsErrorKind::AccessDenied
        | AwsErrorKind::RoleNotAssumable
        | AwsErrorKind::NotFound
        | AwsErrorKind::Other => None,
    }
}
