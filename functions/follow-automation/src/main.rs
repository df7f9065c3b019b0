//! Start-up of `follow-automation`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(follow_automation::Deps::new, follow_automation::handle).await
}
