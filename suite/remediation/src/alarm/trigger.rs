//! An alarm that went into ALARM, as far as the suite knows it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, AlarmState, Contributor, TriggerId};
use relay_core::id::{AccountId, Region, derived_id};
use relay_core::name::ExecutionName;
use serde::{Deserialize, Serialize};

use crate::alarm::InsightsQuery;

/// Which way an alarm came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Via {
    /// A state-change event. It is sent even where the alarm's actions are muted, suppressed or
    /// switched off.
    EventBridge,
    /// An SNS alarm action.
    Sns,
    /// A Lambda alarm action.
    Lambda,
}

/// The kind of an alarm, by what it watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlarmKind {
    /// An alarm over metrics.
    Metric,
    /// An expression over metrics.
    MetricMath,
    /// A metric against the band of its past.
    Anomaly,
    /// A query that gives many time series.
    MetricsInsights,
    /// A query over metrics of OpenTelemetry, which gives many time series.
    PromQl,
    /// A scheduled query over logs.
    Log,
    /// A rule over other alarms.
    Composite,
    /// None of these, or the message does not say.
    Other,
}

/// A metric behind an alarm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmMetric {
    /// The namespace, like `AWS/EC2`.
    pub namespace: String,
    /// The name within the namespace.
    pub name: String,
    /// The dimensions by name.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// The account it comes from, where that is not the alarm's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
}

/// An alarm that set off a composite one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildAlarm {
    /// The ARN of the child alarm.
    pub arn: AlarmArn,
    /// Its state when the composite changed.
    pub state: Option<AlarmState>,
}

/// Why CloudWatch itself held the alarm's actions back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Quiet {
    /// An alarm mute rule holds.
    Muted {
        /// The ARN of the mute rule.
        by: String,
        /// When its window ends.
        until: Option<Timestamp>,
    },
    /// A composite's suppressor, or the periods around it.
    Suppressed {
        /// `WaitPeriod`, `ExtensionPeriod` or `Alarm`.
        by: String,
    },
}

/// Whether the alarm went into ALARM with its very first evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Creation {
    /// It did: it was made over something that was bad already.
    Initial,
    /// It had been evaluated before.
    Evaluated,
    /// The message does not say (SNS, coming from INSUFFICIENT_DATA): the alarm's history does.
    Unknown,
}

/// A dimension's value, and where the resource it names lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Implied {
    /// The account of the resource.
    pub account: AccountId,
    /// The Region of the metric.
    pub region: Region,
    /// The value of the dimension.
    pub value: String,
}

/// A transition into ALARM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmTrigger {
    /// The alarm that went into ALARM.
    pub alarm: AlarmArn,
    /// The time series that is in ALARM, where the alarm watches many and distinguishes them.
    pub contributor: Option<Contributor>,
    /// When it changed into ALARM, to the millisecond.
    pub at: Timestamp,
    /// The state before; CloudWatch does not say it of contributors.
    pub previous: Option<AlarmState>,
    /// CloudWatch's reason, in words.
    pub reason: String,
    /// The description that the alarm was created with.
    pub description: Option<String>,
    /// Which way it came.
    pub via: Via,
    /// The event's or the message's id. One trigger has as many as it has ways.
    pub event_id: Option<String>,
    /// Its kind, by what it watches.
    pub kind: AlarmKind,
    /// Its metrics; for a composite those of its children, once they are looked up.
    pub metrics: Vec<AlarmMetric>,
    /// Expressions: metric math, bands, queries.
    pub expressions: Vec<String>,
    /// The rule of a composite.
    pub alarm_rule: Option<String>,
    /// The children that set a composite off, as far as the message says.
    pub children: Vec<ChildAlarm>,
    /// Why CloudWatch did not take its actions, if so.
    pub quiet: Option<Quiet>,
    /// Whether it went into ALARM with its first evaluation.
    pub creation: Creation,
    /// CloudWatch performs an action that it had suppressed: the same transition, and another trigger.
    #[serde(default)]
    pub resumed: bool,
}

