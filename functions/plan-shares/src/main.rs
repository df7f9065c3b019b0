//! Start-up of `plan-shares`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(plan_shares::Deps::new, plan_shares::respond).await
}
