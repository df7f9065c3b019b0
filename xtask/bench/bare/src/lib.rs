//! A bare `lambda_runtime` function, as its documentation shows one: no logging, no settings, no
//! names for errors. What the functions add to the time from process start to the first answer is
//! measured against it (`cargo xtask bench`). Nothing here is deployed.

use aws_config::{BehaviorVersion, SdkConfig};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

/// Answers every event with itself, having built `clients` first, as a function that uses them
/// would.
///
/// # Errors
/// When the runtime's address is missing or does not answer.
pub async fn start<C>(clients: impl FnOnce(&SdkConfig) -> C) -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let clients = &clients(&config);
    run(service_fn(async |event: LambdaEvent<Value>| {
        // Used, so that the compiler keeps them.
        std::hint::black_box(clients);
        Ok::<_, Error>(event.payload)
    }))
    .await
}
