//! From the input of an EventBridge target to the parameters of a runbook. Pure.
//!
//! A constant input stays as it is. In the template of an input transformer, values of the alarm's event become the
//! words that a rule fills in. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use std::collections::BTreeMap;

use run::template;
use serde::Deserialize;
use serde_json::Value;

/// The marks around a word until the constant texts are known to have none: of the private use area.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
/// The parameter in which people pass a role, which the suite does by itself.
const ROLE: &str = "AutomationAssumeRole";

/// How a target makes its input.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TargetInput {
    pub input: Option<String>,
    pub input_path: Option<String>,
    pub input_transformer: Option<InputTransformer>,
}

/// A template and what is put into it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InputTransformer {
    pub input_paths_map: BTreeMap<String, String>,
    pub input_template: String,
}

/// The parameters of a runbook, with words that a rule fills in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub values: BTreeMap<String, Vec<String>>,
    pub notes: Vec<String>,
}

impl Parameters {
    /// Reads the input of a target of the rule with this name.
    ///
    /// # Errors
    /// With the reason, when the input cannot be had from an alarm.
    pub(super) fn read(target: &TargetInput, rule: &str) -> Result<Self, String> {
        let text = match (&target.input, &target.input_path, &target.input_transformer) {
            (_, _, Some(transformer)) => filled(transformer, rule)?,
            (Some(input), ..) => input.clone(),
            (_, Some(path), _) => {
                return Err(format!("the input is a part of the event ({path}), not parameters"));
            }
            (None, None, None) => {
                let note = "The EventBridge rule sends the whole event; here the runbook gets no parameters.";
                return Ok(Self { notes: vec![note.to_owned()], ..Self::default() });
            }
        };
        let Ok(Value::Object(fields)) = serde_json::from_str(&text) else {
            return Err("the input is not a JSON object of parameters".to_owned());
        };
        let mut parameters = Self::default();
        for (name, value) in fields {
            let texts = match value {
                Value::Array(values) => values.iter().map(words).collect(),
                value => vec![words(&value)],
            };
            if let Some(text) = texts.iter().find(|text| template::words(text).next().is_some()) {
                return Err(format!("the parameter {name} has {text}, which a rule would fill in"));
            }
            let texts: Vec<String> =
                texts.iter().map(|text| text.replace(OPEN, "{").replace(CLOSE, "}")).collect();
            if name == ROLE {
                parameters.notes.push(format!(
                    "Left out: {ROLE} {}. The suite passes its own service role; another one is `run.serviceRole`.",
                    texts.join(", ")
                ));
                continue;
            }
            parameters.values.insert(name, texts);
        }
        Ok(parameters)
    }

    /// The dimensions that are filled in, by name.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = &str> {
        let texts = self.values.values().flatten();
        texts
            .flat_map(|text| template::words(text))
            .filter_map(|word| word.strip_prefix(template::DIMENSION))
    }

    /// The same with `{resource}` for a dimension that names the resource.
    pub(super) fn with_resource(mut self, dimension: &str) -> Self {
        let word = format!("{{{}{dimension}}}", template::DIMENSION);
        for text in self.values.values_mut().flatten() {
            *text = text.replace(&word, "{resource}");
        }
        self
    }
}

/// A value of a parameter: SSM's are texts, and lists and mappings are their JSON.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The template with marked words in the place of its variables: JSON, where the template is.
fn filled(transformer: &InputTransformer, rule: &str) -> Result<String, String> {
    let template = transformer.input_template.as_str();
    let (mut text, mut rest) = (String::new(), template);
    let (mut quoted, mut escaped) = (false, false);
    while let Some(sign) = rest.chars().next() {
        if let Some((name, after)) = variable(rest) {
            let value = value_of(name, transformer, rule)?;
            // A variable outside of quotes is a JSON value of its own.
            text += &if quoted { value } else { format!("\"{value}\"") };
            rest = after;
            escaped = false;
            continue;
        }
        match sign {
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = sign == '\\' && !escaped;
        text.push(sign);
        rest = &rest[sign.len_utf8()..];
    }
    Ok(text)
}

/// `<name>` at the beginning of a text, and what follows it.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(is_name)).then_some((name, after))
}

/// The marked word, or the text, that a variable stands for.
fn value_of(name: &str, transformer: &InputTransformer, rule: &str) -> Result<String, String> {
    if name == "aws.events.rule-name" {
        return Ok(rule.to_owned());
    }
    let Some(path) = transformer.input_paths_map.get(name) else {
        return Err(format!(
            "`<{name}>` in the input template stands for nothing that an alarm has"
        ));
    };
    let word = word(path).ok_or_else(|| {
        format!("the parameters need `{path}` of the event, which a rule cannot fill in")
    })?;
    Ok(format!("{OPEN}{word}{CLOSE}"))
}

