//! Why one owner and Region could not be worked on at all. A *document* that cannot be shared is not an
//! error but a problem in the details, and the rest goes on.

use runtime::{ErrorName, FunctionError};
use store::StoreError;

/// Why an invocation ended without an answer. Everything it finished is in the ledger, so the same
/// input may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan could not be read.
    #[error(transparent)]
    Plan(StoreError),
    /// The plan has no work for this owner and Region.
    #[error("the plan has no work for {owner}/{region}")]
    NotPlanned {
        /// The account that owns the documents.
        owner: String,
        /// The Region they lie in.
        region: String,
    },
    /// Not a cursor of this version.
    #[error("parse the cursor {cursor:?}")]
    Cursor {
        /// The content of the input.
        cursor: String,
        /// The defect in it.
        source: serde_json::Error,
    },
    /// The work lock could not be read or written.
    #[error(transparent)]
    Lock(StoreError),
    /// The lease expired, or another invocation took the lock.
    #[error("the work lock {key} was lost while the work went on")]
    LockLost { key: String },
    /// The ledger could not be read or written. What it should have recorded is shared already and
    /// will be shared once more.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// The details could not be read or written.
    #[error(transparent)]
    Details(StoreError),
    /// SSM throttled so long that several invocations in a row finished nothing.
    #[error("SSM throttled every call of {invocations} invocations in a row")]
    Throttled {
        /// How many invocations finished nothing.
        invocations: u32,
    },
}

impl FunctionError for Error {
    const NAMES: &'static [ErrorName] = &[
        ErrorName::PlanUnreadable,
        ErrorName::InvalidInput,
        ErrorName::LedgerUnavailable,
        ErrorName::LockLost,
        ErrorName::Throttled,
        ErrorName::Unavailable,
        ErrorName::AccessDenied,
        ErrorName::Unexpected,
    ];

    fn name(&self) -> ErrorName {
        match self {
            Self::Plan(StoreError { source, .. }) => {
                ErrorName::PlanUnreadable.unless_transient(source.kind)
            }
            Self::NotPlanned { .. } | Self::Cursor { .. } => ErrorName::InvalidInput,
            Self::Lock(StoreError { source, .. }) | Self::Ledger(StoreError { source, .. }) => {
                ErrorName::LedgerUnavailable.unless_transient(source.kind)
            }
            Self::Throttled { .. } => ErrorName::Throttled,
            Self::LockLost { .. } => ErrorName::LockLost,
            Self::Details(error) => error.kind().into(),
        }
    }
}