impl AlarmTrigger {
    /// The id of this transition, the same whichever way it arrives.
    #[must_use]
    pub fn id(&self) -> TriggerId {
        let contributor = self.contributor.as_ref().map(|contributor| &*contributor.id);
        Self::id_of(&self.alarm, contributor, self.at, self.resumed)
    }

    /// The id of a transition of an alarm, or of one of its contributors.
    #[must_use]
    pub fn id_of(
        alarm: &AlarmArn,
        contributor: Option<&str>,
        at: Timestamp,
        resumed: bool,
    ) -> TriggerId {
        let (contributor, at) = (contributor.unwrap_or_default(), at.as_millisecond());
        let resumed = if resumed { "/resumed" } else { "" };
        TriggerId(derived_id(&format!("alarm/{alarm}/{contributor}/{at}{resumed}")))
    }

    /// Whether this is an action of the alarm, which CloudWatch performs only while nothing suppresses it.
    #[must_use]
    pub fn is_action(&self) -> bool {
        self.via != Via::EventBridge && self.quiet.is_none()
    }

    /// Every metric the alarm is about: namespace and name, as far as an expression names them.
    #[must_use]
    pub fn watched(&self) -> BTreeSet<(Option<String>, Option<String>)> {
        let queried = self.queries().map(|query| (query.namespace, query.metric));
        let metrics = self.metrics.iter();
        metrics
            .map(|metric| (Some(metric.namespace.clone()), Some(metric.name.clone())))
            .chain(queried)
            .collect()
    }

    /// The dimensions for which the alarm implies something, by name.
    #[must_use]
    pub fn dimensions(&self) -> BTreeSet<&str> {
        match &self.contributor {
            Some(contributor) => contributor.attributes.keys().map(String::as_str).collect(),
            None => self
                .metrics
                .iter()
                .flat_map(|metric| metric.dimensions.keys())
                .map(String::as_str)
                .collect(),
        }
    }

    fn queries(&self) -> impl Iterator<Item = InsightsQuery> {
        self.expressions.iter().filter_map(|text| InsightsQuery::parse(text))
    }

    /// Everything that the alarm implies for a dimension: the contributor's attribute where one
    /// is in ALARM, else the values of all its metrics.
    #[must_use]
    pub fn implied(&self, dimension: &str) -> BTreeSet<Implied> {
        let here = |value: &str| Implied {
            account: self.alarm.account(),
            region: self.alarm.region().clone(),
            value: value.to_owned(),
        };
        if let Some(contributor) = &self.contributor {
            return contributor
                .attributes
                .get(dimension)
                .map(|value| here(value))
                .into_iter()
                .collect();
        }
        let values = self.metrics.iter().filter_map(|metric| {
            let here = here(metric.dimensions.get(dimension)?);
            Some(Implied { account: metric.account.unwrap_or(here.account), ..here })
        });
        values.collect()
    }
}

impl AlarmTrigger {
    /// `alarm-<account>-<region>-<epoch milliseconds>-<alarm>[-<contributor>][-resumed]`: one transition of
    /// an alarm into ALARM, whichever way it arrives.
    #[must_use]
    pub fn execution_name(&self) -> ExecutionName {
        let contributor = self.contributor.as_ref().map(|contributor| &*contributor.id);
        Self::execution_name_of(&self.alarm, contributor, self.at, self.resumed)
    }

    /// The same for a transition of an alarm, or of one of its contributors.
    #[must_use]
    pub fn execution_name_of(
        alarm: &AlarmArn,
        contributor: Option<&str>,
        at: Timestamp,
        resumed: bool,
    ) -> ExecutionName {
        let (account, region, name) = (alarm.account(), alarm.region(), alarm.name());
        let contributor = contributor.map(|id| format!("-{id}")).unwrap_or_default();
        let (at, resumed) = (at.as_millisecond(), if resumed { "-resumed" } else { "" });
        ExecutionName::of(&format!("alarm-{account}-{region}-{at}-{name}{contributor}{resumed}"))
    }
}
