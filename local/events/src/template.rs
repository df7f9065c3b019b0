//! InputTransformer: a template filled with parts of the event.
//!
//! A template that is a JSON object is filled as JSON: outside quotes a string is quoted, inside
//! quotes it is escaped, and an absent value is `""`. Any other template is filled as text: values
//! go in as they are (objects without their quotes), an absent one as nothing. Either way AWS then
//! wants JSON, and a template that comes out as something else ends in a dead letter.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{InputTransformer, path::Path};

/// The sources of a template's variables.
pub(crate) struct Source<'a> {
    pub(crate) envelope: &'a Value,
    pub(crate) rule_name: &'a str,
    pub(crate) rule_arn: &'a str,
    /// When the event arrived on the bus.
    pub(crate) ingested: Timestamp,
}

/// Why a template cannot be filled: things PutTargets refuses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("InputPath for target is invalid: {0}")]
    Path(String),
    #[error("InputTemplate contains placeholder {0} valid only for JSON template.")]
    JsonOnly(String),
}

/// Fills the template. The result may be no JSON: that is for the caller to find out.
pub(crate) fn fill(
    transformer: &InputTransformer,
    source: &Source<'_>,
) -> Result<String, TemplateError> {
    let mut values = BTreeMap::new();
    for (name, text) in &transformer.input_paths_map {
        let path = Path::parse(text).ok_or_else(|| TemplateError::Path(text.clone()))?;
        values.insert(name.as_str(), path.find(source.envelope));
    }
    let template = &transformer.input_template;
    let as_json = template.trim_start().starts_with('{');
    let mut filled = String::with_capacity(template.len());
    let (mut rest, mut quoted) = (template.as_str(), false);
    while let Some(next) = rest.chars().next() {
        if let Some((name, tail)) = variable(rest) {
            let value = match values.get(name) {
                Some(value) => Some(value.clone()),
                None => source.reserved(name, as_json)?.map(Some),
            };
            if let Some(value) = value {
                filled.push_str(&match (as_json, quoted) {
                    (true, true) => inside_quotes(value),
                    (true, false) => value.unwrap_or_else(|| json!("")).to_string(),
                    (false, _) => as_text(value),
                });
                rest = tail;
                continue;
            }
        }
        // A backslash takes the next character with it, so that \" does not end a string.
        let length = match next {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => next.len_utf8(),
        };
        quoted ^= next == '"';
        filled.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Ok(filled)
}

/// `<name>` at the start of `text`: the name and what follows.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (name, tail) = text.strip_prefix('<')?.split_once('>')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!name.is_empty() && name.chars().all(legal)).then_some((name, tail))
}

impl Source<'_> {
    fn reserved(&self, name: &str, as_json: bool) -> Result<Option<Value>, TemplateError> {
        let value = match name {
            "aws.events.rule-name" => json!(self.rule_name),
            "aws.events.rule-arn" => json!(self.rule_arn),
            "aws.events.event.ingestion-time" => json!(format!("{:.3}", self.ingested)),
            "aws.events.event" | "aws.events.event.json" if !as_json => {
                return Err(TemplateError::JsonOnly(name.to_owned()));
            }
            "aws.events.event" => self.without_detail(),
            "aws.events.event.json" => self.envelope.clone(),
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// The event without its detail, in the spelling that this one variable has: `detailType`,
    /// and the time in milliseconds.
    fn without_detail(&self) -> Value {
        let event = self.envelope;
        let time = event["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        json!({
            "id": event["id"], "account": event["account"], "detailType": event["detail-type"],
            "time": time.map(Timestamp::as_millisecond), "source": event["source"],
            "region": event["region"], "resources": event["resources"], "version": event["version"],
        })
    }
}

/// A string escaped; anything else as JSON, which breaks the string it stands in, as on AWS.
fn inside_quotes(value: Option<Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => {
            let escaped = Value::String(text).to_string();
            escaped[1..escaped.len() - 1].to_owned()
        }
        Some(other) => other.to_string(),
    }
}

