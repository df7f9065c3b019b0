//! From the pattern of an EventBridge rule to the alarms of a remediation rule. Pure.
//!
//! A pattern is turned into the same alarms, or into more where a note says so; a condition that would be lost
//! silently is refused. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::collections::BTreeMap;

use relay_core::alarm::AlarmArn;
use relay_core::id::{AccountId, Region};
use serde_json::{Map, Value, json};

const METRIC: &str = "detail.configuration.metrics.metricStat.metric.";
const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
const CONTRIBUTOR: &str = "CloudWatch Alarm Contributor State Change";

/// The alarms of a pattern, as fields of `alarm`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Alarms {
    names: Vec<String>,
    namespace: Option<String>,
    metric: Option<String>,
    accounts: Vec<AccountId>,
    regions: Vec<Region>,
    contributors: bool,
    /// Where the rule answers more than the pattern.
    pub notes: Vec<String>,
}

/// Why there is no rule for a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub why: String,
    pub help: String,
}

fn refused<T>(why: impl Into<String>, help: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { why: why.into(), help: help.into() })
}

impl Alarms {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is not about alarms that go into ALARM, or has a condition that rules do not have.
    pub(super) fn read(pattern: &Value) -> Result<Self, Refused> {
        let mut conditions = BTreeMap::new();
        flatten("", pattern, &mut conditions)?;
        let mut alarms = Self::default();
        alarms.check_source(conditions.remove("source"))?;
        alarms.check_detail_type(conditions.remove("detail-type"))?;
        if let (Some(_), Some(_)) =
            (conditions.get("resources"), conditions.get("detail.alarmName"))
        {
            return refused(
                "the pattern names alarms twice, in `resources` and in `detail.alarmName`",
                "Leave one of the two, and import again.",
            );
        }
        for (path, values) in conditions {
            alarms.add(&path, values)?;
        }
        Ok(alarms)
    }

    /// The pattern has to be about CloudWatch, and may be about other sources, too.
    fn check_source(&self, source: Option<&Vec<Value>>) -> Result<(), Refused> {
        match source {
            Some(values) if values.contains(&json!("aws.cloudwatch")) => Ok(()),
            _ => refused(
                "no CloudWatch alarm starts it",
                "The suite answers alarms. Leave this rule in EventBridge, or make an alarm of what it is about.",
            ),
        }
    }

