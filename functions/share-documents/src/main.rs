//! The Lambda function `share-documents`: start-up only.

// The AWS SDK's futures nest deeper than the compiler's default bound.
#![recursion_limit = "256"]

use share_documents::{Deps, respond};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(Deps::new, respond).await
}
