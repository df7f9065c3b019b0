//! EventBridge's events of an alarm, and the payload of its Lambda actions, which holds the same.
//!
//! Shapes: CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda function from
//! an alarm".

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::instant;
use super::record::{
    AlarmDetails, AlarmRule, AlarmState, Composite, ContributorChange, Metric, Query,
    Reconfiguration, SingleMetric, Transition, Watched, named,
};

/// The event of a change of state, which is sent whether or not the alarm acts.
pub fn state_change(transition: &Transition) -> Value {
    let Transition { account, region, at, alarm, state, .. } = transition;
    envelope(
        "CloudWatch Alarm State Change",
        (account, region),
        *at,
        alarm,
        &state.value,
        data(transition),
    )
}

/// The event of one time series of an alarm that watches many.
pub fn contributor_change(change: &ContributorChange) -> Value {
    let ContributorChange { account, region, at, alarm, id, attributes, state } = change;
    let detail = json!({
        "alarmName": alarm.alarm_name,
        "alarmContributor": {"id": id, "attributes": attributes},
        "state": shown(state, None),
        "configuration": configuration(alarm),
    });
    let what = format!("{}/{id}", state.value);
    let name = "CloudWatch Alarm Contributor State Change";
    envelope(name, (account, region), *at, alarm, &what, detail)
}

/// The payload of a function.
pub fn lambda_payload(transition: &Transition) -> Value {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": transition.alarm.alarm_arn,
        "accountId": transition.account,
        "time": instant(transition.at),
        "region": transition.region,
        "alarmData": data(transition),
    })
}

/// The event of an alarm that was made, changed or deleted.
pub fn configuration_change(change: &Reconfiguration) -> Value {
    let Reconfiguration { account, region, at, operation, alarm, state, previous_alarm } = change;
    let mut detail = json!({
        "alarmName": alarm.alarm_name,
        "operation": operation,
        "state": shown(state, None),
        "configuration": whole_configuration(alarm),
    });
    if let Some(previous) = previous_alarm {
        detail["previousConfiguration"] = whole_configuration(previous);
    }
    let name = "CloudWatch Alarm Configuration Change";
    envelope(name, (account, region), *at, alarm, operation, detail)
}

fn envelope(
    detail_type: &str,
    (account, region): (&str, &str),
    at: jiff::Timestamp,
    alarm: &AlarmDetails,
    what: &str,
    detail: Value,
) -> Value {
    // The same change has the same id, should it be handed over twice.
    let name = format!("{}/{detail_type}/{}/{what}", alarm.alarm_arn, at.as_millisecond());
    let mut envelope = json!({
        "version": "0",
        "id": Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()),
        "detail-type": detail_type,
        "source": "aws.cloudwatch",
        "account": account,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": region,
        "resources": [alarm.alarm_arn],
    });
    envelope["detail"] = detail;
    envelope
}

/// The members that an event's `detail` and a payload's `alarmData` share.
fn data(transition: &Transition) -> Value {
    let Transition { alarm, state, previous, suppressed_by, previously_suppressed_by, .. } =
        transition;
    json!({
        "alarmName": alarm.alarm_name,
        "state": shown(state, suppressed_by.as_deref()),
        "previousState": shown(previous, previously_suppressed_by.as_deref()),
        "configuration": configuration(alarm),
    })
}

fn shown(state: &AlarmState, suppressed_by: Option<&str>) -> Value {
    let mut shown = Map::new();
    if let Some(by) = suppressed_by {
        shown.insert("actionsSuppressedBy".into(), by.into());
        let reason = format!("Actions suppressed by {by}");
        shown.insert("actionsSuppressedReason".into(), reason.into());
    }
    shown.insert("value".into(), state.value.clone().into());
    put(&mut shown, "reason", state.reason.clone());
    put(&mut shown, "reasonData", state.reason_data.clone());
    shown.insert("timestamp".into(), instant(state.at).into());
    Value::Object(shown)
}

fn configuration(alarm: &AlarmDetails) -> Value {
    let mut shown = Map::new();
    if let Watched::Alarms(composite) = &alarm.watched {
        composite_configuration(&mut shown, composite);
    } else {
        put(&mut shown, "description", alarm.alarm_description.clone());
        shown.insert("metrics".into(), metrics(alarm));
    }
    Value::Object(shown)
}