    fn check_detail_type(&mut self, types: Option<&Vec<Value>>) -> Result<(), Refused> {
        let Some(types) = types else { return Ok(()) };
        let has = |name: &str| types.contains(&json!(name));
        match (has(STATE_CHANGE), has(CONTRIBUTOR)) {
            (true, false) => {}
            (false, true) => self.contributors = true,
            (true, true) => self.notes.push(
                "The rule answers alarms as a whole. For each contributor of an alarm by itself, set `contributors: true`."
                    .to_owned(),
            ),
            (false, false) => {
                return refused(
                    "it does not answer state changes of alarms",
                    "The suite answers alarms that go into ALARM. Leave this rule in EventBridge.",
                );
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, values: &[Value]) -> Result<(), Refused> {
        match path {
            "account" => self.accounts = exact(path, values)?,
            "region" => self.regions = exact(path, values)?,
            "resources" => self.add_resources(values)?,
            "detail.alarmName" => {
                let globs: Result<Vec<String>, Refused> =
                    values.iter().map(|value| self.glob(path, value)).collect();
                self.names = globs?;
            }
            "detail.state.value" => {
                if !values.contains(&json!("ALARM")) {
                    return refused(
                        "it answers other states than ALARM",
                        "The suite answers alarms that go into ALARM. Leave this rule in EventBridge.",
                    );
                }
                if values.len() > 1 {
                    let note = "The EventBridge rule answers other states, too; this one only alarms that go into ALARM.";
                    self.notes.push(note.to_owned());
                }
            }
            "detail.previousState.value" => self.notes.push(format!(
                "The EventBridge rule asks for the state before ({}); this one answers every transition into ALARM, but none of \
                 an alarm that was just made.",
                words(values)
            )),
            path => match path.strip_prefix(METRIC) {
                Some("namespace") => self.namespace = Some(self.single(path, values)?),
                Some("name") => self.metric = Some(self.single(path, values)?),
                _ => return unknown(path),
            },
        }
        Ok(())
    }

    /// ARNs of alarms, or how they begin.
    fn add_resources(&mut self, values: &[Value]) -> Result<(), Refused> {
        let mut places = Vec::new();
        for value in values {
            let (arn, is_prefix) = match (value.as_str(), value["prefix"].as_str()) {
                (Some(arn), _) => (arn.to_owned(), false),
                // Something has to stand where the name is.
                (_, Some(prefix)) => (format!("{prefix}*"), true),
                _ => return unknown("resources"),
            };
            let Ok(read) = arn.parse::<AlarmArn>() else {
                return refused(
                    format!("`resources` has {arn}, which is not the ARN of an alarm"),
                    "Write the rule by hand: docs/rules.md.",
                );
            };
            let name = if is_prefix { read.name().to_owned() } else { self.literal(read.name()) };
            self.names.push(name);
            places.push((read.account(), read.region().clone()));
        }
        places.sort();
        places.dedup();
        if places.len() > 1 {
            let note = "The alarms are in several accounts or Regions: the rule answers an alarm of each of these names in each of them.";
            self.notes.push(note.to_owned());
        }
        for (account, region) in places {
            if !self.accounts.contains(&account) {
                self.accounts.push(account);
            }
            if !self.regions.contains(&region) {
                self.regions.push(region);
            }
        }
        Ok(())
    }

    fn single(&mut self, path: &str, values: &[Value]) -> Result<String, Refused> {
        match values {
            [value] => self.glob(path, value),
            _ => refused(
                format!("`{path}` has {} values, and a rule has one pattern", values.len()),
                "Split the EventBridge rule into one for each of them, and import again.",
            ),
        }
    }

    /// A condition on a text as a glob.
    fn glob(&mut self, path: &str, value: &Value) -> Result<String, Refused> {
        if let Some(text) = value.as_str() {
            return Ok(self.literal(text));
        }
        let of = |key: &str| value[key].as_str();
        if value["exists"] == true {
            return Ok("*".to_owned());
        }
        match (of("prefix"), of("suffix"), of("wildcard")) {
            (Some(prefix), ..) => Ok(format!("{}*", self.literal(prefix))),
            (_, Some(suffix), _) => Ok(format!("*{}", self.literal(suffix))),
            (.., Some(wildcard)) if !wildcard.contains('\\') => {
                Ok(self.literal(&wildcard.replace('*', "\u{0}")).replace('\u{0}', "*"))
            }
            _ => refused(
                format!(
                    "`{path}` has the condition {value}, and rules know only patterns with * and ?"
                ),
                "Name the alarms by patterns in the EventBridge rule, and import again, or write the rule by hand: docs/rules.md.",
            ),
        }
    }

    /// A text that stands for itself; in a glob, two characters do not.
    fn literal(&mut self, text: &str) -> String {
        if text.contains(['*', '?']) {
            self.notes.push(format!(
                "`{text}` has a * or a ?, which stand for any text and any character in a rule: look whether other alarms match."
            ));
        }
        text.to_owned()
    }

    /// The fields of `alarm`. A rule of EventBridge hears of its own account and Region; the suite hears of all.
    pub(super) fn fields(&self, account: AccountId, region: &Region) -> Value {
        let mut fields = Map::new();
        let names_nothing =
            self.names.is_empty() && self.namespace.is_none() && self.metric.is_none();
        let names = if names_nothing { vec!["*".to_owned()] } else { self.names.clone() };
        if !names.is_empty() {
            fields.insert("names".to_owned(), json!(names));
        }
        for (key, glob) in [("namespace", &self.namespace), ("metric", &self.metric)] {
            fields.extend(glob.as_ref().map(|glob| (key.to_owned(), json!(glob))));
        }
        let accounts = if self.accounts.is_empty() { vec![account] } else { self.accounts.clone() };
        let regions =
            if self.regions.is_empty() { vec![region.clone()] } else { self.regions.clone() };
        fields.insert("accounts".to_owned(), json!(accounts));
        fields.insert("regions".to_owned(), json!(regions));
        if self.contributors {
            fields.insert("contributors".to_owned(), json!(true));
        }
        Value::Object(fields)
    }
}

/// Every condition of a pattern with the path of its field. All of them have to hold.
fn flatten<'a>(
    path: &str,
    pattern: &'a Value,
    conditions: &mut BTreeMap<String, &'a Vec<Value>>,
) -> Result<(), Refused> {
    match pattern {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "$or" {
                    return refused(
                        "the pattern has `$or`",
                        "Split the EventBridge rule into one for each alternative, and import again.",
                    );
                }
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, conditions)?;
            }
            Ok(())
        }
        Value::Array(values) => {
            conditions.insert(path.to_owned(), values);
            Ok(())
        }
        _ => refused(
            format!("`{path}` is not a list of values"),
            "EventBridge takes no such pattern. Write the rule by hand: docs/rules.md.",
        ),
    }
}

