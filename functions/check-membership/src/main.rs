//! Start-up of `check-membership`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(check_membership::Deps::new, check_membership::handle).await
}
