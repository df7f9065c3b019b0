//! Bare, with the clients of `route-events`, which are `check-membership`'s too.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    bench_bare::start(|config| {
        (aws_sdk_organizations::Client::new(config), aws_sdk_sfn::Client::new(config))
    })
    .await
}
