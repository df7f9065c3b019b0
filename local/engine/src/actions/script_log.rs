//! The output of scripts, in CloudWatch Logs if the account's settings say so.

use serde_json::{Value, json};

use super::Call;
use crate::ports::ApiError;

/// `CloudWatch` sends logs there.
const DESTINATION: &str = "/ssm/automation/customer-script-log-destination";
/// Which log group, if not AWS's default.
const GROUP: &str = "/ssm/automation/customer-script-log-group-name";
/// The log group that AWS uses if the settings name none.
const DEFAULT_GROUP: &str = "/aws/ssm/automation/executeScript";
/// PutLogEvents takes no longer message (less than AWS's 1 MB, which counts bytes and overhead).
const LONGEST_MESSAGE: usize = 250_000;

/// Sends a log where the settings of the account and Region say, a stream for each attempt. A log
/// that cannot be delivered fails no step.
pub(super) async fn deliver(call: &Call<'_>, log: &str) {
    let setting = |id| call.ports.documents.setting(call.account, call.region, id);
    if log.is_empty() || setting(DESTINATION).as_deref() != Some("CloudWatch") {
        return;
    }
    let group = setting(GROUP).filter(|group| !group.is_empty());
    let group = group.as_deref().unwrap_or(DEFAULT_GROUP);
    if let Err(error) = put(call, group, log).await {
        tracing::warn!(group, error = error.message, "a script's log was not delivered");
    }
}

async fn put(call: &Call<'_>, group: &str, log: &str) -> Result<(), ApiError> {
    let stream = format!("{}/{}", call.execution_id, call.token);
    let names = json!({"logGroupName": group, "logStreamName": stream});
    existing(call.read("logs", "CreateLogGroup", json!({"logGroupName": group})).await)?;
    existing(call.read("logs", "CreateLogStream", names.clone()).await)?;
    let at = call.ports.clock.now().as_millisecond();
    let message = |line: &str| line.chars().take(LONGEST_MESSAGE).collect::<String>();
    let events: Vec<_> = log
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| json!({"timestamp": at, "message": message(line)}))
        .collect();
    // PutLogEvents takes 10,000 events a call; scripts' logs are cut far below its megabyte.
    for events in events.chunks(10_000) {
        let mut parameters = names.clone();
        parameters["logEvents"] = events.into();
        call.write("logs", "PutLogEvents", parameters).await?;
    }
    Ok(())
}

/// A group or stream that exists already counts as created.
fn existing(answer: Result<Value, ApiError>) -> Result<(), ApiError> {
    match answer {
        Err(error) if error.code != "ResourceAlreadyExistsException" => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Attempt, AwsDouble, EXECUTION, TOKEN, error};
    use super::*;
    use crate::ports::ScriptRun;

    fn printing() -> Attempt {
        let inputs =
            json!({"Runtime": "python3.11", "Handler": "f", "Script": "def f(e, c): pass"});
        Attempt::new(ActionKind::ExecuteScript, inputs)
            .script(ScriptRun { result: Ok(json!({})), log: "one\n\ntwo\n".into() })
    }

    #[tokio::test(start_paused = true)]
    async fn logs_go_nowhere_unless_the_account_says_so() {
        let aws = AwsDouble::default();
        printing().run(&aws).await.unwrap();
        printing().setting(DESTINATION, "None").run(&aws).await.unwrap();
        assert!(aws.calls().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn each_line_is_an_event_in_a_stream_of_the_attempt() {
        for (group, expected) in [(None, DEFAULT_GROUP), (Some("/scripts"), "/scripts")] {
            let exists = || error("ResourceAlreadyExistsException", "CreateLogGroup", "");
            let aws = AwsDouble::default()
                .on("logs", "CreateLogGroup", [exists()])
                .on("logs", "CreateLogStream", [exists()])
                .on("logs", "PutLogEvents", [Ok(json!({}))]);
            let attempt = printing().setting(DESTINATION, "CloudWatch");
            let attempt = match group {
                Some(group) => attempt.setting(GROUP, group),
                None => attempt,
            };
            attempt.run(&aws).await.unwrap();
            assert_eq!(
                aws.requests("PutLogEvents"),
                [json!({
                    "logGroupName": expected,
                    "logStreamName": format!("{EXECUTION}/{TOKEN}"),
                    "logEvents": [
                        {"timestamp": 0, "message": "one"},
                        {"timestamp": 0, "message": "two"},
                    ],
                })]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_cannot_be_delivered_fails_no_step() {
        let denied = error("AccessDeniedException", "CreateLogGroup", "not authorized");
        let aws = AwsDouble::default().on("logs", "CreateLogGroup", [denied]);
        printing().setting(DESTINATION, "CloudWatch").run(&aws).await.unwrap();
        assert_eq!(aws.operations(), ["CreateLogGroup"]);
    }
}
