//! Bare, with the clients of `recover-outcomes`.

use lambda_runtime::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    bench_bare::start(|config| {
        (
            aws_sdk_dynamodb::Client::new(config),
            aws_sdk_s3::Client::new(config),
            aws_sdk_sfn::Client::new(config),
            aws_sdk_sns::Client::new(config),
        )
    })
    .await
}