/// As configuration changes show it: actions and rule too.
fn whole_configuration(alarm: &AlarmDetails) -> Value {
    let mut shown = Map::new();
    match &alarm.watched {
        Watched::Alarms(composite) => composite_configuration(&mut shown, composite),
        Watched::Queries { rule, .. } | Watched::Metric { rule, .. } => {
            rule_configuration(&mut shown, rule);
            shown.insert("metrics".into(), metrics(alarm));
        }
    }
    shown.insert("alarmName".into(), alarm.alarm_name.clone().into());
    put(&mut shown, "description", alarm.alarm_description.clone());
    shown.insert("actionsEnabled".into(), alarm.actions_enabled.into());
    shown.insert("timestamp".into(), instant(alarm.configured_at()).into());
    shown.insert("okActions".into(), json!(alarm.ok_actions));
    shown.insert("alarmActions".into(), json!(alarm.alarm_actions));
    shown.insert("insufficientDataActions".into(), json!(alarm.insufficient_data_actions));
    Value::Object(shown)
}

fn composite_configuration(shown: &mut Map<String, Value>, composite: &Composite) {
    shown.insert("alarmRule".into(), composite.alarm_rule.clone().into());
    put(shown, "actionsSuppressor", composite.actions_suppressor.clone());
    put(shown, "actionsSuppressorWaitPeriod", composite.actions_suppressor_wait_period);
    put(shown, "actionsSuppressorExtensionPeriod", composite.actions_suppressor_extension_period);
}

fn rule_configuration(shown: &mut Map<String, Value>, rule: &AlarmRule) {
    shown.insert("evaluationPeriods".into(), rule.evaluation_periods.into());
    put(shown, "datapointsToAlarm", rule.datapoints_to_alarm);
    put(shown, "threshold", rule.threshold);
    put(shown, "thresholdMetricId", rule.threshold_metric_id.clone());
    shown.insert("comparisonOperator".into(), rule.comparison_operator.clone().into());
    put(shown, "treatMissingData", rule.treat_missing_data.clone());
}

fn metrics(alarm: &AlarmDetails) -> Value {
    match &alarm.watched {
        Watched::Alarms(_) => json!([]),
        Watched::Queries { metrics, .. } => metrics.iter().map(query).collect(),
        Watched::Metric { metric, .. } => json!([single(&alarm.alarm_arn, metric)]),
    }
}

/// The one metric of an alarm: AWS makes an id up, a UUID.
fn single(alarm_arn: &str, metric: &SingleMetric) -> Value {
    let name = format!("{alarm_arn}/{}/{}", metric.namespace, metric.metric_name);
    let stat = metric.extended_statistic.as_ref().or(metric.statistic.as_ref());
    let mut shown = json!({
        "metric": {
            "namespace": metric.namespace,
            "name": metric.metric_name,
            "dimensions": named(&metric.dimensions),
        },
        "period": metric.period,
        "stat": stat.map_or("Average", String::as_str),
    });
    if let Some(unit) = &metric.unit {
        shown["unit"] = json!(unit);
    }
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    json!({"id": id, "metricStat": shown, "returnData": true})
}

fn query(query: &Query) -> Value {
    let mut shown = Map::new();
    shown.insert("id".into(), query.id.clone().into());
    if let Some(stat) = &query.metric_stat {
        let Metric { namespace, metric_name, dimensions } = &stat.metric;
        let mut metric_stat = json!({
            "metric": {
                "namespace": namespace, "name": metric_name, "dimensions": named(dimensions)
            },
            "period": stat.period,
            "stat": stat.stat,
        });
        if let Some(unit) = &stat.unit {
            metric_stat["unit"] = json!(unit);
        }
        shown.insert("metricStat".into(), metric_stat);
    }
    put(&mut shown, "expression", query.expression.clone());
    put(&mut shown, "label", query.label.clone());
    put(&mut shown, "period", query.period);
    put(&mut shown, "accountId", query.account_id.clone());
    shown.insert("returnData".into(), query.returns_data().into());
    Value::Object(shown)
}

fn put(shown: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        shown.insert(name.into(), value.into());
    }
}
