//! EventBridge's state changes and Lambda alarm actions: one shape in two envelopes
//! (CloudWatch User Guide, "Alarm events and EventBridge", "Invoke a Lambda function from an alarm").

use relay_core::alarm::{AlarmArn, AlarmState, Contributor};
use relay_core::event::lookup;
use serde_json::{Map, Value};

use super::configuration::{Watched, object, pairs};
use crate::alarm::{
    AlarmError, AlarmIntake, AlarmKind, AlarmTrigger, ChildAlarm, Creation, Quiet, Via, instant,
};

const STATE_CHANGE: &str = "CloudWatch Alarm State Change";

const CONTRIBUTOR_STATE_CHANGE: &str = "CloudWatch Alarm Contributor State Change";

/// Where the parts lie in an envelope.
struct Parts<'a> {
    from: &'static str,
    via: Via,
    event_id: Option<&'a str>,
    arn: Option<&'a str>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    /// `detail` or `alarmData`.
    body: &'a Map<String, Value>,
    contributor: bool,
}

/// Reads an EventBridge envelope.
pub(super) fn event(envelope: &Map<String, Value>) -> Result<AlarmIntake, AlarmError> {
    let source = lookup::text(envelope, &["source"])
        .ok_or(AlarmError::NotAnAlarm { expected: "the text `source`" })?;
    let kind = lookup::text(envelope, &["detail-type"])
        .ok_or(AlarmError::NotAnAlarm { expected: "the text `detail-type`" })?;
    let event_id = lookup::text(envelope, &["id"]);
    let ignored =
        |reason: String| Ok(AlarmIntake::Ignored { event_id: event_id.map(str::to_owned), reason });
    // EventBridge's reference lists the same events under aws.monitoring too.
    if !matches!(source, "aws.cloudwatch" | "aws.monitoring") {
        return ignored(format!("foreign event: source {source}, {kind}"));
    }
    if kind != STATE_CHANGE && kind != CONTRIBUTOR_STATE_CHANGE {
        return ignored(format!("{kind} is not a change of an alarm's state"));
    }
    let resources = lookup::at(envelope, &["resources"]).and_then(Value::as_array);
    let arn = resources.and_then(|resources| {
        resources.iter().filter_map(Value::as_str).find(|arn| arn.contains(":alarm:"))
    });
    read(&Parts {
        from: "EventBridge",
        via: Via::EventBridge,
        event_id,
        arn,
        account: lookup::text(envelope, &["account"]),
        region: lookup::text(envelope, &["region"]),
        body: object(envelope, &["detail"])
            .ok_or(AlarmError::NotAnAlarm { expected: "the object `detail`" })?,
        contributor: kind == CONTRIBUTOR_STATE_CHANGE,
    })
}

/// Reads what CloudWatch invokes a function with.
pub(super) fn action(envelope: &Map<String, Value>) -> Result<AlarmIntake, AlarmError> {
    let body = object(envelope, &["alarmData"])
        .ok_or(AlarmError::NotAnAlarm { expected: "the object `alarmData`" })?;
    read(&Parts {
        from: "a Lambda action",
        via: Via::Lambda,
        event_id: None,
        arn: lookup::text(envelope, &["alarmArn"]),
        account: lookup::text(envelope, &["accountId"]),
        region: lookup::text(envelope, &["region"]),
        body,
        contributor: lookup::at(body, &["alarmContributor"]).is_some(),
    })
}

fn read(parts: &Parts<'_>) -> Result<AlarmIntake, AlarmError> {
    let Parts { from, body, .. } = *parts;
    let name = lookup::text(body, &["alarmName"]);
    let malformed = |expected| AlarmError::Malformed {
        alarm: parts.arn.or(name).unwrap_or("(nameless)").to_owned(),
        from,
        expected,
    };
    let alarm =
        alarm(parts, name).ok_or(malformed("an alarm's ARN in `resources` or `alarmArn`"))?;
    let state =
        state(body, "state").ok_or(malformed("OK, ALARM or INSUFFICIENT_DATA at `state.value`"))?;
    let previous = match lookup::at(body, &["previousState"]) {
        None => None,
        Some(_) => Some(
            self::state(body, "previousState")
                .ok_or(malformed("OK, ALARM or INSUFFICIENT_DATA at `previousState.value`"))?,
        ),
    };
    if let Some(reason) = no_transition(&alarm, state, previous) {
        let event_id = parts.event_id.map(str::to_owned);
        return Ok(AlarmIntake::Ignored { event_id, reason });
    }
    let at = lookup::text(body, &["state", "timestamp"])
        .and_then(instant::parse)
        .ok_or(malformed("an instant at `state.timestamp`"))?;
    let contributor = match (parts.contributor, object(body, &["alarmContributor"])) {
        (false, _) => None,
        (true, Some(object)) => {
            Some(contributor(object).ok_or(malformed("the text `alarmContributor.id`"))?)
        }
        (true, None) => return Err(malformed("the object `alarmContributor`")),
    };
    let configuration = object(body, &["configuration"]);
    let configured = |key: &str| {
        configuration.and_then(|object| lookup::text(object, &[key])).map(str::to_owned)
    };
    let watched = Watched::queries(configuration.and_then(|c| lookup::at(c, &["metrics"])));
    let alarm_rule = configured("alarmRule");
    let kind = watched.kind(alarm_rule.is_some());
    let reason = lookup::text(body, &["state", "reason"]).unwrap_or_default().to_owned();
    Ok(AlarmIntake::Trigger(Box::new(AlarmTrigger {
        creation: creation(
            kind,
            previous,
            &reason,
            lookup::text(body, &["previousState", "reason"]),
        ),
        quiet: quiet(body),
        alarm,
        contributor,
        at,
        previous,
        reason,
        description: configured("description"),
        via: parts.via,
        event_id: parts.event_id.map(str::to_owned),
        kind,
        metrics: watched.metrics,
        expressions: watched.expressions,
        alarm_rule,
        children: children(body),
    })))
}

