//! The outcome that an execution itself asked to publish, if it came that far: its publisher was down,
//! and the request is in its history.

use aws::AwsError;
use aws_sdk_sfn::Client;
use outcome::PublishOutcomeInput;
use serde_json::Value;

/// Events looked at, from the last one backwards: the publisher's tries and the machine's own.
const EVENTS: i32 = 100;

/// The last request to `publish-outcome` in the execution's history.
///
/// A history that cannot be read is logged and no more: what DescribeExecution says is enough for
/// an outcome, if a shorter one.
pub(crate) async fn last_request(client: &Client, execution: &str) -> Option<PublishOutcomeInput> {
    let answer = client
        .get_execution_history()
        .execution_arn(execution)
        .reverse_order(true)
        .include_execution_data(true)
        .max_results(EVENTS)
        .send()
        .await;
    let events = match answer {
        Ok(answer) => answer.events,
        Err(error) => {
            let error = AwsError::from(error);
            tracing::warn!(execution, %error, "the outcome goes out without the history");
            return None;
        }
    };
    events.iter().find_map(|event| {
        let task = event.task_scheduled_event_details()?;
        let mut parameters: Value = serde_json::from_str(task.parameters()).ok()?;
        let request: PublishOutcomeInput =
            serde_json::from_value(parameters.get_mut("Payload")?.take()).ok()?;
        (request.execution.arn == execution).then_some(request)
    })
}
