//! The input of a target: the event, a part of it, a constant, or a filled template.

use serde_json::{Deserializer, Value};

use crate::{
    RuleTarget,
    failure::{DeliveryFailure, ErrorCode},
    path::Path,
    template::{self, Source},
};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Text(String),
    /// Nothing at all. AWS was seen neither to deliver such an input nor to dead-letter it.
    Empty,
    /// It cannot be sent; the text is what a dead letter has as its body.
    Unusable(String, DeliveryFailure),
}

impl Input {
    /// The input of `target` for the event in `source`.
    pub(crate) fn of(target: &RuleTarget, source: &Source<'_>) -> Self {
        let text = if let Some(constant) = &target.input {
            constant.clone()
        } else if let Some(path) = &target.input_path {
            match part(path, source.envelope) {
                Some(text) => text,
                None => {
                    let message = format!("InputPath for target {} is invalid.", target.id);
                    return Self::refused(source, message);
                }
            }
        } else if let Some(transformer) = &target.input_transformer {
            match template::fill(transformer, source) {
                Ok(text) => text,
                Err(error) => return Self::refused(source, error.to_string()),
            }
        } else {
            source.envelope.to_string()
        };
        if text.trim().is_empty() {
            Self::Empty
        } else if !is_json(&text) {
            let failure =
                DeliveryFailure::terminal(ErrorCode::InvalidJson, "Invalid input for target.");
            Self::Unusable(text, failure)
        } else if target.input_transformer.is_some() && text.trim_start().starts_with('{') {
            Self::Text(minified(&text))
        } else {
            Self::Text(text)
        }
    }

    /// PutTargets would have refused the target; here it fails when it is used.
    fn refused(source: &Source<'_>, message: String) -> Self {
        let failure = DeliveryFailure::terminal(ErrorCode::InvalidParameter, message);
        Self::Unusable(source.envelope.to_string(), failure)
    }
}

/// `{}` where the path is empty, leads nowhere, or to null.
fn part(path: &str, envelope: &Value) -> Option<String> {
    let found = if path.is_empty() { None } else { Path::parse(path)?.find(envelope) };
    Some(match found {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(value) => value.to_string(),
    })
}

/// One value, or several lines of them.
fn is_json(text: &str) -> bool {
    Deserializer::from_str(text).into_iter::<Value>().all(|value| value.is_ok())
}

/// "The JSON that is passed to the target is minified", without touching its numbers.
fn minified(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let keep = quoted || !c.is_ascii_whitespace();
            quoted ^= *c == '"' && !escaped;
            escaped = quoted && *c == '\\' && !escaped;
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(members: &Value) -> Input {
        let mut target = json!({"Id": "1", "Arn": "a"});
        target.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let envelope = json!({"id": "e", "detail": {"text": "hello", "nothing": null, "n": 1}});
        let source = Source {
            envelope: &envelope,
            rule_name: "r",
            rule_arn: "arn",
            ingested: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        Input::of(&serde_json::from_value(target).unwrap(), &source)
    }

    fn text(members: &Value) -> String {
        match input(members) {
            Input::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_members_the_event_goes_as_it_came() {
        assert_eq!(
            text(&json!({})),
            r#"{"id":"e","detail":{"text":"hello","nothing":null,"n":1}}"#
        );
    }

    #[test]
    fn a_constant_goes_as_it_was_written() {
        assert_eq!(text(&json!({"Input": "{ \"fixed\": true }"})), "{ \"fixed\": true }");
        assert_eq!(text(&json!({"Input": "null"})), "null");
        assert_eq!(input(&json!({"Input": ""})), Input::Empty);
    }

    #[test]
    fn a_path_sends_its_part_and_an_empty_object_for_nothing() {
        assert_eq!(text(&json!({"InputPath": "$.detail.text"})), "\"hello\"");
        assert_eq!(text(&json!({"InputPath": "$.detail.n"})), "1");
        assert_eq!(text(&json!({"InputPath": "$.detail.absent"})), "{}");
        assert_eq!(text(&json!({"InputPath": "$.detail.nothing"})), "{}");
        assert_eq!(text(&json!({"InputPath": ""})), "{}");
    }

    #[test]
    fn a_template_is_sent_minified_with_its_strings_untouched() {
        let template = "{\n  \"a b\" : <text>,\n  \"c\": \"d \\\" e <text>\",\n  \"n\": 1.0 }";
        let members = json!({"InputTransformer": {
            "InputPathsMap": {"text": "$.detail.text"}, "InputTemplate": template}});
        assert_eq!(text(&members), r#"{"a b":"hello","c":"d \" e hello","n":1.0}"#);
    }

    #[test]
    fn what_is_no_json_is_unusable_and_keeps_its_text() {
        let members = json!({"InputTransformer": {"InputTemplate": "{\"value\":<undefined>}"}});
        let Input::Unusable(body, failure) = input(&members) else { panic!("usable") };
        assert_eq!(body, "{\"value\":<undefined>}");
        assert_eq!(failure.code, ErrorCode::InvalidJson);
        assert_eq!(failure.message, "Invalid input for target.");
    }

    #[test]
    fn a_path_that_put_targets_refuses_is_named() {
        let Input::Unusable(_, failure) = input(&json!({"InputPath": "$..text"})) else {
            panic!("usable")
        };
        assert_eq!(failure.code, ErrorCode::InvalidParameter);
        assert!(failure.message.contains("InputPath"));
    }
}
