//! Changes of the ledger.

use relay_core::id::{AccountId, DocumentName};
use sharing::plan::{RecordedCopy, RecordedReplica, RecordedShare};

/// A change to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerChange {
    /// Such a share exists, or is about to.
    Recorded {
        /// The document that is shared.
        document: DocumentName,
        /// The account that it is shared with.
        account: AccountId,
        /// The version, and whose share it is.
        share: RecordedShare,
    },
    /// The share is gone, or is nothing to the suite any more.
    Deleted {
        /// The document that was shared.
        document: DocumentName,
        /// The account that it was shared with.
        account: AccountId,
    },
    /// Such a copy exists, or is about to.
    Copied {
        /// The document that is copied.
        document: DocumentName,
        /// The account that the copy is in.
        account: AccountId,
        /// The source of the copy, and whether the copy is there yet.
        copy: RecordedCopy,
    },
    /// The copy is gone, or is nothing to the suite any more.
    CopyDeleted {
        /// The document that was copied.
        document: DocumentName,
        /// The account that the copy was in.
        account: AccountId,
    },
    /// The document is a replica, or is about to be.
    Replicated {
        /// The document that is made in the owner's account.
        document: DocumentName,
        /// The source of the replica, and whether the replica is there yet.
        replica: RecordedReplica,
    },
    /// The replica is gone, or is nothing to the suite any more.
    ReplicaDeleted {
        /// The document that was a replica.
        document: DocumentName,
    },
    /// The document is about to have copies, or to be a replica.
    HasCopies {
        /// The document that is copied.
        document: DocumentName,
    },
}
