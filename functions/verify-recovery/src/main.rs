//! Start-up of `verify-recovery`; everything else is in the library.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::start(verify_recovery::Deps::new, verify_recovery::handle).await
}
