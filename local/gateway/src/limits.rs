//! Limits of AWS that the emulator does not enforce, checked before a call passes through.
//!
//! Sources: Step Functions and SNS API references, Systems Manager quotas (Standard parameters hold
//! 4 KB, Advanced 8 KB).

use api::AwsError;
use serde_json::Value;

use crate::incoming::Incoming;

/// 256 KiB: an execution's input, an SNS message with its attributes.
const PAYLOAD: usize = 262_144;

/// The error AWS would answer, if it would refuse this call.
pub fn refusal(incoming: &Incoming, body: &[u8]) -> Option<AwsError> {
    match (incoming.service.as_str(), incoming.operation.as_str()) {
        ("states", "StartExecution") => start_execution(&serde_json::from_slice(body).ok()?),
        ("ssm", "PutParameter") => put_parameter(&serde_json::from_slice(body).ok()?),
        ("sns", operation) => {
            let form = std::str::from_utf8(body).ok()?;
            let elsewhere = topic_elsewhere(&incoming.region, form);
            elsewhere.or_else(|| publish(form).filter(|_| operation == "Publish"))
        }
        _ => None,
    }
}

fn start_execution(input: &Value) -> Option<AwsError> {
    let name = input["name"].as_str().unwrap_or("x");
    let forbidden =
        |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if name.is_empty() || name.len() > 80 || name.chars().any(forbidden) {
        return Some(AwsError::new("InvalidName", format!("Invalid Name: '{name}'")));
    }
    (input["input"].as_str().map_or(0, str::len) > PAYLOAD).then(|| {
        AwsError::new(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144",
        )
    })
}

fn put_parameter(input: &Value) -> Option<AwsError> {
    let value = input["Value"].as_str()?;
    let tier = input["Tier"].as_str().unwrap_or("Standard");
    if value.contains("{{") {
        return Some(AwsError::new(
            "ValidationException",
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    let (most, hint) = match tier {
        "Standard" => (
            4096,
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        ),
        _ => {
            (8192, "Advanced tier parameters support a maximum parameter value of 8192 characters.")
        }
    };
    (value.len() > most).then(|| AwsError::new("ValidationException", hint))
}

/// A topic is reached in its own Region only.
fn topic_elsewhere(region: &str, form: &str) -> Option<AwsError> {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    let (_, topic) = pairs.find(|(name, _)| name == "TopicArn" || name == "TargetArn")?;
    let theirs = topic.split(':').nth(3)?;
    (theirs != region).then(|| AwsError::new("InvalidParameter", "Invalid parameter: TopicArn"))
}

fn publish(form: &str) -> Option<AwsError> {
    let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
    let mut size = 0;
    for (name, value) in &pairs {
        match name.as_ref() {
            "Subject" => {
                let plain = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
                if value.is_empty() || value.len() >= 100 || !plain {
                    return Some(AwsError::new("InvalidParameter", "Invalid parameter: Subject"));
                }
            }
            "Message" => size += value.len(),
            name if name.starts_with("MessageAttributes.") => {
                size += value.len();
                if name.ends_with(".StringValue") && value.is_empty() {
                    return Some(AwsError::new(
                        "ParameterValueInvalid",
                        format!(
                            "The message attribute '{name}' must contain non-empty message attribute value."
                        ),
                    ));
                }
            }
            _ => {}
        }
    }
    (size > PAYLOAD)
        .then(|| AwsError::new("InvalidParameter", "Invalid parameter: Message too long"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(service: &str, operation: &str, body: &str) -> Option<String> {
        let incoming = Incoming {
            service: service.into(),
            operation: operation.into(),
            ..Incoming::default()
        };
        refusal(&incoming, body.as_bytes()).map(|error| error.code)
    }

    #[test]
    fn execution_names_are_80_characters_of_the_charset() {
        let start =
            |name: &str| code("states", "StartExecution", &json!({"name": name}).to_string());
        assert_eq!(start("join-111122223333-1"), None);
        assert_eq!(start(&"x".repeat(80)), None);
        assert_eq!(start(&"x".repeat(81)).as_deref(), Some("InvalidName"));
        assert_eq!(start("a:b").as_deref(), Some("InvalidName"));
        assert_eq!(start("").as_deref(), Some("InvalidName"));
    }

    #[test]
    fn standard_parameters_hold_4_kb_and_no_braces() {
        let put = |value: &str, tier: &str| {
            code("ssm", "PutParameter", &json!({"Value": value, "Tier": tier}).to_string())
        };
        assert_eq!(put(&"x".repeat(4096), "Standard"), None);
        assert_eq!(put(&"x".repeat(4097), "Standard").as_deref(), Some("ValidationException"));
        assert_eq!(put(&"x".repeat(4097), "Advanced"), None);
        assert_eq!(put("{{x}}", "Standard").as_deref(), Some("ValidationException"));
    }

    #[test]
    fn a_topic_is_reached_in_its_own_region_only() {
        let answer = |topic: &str, operation: &str| {
            let incoming = Incoming {
                service: "sns".into(),
                operation: operation.into(),
                region: "eu-west-1".into(),
                ..Incoming::default()
            };
            let body = format!("Action={operation}&TopicArn={topic}&Message=x");
            refusal(&incoming, body.as_bytes()).map(|error| error.message)
        };
        let refused = Some("Invalid parameter: TopicArn".to_owned());
        for operation in ["Publish", "Subscribe", "GetTopicAttributes"] {
            assert_eq!(answer("arn:aws:sns:eu-west-1:111122223333:a", operation), None);
            assert_eq!(answer("arn:aws:sns:us-east-1:111122223333:a", operation), refused);
        }
    }

    #[test]
    fn subjects_are_one_short_line_and_attributes_have_values() {
        assert_eq!(code("sns", "Publish", "Subject=ok&Message=x"), None);
        assert_eq!(code("sns", "Publish", "Subject=a%0Ab").as_deref(), Some("InvalidParameter"));
        let long = format!("Subject={}", "x".repeat(100));
        assert_eq!(code("sns", "Publish", &long).as_deref(), Some("InvalidParameter"));
        let empty = "MessageAttributes.entry.1.Value.StringValue=";
        assert_eq!(code("sns", "Publish", empty).as_deref(), Some("ParameterValueInvalid"));
    }
}
