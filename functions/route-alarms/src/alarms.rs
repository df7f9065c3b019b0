//! Asks CloudWatch about an alarm, in its account and Region.

use std::collections::{BTreeMap, HashMap};

use aws::AwsError;
use aws_sdk_cloudwatch::types::{
    AlarmType, CompositeAlarm, HistoryItemType, Metric, MetricAlarm, ScanBy,
};
use jiff::{SignedDuration, Timestamp};
use relay_core::alarm::{AlarmArn, AlarmState};
use relay_core::id::AccountId;
use remediation::alarm::{AlarmKind, AlarmMetric, AlarmTrigger, ChildDescription, ChildSearch};
use remediation::guard::AlarmNow;

use crate::Error;
use crate::clients::{ClientPool, RegionClients};
use crate::gather::Gatherer;

/// Two changes of one alarm are further apart than this: it is evaluated every ten seconds at most.
const MOMENT: SignedDuration = SignedDuration::from_secs(1);
/// DescribeAlarms takes so many names.
const NAMES: usize = 100;

fn of(clients: &ClientPool, alarm: &AlarmArn) -> RegionClients {
    clients.at(alarm.account(), alarm.region())
}

fn failed<E: Into<AwsError>>(what: &'static str, alarm: &AlarmArn) -> impl FnOnce(E) -> Error {
    let what = format!("{what} {alarm}");
    move |error| Error::LookUp { what, source: error.into() }
}

pub(crate) async fn tags(
    clients: &ClientPool,
    alarm: &AlarmArn,
) -> Result<BTreeMap<String, String>, Error> {
    let answer =
        of(clients, alarm).cloudwatch.list_tags_for_resource().resource_arn(alarm.as_str());
    let answer = match answer.send().await.map_err(AwsError::from) {
        Ok(answer) => answer,
        // Gone by now: then it has none, and its state is asked later.
        Err(error) if error.kind == aws::AwsErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed("list the tags of", alarm)(error)),
    };
    let pair = |tag: &aws_sdk_cloudwatch::types::Tag| {
        Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
    };
    Ok(answer.tags().iter().filter_map(pair).collect())
}

/// The alarm as it is; of one that watches many time series, the contributor that is meant.
pub(crate) async fn now(
    clients: &ClientPool,
    alarms: &Gatherer<AlarmSeen>,
    trigger: &AlarmTrigger,
) -> Result<AlarmNow, Error> {
    let alarm = &trigger.alarm;
    if trigger.kind == AlarmKind::Log {
        // The SDK's DescribeAlarms does not know log alarms yet: what the message says is believed.
        return Ok(AlarmNow { state: Some(AlarmState::Alarm), actions_enabled: true });
    }
    let client = of(clients, alarm).cloudwatch;
    let look_up = move |names| seen(client.clone(), names);
    let place = (alarm.account(), alarm.region().clone());
    let answers = alarms.ask(place, &[alarm.name()], look_up).await;
    let AlarmSeen { state, actions_enabled } = match answers.get(alarm.name()) {
        None => return Ok(AlarmNow { state: None, actions_enabled: true }),
        Some(Ok(seen)) => seen,
        Some(Err(error)) => return Err(failed("describe", alarm)(error.clone())),
    };
    let state = match &trigger.contributor {
        // Those that are not in ALARM any more are not listed.
        Some(contributor) if is_in_alarm(clients, alarm, &contributor.id).await? => {
            AlarmState::Alarm
        }
        Some(_) => AlarmState::Ok,
        None => state.ok_or_else(|| {
            Error::Nonsense(format!("describe {alarm}: it is in an unknown state"))
        })?,
    };
    Ok(AlarmNow { state: Some(state), actions_enabled: *actions_enabled })
}

/// An alarm as DescribeAlarms answers it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlarmSeen {
    /// `None` for a state that this version does not know.
    state: Option<AlarmState>,
    actions_enabled: bool,
}

/// Alarms by name. One that was deleted is not among them.
async fn seen(
    client: aws_sdk_cloudwatch::Client,
    names: Vec<String>,
) -> Result<HashMap<String, AlarmSeen>, AwsError> {
    let (metric, composite) = describe(&client, names).await?;
    let metric = metric
        .into_iter()
        .map(|alarm| (alarm.alarm_name, alarm.state_value, alarm.actions_enabled));
    let composite = composite
        .into_iter()
        .map(|alarm| (alarm.alarm_name, alarm.state_value, alarm.actions_enabled));
    let seen = metric.chain(composite).filter_map(|(name, state, actions_enabled)| {
        let state = state.and_then(|state| AlarmState::parse(state.as_str()));
        Some((name?, AlarmSeen { state, actions_enabled: actions_enabled.unwrap_or(true) }))
    });
    Ok(seen.collect())
}

async fn is_in_alarm(
    clients: &ClientPool,
    alarm: &AlarmArn,
    contributor: &str,
) -> Result<bool, Error> {
    let client = of(clients, alarm).cloudwatch;
    let mut token = None;
    loop {
        let page = client
            .describe_alarm_contributors()
            .alarm_name(alarm.name())
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::from);
        let page = match page {
            Ok(page) => page,
            // Deleted a moment ago.
            Err(error) if error.kind == aws::AwsErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed("list the contributors of", alarm)(error)),
        };
        if page.alarm_contributors().iter().any(|one| one.contributor_id() == Some(contributor)) {
            return Ok(true);
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(false);
        }
    }
}

