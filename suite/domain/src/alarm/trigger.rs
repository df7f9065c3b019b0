//! What the suite knows about an alarm that rang.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AlarmArn;
use super::expression::InsightsQuery;
use crate::id::{AccountId, Region};
use crate::outcome::derived_id;

/// A state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AlarmState {
    /// Within its bounds.
    #[serde(rename = "OK")]
    Ok,
    /// It rings.
    #[serde(rename = "ALARM")]
    Alarm,
    /// It cannot tell.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl AlarmState {
    /// From CloudWatch's writing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        }
    }

    /// As CloudWatch writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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

/// What an alarm is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlarmKind {
    /// One metric.
    Metric,
    /// An expression over metrics.
    MetricMath,
    /// A metric against the band of its past.
    Anomaly,
    /// A query that gives many time series.
    MetricsInsights,
    /// A rule over other alarms.
    Composite,
    /// None of these, or the message does not say.
    Other,
}

/// One time series of an alarm that watches many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contributor {
    /// CloudWatch's id of it.
    pub id: String,
    /// What tells it from the others: dimensions, tags.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A metric behind an alarm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its dimensions.
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
    /// The child.
    pub arn: AlarmArn,
    /// Its state when the composite changed.
    pub state: Option<AlarmState>,
}

/// Why CloudWatch itself held the alarm's actions back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Quiet {
    /// A mute rule.
    Muted {
        /// The rule's ARN.
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

/// Whether the alarm rang with its very first evaluation.
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

/// What a trigger is known by, whichever way it came: alarm, contributor and instant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TriggerId(#[schemars(with = "String", extend("format" = "uuid"))] pub Uuid);

impl fmt::Display for TriggerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A dimension's value, and where the resource it names lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Implied {
    /// The account of the resource.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// The dimension's value.
    pub value: String,
}

/// A transition into ALARM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmTrigger {
    /// The alarm.
    pub alarm: AlarmArn,
    /// The time series that rang, where the alarm watches many and tells them apart.
    pub contributor: Option<Contributor>,
    /// When it changed into ALARM, to the millisecond.
    pub at: Timestamp,
    /// The state before; CloudWatch does not tell it of contributors.
    pub previous: Option<AlarmState>,
    /// CloudWatch's reason, in words.
    pub reason: String,
    /// What its maker wrote about the alarm.
    pub description: Option<String>,
    /// Which way it came.
    pub via: Via,
    /// The event's or the message's id. One trigger has as many as it has ways.
    pub event_id: Option<String>,
    /// What the alarm is made of.
    pub kind: AlarmKind,
    /// Its metrics; for a composite those of its children, once they are looked up.
    pub metrics: Vec<AlarmMetric>,
    /// Expressions: metric math, bands, queries.
    pub expressions: Vec<String>,
    /// The rule of a composite.
    pub alarm_rule: Option<String>,
    /// What set a composite off, as far as the message says.
    pub children: Vec<ChildAlarm>,
    /// Why CloudWatch held its actions back, if it did.
    pub quiet: Option<Quiet>,
    /// Whether it rang with its first evaluation.
    pub creation: Creation,
}

impl AlarmTrigger {
    /// The trigger's identity.
    #[must_use]
    pub fn id(&self) -> TriggerId {
        let contributor = self.contributor.as_ref().map_or("", |contributor| &contributor.id);
        let at = self.at.as_millisecond();
        TriggerId(derived_id(&format!("alarm/{}/{contributor}/{at}", self.alarm)))
    }

    /// Every metric the alarm is about: namespace and name, as far as an expression tells them.
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
    /// rang, else the values of all its metrics.
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
