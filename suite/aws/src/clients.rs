//! SDK configuration and the clients that need more than `Client::new(&config)`.
//!
//! Who retries, for every call of the suite: the SDK retries throttling and transient faults inside one
//! call ([`retries`]). A transient error after that leaves the function as `Throttled` or `Unavailable`,
//! and the state machine (or SQS, for an intake) retries the whole invocation. Nothing in between retries.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// Attempts of one call, the first included: about four seconds of backing off.
const ATTEMPTS: u32 = 4;

/// The roles of other accounts whose credentials are kept. The SDK's own 64 are fewer than the accounts that have copies of
/// a document, so that each document would ask STS for all of them again.
const ROLES: usize = 1_000;

/// How the SDK retries inside one call.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(5))
}

/// The HTTPS client of every call: rustls with `ring`, and the host's own certificates. The SDK's default
/// brings aws-lc, which makes each function half a megabyte larger and each first build longer.
#[must_use]
pub fn https_client() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().tls_provider(provider).build_https()
}

/// The configuration every client is built from. Region, credentials and, for a local AWS, the
/// endpoint (`AWS_ENDPOINT_URL`, one for every service) come from the environment by the SDK's
/// own rules. Calls nothing.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(https_client())
        .retry_config(retries())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_secs(20))
                .operation_timeout(Duration::from_secs(60))
                .build(),
        )
        // Credentials are fetched when the first call needs them, and again well before they expire, so
        // that no call of a long invocation is signed with credentials that expire during it.
        .identity_cache(
            IdentityCache::lazy()
                .buffer_time(Duration::from_secs(300))
                .load_timeout(Duration::from_secs(15))
                .max_partitions(ROLES)
                .build(),
        )
        .load()
        .await
}

/// A client of Organizations, which has one endpoint in a partition: in `region`, wherever the
/// function runs.
#[cfg(feature = "organizations")]
#[must_use]
pub fn organizations(
    config: &SdkConfig,
    region: &relay_core::id::Region,
) -> aws_sdk_organizations::Client {
    let region = aws_sdk_organizations::config::Region::new(region.as_str().to_owned());
    aws_sdk_organizations::Client::from_conf(
        aws_sdk_organizations::config::Builder::from(config).region(region).build(),
    )
}

/// A client of S3. On a local endpoint the bucket is in the path, since buckets have no host names there.
#[cfg(feature = "s3")]
#[must_use]
pub fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config)
            .force_path_style(config.endpoint_url().is_some())
            .build(),
    )
}