fn as_text(value: Option<Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string().replace('"', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Event, templates and results are those observed at the real service.
    fn filled(template: &str) -> String {
        let envelope = json!({
            "version": "0", "id": "fb42b945", "detail-type": "input-probe", "source": "probe",
            "account": "111111111111", "time": "2026-01-02T03:04:05Z", "region": "us-east-1",
            "resources": [], "detail": {
                "text": "hello", "number": 42, "flag": true, "nothing": null,
                "object": {"first": "one", "second": 2}, "array": ["one", "two", {"x": 3}],
                "quoted": "say \"hello\"", "escaped": "line\nslash\\tab\tend",
            },
        });
        let names = [
            "text", "number", "flag", "nothing", "object", "array", "quoted", "escaped", "missing",
        ];
        let transformer = InputTransformer {
            input_paths_map: names
                .iter()
                .map(|name| ((*name).to_owned(), format!("$.detail.{name}")))
                .collect(),
            input_template: template.to_owned(),
        };
        let source = Source {
            envelope: &envelope,
            rule_name: "all",
            rule_arn: "arn:aws:events:us-east-1:111111111111:rule/all",
            ingested: "2026-09-13T12:17:30.408Z".parse().unwrap(),
        };
        fill(&transformer, &source).unwrap_or_else(|error| format!("! {error}"))
    }

    #[test]
    fn an_object_takes_values_as_json() {
        assert_eq!(
            filled(
                r#"{"a":<text>,"b":<number>,"c":<flag>,"d":<nothing>,"e":<object>,"f":<array>}"#
            ),
            r#"{"a":"hello","b":42,"c":true,"d":null,"e":{"first":"one","second":2},"f":["one","two",{"x":3}]}"#
        );
        assert_eq!(filled(r#"{"value":<quoted>}"#), r#"{"value":"say \"hello\""}"#);
    }

    #[test]
    fn strings_inside_an_objects_quotes_are_escaped() {
        assert_eq!(
            filled(r#"{"value":"prefix <quoted> suffix"}"#),
            r#"{"value":"prefix say \"hello\" suffix"}"#
        );
        assert_eq!(
            filled(r#"{"value":"prefix <escaped> suffix"}"#),
            r#"{"value":"prefix line\nslash\\tab\tend suffix"}"#
        );
        assert_eq!(
            filled(r#"{"status":"instance \"<text>\" is in <text>"}"#),
            r#"{"status":"instance \"hello\" is in hello"}"#
        );
    }

    #[test]
    fn objects_inside_quotes_go_in_raw_and_break_the_json() {
        assert_eq!(
            filled(r#"{"text":"<text>","number":"<number>","object":"<object>"}"#),
            r#"{"text":"hello","number":"42","object":"{"first":"one","second":2}"}"#
        );
    }

    #[test]
    fn an_absent_value_is_an_empty_string_in_an_object_and_nothing_in_text() {
        assert_eq!(filled(r#"{"before":1,"missing":<missing>}"#), r#"{"before":1,"missing":""}"#);
        assert_eq!(filled(r#"{"value":[<missing>]}"#), r#"{"value":[""]}"#);
        assert_eq!(filled(r#""before <missing> after""#), r#""before  after""#);
        assert_eq!(filled("[1,<missing>,2]"), "[1,,2]");
        assert_eq!(filled("<missing>"), "");
    }

    #[test]
    fn text_takes_values_as_they_are_and_objects_without_quotes() {
        assert_eq!(
            filled(r#""text=<text>; object=<object>; array=<array>""#),
            r#""text=hello; object={first:one,second:2}; array=[one,two,{x:3}]""#
        );
        assert_eq!(filled(r#""prefix <quoted> suffix""#), r#""prefix say "hello" suffix""#);
        assert_eq!(filled(r#""prefix \"<text>\" suffix""#), r#""prefix \"hello\" suffix""#);
        assert_eq!(filled("<number>"), "42");
        assert_eq!(filled("[<nothing>]"), "[null]");
        assert_eq!(filled("[<array>]"), "[[one,two,{x:3}]]");
        assert_eq!(
            filled("\"first <text>\"\n\"second <text>\""),
            "\"first hello\"\n\"second hello\""
        );
    }

    #[test]
    fn the_reserved_variables_are_those_of_rule_and_event() {
        assert_eq!(
            filled(
                r#"{"name":<aws.events.rule-name>,"at":<aws.events.event.ingestion-time>,"event":<aws.events.event>}"#
            ),
            concat!(
                r#"{"name":"all","at":"2026-09-13T12:17:30.408Z","event":{"id":"fb42b945","#,
                r#""account":"111111111111","detailType":"input-probe","time":1767323045000,"#,
                r#""source":"probe","region":"us-east-1","resources":[],"version":"0"}}"#
            )
        );
        assert!(
            filled(r#"{"full":<aws.events.event.json>}"#)
                .starts_with(r#"{"full":{"version":"0","id":"fb42b945","detail-type""#)
        );
        assert_eq!(
            filled(r#""<aws.events.rule-name> triggered <aws.events.rule-arn>""#),
            r#""all triggered arn:aws:events:us-east-1:111111111111:rule/all""#
        );
    }

    #[test]
    fn the_event_itself_belongs_into_json_only() {
        assert_eq!(
            filled(r#""event <aws.events.event.json>""#),
            "! InputTemplate contains placeholder aws.events.event.json valid only for JSON template."
        );
    }

    #[test]
    fn what_is_no_variable_stays() {
        assert_eq!(filled(r#""before <undefined> after""#), r#""before <undefined> after""#);
        assert_eq!(
            filled(r#"{"value":<aws.events.unknown>}"#),
            r#"{"value":<aws.events.unknown>}"#
        );
        assert_eq!(filled(r#""{[/a < b > <text>""#), r#""{[/a < b > hello""#);
        assert_eq!(filled("\"trailing \\"), "\"trailing \\");
    }
}
