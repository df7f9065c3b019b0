//! Why one owner and Region could not be worked on at all. A *document* that cannot be shared is not an
//! error but a problem in the details, and the rest goes on.

use aws::AwsError;
use relay_core::storage::S3Object;
use runtime::{ErrorName, FunctionError};

/// Why an invocation ended without an answer. Everything it finished is in the ledger, so the same
/// input may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan is not where the input says, or the bucket did not answer.
    #[error("read the plan s3://{}/{}", object.bucket, object.key)]
    Plan {
        /// Where it should lie.
        object: S3Object,
        /// What the bucket said.
        source: AwsError,
    },
    /// The object is not a plan.
    #[error("parse the plan s3://{}/{}", object.bucket, object.key)]
    PlanMalformed {
        object: S3Object,
        /// What is wrong with it.
        source: serde_json::Error,
    },
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
        /// What the input holds.
        cursor: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The work lock could not be read or written.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The lease expired, or another invocation took the lock.
    #[error("the work lock {key} was lost while the work went on")]
    LockLost {
        /// The lock's key in the table.
        key: String,
    },
    /// The ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The details could not be read or written.
    #[error("{action} the details {key}")]
    Details {
        /// `read` or `write`.
        action: &'static str,
        key: String,
        /// What the bucket said.
        source: AwsError,
    },
    /// SSM throttled so long that several invocations in a row finished nothing.
    #[error("SSM throttled every call of {invocations} invocations in a row")]
    Throttled {
        /// How many invocations finished nothing.
        invocations: u32,
    },
}

/// The work lock's item could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("write the work lock {key}")]
pub struct LockError {
    /// The lock's key in the table.
    pub key: String,
    /// What the table said.
    pub source: AwsError,
}

/// The share ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A read failed beyond the SDK's retries.
    #[error("read the share ledger")]
    Read(#[source] AwsError),
    /// A write failed beyond the SDK's retries. What it should have recorded is shared already and
    /// will be shared once more.
    #[error("write the share ledger")]
    Write(#[source] AwsError),
    /// DynamoDB kept leaving items of a batch unprocessed.
    #[error("the share ledger left {items} items unprocessed beyond all retries")]
    Unprocessed {
        /// How many are left.
        items: usize,
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
            Self::Plan { source, .. } => ErrorName::PlanUnreadable.unless_transient(source.kind),
            Self::PlanMalformed { .. } => ErrorName::PlanUnreadable,
            Self::NotPlanned { .. } | Self::Cursor { .. } => ErrorName::InvalidInput,
            Self::Lock(LockError { source, .. })
            | Self::Ledger(LedgerError::Read(source) | LedgerError::Write(source)) => {
                ErrorName::LedgerUnavailable.unless_transient(source.kind)
            }
            Self::Ledger(LedgerError::Unprocessed { .. }) | Self::Throttled { .. } => {
                ErrorName::Throttled
            }
            Self::LockLost { .. } => ErrorName::LockLost,
            Self::Details { source, .. } => source.kind.into(),
        }
    }
}
