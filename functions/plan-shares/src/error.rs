//! Why there is no plan. An invalid rule is not an error: the plan names it as a problem.

use aws::AwsError;
use aws::organization::OrganizationError;
use runtime::{ErrorName, FunctionError};
use store::StoreError;

/// Why `plan-shares` could not plan. Nothing has been shared or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policy could not be read as a whole.
    #[error("read the policy under {path}")]
    Policy { path: String, source: AwsError },
    /// The organization could not be read.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// The share ledger, or the last planned place, could not be read or written.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The plan, or its effect, could not be stored or read.
    #[error(transparent)]
    Plan(StoreError),
    /// Another execution could not be looked at.
    #[error("look at execution {execution}")]
    Execution { execution: String, source: AwsError },
    /// Several executions set out at once, again and again.
    #[error("other executions reconcile at the same time")]
    Crowded,
    /// The plan that is to be applied is not kept, or the execution changed something.
    #[error(
        "there is no plan of the execution {execution}: make a new one with `relay plan --out FILE`"
    )]
    NoPlan { execution: String },
    /// The state machine is of the version before.
    #[error("this execution began before the upgrade and cannot look before it changes something")]
    CannotLook,
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
            Self::Policy { source, .. } => ErrorName::RulesUnreadable.unless_transient(source.kind),
            Self::Organization(error) => {
                ErrorName::OrganizationUnreadable.unless_transient(error.kind())
            }
            Self::Ledger(StoreError { source, .. }) => {
                ErrorName::LedgerUnavailable.unless_transient(source.kind)
            }
            Self::Plan(error) => error.kind().into(),
            Self::Execution { source, .. } => source.kind.into(),
            Self::Crowded => ErrorName::Unavailable,
            Self::CannotLook | Self::NoPlan { .. } => ErrorName::InvalidInput,
        }
    }
}