/// The word of a rule for a value of an alarm's event.
fn word(path: &str) -> Option<String> {
    let path = path.trim();
    match path {
        "$.detail.alarmName" => return Some("alarm".to_owned()),
        "$.account" => return Some("account".to_owned()),
        "$.region" => return Some("region".to_owned()),
        "$.resources[0]" => return Some("alarmArn".to_owned()),
        _ => {}
    }
    let of_metric = |path: &str| {
        let (index, field) =
            path.strip_prefix("$.detail.configuration.metrics[")?.split_once(']')?;
        let is_index = index == "*" || index.parse::<u8>().is_ok();
        let field = field.strip_prefix(".metricStat.metric.dimensions")?;
        is_index.then(|| field.to_owned())
    };
    let of_contributor =
        |path: &str| path.strip_prefix("$.detail.alarmContributor.attributes").map(str::to_owned);
    let field = of_metric(path).or_else(|| of_contributor(path))?;
    let name = match field.strip_prefix('.') {
        Some(name) => name,
        None => field.strip_prefix("['")?.strip_suffix("']")?,
    };
    // As far as a rule's word may be written.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-/ ".contains(c);
    (!name.is_empty() && name.chars().all(is_name))
        .then(|| format!("{}{name}", template::DIMENSION))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(target: Value) -> Result<String, String> {
        let target: TargetInput = serde_json::from_value(target).unwrap();
        let parameters = Parameters::read(&target, "restart")?;
        Ok(format!("{:?} {:?}", parameters.values, parameters.notes))
    }

    /// AWS's example: the id of the instance from the alarm's event.
    fn transformed(template: &str) -> Value {
        json!({"InputTransformer": {
            "InputPathsMap": {
                "instance": "$.detail.configuration.metrics[0].metricStat.metric.dimensions.InstanceId",
                "alarm": "$.detail.alarmName", "region": "$.region", "arn": "$.resources[0]",
                "reason": "$.detail.state.reason",
                "device": "$.detail.configuration.metrics[0].metricStat.metric.dimensions['device']",
            },
            "InputTemplate": template,
        }})
    }

    #[test]
    fn a_constant_input_stays_and_a_role_is_left_to_the_suite() {
        assert_eq!(
            read(json!({"Input": r#"{"InstanceId": ["i-1", "i-2"], "Force": true, "Map": {"a": 1}}"#})).unwrap(),
            r#"{"Force": ["true"], "InstanceId": ["i-1", "i-2"], "Map": ["{\"a\":1}"]} []"#
        );
        let role = r#"{"AutomationAssumeRole": ["arn:aws:iam::111122223333:role/Automation"]}"#;
        let read = read(json!({"Input": role})).unwrap();
        assert!(read.starts_with("{} [\"Left out: AutomationAssumeRole arn:aws"), "{read}");
    }

    #[test]
    fn values_of_the_event_become_words_in_quotes_and_without() {
        for template in [
            r#"{"InstanceId": [<instance>]}"#,
            r#"{"InstanceId": ["<instance>"]}"#,
            r#"{"InstanceId": <instance>}"#,
        ] {
            assert_eq!(
                read(transformed(template)).unwrap(),
                r#"{"InstanceId": ["{dimension.InstanceId}"]} []"#,
                "{template}"
            );
        }
        assert_eq!(
            read(transformed(
                r#"{"Note": ["\"<alarm>\" in <region>: <arn> <device> by <aws.events.rule-name>"]}"#
            ))
            .unwrap(),
            r#"{"Note": ["\"{alarm}\" in {region}: {alarmArn} {dimension.device} by restart"]} []"#
        );
    }

    #[test]
    fn a_dimension_becomes_the_resource() {
        let target: TargetInput = serde_json::from_value(transformed(
            r#"{"InstanceId": [<instance>], "Device": ["<device>"]}"#,
        ))
        .unwrap();
        let parameters = Parameters::read(&target, "restart").unwrap();
        let mut dimensions: Vec<&str> = parameters.dimensions().collect();
        dimensions.sort();
        assert_eq!(dimensions, ["InstanceId", "device"]);
        let parameters = parameters.with_resource("InstanceId");
        assert_eq!(parameters.values["InstanceId"], ["{resource}"]);
        assert_eq!(parameters.values["Device"], ["{dimension.device}"]);
    }

    #[test]
    fn what_an_alarm_does_not_have_is_named() {
        for (target, says) in [
            (transformed(r#"{"Reason": ["<reason>"]}"#), "`$.detail.state.reason`"),
            (transformed(r#"{"Event": <aws.events.event.json>}"#), "`<aws.events.event.json>`"),
            (transformed(r#""<alarm> is on""#), "not a JSON object"),
            (json!({"InputPath": "$.detail"}), "a part of the event ($.detail)"),
            (json!({"Input": "[1]"}), "not a JSON object"),
            (json!({"Input": r#"{"Text": ["{region}"]}"#}), "which a rule would fill in"),
        ] {
            let why = read(target).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        assert!(read(json!({})).unwrap().contains("sends the whole event"));
    }
}
