//! A failed AWS call as the suite sees it: a kind to decide by, a code and a message to read.
//!
//! An SDK error displays itself as "service error" only, and its type is generic over the operation.
//! Functions convert it into an [`AwsError`] where they make the call.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use relay_core::text::error_chain;

/// The meaning of a failed call for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AwsErrorKind {
    /// Too many calls. Transient.
    Throttled,
    /// No answer, or a 5xx. Transient.
    Unavailable,
    /// The caller lacks a permission.
    AccessDenied,
    /// The role for the call cannot be assumed.
    RoleNotAssumable,
    /// The resource does not exist.
    NotFound,
    /// Anything else: see the code.
    Other,
}

/// A failed AWS call. Displayed as `code: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// The meaning of the failure for the caller.
    pub kind: AwsErrorKind,
    /// AWS's code (`AccountNotFoundException`), or ours where no answer came (`NoAnswer`).
    pub code: String,
    /// AWS's message, or what kept the call from being answered.
    pub message: String,
}

impl AwsError {
    /// A request that was never sent, since it or its answer could not be put together.
    pub fn invalid_request(error: &(impl ToString + ?Sized)) -> Self {
        let (kind, code) = (AwsErrorKind::Other, "InvalidRequest".to_owned());
        Self { kind, code, message: error.to_string() }
    }

    /// A call without a whole answer. Transient.
    pub fn no_answer(error: &dyn Error) -> Self {
        let (kind, code) = (AwsErrorKind::Unavailable, "NoAnswer".to_owned());
        Self { kind, code, message: error_chain(error) }
    }

    /// An answer that cannot be read. Transient: the next answer may be whole.
    pub fn unreadable_answer(error: &(impl ToString + ?Sized)) -> Self {
        let (kind, code) = (AwsErrorKind::Unavailable, "UnreadableAnswer".to_owned());
        Self { kind, code, message: error.to_string() }
    }

    /// [`AwsErrorKind::is_transient`].
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind.is_transient()
    }

    /// Whether AWS answered with this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// Why there are no credentials: AWS's own answer where there was one.
    #[cfg(any(feature = "accounts", feature = "events"))]
    #[must_use]
    pub fn of_credentials(error: &aws_credential_types::provider::error::CredentialsError) -> Self {
        find::<Self>(error).cloned().unwrap_or_else(|| Self {
            kind: AwsErrorKind::Unavailable,
            code: "NoCredentials".into(),
            message: causes(error),
        })
    }

    /// The same error as a refusal to assume `role`. Transient errors keep their kind.
    #[cfg(feature = "accounts")]
    pub(crate) fn while_assuming(mut self, role: &str) -> Self {
        if !self.is_transient() {
            self.kind = AwsErrorKind::RoleNotAssumable;
        }
        self.message = format!("assume {role}: {}", self.message);
        self
    }
}

impl<E> From<SdkError<E, HttpResponse>> for AwsError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        // Missing credentials arrive as a request that was never sent; its cause is an AwsError already.
        if let Some(cause) = find::<Self>(&error) {
            return cause.clone();
        }
        match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().unwrap_or_default();
                Self {
                    kind: kind_of(code, status),
                    code: if code.is_empty() { format!("Http{status}") } else { code.to_owned() },
                    message: answer.err().message().unwrap_or("no message").to_owned(),
                }
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                let kind = match kind_of("", status) {
                    // An answer that was cut short may be whole the next time.
                    AwsErrorKind::Other => AwsErrorKind::Unavailable,
                    kind => kind,
                };
                Self { kind, code: "UnreadableAnswer".into(), message: causes(&error) }
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Self {
                kind: AwsErrorKind::Unavailable,
                code: "NoAnswer".into(),
                message: causes(&error),
            },
            _ => Self::invalid_request(&causes(&error)),
        }
    }
}

/// The first error of type `T` in the chain.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The chain without its head, which is "dispatch failure" and the like.
fn causes(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), error_chain)
}

impl AwsErrorKind {
    /// Whether the cause goes away by itself, so that the same call may succeed later.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable)
    }

    /// The kind of an answer with this code and HTTP status.
    #[must_use]
    pub fn of(code: &str, status: u16) -> Self {
        kind_of(code, status)
    }
}

/// By the code as services spell it, or by the HTTP status where the code is unknown.
fn kind_of(code: &str, status: u16) -> AwsErrorKind {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "KmsThrottlingException"
        // Step Functions: too many open executions; they end.
        | "ExecutionLimitExceeded" => AwsErrorKind::Throttled,
        // The session has expired, and the next attempt has new credentials.
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired"
        // Organizations: another request is changing the same resource.
        | "ConcurrentModificationException"
        // Systems Manager: the document is just being updated.
        | "TooManyUpdates"
        | "InternalServerError" | "InternalFailure" | "ServiceUnavailable"
        | "RequestTimeout" | "RequestTimeoutException" => AwsErrorKind::Unavailable,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "AuthorizationError"
        | "KmsAccessDeniedException"
        | "OptInRequired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch" => AwsErrorKind::AccessDenied,
        "NoSuchKey" | "NoSuchBucket" | "InvalidDocument" => AwsErrorKind::NotFound,
        _ if code.ends_with("NotFoundException")
            || code.ends_with("NotFound")
            || code.ends_with("DoesNotExist") =>
        {
            AwsErrorKind::NotFound
        }
        _ => match status {
            429 => AwsErrorKind::Throttled,
            500..=599 => AwsErrorKind::Unavailable,
            401 | 403 => AwsErrorKind::AccessDenied,
            404 => AwsErrorKind::NotFound,
            _ => AwsErrorKind::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::operation::describe_account::DescribeAccountError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn answer(code: &str, message: &str, status: u16) -> AwsError {
        let metadata = ErrorMetadata::builder().code(code).message(message).build();
        let response =
            HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("body"));
        SdkError::service_error(DescribeAccountError::generic(metadata), response).into()
    }

    #[test]
    fn the_code_and_the_message_are_what_one_reads() {
        let error = answer("AccountNotFoundException", "You specified an account", 400);
        assert_eq!(error.to_string(), "AccountNotFoundException: You specified an account");
        assert_eq!(error.kind, AwsErrorKind::NotFound);
    }

    #[test]
    fn codes_decide_before_the_status_does() {
        for (code, status, kind) in [
            ("TooManyRequestsException", 400, AwsErrorKind::Throttled),
            ("ThrottlingException", 400, AwsErrorKind::Throttled),
            ("AccessDeniedException", 400, AwsErrorKind::AccessDenied),
            ("ConcurrentModificationException", 400, AwsErrorKind::Unavailable),
            ("ExpiredTokenException", 403, AwsErrorKind::Unavailable),
            ("ExecutionDoesNotExist", 400, AwsErrorKind::NotFound),
            ("ServiceException", 500, AwsErrorKind::Unavailable),
            ("SomethingNew", 503, AwsErrorKind::Unavailable),
            ("SomethingNew", 429, AwsErrorKind::Throttled),
            ("DocumentPermissionLimit", 400, AwsErrorKind::Other),
        ] {
            assert_eq!(answer(code, "", status).kind, kind, "{code} {status}");
        }
    }

    #[test]
    fn a_call_that_was_never_answered_says_why_and_may_be_repeated() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
        let error: SdkError<DescribeAccountError, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io(refused.into()));
        let error = AwsError::from(error);
        assert_eq!(error.kind, AwsErrorKind::Unavailable);
        assert_eq!(error.code, "NoAnswer");
        assert!(error.message.contains("refused"), "{error}");
    }
}
