//! The hub itself: its stack, its queues, topics and key, and the account's quotas.

use anyhow::Context;
use aws::signed::Signed;
use aws::{AwsError, AwsErrorKind};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::{AutomationExecutionFilter, AutomationExecutionFilterKey};
use serde_json::{Value, json};

use super::Finding;
use crate::session::Session;

/// AWS runs so many automations of an account and Region at a time; the rest waits.
const AUTOMATIONS: usize = 100;
/// With fewer concurrent invocations, the join of one account can take all that the account has.
const INVOCATIONS: u64 = 50;

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let mut findings = vec![version(session)];
    findings.extend(dead_letters(session).await);
    for (output, name, services) in [
        ("AlarmActionTopicArn", "topic of alarm actions", &["cloudwatch.amazonaws.com"][..]),
        ("OutcomeTopicArn", "topic of outcomes", &["cloudwatch.amazonaws.com"][..]),
    ] {
        findings.push(topic(session, output, name, services).await);
    }
    findings.push(invocations(session).await);
    findings.push(automations(session).await);
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
            "Use the program of the stack's version, or update the stack (docs/deploy.md).",
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

/// Whether these services may publish to a topic, and use its key for that.
async fn topic(session: &Session, output: &str, name: &str, services: &[&str]) -> Finding {
    const CHECK: &str = "topics";
    let looked = async {
        let arn = session.stack.output(output)?;
        let client = aws_sdk_sns::Client::new(&session.config);
        let answer = client.get_topic_attributes().topic_arn(arn).send().await;
        let attributes = answer.map_err(AwsError::from)?.attributes.unwrap_or_default();
        let policy: Value = match attributes.get("Policy") {
            Some(policy) => serde_json::from_str(policy).context("read the topic's policy")?,
            None => Value::Null,
        };
        let key = attributes.get("KmsMasterKeyId").filter(|key| !key.is_empty());
        let key_policy = match key {
            Some(key) if !key.contains("alias/aws/") => Some(key_policy(session, key).await?),
            _ => None,
        };
        anyhow::Ok((arn.to_owned(), policy, key.cloned(), key_policy))
    };
    let (arn, policy, key, key_policy) = match looked.await {
        Ok(found) => found,
        Err(error) => {
            return Finding::unseen(CHECK, &format!("look at the {name}"), &format!("{error:#}"));
        }
    };
    for service in services {
        if !allows(&policy, service) {
            return Finding::problem(
                CHECK,
                format!("the policy of {arn} does not let {service} in"),
                "Update the stack: its template has the policy.",
            );
        }
        match (&key, &key_policy) {
            (Some(key), None) => {
                return Finding::problem(
                    CHECK,
                    format!("{arn} is encrypted with {key}, which {service} cannot use"),
                    "Use a key of your own whose policy names the service: the stack's.",
                );
            }
            (Some(key), Some(policy)) if !allows(policy, service) => {
                return Finding::problem(
                    CHECK,
                    format!("the policy of the key {key} of {arn} does not let {service} in"),
                    "Update the stack: its template has the policy.",
                );
            }
            _ => {}
        }
    }
    Finding::ok(CHECK, format!("{} may use the {name}", services.join(" and ")))
}

async fn key_policy(session: &Session, key: &str) -> anyhow::Result<Value> {
    let question = json!({"KeyId": key, "PolicyName": "default"});
    let answer = json_call(session, "kms", "TrentService.GetKeyPolicy", &question).await?;
    let policy = answer["Policy"].as_str().context("KMS does not answer with a policy")?;
    Ok(serde_json::from_str(policy)?)
}

/// Whether a statement of a policy allows a service something.
fn allows(policy: &Value, service: &str) -> bool {
    let one_or_many = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    one_or_many(&policy["Statement"]).iter().any(|statement| {
        statement["Effect"] == "Allow"
            && one_or_many(&statement["Principal"]["Service"]).iter().any(|one| one == service)
    })
}

async fn invocations(session: &Session) -> Finding {
    const CHECK: &str = "concurrency";
    const PATH: &str = "2016-08-19/account-settings";
    let lambda = Signed::new(&session.config, "lambda");
    let answer = lambda.get(PATH).await.and_then(|(status, body)| read("lambda", status, &body));
    let settings = match answer {
        Ok(settings) => settings,
        Err(error) => return Finding::unseen(CHECK, "lambda:GetAccountSettings", &error),
    };
    match settings["AccountLimit"]["ConcurrentExecutions"].as_u64() {
        None => Finding::unseen(CHECK, "lambda:GetAccountSettings", &"no limit in the answer"),
        Some(most) if most < INVOCATIONS => Finding::warning(
            CHECK,
            format!(
                "the account has {most} concurrent invocations; a join may take them all for minutes"
            ),
            "Ask for more (Service Quotas, \"Concurrent executions\"), or set ShareMaximumConcurrency to half.",
        ),
        Some(most) => Finding::ok(CHECK, format!("{most} concurrent invocations")),
    }
}

async fn automations(session: &Session) -> Finding {
    const CHECK: &str = "automations";
    let client = aws_sdk_ssm::Client::new(&session.config);
    let filter = AutomationExecutionFilter::builder()
        .key(AutomationExecutionFilterKey::ExecutionStatus)
        .values("InProgress")
        .build();
    let filter = match filter {
        Ok(filter) => filter,
        Err(error) => return Finding::unseen(CHECK, "ssm:DescribeAutomationExecutions", &error),
    };
    let mut pages = client.describe_automation_executions().filters(filter).into_paginator().send();
    let mut running = 0;
    while let Some(page) = pages.next().await {
        match page.map_err(AwsError::from) {
            Ok(page) => running += page.automation_execution_metadata_list().len(),
            Err(error) => {
                return Finding::unseen(CHECK, "ssm:DescribeAutomationExecutions", &error);
            }
        }
        if running >= AUTOMATIONS {
            break;
        }
    }
    let what = format!("{running} of {AUTOMATIONS} are running in this Region");
    if running * 5 < AUTOMATIONS * 4 {
        return Finding::ok(CHECK, what);
    }
    Finding::warning(
        CHECK,
        what,
        "More wait in a queue of 5,000. Stop what is not needed, or allow adaptive concurrency (run.adaptiveConcurrency).",
    )
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
pub(super) async fn call_in(
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
fn read(service: &str, status: u16, body: &str) -> Result<Value, AwsError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lets_in_whom_an_allowing_statement_names() {
        let policy = json!({"Statement": [
            {"Effect": "Deny", "Principal": {"Service": "events.amazonaws.com"}},
            {"Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "cloudwatch.amazonaws.com"]}},
            {"Effect": "Allow", "Principal": {"AWS": "*"}},
        ]});
        assert!(allows(&policy, "cloudwatch.amazonaws.com"));
        assert!(!allows(&policy, "events.amazonaws.com"), "it is denied");
        assert!(!allows(&policy, "lambda.amazonaws.com"));
        let one = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}});
        assert!(
            allows(&one, "events.amazonaws.com") && !allows(&Value::Null, "events.amazonaws.com")
        );
    }
}
