//! The Lambda function `recover-outcomes`: start-up only.

// The AWS SDK's futures nest deeper than the compiler's default bound.
#![recursion_limit = "256"]

use std::process::ExitCode;

use recover_outcomes::{Deps, handle};

#[tokio::main]
async fn main() -> ExitCode {
    runtime::start(Deps::new, handle).await
}
