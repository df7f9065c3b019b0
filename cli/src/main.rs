//! `relay`: the program for operators and runbook authors. The only place that reads the environment.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main.rs reads the environment")]
    let variable = |name: &str| std::env::var(name).ok();
    let environment = relay::Environment {
        endpoint: variable("AWS_ENDPOINT_URL"),
        columns: variable("COLUMNS").and_then(|columns| columns.parse().ok()),
    };
    relay::run(std::env::args_os(), environment).await.into()
}
