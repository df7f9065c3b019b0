//! Bare, with the clients of `route-alarms`.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    bench_bare::start(|config| {
        (
            aws_sdk_dynamodb::Client::new(config),
            aws_sdk_organizations::Client::new(config),
            aws_sdk_sfn::Client::new(config),
            aws_sdk_sns::Client::new(config),
            aws_sdk_sqs::Client::new(config),
            aws_sdk_ssm::Client::new(config),
            aws_sdk_sts::Client::new(config),
        )
    })
    .await
}
