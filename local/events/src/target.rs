//! A rule's target as PutTargets (or CloudFormation) stored it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

/// The members of a target that delivery depends on. Others are accepted and ignored.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuleTarget {
    /// Unique within the rule.
    pub id: String,
    /// The kind of a target.
    pub arn: String,
    /// The role to deliver under, instead of as the service itself.
    pub role_arn: Option<String>,
    /// A constant, as JSON text.
    pub input: Option<String>,
    /// The part of the event to send.
    pub input_path: Option<String>,
    /// The template to fill with parts of the event.
    pub input_transformer: Option<InputTransformer>,
    /// The message group, for FIFO queues.
    pub sqs_parameters: Option<SqsParameters>,
    /// The nodes of a command.
    pub run_command_parameters: Option<RunCommandParameters>,
    /// How long to try.
    #[serde(default)]
    pub retry_policy: RetryPolicy,
    /// Where to leave what could not be delivered.
    pub dead_letter_config: Option<DeadLetterConfig>,
}

impl RuleTarget {
    /// Whether it says what it is sent, instead of the event as it came.
    pub fn has_input(&self) -> bool {
        self.input.is_some() || self.input_path.is_some() || self.input_transformer.is_some()
    }

    /// The nodes that a command goes to.
    pub fn command_targets(&self) -> &[RunCommandTarget] {
        self.run_command_parameters.as_ref().map_or(&[], |run| run.run_command_targets.as_slice())
    }

    /// The dead-letter queue's ARN, if there is one.
    pub fn dead_letter_queue(&self) -> Option<&str> {
        self.dead_letter_config.as_ref()?.arn.as_deref()
    }
}

/// Paths into the event, and the template that names them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InputTransformer {
    /// Paths, by the variables they fill.
    #[serde(default)]
    pub input_paths_map: BTreeMap<String, String>,
    /// The text with `<variable>`s in it.
    pub input_template: String,
}

/// The settings of a FIFO queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SqsParameters {
    /// The group of every message.
    pub message_group_id: Option<String>,
}

/// The settings of Run Command.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunCommandParameters {
    /// Which nodes, as SendCommand's `Targets`.
    #[serde(default)]
    pub run_command_targets: Vec<RunCommandTarget>,
}

/// Nodes: `InstanceIds` with their ids, or `tag:KEY` with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunCommandTarget {
    pub key: String,
    #[serde(default)]
    pub values: Vec<String>,
}

/// Where undelivered events go.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadLetterConfig {
    /// A standard queue in the rule's Region.
    pub arn: Option<String>,
}

/// Both bounds of retrying; whichever is reached first ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RetryPolicy {
    /// Attempts after the first.
    #[serde(deserialize_with = "number")]
    pub maximum_retry_attempts: u32,
    /// Counted from the event's arrival on the bus.
    #[serde(deserialize_with = "number")]
    pub maximum_event_age_in_seconds: u32,
}

impl Default for RetryPolicy {
    /// EventBridge's: 185 attempts in 24 hours.
    fn default() -> Self {
        Self { maximum_retry_attempts: 185, maximum_event_age_in_seconds: 86_400 }
    }
}

/// CloudFormation stores numbers as the template wrote them, which may be as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number
        .ok_or_else(|| D::Error::custom(format!("{value} is not a number of seconds or attempts")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_without_a_policy_is_tried_for_a_day() {
        let target: RuleTarget = serde_json::from_value(json!({"Id": "1", "Arn": "a"})).unwrap();
        assert_eq!(target.retry_policy.maximum_retry_attempts, 185);
        assert_eq!(target.retry_policy.maximum_event_age_in_seconds, 86_400);
        assert_eq!(target.dead_letter_queue(), None);
    }

    #[test]
    fn numbers_may_be_strings_as_cloudformation_stores_them() {
        let target: RuleTarget = serde_json::from_value(json!({
            "Id": "1", "Arn": "a", "RetryPolicy": {"MaximumRetryAttempts": "3"},
            "DeadLetterConfig": {"Arn": "q"}, "EcsParameters": {"TaskCount": 1},
        }))
        .unwrap();
        assert_eq!(target.retry_policy.maximum_retry_attempts, 3);
        assert_eq!(target.retry_policy.maximum_event_age_in_seconds, 86_400);
        assert_eq!(target.dead_letter_queue(), Some("q"));
    }

    #[test]
    fn a_policy_that_is_no_number_is_refused() {
        let policy = serde_json::from_value::<RetryPolicy>(json!({"MaximumRetryAttempts": "many"}));
        assert!(policy.unwrap_err().to_string().contains("many"));
    }
}
