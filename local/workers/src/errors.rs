//! The kind of a failed call, by its error code.

use engine::ports::{ApiError, ApiErrorKind};
use serde::Deserialize;

/// botocore's own list of codes that ask for a later retry, without `LimitExceededException`, which
/// most services mean as a quota.
const THROTTLING: [&str; 14] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Codes with which services say that the caller may not, or is not who it says it is. S3 answers a
/// HEAD without a body: its code is the status.
const PERMISSION: [&str; 22] = [
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "ForbiddenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "KMSAccessDeniedException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "NotAuthorizedException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Codes that mean that a session is over before its time.
const SESSION_OVER: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "UnrecognizedClientException",
];

/// Who says that a call failed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Origin {
    Service,
    /// botocore, before anything was sent.
    Input,
    /// botocore, without an answer.
    Lost,
}

/// A failed call, as the worker reports it.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    code: String,
    message: String,
    origin: Origin,
}

impl From<Told> for ApiError {
    fn from(told: Told) -> Self {
        let kind = kind(told.origin, &told.code);
        Self { code: told.code, message: told.message, kind }
    }
}

fn kind(origin: Origin, code: &str) -> ApiErrorKind {
    match origin {
        Origin::Input => ApiErrorKind::Input,
        Origin::Lost => ApiErrorKind::Lost,
        Origin::Service if THROTTLING.contains(&code) => ApiErrorKind::Throttling,
        Origin::Service if PERMISSION.contains(&code) => ApiErrorKind::Permission,
        Origin::Service => ApiErrorKind::Service,
    }
}

/// Whether the session that a call was made with is of no use any more.
pub(crate) fn ends_session(error: &ApiError) -> bool {
    error.kind == ApiErrorKind::Permission && SESSION_OVER.contains(&error.code.as_str())
}

/// The worker died under a call.
pub(crate) fn lost() -> ApiError {
    ApiError {
        code: "ConnectionClosedError".into(),
        message: "The process that made the call ended before an answer came".into(),
        kind: ApiErrorKind::Lost,
    }
}

/// There is no worker that could make a call: nothing has happened.
pub(crate) fn unavailable(why: &dyn std::fmt::Display) -> ApiError {
    ApiError {
        code: "ServiceUnavailable".into(),
        message: format!("No process can be started for AWS API calls: {why}"),
        kind: ApiErrorKind::Service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_only_where_the_service_says_it() {
        for (origin, code, expected) in [
            (Origin::Service, "RequestLimitExceeded", ApiErrorKind::Throttling),
            (Origin::Service, "ThrottlingException", ApiErrorKind::Throttling),
            (Origin::Service, "UnauthorizedOperation", ApiErrorKind::Permission),
            (Origin::Service, "AccessDenied", ApiErrorKind::Permission),
            (Origin::Service, "LimitExceededException", ApiErrorKind::Service),
            (Origin::Service, "InvalidInstanceID.NotFound", ApiErrorKind::Service),
            (Origin::Input, "ParamValidation", ApiErrorKind::Input),
            (Origin::Input, "AccessDenied", ApiErrorKind::Input),
            (Origin::Lost, "ReadTimeoutError", ApiErrorKind::Lost),
            (Origin::Lost, "Throttling", ApiErrorKind::Lost),
        ] {
            assert_eq!(kind(origin, code), expected, "{origin:?} {code}");
        }
    }

    #[test]
    fn a_refusal_does_not_end_a_session_and_an_expired_token_does() {
        let error = |code: &str| ApiError {
            code: code.into(),
            message: String::new(),
            kind: kind(Origin::Service, code),
        };
        assert!(!ends_session(&error("AccessDenied")));
        assert!(!ends_session(&error("Throttling")));
        assert!(ends_session(&error("ExpiredToken")));
    }

    #[test]
    fn every_code_that_ends_a_session_is_a_permission() {
        assert!(SESSION_OVER.iter().all(|code| PERMISSION.contains(code)));
    }
}
