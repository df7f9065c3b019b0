//! The Lambda function `publish-outcome`: start-up only.

// The AWS SDK's futures nest deeper than the compiler's default bound.
#![recursion_limit = "256"]

use std::process::ExitCode;

use publish_outcome::{Deps, handle};

#[tokio::main]
async fn main() -> ExitCode {
    runtime::start(Deps::new, handle).await
}