/// Whether the alarm went into ALARM with its first evaluation: from this change backwards, its creation comes
/// before any other change of its state. CloudWatch keeps the history of 30 days; an alarm whose
/// creation is not in it is older than that.
pub(crate) async fn initial(clients: &ClientPool, trigger: &AlarmTrigger) -> Result<bool, Error> {
    let alarm = &trigger.alarm;
    let client = of(clients, alarm).cloudwatch;
    let mut token = None;
    loop {
        let page = client
            .describe_alarm_history()
            .alarm_name(alarm.name())
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .scan_by(ScanBy::TimestampDescending)
            .max_records(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(failed("read the history of", alarm))?;
        for item in page.alarm_history_items() {
            let at = item.timestamp().and_then(|at| at.to_millis().ok());
            let Some(at) = at.and_then(|at| Timestamp::from_millisecond(at).ok()) else { continue };
            match item.history_item_type() {
                Some(HistoryItemType::StateUpdate) if at + MOMENT <= trigger.at => {
                    return Ok(false);
                }
                Some(HistoryItemType::ConfigurationUpdate)
                    if at <= trigger.at && created(item.history_data()) =>
                {
                    return Ok(true);
                }
                _ => {}
            }
        }
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(false);
        }
    }
}

/// Whether a change of the configuration is the alarm's creation. The data says so; the summary has the
/// alarm's name in it, which may be anything.
fn created(data: Option<&str>) -> bool {
    let data: Option<serde_json::Value> = data.and_then(|text| serde_json::from_str(text).ok());
    data.is_some_and(|data| data["type"] == "Create")
}

/// Gives the trigger of a composite alarm the metrics of the children that set it off.
pub(crate) async fn children(
    clients: &ClientPool,
    trigger: &mut AlarmTrigger,
) -> Result<(), Error> {
    let mut search = ChildSearch::new(trigger);
    while !search.wanted().is_empty() {
        let mut found = Vec::new();
        for wanted in search.wanted().chunks(NAMES) {
            let names = wanted.iter().map(|alarm| alarm.name().to_owned()).collect();
            let client = of(clients, &trigger.alarm).cloudwatch;
            let described = describe(&client, names).await;
            let (metric, composite) = described.map_err(failed("describe", &trigger.alarm))?;
            found.extend(metric.iter().filter_map(metric_child));
            found.extend(composite.iter().filter_map(composite_child));
        }
        search.learn(found);
    }
    search.tell(trigger);
    Ok(())
}

/// Alarms of these names. Without the types only metric alarms are looked for.
async fn describe(
    client: &aws_sdk_cloudwatch::Client,
    names: Vec<String>,
) -> Result<(Vec<MetricAlarm>, Vec<CompositeAlarm>), AwsError> {
    let answer = client
        .describe_alarms()
        .set_alarm_names(Some(names))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .max_records(100)
        .send()
        .await?;
    Ok((answer.metric_alarms.unwrap_or_default(), answer.composite_alarms.unwrap_or_default()))
}

fn metric_child(alarm: &MetricAlarm) -> Option<ChildDescription> {
    let own = alarm.metric_name().zip(alarm.namespace()).map(|(name, namespace)| AlarmMetric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions(alarm.dimensions()),
        account: None,
    });
    let queried = alarm.metrics().iter().filter_map(|query| {
        let account = query.account_id().and_then(|account| account.parse().ok());
        metric(query.metric_stat()?.metric()?, account)
    });
    let expressions = alarm.metrics().iter().filter_map(|query| query.expression());
    Some(ChildDescription {
        arn: alarm.alarm_arn()?.parse().ok()?,
        state: AlarmState::parse(alarm.state_value()?.as_str())?,
        metrics: own.into_iter().chain(queried).collect(),
        expressions: expressions.map(str::to_owned).collect(),
        alarm_rule: None,
    })
}

fn composite_child(alarm: &CompositeAlarm) -> Option<ChildDescription> {
    Some(ChildDescription {
        arn: alarm.alarm_arn()?.parse().ok()?,
        state: AlarmState::parse(alarm.state_value()?.as_str())?,
        metrics: Vec::new(),
        expressions: Vec::new(),
        alarm_rule: alarm.alarm_rule().map(str::to_owned),
    })
}

fn metric(metric: &Metric, account: Option<AccountId>) -> Option<AlarmMetric> {
    Some(AlarmMetric {
        namespace: metric.namespace()?.to_owned(),
        name: metric.metric_name()?.to_owned(),
        dimensions: dimensions(metric.dimensions()),
        account,
    })
}

fn dimensions(dimensions: &[aws_sdk_cloudwatch::types::Dimension]) -> BTreeMap<String, String> {
    let pair = |dimension: &aws_sdk_cloudwatch::types::Dimension| {
        Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()))
    };
    dimensions.iter().filter_map(pair).collect()
}
