//! ExecutionStart-up of `route-events`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(route_events::Deps::new, route_events::handle).await
}
