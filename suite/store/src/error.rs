//! Failed calls of the table and the bucket.

use aws::{AwsError, AwsErrorKind};

/// A call that failed, or an item that cannot be read: what was being done, and why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// The failed action, as a phrase: `record the decision`.
    pub what: String,
    /// The failed call of AWS.
    pub source: AwsError,
}

impl StoreError {
    pub(crate) fn new(what: impl Into<String>, error: impl Into<AwsError>) -> Self {
        Self { what: what.into(), source: error.into() }
    }

    /// The stored item has another shape than this version writes.
    pub(crate) fn malformed(what: impl Into<String>, why: &(impl ToString + ?Sized)) -> Self {
        let (kind, code) = (AwsErrorKind::Other, "MalformedItem".to_owned());
        Self::new(what, AwsError { kind, code, message: why.to_string() })
    }

    /// The meaning of the failure for the caller.
    #[must_use]
    pub fn kind(&self) -> AwsErrorKind {
        self.source.kind
    }
}
