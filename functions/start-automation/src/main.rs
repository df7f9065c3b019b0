//! Start-up of `start-automation`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(start_automation::Deps::new, start_automation::handle).await
}