/// Ids that are named one by one.
fn exact<T: std::str::FromStr>(path: &str, values: &[Value]) -> Result<Vec<T>, Refused> {
    let read = values.iter().map(|value| value.as_str().and_then(|text| text.parse().ok()));
    match read.collect::<Option<Vec<T>>>() {
        Some(read) => Ok(read),
        None => refused(
            format!("`{path}` has a condition ({}) that is not a list of names", words(values)),
            "Name each of them in the EventBridge rule, and import again.",
        ),
    }
}

fn unknown<T>(path: &str) -> Result<T, Refused> {
    let help = match path.strip_prefix(METRIC) {
        Some(field) if field.starts_with("dimensions") => {
            "Rules know alarms by name, namespace, metric, account, Region and tags. Give `alarm.names` or `alarm.tags` that only \
             these alarms have."
        }
        _ => {
            "Leave this condition out of the EventBridge rule and import again, if alarms can be distinguished without it."
        }
    };
    refused(format!("rules have no condition on `{path}`"), help)
}

fn words(values: &[Value]) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    values.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: &str =
        r#""source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]"#;

    fn read(more: &str) -> Result<(String, Vec<String>), String> {
        let pattern: Value = serde_json::from_str(&format!("{{{OTHERS}{more}}}")).unwrap();
        let alarms = Alarms::read(&pattern).map_err(|refused| refused.why)?;
        let fields = alarms.fields("111122223333".parse().unwrap(), &"us-east-1".parse().unwrap());
        Ok((fields.to_string(), alarms.notes))
    }

    /// The fields but for the account and Region that every rule has, where it names no others.
    fn fields(more: &str) -> String {
        let (fields, notes) = read(more).unwrap();
        assert_eq!(notes, Vec::<String>::new(), "{more}");
        fields.replace(r#","accounts":["111122223333"],"regions":["us-east-1"]"#, "")
    }

    #[test]
    fn a_pattern_on_names_becomes_globs() {
        let alarm = r#", "detail": {"state": {"value": ["ALARM"]}, "alarmName": "#;
        for (names, globs) in [
            (r#"["web-cpu", "web-disk"]"#, r#"{"names":["web-cpu","web-disk"]}"#),
            (r#"[{"prefix": "web-"}]"#, r#"{"names":["web-*"]}"#),
            (r#"[{"suffix": "-cpu"}]"#, r#"{"names":["*-cpu"]}"#),
            (r#"[{"wildcard": "web-*-cpu"}]"#, r#"{"names":["web-*-cpu"]}"#),
            (r#"[{"exists": true}]"#, r#"{"names":["*"]}"#),
        ] {
            assert_eq!(fields(&format!("{alarm}{names}}}")), globs);
        }
    }

    #[test]
    fn a_pattern_on_metrics_keeps_namespace_and_metric() {
        let metric = r#", "detail": {"state": {"value": ["ALARM"]}, "configuration": {"metrics": {"metricStat": {"metric": {
            "namespace": ["AWS/EC2"], "name": [{"prefix": "StatusCheckFailed"}]}}}}}"#;
        assert_eq!(fields(metric), r#"{"namespace":"AWS/EC2","metric":"StatusCheckFailed*"}"#);
    }

    #[test]
    fn a_pattern_without_a_name_is_about_all_alarms_of_its_account_and_region() {
        assert_eq!(
            read("").unwrap().0,
            r#"{"names":["*"],"accounts":["111122223333"],"regions":["us-east-1"]}"#
        );
        let elsewhere = r#", "account": ["222233334444"], "region": ["eu-west-1", "eu-west-2"]"#;
        assert_eq!(
            read(elsewhere).unwrap().0,
            r#"{"names":["*"],"accounts":["222233334444"],"regions":["eu-west-1","eu-west-2"]}"#
        );
    }

    #[test]
    fn the_arns_of_alarms_say_names_accounts_and_regions() {
        let arns = r#", "resources": ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:ServerCpuTooHigh",
            {"prefix": "arn:aws:cloudwatch:us-west-2:123456789012:alarm:disk-"}]"#;
        assert_eq!(
            read(arns).unwrap(),
            (
                r#"{"names":["ServerCpuTooHigh","disk-*"],"accounts":["123456789012"],"regions":["us-west-2"]}"#.to_owned(),
                Vec::new()
            )
        );
    }

    #[test]
    fn where_a_rule_answers_more_than_the_pattern_a_note_says_so() {
        for (more, says) in [
            (r#", "detail": {"state": {"value": ["ALARM", "OK"]}}"#, "other states"),
            (r#", "detail": {"previousState": {"value": ["OK"]}}"#, "state before (OK)"),
            (r#", "detail": {"alarmName": ["what?"]}"#, "has a * or a ?"),
            (
                r#", "resources": ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:a",
                "arn:aws:cloudwatch:us-east-1:123456789012:alarm:b"]"#,
                "in each of them",
            ),
        ] {
            let (_, notes) = read(more).unwrap();
            assert!(notes.len() == 1 && notes[0].contains(says), "{notes:?}");
        }
    }

    #[test]
    fn a_condition_that_rules_do_not_have_is_named() {
        for (more, says) in [
            (r#", "detail": {"state": {"value": ["OK"]}}"#, "other states than ALARM"),
            (r#", "detail": {"state": {"reason": [{"prefix": "T"}]}}"#, "`detail.state.reason`"),
            (r#", "detail": {"alarmName": [{"anything-but": ["a"]}]}"#, "anything-but"),
            (r#", "detail": {"alarmName": [{"wildcard": "a\\*"}]}"#, "wildcard"),
            (r#", "detail": {"$or": [{"alarmName": ["a"]}]}"#, "`$or`"),
            (r#", "time": ["2026-01-01T00:00:00Z"]"#, "`time`"),
            (r#", "account": [{"prefix": "1"}]"#, "not a list of names"),
            (
                r#", "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-1"]"#,
                "not the ARN of an alarm",
            ),
            (
                r#", "detail": {"configuration": {"metrics": {"metricStat": {"metric": {"dimensions": {"InstanceId": ["i-1"]}}}}}}"#,
                "dimensions.InstanceId",
            ),
            (
                r#", "detail": {"configuration": {"metrics": {"metricStat": {"metric": {"namespace": ["AWS/EC2", "CWAgent"]}}}}}"#,
                "has 2 values",
            ),
            (
                r#", "resources": ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:a"], "detail": {"alarmName": ["a"]}"#,
                "names alarms twice",
            ),
        ] {
            let why = read(more).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn what_is_not_a_state_change_of_an_alarm_is_not_for_the_suite() {
        for (pattern, says) in [
            (json!({"source": ["aws.ec2"]}), "no CloudWatch alarm"),
            (json!({"account": ["123456789012"]}), "no CloudWatch alarm"),
            (
                json!({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm Configuration Change"]}),
                "state changes of alarms",
            ),
        ] {
            let refused = Alarms::read(&pattern).unwrap_err();
            assert!(refused.why.contains(says), "{refused:?}");
            assert!(!refused.help.is_empty());
        }
        let contributors = json!({"source": ["aws.cloudwatch"], "detail-type": [CONTRIBUTOR]});
        assert!(Alarms::read(&contributors).unwrap().contributors);
    }
}
