//! A file behind an address that AWS has signed itself: a GET without a signature of ours.

use std::convert::Infallible;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{AwsError, AwsErrorKind};

/// Reads a file whole. Nothing here retries.
///
/// # Errors
/// When the address is malformed or not valid any more, or nobody answers.
pub async fn download(config: &SdkConfig, url: &str) -> Result<Vec<u8>, AwsError> {
    let invalid = |error: &dyn std::error::Error| AwsError::invalid_request(&error.to_string());
    let uri: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| invalid(&error))?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.authority()) else {
        return Err(AwsError::invalid_request("expected the address of a file, with its host"));
    };
    let endpoint = format!("{scheme}://{host}");
    let request = http::Request::get(&uri).body(SdkBody::empty()).map_err(|e| invalid(&e))?;
    let request = HttpRequest::try_from(request).map_err(|error| invalid(&error))?;
    let operation = Operation::builder()
        .service_name("attachments")
        .operation_name("GetAttachment")
        .http_client(config.http_client().unwrap_or_else(crate::https_client))
        .endpoint_url(&endpoint)
        .no_auth()
        .no_retry()
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .timeout_config(config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled))
        .serializer(|request: HttpRequest| Ok(request))
        .deserializer::<_, Infallible>(|answer| {
            let body = answer.body().bytes().unwrap_or_default();
            Ok((answer.status().as_u16(), body.to_vec()))
        })
        .build();
    let answer = operation.invoke(request).await.map_err(|error| AwsError::no_answer(&error))?;
    match answer {
        (200, body) => Ok(body),
        (status, _) => {
            let code = format!("Http{status}");
            let message = "the attachment cannot be downloaded".to_owned();
            Err(AwsError { kind: AwsErrorKind::of(&code, status), code, message })
        }
    }
}
