//! The message that an alarm publishes to a topic.
//!
//! AWS documents the message nowhere as a whole; the shape is that of messages received, as in
//! `events/sns/`.

use serde_json::{Map, Value, json};

use super::instant;
use super::record::{AlarmRule, AlarmState, Dimension, Query, SingleMetric, Transition, Watched};
use super::region::region_name;

/// SNS takes subjects of fewer characters than this.
const SUBJECT_CHARACTERS: usize = 100;

/// A message for a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// One line of fewer than 100 characters.
    pub subject: String,
    /// A JSON document, as text.
    pub message: String,
}

/// The message of a transition, the same to every topic.
pub fn notification(transition: &Transition) -> Notification {
    Notification { subject: subject(transition), message: message(transition).to_string() }
}

/// `ALARM: "name" in US East (N. Virginia)`; a long name is cut.
fn subject(transition: &Transition) -> String {
    let Transition { state, alarm, region, .. } = transition;
    let line = |name: &str| format!("{}: \"{name}\" in {}", state.value, region_name(region));
    // SNS takes printable ASCII only.
    let name: String = alarm
        .alarm_name
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect();
    let whole = line(&name);
    let over = (whole.len() + 1).saturating_sub(SUBJECT_CHARACTERS);
    if over == 0 {
        return whole;
    }
    let kept = name.len().saturating_sub(over + "...".len());
    line(&format!("{}...", name.get(..kept).unwrap_or_default()))
}

fn message(transition: &Transition) -> Value {
    let Transition { account, region, at, alarm, state, previous, .. } = transition;
    let mut message = json!({
        "AlarmName": alarm.alarm_name,
        "AlarmDescription": alarm.alarm_description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": instant(alarm.configured_at()),
        "NewStateValue": state.value,
        "NewStateReason": state.reason,
        "StateChangeTime": instant(*at),
        "Region": region_name(region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": previous.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    });
    match &alarm.watched {
        Watched::Alarms(composite) => {
            message["AlarmRule"] = json!(composite.alarm_rule);
            message["TriggeringChildren"] = children(state);
        }
        Watched::Queries { metrics, rule } => {
            let period = metrics.iter().filter_map(period).max().unwrap_or(60);
            let mut trigger = rule_members(period, rule);
            trigger.insert("Metrics".into(), metrics.iter().map(query).collect());
            message["Trigger"] = trigger.into();
        }
        Watched::Metric { metric, rule } => {
            let mut trigger = metric_members(metric);
            trigger.extend(rule_members(metric.period, rule));
            message["Trigger"] = trigger.into();
        }
    }
    message
}

fn metric_members(metric: &SingleMetric) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("MetricName".into(), json!(metric.metric_name));
    members.insert("Namespace".into(), json!(metric.namespace));
    match &metric.extended_statistic {
        Some(percentile) => {
            members.insert("StatisticType".into(), json!("ExtendedStatistic"));
            members.insert("ExtendedStatistic".into(), json!(percentile));
        }
        None => {
            let statistic = metric.statistic.as_deref().unwrap_or("Average");
            members.insert("StatisticType".into(), json!("Statistic"));
            members.insert("Statistic".into(), json!(shouted(statistic)));
        }
    }
    members.insert("Unit".into(), json!(metric.unit));
    members.insert("Dimensions".into(), pairs(&metric.dimensions));
    members
}

/// `SampleCount` is `SAMPLE_COUNT` here, `Average` is `AVERAGE`.
fn shouted(statistic: &str) -> String {
    match statistic {
        "SampleCount" => "SAMPLE_COUNT".to_owned(),
        other => other.to_uppercase(),
    }
}

fn rule_members(period: i64, rule: &AlarmRule) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("Period".into(), json!(period));
    members.insert("EvaluationPeriods".into(), json!(rule.evaluation_periods));
    if let Some(datapoints) = rule.datapoints_to_alarm {
        members.insert("DatapointsToAlarm".into(), json!(datapoints));
    }
    members.insert("ComparisonOperator".into(), json!(rule.comparison_operator));
    if let Some(band) = &rule.threshold_metric_id {
        members.insert("ThresholdMetricId".into(), json!(band));
    } else {
        members.insert("Threshold".into(), json!(rule.threshold));
    }
    let missing = rule.treat_missing_data.as_deref().unwrap_or("missing");
    let missing = format!("- TreatMissingData:                    {missing}");
    members.insert("TreatMissingData".into(), json!(missing));
    let low = rule.evaluate_low_sample_count_percentile.as_deref().unwrap_or_default();
    members.insert("EvaluateLowSampleCountPercentile".into(), json!(low));
    members
}

fn period(query: &Query) -> Option<i64> {
    query.metric_stat.as_ref().map(|stat| stat.period).or(query.period)
}

fn query(query: &Query) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            shown.insert(name.into(), value);
        }
    };
    put("Expression", json!(query.expression));
    put("Id", json!(query.id));
    put("Label", json!(query.label));
    if let Some(stat) = &query.metric_stat {
        let metric = json!({
            "Dimensions": pairs(&stat.metric.dimensions),
            "MetricName": stat.metric.metric_name,
            "Namespace": stat.metric.namespace,
        });
        put("MetricStat", json!({"Metric": metric, "Period": stat.period, "Stat": stat.stat}));
    }
    put("Period", json!(query.period));
    put("AccountId", json!(query.account_id));
    put("ReturnData", json!(query.returns_data()));
    Value::Object(shown)
}

/// `[{"value": …, "name": …}]`, in SNS's order and spelling.
fn pairs(dimensions: &[Dimension]) -> Value {
    dimensions.iter().map(|each| json!({"value": each.value, "name": each.name})).collect()
}

/// The children that made a composite alarm change, in SNS's spelling.
fn children(state: &AlarmState) -> Value {
    let data: Value = state
        .reason_data
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let listed = data["triggeringAlarms"].as_array().into_iter().flatten();
    listed
        .map(|child| {
            let state = &child["state"];
            json!({
                "Arn": child["arn"],
                "State": {"Value": state["value"], "Timestamp": state["timestamp"]},
            })
        })
        .collect()
}
