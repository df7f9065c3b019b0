//! Bare, with the one client that `verify-recovery` makes at its start.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    bench_bare::start(aws_sdk_sts::Client::new).await
}
