//! The names under which errors leave a function, and the message that goes with a name.
//!
//! Step Functions matches `errorType` against `ErrorEquals` word by word, so the names are a
//! contract: a test compares them with the state machines and with the pages in `docs/errors/`.

use std::error::Error;

use aws::AwsErrorKind;
use lambda_runtime::Diagnostic;
use relay_core::text::error_chain;

macro_rules! error_names {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// A name under which an error leaves a function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorName {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorName {
            /// Every name there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name as in `ErrorEquals`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

error_names! {
    /// Still throttled after the SDK's retries.
    Throttled,
    /// Still unreachable, or still 5xx, after the SDK's retries.
    Unavailable,
    /// The input has a shape that the function does not know.
    InvalidInput,
    /// Sharing rules or remediation rules could not be read, and another attempt would not help.
    RulesUnreadable,
    /// The organization could not be read, and another attempt would not help.
    OrganizationUnreadable,
    /// The plan could not be read from S3.
    PlanUnreadable,
    /// The share ledger could not be read or written.
    LedgerUnavailable,
    /// Another invocation took over the work on this owner and Region.
    LockLost,
    /// The outcome could not be published.
    PublishFailed,
    /// A permission is missing.
    AccessDenied,
    /// Anything else, panics included.
    Unexpected,
}

impl ErrorName {
    /// Whether the state machines retry it, because the cause usually goes away by itself. A test
    /// compares this with the retriers of every task.
    #[must_use]
    pub const fn is_retried(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::LockLost | Self::PublishFailed)
    }

    /// This name, for an AWS call that failed for good; a transient error keeps its own.
    #[must_use]
    pub fn unless_transient(self, kind: AwsErrorKind) -> Self {
        if kind.is_transient() { kind.into() } else { self }
    }
}

impl std::fmt::Display for ErrorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name for a failed AWS call where the function has no more specific one.
impl From<AwsErrorKind> for ErrorName {
    fn from(kind: AwsErrorKind) -> Self {
        match kind {
            AwsErrorKind::Throttled => Self::Throttled,
            AwsErrorKind::Unavailable => Self::Unavailable,
            AwsErrorKind::AccessDenied | AwsErrorKind::RoleNotAssumable => Self::AccessDenied,
            AwsErrorKind::NotFound | AwsErrorKind::Other => Self::Unexpected,
        }
    }
}

/// The error of a function: every variant has a name, and all names are in one list.
pub trait FunctionError: Error {
    /// Every name this function's errors can have. [`ErrorName::InvalidInput`] and
    /// [`ErrorName::Unexpected`] belong to every function: [`crate::start`] uses them for input that
    /// cannot be parsed and for panics.
    const NAMES: &'static [ErrorName];

    /// The name of this error; one of [`Self::NAMES`].
    fn name(&self) -> ErrorName;

    /// The error as Lambda reports it: the name, and the whole chain of causes.
    fn diagnostic(&self) -> Diagnostic
    where
        Self: Sized,
    {
        Diagnostic { error_type: self.name().as_str().to_owned(), error_message: error_chain(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("read rule {rule}")]
    struct Outer {
        rule: &'static str,
        #[source]
        source: Inner,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("no such parameter")]
    struct Inner;

    impl FunctionError for Outer {
        const NAMES: &'static [ErrorName] = &[ErrorName::RulesUnreadable];

        fn name(&self) -> ErrorName {
            ErrorName::RulesUnreadable
        }
    }

    #[test]
    fn a_diagnostic_has_a_stable_name_and_the_whole_chain() {
        let error = Outer { rule: "alpha", source: Inner };
        let diagnostic = error.diagnostic();
        assert_eq!(diagnostic.error_type, "RulesUnreadable");
        assert_eq!(diagnostic.error_message, "read rule alpha: no such parameter");
    }

    #[test]
    fn names_are_pascal_case_words_and_differ() {
        let mut names: Vec<&str> = ErrorName::ALL.iter().map(|name| name.as_str()).collect();
        for name in &names {
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphabetic()), "{name}");
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
