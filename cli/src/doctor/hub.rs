//! The hub itself: its stack and its dead letters. And calls of services without their SDK.

use aws::signed::Signed;
use aws::{AwsError, AwsErrorKind};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::Finding;
use crate::session::Session;

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let mut findings = vec![version(session)];
    findings.extend(dead_letters(session).await);
    findings
}

fn version(session: &Session) -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    match session.stack.version.as_deref() {
        Some(version) if version == own => {
            Finding::ok("version", format!("the stack is {version}"))
        }
        Some(version) => Finding::warning(
            "version",
            format!("the stack is {version}, this program {own}"),
            "Use the program of the stack's version, or update the stack (docs/deploy.md): \
             aws cloudformation package, then aws cloudformation deploy.",
        ),
        None => Finding::warning(
            "version",
            "the stack does not say its version",
            "Update the stack (docs/deploy.md).",
        ),
    }
}

async fn dead_letters(session: &Session) -> Vec<Finding> {
    const CHECK: &str = "dead letters";
    let client = aws_sdk_sqs::Client::new(&session.config);
    let mut findings = Vec::new();
    let mut empty = 0;
    for output in
        ["IntakeDeadLetterQueueUrl", "AlarmDeadLetterQueueUrl", "RecoverDeadLetterQueueUrl"]
    {
        let url = match session.stack.output(output) {
            Ok(url) => url,
            Err(error) => {
                findings.push(Finding::unseen(CHECK, "find the queue", &error));
                continue;
            }
        };
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let ask = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
        match ask.send().await.map_err(AwsError::from) {
            Err(error) => findings.push(Finding::unseen(CHECK, &format!("read {url}"), &error)),
            Ok(answer) => {
                let number = answer.attributes.and_then(|mut all| all.remove(&name));
                match number.and_then(|number| number.parse::<u64>().ok()) {
                    Some(0) => empty += 1,
                    Some(number) => findings.push(Finding::problem(
                        CHECK,
                        format!("{number} in {url}"),
                        format!("Read the function's log, then: relay replay {url}"),
                    )),
                    None => {
                        findings.push(Finding::unseen(CHECK, &format!("read {url}"), &"no number"));
                    }
                }
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("none in {empty} queues")));
    }
    findings
}

/// A call of a service that speaks JSON.
pub(super) async fn json_call(
    session: &Session,
    service: &'static str,
    target: &str,
    question: &Value,
) -> Result<Value, AwsError> {
    call_in(&session.config, service, target, question).await
}

/// The same in the Region of a configuration.
pub(crate) async fn call_in(
    config: &aws_config::SdkConfig,
    service: &'static str,
    target: &str,
    question: &Value,
) -> Result<Value, AwsError> {
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
    let action = target.rsplit('.').next().unwrap_or(target);
    let (status, body) =
        Signed::new(config, service).post(action, &headers, question.to_string()).await?;
    read(service, status, &body)
}

/// The body of an answer, or the error in it.
pub(super) fn read(service: &str, status: u16, body: &str) -> Result<Value, AwsError> {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let text = |names: [&str; 2]| names.iter().find_map(|name| answer[*name].as_str());
    let code = text(["__type", "Type"]).and_then(|code| code.rsplit('#').next());
    let code = code.unwrap_or(service).to_owned();
    let message = text(["message", "Message"]).unwrap_or(body).to_owned();
    Err(AwsError { kind: AwsErrorKind::of(&code, status), code, message })
}
