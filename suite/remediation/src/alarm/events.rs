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
    let value = lookup::text(body, &["state", "value"])
        .ok_or(malformed("OK, ALARM or INSUFFICIENT_DATA at `state.value`"))?;
    let Some(state) = AlarmState::parse(value) else {
        let event_id = parts.event_id.map(str::to_owned);
        return Ok(AlarmIntake::Ignored { event_id, reason: unknown_state(&alarm, value) });
    };
    let previous = self::state(body, "previousState");
    let quiet = quiet(body);
    let change = Change {
        state,
        previous,
        quiet: quiet.as_ref(),
        held_back: lookup::text(body, &["previousState", "actionsSuppressedBy"]).is_some(),
        acts: parts.via == Via::Lambda,
    };
    if let Some(reason) = change.no_transition(&alarm) {
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
    let watched = configuration.map(Watched::configuration).unwrap_or_default();
    let alarm_rule = configured("alarmRule");
    let kind = watched.kind(alarm_rule.is_some());
    let reason = lookup::text(body, &["state", "reason"]).unwrap_or_default().to_owned();
    Ok(AlarmIntake::Trigger(Box::new(AlarmTrigger {
        creation: creation(
            &alarm,
            kind,
            previous,
            &reason,
            lookup::text(body, &["previousState", "reason"]),
        ),
        quiet,
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
        resumed: false,
        alarm_rule,
        children: children(body),
    })))
}

/// Why a state that CloudWatch did not have when this was written asks for nothing: it is not ALARM.
pub(super) fn unknown_state(alarm: &AlarmArn, value: &str) -> String {
    format!("alarm {} went to the unknown state {value}: no transition into ALARM", alarm.name())
}

/// The ARN as written, or put together from what else the envelope says.
fn alarm(parts: &Parts<'_>, name: Option<&str>) -> Option<AlarmArn> {
    parts.arn.and_then(|arn| arn.parse().ok()).or_else(|| {
        AlarmArn::new(&parts.region?.parse().ok()?, parts.account?.parse().ok()?, name?).ok()
    })
}

fn state(body: &Map<String, Value>, key: &str) -> Option<AlarmState> {
    AlarmState::parse(lookup::text(body, &[key, "value"])?)
}

/// The state of an alarm by a message, before and now.
pub(super) struct Change<'a> {
    pub(super) state: AlarmState,
    pub(super) previous: Option<AlarmState>,
    /// Why CloudWatch suppresses the actions now.
    pub(super) quiet: Option<&'a Quiet>,
    /// Whether it suppressed them before.
    pub(super) held_back: bool,
    /// Whether the message is an action of the alarm itself: CloudWatch performs one when the state
    /// changes, and when it has suppressed it until now.
    pub(super) acts: bool,
}

impl Change<'_> {
    /// The reason, if this is not a transition into ALARM that CloudWatch acts on, or would act on.
    ///
    /// A composite alarm with a suppressor goes into ALARM suppressed by its wait period; when that is
    /// over, ALARM follows on ALARM, and that is when CloudWatch performs the actions (User Guide, "Alarm
    /// suppression" and the sample of "Invoke a Lambda function from an alarm"). The same holds for the
    /// end of a mute window, for which there is no event ("How alarm mute rules work").
    pub(super) fn no_transition(&self, alarm: &AlarmArn) -> Option<String> {
        let name = alarm.name();
        match (self.state, self.previous, self.quiet) {
            (AlarmState::Alarm, Some(AlarmState::Alarm), Some(_)) => Some(format!(
                "alarm {name} was in ALARM before, and its actions are still suppressed"
            )),
            (AlarmState::Alarm, Some(AlarmState::Alarm), None) if !self.held_back && !self.acts => {
                Some(format!("alarm {name} was in ALARM before: no transition into it"))
            }
            (AlarmState::Alarm, ..) => None,
            (state, ..) => Some(format!("alarm {name} went to {state}: no transition into ALARM")),
        }
    }
}

pub(super) fn contributor(object: &Map<String, Value>) -> Option<Contributor> {
    let id = ["id", "contributorId"].iter().find_map(|key| lookup::text(object, &[key]))?;
    let attributes =
        ["attributes", "contributorAttributes"].iter().find_map(|key| lookup::at(object, &[key]));
    Some(Contributor { id: id.to_owned(), attributes: attributes.map(pairs).unwrap_or_default() })
}

/// A metric alarm is born in INSUFFICIENT_DATA, "Unchecked: Initial alarm creation"; a composite one
/// in what its rule evaluates to. CloudWatch says so in words only: they have to be these and no others,
/// since a reason may also have names in it, or be anybody's (SetAlarmState).
pub(super) fn creation(
    alarm: &AlarmArn,
    kind: AlarmKind,
    previous: Option<AlarmState>,
    reason: &str,
    previous_reason: Option<&str>,
) -> Creation {
    if reason == format!("{alarm} was created and its alarm rule evaluates to ALARM") {
        return Creation::Initial;
    }
    match (previous, previous_reason) {
        (Some(AlarmState::InsufficientData), Some("Unchecked: Initial alarm creation")) => {
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
