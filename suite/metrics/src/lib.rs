//! The metrics that the functions write. This is the only list of the suite's metrics: names, units and dimensions.
//!
//! A measurement is a line of the function's log in CloudWatch's embedded metric format, from which CloudWatch makes
//! the metric: no call is made, and no permission is needed. [`record`] hands measurements over as an event of
//! `tracing` with the target [`TARGET`]; the log of a function (`suite/runtime`) writes that target at every level.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

#![warn(missing_docs)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "RunbookRelay";
/// The dimension that every metric has: the id of the installation.
pub const INSTALLATION: &str = "Installation";
/// The target of the events that carry measurements.
pub const TARGET: &str = "metrics";
/// The field of such an event.
pub const FIELD: &str = "measurements";

/// A metric, by its name in CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// Outcomes of accounts that joined.
    Joins,
    /// Pairs of document and account that were newly shared.
    SharesAdded,
    /// Pairs of document and account that were unshared.
    SharesRemoved,
    /// Pairs of document and account that could not be changed.
    SharesFailed,
    /// Pairs that a look without an event of its own had to add or remove: an event was lost, or somebody else
    /// changed a share or a copy.
    SharesDrifted,
    /// Outcomes of remediations that ended, by their status.
    Remediations,
    /// Triggers on which nothing was started, by the code of the guardrail that objected.
    Suppressed,
    /// From the alarm's transition to the start of the first runbook.
    AlarmToStart,
    /// Problems that outcomes named.
    Problems,
    /// Outcomes that the sweep had to publish. Zero is recorded, too.
    SweepRecovered,
}

impl Metric {
    /// Every metric there is.
    pub const ALL: [Self; 10] = [
        Self::Joins,
        Self::SharesAdded,
        Self::SharesRemoved,
        Self::SharesFailed,
        Self::SharesDrifted,
        Self::Remediations,
        Self::Suppressed,
        Self::AlarmToStart,
        Self::Problems,
        Self::SweepRecovered,
    ];

    /// The name in CloudWatch.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joins => "Joins",
            Self::SharesAdded => "SharesAdded",
            Self::SharesRemoved => "SharesRemoved",
            Self::SharesFailed => "SharesFailed",
            Self::SharesDrifted => "SharesDrifted",
            Self::Remediations => "Remediations",
            Self::Suppressed => "Suppressed",
            Self::AlarmToStart => "AlarmToStart",
            Self::Problems => "Problems",
            Self::SweepRecovered => "SweepRecovered",
        }
    }

    /// CloudWatch's word for the unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::AlarmToStart => "Seconds",
            _ => "Count",
        }
    }

    /// The dimension beside [`INSTALLATION`]. Each value of it is a metric that is paid for.
    #[must_use]
    pub const fn dimension(self) -> Option<&'static str> {
        match self {
            Self::Remediations => Some("Result"),
            Self::Suppressed => Some("Guard"),
            _ => None,
        }
    }
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    metric: Metric,
    value: f64,
    /// The value of the metric's own dimension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
}

impl Measurement {
    /// A value of a metric without a dimension of its own.
    #[must_use]
    pub fn new(metric: Metric, value: f64) -> Self {
        Self { metric, value, of: None }
    }

    /// A count. Above 2^53 it is rounded.
    #[must_use]
    pub fn count(metric: Metric, count: u64) -> Self {
        Self::new(metric, count as f64)
    }

    /// The same value, of one result or one guardrail.
    #[must_use]
    pub fn of(self, value: impl Into<String>) -> Self {
        Self { of: Some(value.into()), ..self }
    }
}

/// Records measurements in the log of the function that calls it, whatever its level is.
pub fn record(measurements: &[Measurement]) {
    if measurements.is_empty() {
        return;
    }
    // Serialising these types cannot fail.
    let text = serde_json::to_string(measurements).unwrap_or_default();
    tracing::info!(target: TARGET, measurements = text);
}

