//! A call of a service without its SDK: one signed POST. Libraries sign and send.
//!
//! Nothing here retries: the state machine or the queue invokes the function again. Not honoured, unlike in
//! the SDKs: `AWS_ENDPOINT_URL_<SERVICE>` (only `AWS_ENDPOINT_URL` is), FIPS and dual-stack endpoints, and
//! the correction of a wrong clock.

use std::convert::Infallible;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::{AwsError, AwsErrorKind};

/// A service in one account and Region.
#[derive(Debug, Clone)]
pub struct Signed {
    config: SdkConfig,
    http: SharedHttpClient,
    /// The first part of its host name, and the service name in the signature.
    service: &'static str,
}

impl Signed {
    /// From the configuration of an account and Region. Calls nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, service: &'static str) -> Self {
        let http = config.http_client().unwrap_or_else(crate::https_client);
        Self { config: config.clone(), http, service }
    }

    /// A POST to `/`: status and body of the answer, for every status.
    ///
    /// # Errors
    /// When there are no credentials or no Region, or the service does not answer.
    pub async fn post(
        &self,
        action: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<(u16, String), AwsError> {
        self.send("POST", "", action, headers, body).await
    }

    /// A GET of a path, which begins without a slash: the same answer.
    ///
    /// # Errors
    /// Those of [`Self::post`].
    pub async fn get(&self, path: &str) -> Result<(u16, String), AwsError> {
        self.send("GET", path, path, &[], String::new()).await
    }

    async fn send(
        &self,
        method: &'static str,
        path: &str,
        action: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<(u16, String), AwsError> {
        let region = self.config.region().map(|region| region.as_ref().to_owned());
        let region = region.ok_or_else(|| AwsError::invalid_request("no Region is configured"))?;
        let uri = match self.config.endpoint_url() {
            Some(endpoint) => format!("{}/{path}", endpoint.trim_end_matches('/')),
            None => {
                let known: Result<relay_core::id::Region, _> = region.parse();
                let suffix = known
                    .map_err(|error| AwsError::invalid_request(&error))?
                    .partition()
                    .dns_suffix();
                format!("https://{}.{region}.{suffix}/{path}", self.service)
            }
        };
        let mut request = http::Request::builder().method(method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).map_err(|error| AwsError::invalid_request(&error))?;
        self.sign(&mut request, &region).await?;
        let request = HttpRequest::try_from(request.map(SdkBody::from));
        let request = request.map_err(|error| AwsError::invalid_request(&error))?;

        let operation = Operation::builder()
            .service_name(self.service)
            .operation_name(action.to_owned())
            .http_client(self.http.clone())
            .endpoint_url(&uri)
            // Signed already.
            .no_auth()
            .no_retry()
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .timeout_config(
                self.config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled),
            )
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer::<_, Infallible>(|answer| {
                let body = answer.body().bytes().unwrap_or_default();
                let text = String::from_utf8_lossy(body).into_owned();
                Ok((answer.status().as_u16(), text))
            })
            .build();
        let answer = operation.invoke(request).await;
        answer.map_err(|error| AwsError::no_answer(&error))
    }

    async fn sign(
        &self,
        request: &mut http::Request<String>,
        region: &str,
    ) -> Result<(), AwsError> {
        let provider = self.config.credentials_provider();
        let provider =
            provider.ok_or_else(|| AwsError::invalid_request("no credentials are configured"))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| AwsError::of_credentials(&error))?;
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(self.service)
            .time(self.config.time_source().unwrap_or_default().now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| AwsError::invalid_request(&error))?
            .into();
        let uri = request.uri().to_string();
        let headers = request.headers().iter();
        let headers: Vec<(&str, &str)> = headers
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let method = request.method().as_str();
        let signable = SignableRequest::new(method, &uri, headers.into_iter(), body);
        let signable = signable.map_err(|error| AwsError::invalid_request(&error))?;
        let signed = sign(signable, &params).map_err(|error| AwsError::invalid_request(&error))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}

/// The error in an answer of a service that speaks JSON.
pub(crate) fn refusal(text: &str, status: u16) -> AwsError {
    // Services spell the members in either case, and some answers have both.
    let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let member = |names: [&str; 2]| names.iter().find_map(|name| answer.get(name)?.as_str());
    let code = member(["__type", "code"]).and_then(|code| code.rsplit('#').next());
    let code = code.filter(|code| !code.is_empty());
    let code = code.map_or_else(|| format!("Http{status}"), str::to_owned);
    let message = member(["message", "Message"]).unwrap_or_default().to_owned();
    AwsError { kind: AwsErrorKind::of(&code, status), code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code() {
        let text = r#"{"__type":"com.amazonaws.tagging#ThrottledException","Message":"slow"}"#;
        let error = refusal(text, 400);
        assert_eq!((error.code.as_str(), error.message.as_str()), ("ThrottledException", "slow"));
        assert_eq!(error.kind, AwsErrorKind::Throttled);
        assert_eq!(refusal("", 503).kind, AwsErrorKind::Unavailable);
        let both = r#"{"__type":"AccessDeniedException","message":"no","Message":"no"}"#;
        assert_eq!(refusal(both, 400).kind, AwsErrorKind::AccessDenied);
    }
}
