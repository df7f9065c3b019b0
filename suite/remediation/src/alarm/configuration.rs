//! The metrics of an alarm, in the three ways they are written: EventBridge's and Lambda's
//! `configuration`, SNS's `Trigger`, and what both leave out.

use std::collections::BTreeMap;

use relay_core::event::lookup;
use serde_json::{Map, Value};

use crate::alarm::{AlarmKind, AlarmMetric};

/// The metrics and expressions that an alarm watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) metrics: Vec<AlarmMetric>,
    pub(super) expressions: Vec<String>,
    /// The kind of query, where metrics are not queried.
    other: Option<AlarmKind>,
}

impl Watched {
    /// Reads the `configuration` of an event or a Lambda action.
    pub(super) fn configuration(configuration: &Map<String, Value>) -> Self {
        let mut watched = Self::queries(lookup::at(configuration, &["metrics"]));
        watched.read_other(configuration);
        watched
    }

    /// PromQL and log alarms, by the names that the API has for what they query (PutMetricAlarm,
    /// PutLogAlarm): of neither AWS shows an event.
    fn read_other(&mut self, object: &Map<String, Value>) {
        let text = |path: &[&str]| lookup::text(object, path).map(str::to_owned);
        if lookup::at(object, &["evaluationCriteria", "promQLCriteria"]).is_some() {
            self.other = Some(AlarmKind::PromQl);
            self.expressions.extend(text(&["evaluationCriteria", "promQLCriteria", "query"]));
        } else if lookup::at(object, &["scheduledQueryConfiguration"]).is_some() {
            self.other = Some(AlarmKind::Log);
            self.expressions.extend(text(&["scheduledQueryConfiguration", "queryString"]));
        }
    }

    /// Reads a list of metric queries; anything else than an object in it is passed over.
    pub(super) fn queries(list: Option<&Value>) -> Self {
        let mut watched = Self::default();
        for query in list.and_then(Value::as_array).into_iter().flatten() {
            let Some(query) = query.as_object() else { continue };
            if let Some(stat) = object(query, &["metricStat", "metric"]) {
                let account = lookup::account(query, &["accountId"]);
                watched.metrics.extend(metric(stat, account));
            }
            watched.expressions.extend(lookup::text(query, &["expression"]).map(str::to_owned));
        }
        watched
    }

    /// Reads SNS's `Trigger`: one metric, or a list of queries.
    pub(super) fn trigger(trigger: &Map<String, Value>) -> Self {
        let mut watched = Self::queries(lookup::at(trigger, &["Metrics"]));
        watched.metrics.extend(metric(trigger, None));
        watched.read_other(trigger);
        watched
    }

    /// The kind of alarm that this makes.
    pub(super) fn kind(&self, composite: bool) -> AlarmKind {
        let starts = |text: &String, word: &str| {
            text.trim_start()
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let any = |word: &str| self.expressions.iter().any(|text| starts(text, word));
        if let Some(other) = self.other.filter(|_| !composite) {
            return other;
        }
        match (composite, self.expressions.is_empty(), self.metrics.is_empty()) {
            (true, ..) => AlarmKind::Composite,
            (false, true, true) => AlarmKind::Other,
            (false, true, false) => AlarmKind::Metric,
            (false, false, _) if any("SELECT") => AlarmKind::MetricsInsights,
            (false, false, _) if any("ANOMALY_DETECTION_BAND") => AlarmKind::Anomaly,
            (false, false, _) => AlarmKind::MetricMath,
        }
    }
}

/// `{namespace, name | metricName, dimensions}`.
fn metric(
    object: &Map<String, Value>,
    account: Option<relay_core::id::AccountId>,
) -> Option<AlarmMetric> {
    let name = lookup::text(object, &["metricName"]).or_else(|| lookup::text(object, &["name"]))?;
    Some(AlarmMetric {
        namespace: lookup::text(object, &["namespace"])?.to_owned(),
        name: name.to_owned(),
        dimensions: lookup::at(object, &["dimensions"]).map(pairs).unwrap_or_default(),
        account,
    })
}

/// `{"K": "V"}` or `[{"name": "K", "value": "V"}]`.
pub(super) fn pairs(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Object(map) => map
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| {
                let item = item.as_object()?;
                let name = lookup::at(item, &["name"])?.as_str()?;
                let value = lookup::at(item, &["value"])?.as_str()?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect(),
        _ => BTreeMap::new(),
    }
}

pub(super) fn object<'a>(
    object: &'a Map<String, Value>,
    path: &[&str],
) -> Option<&'a Map<String, Value>> {
    lookup::at(object, path)?.as_object()
}
