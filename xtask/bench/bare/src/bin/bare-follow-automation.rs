//! Bare, with the clients of `follow-automation`.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    bench_bare::start(|config| {
        (
            aws_sdk_dynamodb::Client::new(config),
            aws_sdk_sfn::Client::new(config),
            aws_sdk_sts::Client::new(config),
        )
    })
    .await
}