/// The ARN as written, or put together from what else the envelope says.
fn alarm(parts: &Parts<'_>, name: Option<&str>) -> Option<AlarmArn> {
    match parts.arn {
        Some(arn) => arn.parse().ok(),
        None => {
            AlarmArn::new(&parts.region?.parse().ok()?, parts.account?.parse().ok()?, name?).ok()
        }
    }
}

fn state(body: &Map<String, Value>, key: &str) -> Option<AlarmState> {
    AlarmState::parse(lookup::text(body, &[key, "value"])?)
}

/// Why a change does not lead into ALARM.
pub(super) fn no_transition(
    alarm: &AlarmArn,
    state: AlarmState,
    previous: Option<AlarmState>,
) -> Option<String> {
    let name = alarm.name();
    match (state, previous) {
        (AlarmState::Alarm, Some(AlarmState::Alarm)) => {
            Some(format!("alarm {name} was in ALARM before: no transition into it"))
        }
        (AlarmState::Alarm, _) => None,
        (state, _) => Some(format!("alarm {name} went to {state}: no transition into ALARM")),
    }
}

pub(super) fn contributor(object: &Map<String, Value>) -> Option<Contributor> {
    let id = ["id", "contributorId"].iter().find_map(|key| lookup::text(object, &[key]))?;
    let attributes =
        ["attributes", "contributorAttributes"].iter().find_map(|key| lookup::at(object, &[key]));
    Some(Contributor { id: id.to_owned(), attributes: attributes.map(pairs).unwrap_or_default() })
}

/// A metric alarm is born in INSUFFICIENT_DATA, "Unchecked: Initial alarm creation"; a composite one
/// in what its rule evaluates to.
pub(super) fn creation(
    kind: AlarmKind,
    previous: Option<AlarmState>,
    reason: &str,
    previous_reason: Option<&str>,
) -> Creation {
    if reason.contains("was created and its alarm rule evaluates to") {
        return Creation::Initial;
    }
    match (previous, previous_reason) {
        (Some(AlarmState::InsufficientData), Some(reason))
            if reason.contains("Initial alarm creation") =>
        {
            Creation::Initial
        }
        (Some(AlarmState::InsufficientData), None) if kind != AlarmKind::Composite => {
            Creation::Unknown
        }
        _ => Creation::Evaluated,
    }
}

fn quiet(body: &Map<String, Value>) -> Option<Quiet> {
    if let Some(by) = lookup::text(body, &["muteDetail", "mutedByArn"]) {
        let until = lookup::text(body, &["muteDetail", "muteWindowEnd"]).and_then(instant::parse);
        return Some(Quiet::Muted { by: by.to_owned(), until });
    }
    let by = lookup::text(body, &["state", "actionsSuppressedBy"])?;
    Some(Quiet::Suppressed { by: by.to_owned() })
}

/// The children in a composite's `reasonData`, which is JSON in a text.
fn children(body: &Map<String, Value>) -> Vec<ChildAlarm> {
    let data = lookup::text(body, &["state", "reasonData"]);
    let data: Option<Value> = data.and_then(|text| serde_json::from_str(text).ok());
    let data = data.as_ref().and_then(Value::as_object);
    data.and_then(|data| lookup::at(data, &["triggeringAlarms"]))
        .map(child_list)
        .unwrap_or_default()
}

/// `[{arn, state{value}}]`, in either spelling.
pub(super) fn child_list(list: &Value) -> Vec<ChildAlarm> {
    let child = |child: &Value| {
        let child = child.as_object()?;
        Some(ChildAlarm {
            arn: lookup::text(child, &["arn"])?.parse().ok()?,
            state: state(child, "state"),
        })
    };
    list.as_array().into_iter().flatten().filter_map(child).collect()
}
