//! A bare `lambda_runtime` function, as its documentation shows one: no logging, no settings, no
//! names for errors. What the functions add to the time from process start to the first answer is
//! measured against it (`cargo xtask bench`). Nothing here is deployed.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

/// Answers every event with itself, having built `clients` first, as a function that uses them
/// would.
///
/// # Errors
/// When the runtime's address is missing or does not answer.
pub async fn start<C>(clients: impl FnOnce(&SdkConfig) -> C) -> Result<(), Error> {
    // The functions' own TLS: the measurement is of what they add, not of two TLS libraries.
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let https = Builder::new().tls_provider(ring).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;
    let clients = &clients(&config);
    run(service_fn(async |event: LambdaEvent<Value>| {
        // Used, so that the compiler keeps them.
        std::hint::black_box(clients);
        Ok::<_, Error>(event.payload)
    }))
    .await
}
