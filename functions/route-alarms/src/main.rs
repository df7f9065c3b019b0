//! Start-up of `route-alarms`; everything else is in the library.

// The AWS SDK's futures nest deeper than the compiler's default bound.
#![recursion_limit = "256"]

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(route_alarms::Deps::new, route_alarms::handle).await
}
