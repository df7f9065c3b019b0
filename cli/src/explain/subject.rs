//! The alarm that is to be explained: from a file with its event, or as CloudWatch knows it in the hub.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws::AwsError;
use aws_sdk_cloudwatch::types::{Metric, MetricAlarm};
use jiff::Timestamp;
use relay_core::alarm::{AlarmArn, AlarmState};
use relay_core::organization::Organization;
use relay_core::rules::AccountSelector;
use remediation::alarm::{AlarmIntake, AlarmKind, AlarmMetric, AlarmTrigger, Creation, Via};
use remediation::guard::AlarmNow;
use remediation::{Found, Known, Lookup, RemediationRules, find_rule};

use super::read;
use crate::failure::Failure;
use crate::session::Session;

/// A file, after the intake has read it.
pub(super) enum Event {
    Alarm(Box<AlarmTrigger>),
    /// Nothing would be done, for this reason.
    Ignored(String),
}

/// Reads an alarm's event, SNS notification or Lambda payload, as the intake does.
pub(super) fn of_file(path: &str) -> Result<Event> {
    let intake = AlarmIntake::parse(&read(path)?).with_context(|| {
        Failure::new(format!("{path} is not an alarm's event"))
            .help("Expected is what CloudWatch sends: an EventBridge event, an SNS notification or a Lambda payload.")
    })?;
    Ok(match intake {
        AlarmIntake::Trigger(trigger) => Event::Alarm(trigger),
        AlarmIntake::Ignored { reason, .. } => Event::Ignored(reason),
    })
}

/// An alarm of the hub's account and Region, as if it went into ALARM now, and its state.
pub(super) async fn of_alarm(
    session: &Session,
    subject: &str,
    now: Timestamp,
) -> Result<(AlarmTrigger, AlarmNow)> {
    let account = session.caller.account.parse()?;
    let arn = match subject.parse::<AlarmArn>() {
        Ok(arn) => arn,
        Err(_) => AlarmArn::new(&session.region, account, subject)?,
    };
    if arn.account() != account || *arn.region() != session.region {
        let what = format!("{arn} is not an alarm of {account} in {}", session.region);
        return Err(Failure::new(what)
            .help("Only the suite's roles may look into other accounts. Save an event of the alarm and name the file.")
            .help(format!("What was done about it: relay show {arn}"))
            .into());
    }
    let client = aws_sdk_cloudwatch::Client::new(&session.config);
    let answer = client.describe_alarms().alarm_names(arn.name()).send().await;
    let answer = answer.map_err(AwsError::from).with_context(|| format!("look at {arn}"))?;
    let Some(alarm) = answer.metric_alarms.unwrap_or_default().into_iter().next() else {
        let what = format!(
            "{} is neither a code, nor a file, nor a metric alarm of {account} in {}",
            subject, session.region
        );
        return Err(Failure::new(what)
            .help("For a composite alarm, save its event and name the file.")
            .into());
    };
    let seen = AlarmNow {
        state: alarm.state_value().and_then(|state| AlarmState::parse(state.as_str())),
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
    };
    Ok((trigger(arn, &alarm, now), seen))
}

/// The transition that would happen if the alarm went into ALARM now.
fn trigger(arn: AlarmArn, alarm: &MetricAlarm, now: Timestamp) -> AlarmTrigger {
    let dimensions = |dimensions: &[aws_sdk_cloudwatch::types::Dimension]| {
        let pair = |d: &aws_sdk_cloudwatch::types::Dimension| {
            Some((d.name()?.to_owned(), d.value()?.to_owned()))
        };
        dimensions.iter().filter_map(pair).collect::<BTreeMap<_, _>>()
    };
    let own = alarm.namespace().zip(alarm.metric_name()).map(|(namespace, name)| AlarmMetric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions(alarm.dimensions()),
        account: None,
    });
    let queried = alarm.metrics().iter().filter_map(|query| {
        let metric: &Metric = query.metric_stat()?.metric()?;
        Some(AlarmMetric {
            namespace: metric.namespace()?.to_owned(),
            name: metric.metric_name()?.to_owned(),
            dimensions: dimensions(metric.dimensions()),
            account: query.account_id().and_then(|account| account.parse().ok()),
        })
    });
    let expressions = alarm.metrics().iter().filter_map(|query| query.expression());
    AlarmTrigger {
        alarm: arn,
        contributor: None,
        at: now,
        previous: Some(AlarmState::Ok),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        description: alarm.alarm_description().map(str::to_owned),
        via: Via::EventBridge,
        event_id: None,
        kind: AlarmKind::Metric,
        metrics: own.into_iter().chain(queried).collect(),
        expressions: expressions.map(str::to_owned).collect(),
        alarm_rule: None,
        children: Vec::new(),
        quiet: None,
        creation: Creation::Evaluated,
        resumed: false,
    }
}

/// Facts about an alarm that were looked up.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    pub tags: Option<BTreeMap<String, String>>,
    pub organization: Option<Organization>,
}

/// Looks up what decides which rule answers, as far as the caller may; notes what could not be looked up.
pub(super) async fn look_up(
    session: &Session,
    rules: &RemediationRules,
    trigger: &AlarmTrigger,
    notes: &mut Vec<String>,
) -> LookedUp {
    let mut looked = LookedUp::default();
    for _ in 0..2 {
        let known = Known {
            tags: looked.tags.as_ref(),
            organization: looked.organization.as_ref(),
            children: false,
        };
        let Found::Needs { lookups, .. } = find_rule(&rules.rules, trigger, &known) else { break };
        if lookups.contains(&Lookup::Tags) && looked.tags.is_none() {
            match tags(session, &trigger.alarm).await {
                Ok(tags) => looked.tags = Some(tags),
                Err(error) => notes.push(format!("the alarm's tags were not read: {error:#}")),
            }
        }
        if lookups.contains(&Lookup::Place) && looked.organization.is_none() {
            match place(session, rules, trigger).await {
                Ok(organization) => looked.organization = Some(organization),
                Err(error) => notes.push(format!("the organization was not read: {error:#}")),
            }
        }
    }
    looked
}

async fn tags(session: &Session, alarm: &AlarmArn) -> Result<BTreeMap<String, String>> {
    if alarm.account().as_str() != session.caller.account {
        bail!("only the suite's roles may look into account {}", alarm.account());
    }
    let config = aws_sdk_cloudwatch::config::Builder::from(&session.config)
        .region(aws_sdk_cloudwatch::config::Region::new(alarm.region().as_str().to_owned()))
        .build();
    let client = aws_sdk_cloudwatch::Client::from_conf(config);
    let answer = client.list_tags_for_resource().resource_arn(alarm.as_str()).send().await;
    let tags = answer.map_err(AwsError::from)?.tags.unwrap_or_default();
    let pair =
        |tag: aws_sdk_cloudwatch::types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(tags.into_iter().filter_map(pair).collect())
}

async fn place(
    session: &Session,
    rules: &RemediationRules,
    trigger: &AlarmTrigger,
) -> Result<Organization> {
    let client = aws::organizations(&session.config, &session.organizations_region());
    let mut organization =
        aws::organization::read_ancestors(&client, trigger.alarm.account()).await?;
    let named: Vec<&AccountSelector> = rules
        .rules
        .iter()
        .flat_map(|rule| rule.alarm.accounts.iter().chain(&rule.alarm.exclude))
        .collect();
    aws::organization::read_selected(&client, &mut organization, &named).await?;
    Ok(organization)
}
