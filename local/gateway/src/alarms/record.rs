//! The emulator's record of an alarm that changed: its configuration as the API describes it, its
//! state before and after, and the instant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// One change of one alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum AlarmChange {
    State(Box<Transition>),
    /// It was made, changed or deleted.
    Configuration(Box<Reconfiguration>),
    Contributor(Box<ContributorChange>),
}

/// A change of state.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    pub account: String,
    pub region: String,
    /// When; the one instant that all messages show.
    #[serde(deserialize_with = "milliseconds")]
    pub at: Timestamp,
    /// The alarm as configured.
    pub alarm: AlarmDetails,
    /// The state it is in now.
    pub state: AlarmState,
    /// The state it was in.
    pub previous: AlarmState,
    /// The reason that keeps a composite alarm from acting: `WaitPeriod`, `Alarm` or `ExtensionPeriod`.
    pub suppressed_by: Option<String>,
    /// The reason that kept it from acting before.
    pub previously_suppressed_by: Option<String>,
}

/// A change of one time series of an alarm that watches many.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContributorChange {
    pub account: String,
    pub region: String,
    #[serde(deserialize_with = "milliseconds")]
    pub at: Timestamp,
    /// The alarm as configured.
    pub alarm: AlarmDetails,
    /// Which of its time series.
    pub id: String,
    pub attributes: BTreeMap<String, String>,
    pub state: AlarmState,
}

/// A change of configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconfiguration {
    pub account: String,
    pub region: String,
    #[serde(deserialize_with = "milliseconds")]
    pub at: Timestamp,
    /// `create`, `update` or `delete`.
    pub operation: String,
    /// The alarm as it is now, or was before it was deleted.
    pub alarm: AlarmDetails,
    pub state: AlarmState,
    /// The alarm as it was before an update.
    pub previous_alarm: Option<AlarmDetails>,
}

/// A state of an alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmState {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub value: String,
    /// Why; of a composite alarm nothing before its rule was evaluated.
    pub reason: Option<String>,
    /// A JSON document, as text.
    pub reason_data: Option<String>,
    /// When it entered this state.
    #[serde(deserialize_with = "milliseconds")]
    pub at: Timestamp,
}

/// An alarm as `DescribeAlarms` shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmDetails {
    pub alarm_name: String,
    pub alarm_arn: String,
    /// Absent where none was given.
    pub alarm_description: Option<String>,
    /// Whether it acts at all.
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    /// Its actions on OK.
    #[serde(rename = "OKActions", default)]
    pub ok_actions: Vec<String>,
    /// Its actions on ALARM.
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    /// Its actions on INSUFFICIENT_DATA.
    #[serde(default)]
    pub insufficient_data_actions: Vec<String>,
    /// When it was last configured, in seconds.
    #[serde(default)]
    pub alarm_configuration_updated_timestamp: f64,
    #[serde(flatten)]
    pub watched: Watched,
}

/// The subject of an alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Watched {
    Alarms(Composite),
    /// Several metrics, or expressions.
    Queries {
        /// The queries, in the order they were given.
        #[serde(rename = "Metrics")]
        metrics: Vec<Query>,
        /// The condition for ALARM.
        #[serde(flatten)]
        rule: AlarmRule,
    },
    Metric {
        /// Which one, and what of it.
        #[serde(flatten)]
        metric: SingleMetric,
        /// The condition for ALARM.
        #[serde(flatten)]
        rule: AlarmRule,
    },
}

/// A composite alarm's own part.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Composite {
    /// The rule over other alarms.
    pub alarm_rule: String,
    /// The alarm that keeps it from acting.
    pub actions_suppressor: Option<String>,
    /// A time in seconds.
    pub actions_suppressor_wait_period: Option<i64>,
    /// A time in seconds.
    pub actions_suppressor_extension_period: Option<i64>,
}

/// One metric of one alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SingleMetric {
    pub metric_name: String,
    pub namespace: String,
    /// `Average`, …
    pub statistic: Option<String>,
    /// `p99`, …
    pub extended_statistic: Option<String>,
    /// A time in seconds.
    #[serde(default = "minute")]
    pub period: i64,
    /// In the order they were given.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// `Percent`, …
    pub unit: Option<String>,
}

/// One dimension of a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dimension {
    pub name: String,
    pub value: String,
}

/// The condition for ALARM of a metric alarm.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmRule {
    /// How many data points are looked at.
    #[serde(default = "one")]
    pub evaluation_periods: i64,
    /// How many of them must breach; all if it does not say.
    pub datapoints_to_alarm: Option<i64>,
    /// `GreaterThanThreshold`, …
    #[serde(default)]
    pub comparison_operator: String,
    /// Absent where a band is compared with.
    pub threshold: Option<f64>,
    /// The query that is the band.
    pub threshold_metric_id: Option<String>,
    /// `missing`, `ignore`, `breaching` or `notBreaching`.
    pub treat_missing_data: Option<String>,
    /// `evaluate` or `ignore`.
    pub evaluate_low_sample_count_percentile: Option<String>,
}

/// One query of an alarm: a metric, or an expression.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Query {
    /// Its id within the alarm.
    pub id: String,
    /// Absent where it is an expression.
    pub metric_stat: Option<MetricStat>,
    /// Absent where it is a metric.
    pub expression: Option<String>,
    /// A label for people.
    pub label: Option<String>,
    /// Whether the alarm is about its result.
    pub return_data: Option<bool>,
    /// Of an expression, in seconds.
    pub period: Option<i64>,
    /// The account that the metric is in, where it is another.
    pub account_id: Option<String>,
}

/// A metric within a query.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricStat {
    pub metric: Metric,
    /// A time in seconds.
    pub period: i64,
    /// `Average`, `p99`, …
    pub stat: String,
    /// `Percent`, …
    pub unit: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub metric_name: String,
    /// In the order they were given.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
}

impl Transition {
    /// The actions that AWS would take: those for the new state, unless they are switched off or
    /// suppressed.
    pub fn actions(&self) -> &[String] {
        if !self.alarm.actions_enabled || self.suppressed_by.is_some() {
            return &[];
        }
        match self.state.value.as_str() {
            "OK" => &self.alarm.ok_actions,
            "ALARM" => &self.alarm.alarm_actions,
            _ => &self.alarm.insufficient_data_actions,
        }
    }
}

impl AlarmDetails {
    /// When it was last configured.
    pub fn configured_at(&self) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
        let milliseconds = (self.alarm_configuration_updated_timestamp * 1000.0).round() as i64;
        Timestamp::from_millisecond(milliseconds).unwrap_or_default()
    }

    /// The value of a dimension of its one metric.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        let Watched::Metric { metric, .. } = &self.watched else { return None };
        metric.dimensions.iter().find(|each| each.name == name).map(|each| each.value.as_str())
    }
}

impl Query {
    /// Whether the alarm is about its result: it is unless it says otherwise.
    pub fn returns_data(&self) -> bool {
        self.return_data.unwrap_or(true)
    }
}

/// Dimensions as an object, the way events write them.
pub(crate) fn named(dimensions: &[Dimension]) -> Value {
    let pairs = dimensions.iter().map(|each| (each.name.clone(), Value::from(each.value.clone())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let milliseconds = i64::deserialize(deserializer)?;
    Timestamp::from_millisecond(milliseconds).map_err(serde::de::Error::custom)
}

fn yes() -> bool {
    true
}

fn one() -> i64 {
    1
}

fn minute() -> i64 {
    60
}
