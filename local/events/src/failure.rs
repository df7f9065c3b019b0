//! Why a delivery failed, in the words that a dead letter carries.

/// EventBridge's `ERROR_CODE`s, as far as a delivery here can end in them.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's and say it all")]
pub enum ErrorCode {
    ConnectionFailure,
    ErrorFromTarget,
    FailedToAssumeRole,
    InternalError,
    InvalidJson,
    InvalidParameter,
    NoPermissions,
    NoResource,
    ResourceAlreadyExists,
    ResourceLimitExceeded,
    ResourceModificationCollision,
    ThirdAccountHopDetected,
    ThirdRegionHopDetected,
    Throttling,
    Timeout,
}

impl ErrorCode {
    /// As AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionFailure => "CONNECTION_FAILURE",
            Self::ErrorFromTarget => "ERROR_FROM_TARGET",
            Self::FailedToAssumeRole => "FAILED_TO_ASSUME_ROLE",
            Self::InternalError => "INTERNAL_ERROR",
            Self::InvalidJson => "INVALID_JSON",
            Self::InvalidParameter => "INVALID_PARAMETER",
            Self::NoPermissions => "NO_PERMISSIONS",
            Self::NoResource => "NO_RESOURCE",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceLimitExceeded => "RESOURCE_LIMIT_EXCEEDED",
            Self::ResourceModificationCollision => "RESOURCE_MODIFICATION_COLLISION",
            Self::ThirdAccountHopDetected => "THIRD_ACCOUNT_HOP_DETECTED",
            Self::ThirdRegionHopDetected => "THIRD_REGION_HOP_DETECTED",
            Self::Throttling => "THROTTLING",
            Self::Timeout => "TIMEOUT",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// `ERROR_CODE`.
    pub code: ErrorCode,
    /// `ERROR_MESSAGE`.
    pub message: String,
    /// Whether EventBridge tries again.
    pub retryable: bool,
}

impl DeliveryFailure {
    /// One that no later attempt would mend.
    pub(crate) fn terminal(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// One that may pass.
    pub(crate) fn passing(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }
}
