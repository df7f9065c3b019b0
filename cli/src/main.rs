//! `relay`: the program for operators and runbook authors. The only place that reads the environment.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main.rs reads the environment")]
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok();
    relay::run(std::env::args_os(), endpoint).await.into()
}
