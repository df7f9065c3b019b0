//! Clients of the local AWS: the account's id is the access key, any secret does.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
pub use relay::local_aws::relay;

/// A configuration for the root of `account` in `region` on the local AWS at `endpoint`.
pub async fn config(endpoint: &str, account: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new(account, "local", None, None, "local");
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(60)).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .empty_test_environment()
        .load()
        .await
}

/// A client for S3, which on the local AWS wants its buckets in the path.
pub fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Calls EC2 on the local AWS as the root of an account: the answer's XML. The local AWS asks who
/// calls, and of roots nothing else.
///
/// # Errors
/// When it does not answer or refuses, with its own words.
pub async fn ec2(
    endpoint: &str,
    account: &str,
    region: &str,
    action: &str,
    fields: &[(&str, &str)],
) -> Result<String> {
    let mut body = format!("Action={action}&Version=2016-11-15");
    for (name, value) in fields {
        body.push_str(&format!("&{name}={value}"));
    }
    let scope = format!("{account}/20260101/{region}/ec2/aws4_request");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = hyper::Request::post(format!("{endpoint}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .body(Full::new(Bytes::from(body)))?;
    let response = client.request(request).await.context("the local AWS does not answer")?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    if !status.is_success() {
        bail!("{action}: {status} {text}");
    }
    Ok(text)
}