/// The members that measurements add to lines of a log, as [`record`] hands them over: one line for each value of
/// a dimension. Text of another shape gives none.
#[must_use]
pub fn embedded(measurements: &str, installation: &str, at: Timestamp) -> Vec<Map<String, Value>> {
    let measurements: Vec<Measurement> = serde_json::from_str(measurements).unwrap_or_default();
    let mut lines: BTreeMap<_, BTreeMap<Metric, Vec<f64>>> = BTreeMap::new();
    for Measurement { metric, value, of } in measurements {
        let key = metric.dimension().zip(of);
        lines.entry(key).or_default().entry(metric).or_default().push(value);
    }
    lines.into_iter().map(|(own, values)| line(own, &values, installation, at)).collect()
}

fn line(
    own: Option<(&'static str, String)>,
    values: &BTreeMap<Metric, Vec<f64>>,
    installation: &str,
    at: Timestamp,
) -> Map<String, Value> {
    let names: Vec<&str> =
        [INSTALLATION].into_iter().chain(own.as_ref().map(|(name, _)| *name)).collect();
    let described: Vec<Value> = values
        .keys()
        .map(|metric| json!({"Name": metric.as_str(), "Unit": metric.unit()}))
        .collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": described});
    let mut line = Map::new();
    line.insert(
        "_aws".into(),
        json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]}),
    );
    line.insert(INSTALLATION.into(), installation.into());
    if let Some((name, value)) = own {
        line.insert(name.into(), value.into());
    }
    for (metric, values) in values {
        let value = match values.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        line.insert(metric.as_str().into(), value);
    }
    line
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn lines(measurements: &[Measurement]) -> String {
        let text = serde_json::to_string(measurements).unwrap();
        let lines = embedded(&text, "qa", Timestamp::from_second(1_767_323_045).unwrap());
        lines.into_iter().map(|line| format!("{}\n", Value::Object(line))).collect()
    }

    #[test]
    fn measurements_are_lines_in_the_embedded_metric_format_one_for_each_dimension() {
        expect![[r#"
            {"_aws":{"Timestamp":1767323045000,"CloudWatchMetrics":[{"Namespace":"RunbookRelay","Dimensions":[["Installation"]],"Metrics":[{"Name":"AlarmToStart","Unit":"Seconds"},{"Name":"Problems","Unit":"Count"}]}]},"Installation":"qa","AlarmToStart":1.5,"Problems":2.0}
            {"_aws":{"Timestamp":1767323045000,"CloudWatchMetrics":[{"Namespace":"RunbookRelay","Dimensions":[["Installation","Result"]],"Metrics":[{"Name":"Remediations","Unit":"Count"}]}]},"Installation":"qa","Result":"failed","Remediations":1.0}
        "#]]
        .assert_eq(&lines(&[
            Measurement::count(Metric::Problems, 2),
            Measurement::count(Metric::Remediations, 1).of("failed"),
            Measurement::new(Metric::AlarmToStart, 1.5),
        ]));
    }

    #[test]
    fn values_of_one_metric_become_a_list() {
        let two =
            [Measurement::count(Metric::Problems, 2), Measurement::count(Metric::Problems, 3)];
        assert!(lines(&two).ends_with("\"Problems\":[2.0,3.0]}\n"), "{}", lines(&two));
    }

    #[test]
    fn names_in_cloudwatch_are_those_of_the_variants_and_all_are_listed() {
        for metric in Metric::ALL {
            let written = serde_json::to_value(metric).unwrap();
            assert_eq!(written, metric.as_str());
        }
        // Adding a variant without listing it leaves a gap in the order.
        let listed: Vec<usize> = Metric::ALL.iter().map(|metric| *metric as usize).collect();
        assert_eq!(listed, (0..Metric::ALL.len()).collect::<Vec<_>>());
        let unlisted = Metric::SweepRecovered as usize + 1;
        assert_eq!(Metric::ALL.len(), unlisted, "the last variant is listed");
    }

    #[test]
    fn nothing_is_recorded_for_nothing_and_another_shape_gives_no_line() {
        assert_eq!(lines(&[]), "");
        assert!(embedded("{}", "qa", Timestamp::UNIX_EPOCH).is_empty());
    }
}
