//! Whether the services that send to the hub's topics and queues may, and may use their key. The remedy is a command
//! that puts the missing statement back.

use anyhow::Context;
use aws::AwsError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::Finding;
use super::hub::json_call;
use super::statements::{OnBehalf, Permission, weigh, with_statement, without_denials};
use crate::session::Session;

const CHECK: &str = "policies";
const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
const EVENTS: &str = "events.amazonaws.com";
const SNS: &str = "sns.amazonaws.com";

/// A sender to an encrypted target needs these permissions on its key.
const KEY_ACTIONS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// The topics and queues of the stack that services send to, by their output.
const TARGETS: [(&str, &[&str]); 7] = [
    ("AlarmActionTopicArn", &[CLOUDWATCH]),
    ("OutcomeTopicArn", &[CLOUDWATCH]),
    ("IntakeQueueUrl", &[EVENTS]),
    ("IntakeDeadLetterQueueUrl", &[EVENTS]),
    ("AlarmQueueUrl", &[EVENTS, SNS]),
    ("AlarmDeadLetterQueueUrl", &[EVENTS, SNS]),
    ("RecoverDeadLetterQueueUrl", &[EVENTS]),
];

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keys: Vec<(String, Vec<&str>)> = Vec::new();
    for (output, services) in TARGETS {
        let target = match Target::read(session, output).await {
            Ok(target) => target,
            Err(error) => {
                findings.push(Finding::unseen(
                    CHECK,
                    &format!("look at {output}"),
                    &format!("{error:#}"),
                ));
                continue;
            }
        };
        findings.extend(services.iter().filter_map(|service| target.fault(session, service)));
        if let Some(key) = target.key {
            // A topic may name the key by its id, a queue by its ARN.
            let id = |key: &str| key.rsplit('/').next().map(str::to_owned);
            match keys.iter_mut().find(|(known, _)| id(known) == id(&key)) {
                Some((_, all)) => all.extend(services),
                None => keys.push((key, services.to_vec())),
            }
        }
    }
    for (key, mut services) in keys {
        services.sort_unstable();
        services.dedup();
        findings.extend(key_faults(session, &key, &services).await);
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            "CloudWatch, EventBridge and SNS may send to the stack's topics and queues and use their key",
        ));
    }
    findings
}

/// A topic or queue with its policy.
struct Target {
    /// The ARN of a topic, the URL of a queue.
    name: String,
    arn: String,
    policy: Value,
    key: Option<String>,
}

impl Target {
    async fn read(session: &Session, output: &str) -> anyhow::Result<Self> {
        let name = session.stack.output(output)?.to_owned();
        let (policy, key, arn) = if output.ends_with("Url") {
            let client = aws_sdk_sqs::Client::new(&session.config);
            let wanted = [
                QueueAttributeName::Policy,
                QueueAttributeName::KmsMasterKeyId,
                QueueAttributeName::QueueArn,
            ];
            let ask = client.get_queue_attributes().queue_url(&name);
            let answer = ask.set_attribute_names(Some(wanted.to_vec())).send().await;
            let mut all = answer.map_err(AwsError::from)?.attributes.unwrap_or_default();
            let [policy, key, arn] = wanted.map(|name| all.remove(&name));
            (policy, key, arn.unwrap_or_default())
        } else {
            let client = aws_sdk_sns::Client::new(&session.config);
            let answer = client.get_topic_attributes().topic_arn(&name).send().await;
            let mut all = answer.map_err(AwsError::from)?.attributes.unwrap_or_default();
            (all.remove("Policy"), all.remove("KmsMasterKeyId"), name.clone())
        };
        let policy = policy.filter(|policy| !policy.is_empty());
        let policy = policy.as_deref().map_or(Ok(Value::Null), serde_json::from_str);
        let key = key.filter(|key| !key.is_empty());
        Ok(Self { policy: policy.context("read the policy")?, name, arn, key })
    }

    fn is_topic(&self) -> bool {
        self.name == self.arn
    }

    /// A service that may not send here.
    fn fault(&self, session: &Session, service: &str) -> Option<Finding> {
        let action = if self.is_topic() { "sns:Publish" } else { "sqs:SendMessage" };
        let on = on_behalf(session);
        let (what, mended) = match weigh(&self.policy, service, action, on) {
            Permission::Allowed => return None,
            Permission::NotAllowed => (
                format!("the policy of {} does not let {service} send ({action})", self.name),
                with_statement(&self.policy, service, &[action], (&self.arn, on.account)),
            ),
            Permission::Denied(statement) => (
                format!(
                    "the statement {statement} in the policy of {} denies {service} to send ({action}); without it:",
                    self.name
                ),
                without_denials(&self.policy, service, action, on),
            ),
        };
        let mended = mended.to_string();
        let remedy = if self.is_topic() {
            format!(
                "aws sns set-topic-attributes --topic-arn {} --attribute-name Policy --attribute-value {}",
                self.name,
                quoted(&mended)
            )
        } else {
            format!(
                "aws sqs set-queue-attributes --queue-url {} --attributes {}",
                self.name,
                quoted(&json!({ "Policy": mended }).to_string())
            )
        };
        Some(Finding::problem(CHECK, what, remedy))
    }
}

/// The services that may not use the key of a topic or queue that they send to.
async fn key_faults(session: &Session, key: &str, services: &[&str]) -> Vec<Finding> {
    if key.contains("alias/aws/") {
        let what = format!("{key} is AWS's own key, which no service may use for you");
        let remedy = format!(
            "{} --parameter-overrides InstallationId={}",
            session.stack.deploy(),
            session.stack.parameter("InstallationId")
        );
        return vec![Finding::problem(CHECK, what, remedy)];
    }
    let question = json!({"KeyId": key, "PolicyName": "default"});
    let policy = json_call(session, "kms", "TrentService.GetKeyPolicy", &question).await;
    let policy = policy.map(|answer| {
        answer["Policy"].as_str().and_then(|policy| serde_json::from_str::<Value>(policy).ok())
    });
    let mut mended = match policy {
        Ok(policy) => policy.unwrap_or_default(),
        Err(error) => return vec![Finding::unseen(CHECK, "kms:GetKeyPolicy", &error)],
    };
    let on = on_behalf(session);
    let mut shut = Vec::new();
    for service in services {
        let asked = KEY_ACTIONS.map(|action| (action, weigh(&mended, service, action, on)));
        if asked.iter().all(|(_, permission)| *permission == Permission::Allowed) {
            continue;
        }
        shut.push(*service);
        for (action, permission) in asked {
            if matches!(permission, Permission::Denied(_)) {
                mended = without_denials(&mended, service, action, on);
            }
        }
        if KEY_ACTIONS
            .iter()
            .any(|action| weigh(&mended, service, action, on) != Permission::Allowed)
        {
            mended = with_statement(&mended, service, &KEY_ACTIONS, ("*", on.account));
        }
    }
    if shut.is_empty() {
        return Vec::new();
    }
    let what = format!(
        "the policy of the key {key} does not let {} use it, so nothing that they send arrives",
        shut.join(" and ")
    );
    let remedy = format!(
        "aws kms put-key-policy --key-id {key} --policy-name default --policy {}",
        quoted(&mended.to_string())
    );
    vec![Finding::problem(CHECK, what, remedy)]
}

fn on_behalf(session: &Session) -> OnBehalf<'_> {
    OnBehalf {
        account: &session.caller.account,
        organization: session.stack.parameter("OrganizationId"),
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_one_word_of_a_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
