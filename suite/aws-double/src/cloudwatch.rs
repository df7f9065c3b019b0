//! CloudWatch: alarms, their history, tags and contributors.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::{page, texts};
use crate::{Call, Place, Refusal, Reply, Served};

/// DescribeAlarms takes so many names.
const MOST_NAMES: usize = 100;

#[derive(Debug, Clone)]
pub struct Alarm {
    pub state: &'static str,
    pub actions_enabled: bool,
    /// Namespace, name and instance of its metric; none for a composite alarm.
    pub metric: Option<(String, String, String)>,
    pub tags: BTreeMap<String, String>,
    /// Type, epoch seconds and summary of each item, the newest first.
    pub history: Vec<(&'static str, f64, &'static str)>,
    /// The ids of the time series that are in ALARM.
    pub contributors: Vec<String>,
}

impl Alarm {
    /// A composite alarm in a state; it has no metric.
    #[must_use]
    pub fn composite(state: &'static str) -> Self {
        Self {
            state,
            actions_enabled: true,
            metric: None,
            tags: BTreeMap::new(),
            history: Vec::new(),
            contributors: Vec::new(),
        }
    }

    /// An alarm on a metric of an instance.
    #[must_use]
    pub fn of(state: &'static str, namespace: &str, metric: &str, instance: &str) -> Self {
        let metric = (namespace.to_owned(), metric.to_owned(), instance.to_owned());
        Self { metric: Some(metric), ..Self::composite(state) }
    }

    fn described(&self, name: &str, call: &Call) -> Value {
        let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", call.region, call.account);
        let mut described = json!({
            "AlarmName": name, "AlarmArn": arn, "StateValue": self.state,
            "ActionsEnabled": self.actions_enabled,
        });
        if let Some((namespace, metric, instance)) = &self.metric {
            described["Namespace"] = json!(namespace);
            described["MetricName"] = json!(metric);
            described["Dimensions"] = json!([{ "Name": "InstanceId", "Value": instance }]);
        }
        described
    }
}

pub(crate) fn serve(place: &Place, call: &Call) -> Served {
    let not_found = || Refusal::new("ResourceNotFoundException", "Unknown alarm");
    let token = call.body["NextToken"].as_str();
    let alarm = || place.alarms.get(call.text("AlarmName"));
    let data = match call.operation.as_str() {
        "DescribeAlarms" => describe_alarms(place, call),
        "DescribeAlarmHistory" => {
            let items = alarm().into_iter().flat_map(|alarm| &alarm.history);
            let item = |(kind, at, summary): &(&str, f64, &str)| {
                let change = if summary.ends_with("created") { "Create" } else { "Update" };
                let data = match *kind {
                    "ConfigurationUpdate" => json!({ "version": "1.0", "type": change }),
                    _ => json!({ "version": "1.0" }),
                };
                json!({
                    "HistoryItemType": kind, "Timestamp": { "$at": at }, "HistorySummary": summary,
                    "HistoryData": data.to_string(),
                })
            };
            json!({ "AlarmHistoryItems": items.map(item).collect::<Vec<_>>() })
        }
        "ListTagsForResource" => {
            let name = call.text("ResourceARN").rsplit(':').next().unwrap();
            let tags = &place.alarms.get(name).ok_or_else(not_found)?.tags;
            let tag = |(key, value)| json!({ "Key": key, "Value": value });
            json!({ "Tags": tags.iter().map(tag).collect::<Vec<_>>() })
        }
        "DescribeAlarmContributors" => {
            let all = &alarm().ok_or_else(not_found)?.contributors;
            let (found, next) = page(all, token, 1, true);
            let contributor =
                |id| json!({ "ContributorId": id, "ContributorAttributes": {}, "StateReason": "" });
            let found: Vec<Value> = found.iter().map(contributor).collect();
            match next {
                Some(next) => json!({ "AlarmContributors": found, "NextToken": next }),
                None => json!({ "AlarmContributors": found }),
            }
        }
        _ => call.unknown(),
    };
    Ok(Reply::Data(data))
}

/// Without `AlarmTypes` composite alarms are left out, as CloudWatch does.
fn describe_alarms(place: &Place, call: &Call) -> Value {
    let names = texts(&call.body["AlarmNames"]);
    assert!(names.len() <= MOST_NAMES, "DescribeAlarms takes no {} names", names.len());
    let types = texts(&call.body["AlarmTypes"]);
    let (mut metric, mut composite) = (Vec::new(), Vec::new());
    for (name, alarm) in names.iter().filter_map(|name| place.alarms.get_key_value(name)) {
        let (list, kind) = match alarm.metric {
            Some(_) => (&mut metric, "MetricAlarm"),
            None => (&mut composite, "CompositeAlarm"),
        };
        if types.iter().any(|wanted| wanted == kind) || (types.is_empty() && kind == "MetricAlarm")
        {
            list.push(alarm.described(name, call));
        }
    }
    json!({ "MetricAlarms": metric, "CompositeAlarms": composite })
}
