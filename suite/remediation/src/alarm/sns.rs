//! SNS alarm actions: the message CloudWatch publishes, in whatever SNS puts around it.

use relay_core::alarm::{AlarmArn, AlarmState, Contributor};
use relay_core::event::lookup;
use serde_json::{Map, Value};

use super::configuration::{Watched, object, pairs};
use super::events::{child_list, contributor, creation, no_transition};
use crate::alarm::{AlarmError, AlarmIntake, AlarmTrigger, Via, instant};

const FROM: &str = "SNS";

/// Reads a notification: `{"Type": "Notification", "Message": "…"}`.
pub(super) fn notification(envelope: &Map<String, Value>) -> Result<AlarmIntake, AlarmError> {
    let id = lookup::text(envelope, &["MessageId"]);
    let kind = lookup::text(envelope, &["Type"]).unwrap_or("Notification");
    if kind != "Notification" {
        let event_id = id.map(str::to_owned);
        return Ok(AlarmIntake::Ignored {
            event_id,
            reason: format!("{kind} of SNS is not an alarm"),
        });
    }
    let text = lookup::text(envelope, &["Message"])
        .ok_or(AlarmError::NotAnAlarm { expected: "the text `Message` of an SNS notification" })?;
    let message: Value = serde_json::from_str(text).map_err(AlarmError::NotJson)?;
    let message = message
        .as_object()
        .filter(|message| lookup::at(message, &["NewStateValue"]).is_some())
        .ok_or(AlarmError::NotAnAlarm {
            expected: "CloudWatch's `NewStateValue` in the message",
        })?;
    alarm(message, id)
}

pub(super) fn alarm(
    message: &Map<String, Value>,
    message_id: Option<&str>,
) -> Result<AlarmIntake, AlarmError> {
    let text = |key: &str| lookup::text(message, &[key]);
    let malformed = |expected| AlarmError::Malformed {
        alarm: text("AlarmArn").or(text("AlarmName")).unwrap_or("(nameless)").to_owned(),
        from: FROM,
        expected,
    };
    // `Region` is a name for people, "US East (N. Virginia)": the ARN alone knows the code.
    let alarm: AlarmArn = text("AlarmArn")
        .and_then(|arn| arn.parse().ok())
        .ok_or(malformed("an alarm's ARN at `AlarmArn`"))?;
    let state = text("NewStateValue")
        .and_then(AlarmState::parse)
        .ok_or(malformed("OK, ALARM or INSUFFICIENT_DATA at `NewStateValue`"))?;
    let previous = text("OldStateValue").and_then(AlarmState::parse);
    let contributor = sns_contributor(message);
    let event_id = message_id.map(str::to_owned);
    // A contributor's message may hold the parent's old state.
    let before = if contributor.is_some() { None } else { previous };
    if let Some(reason) = no_transition(&alarm, state, before) {
        return Ok(AlarmIntake::Ignored { event_id, reason });
    }
    let at = text("StateChangeTime")
        .and_then(instant::parse)
        .ok_or(malformed("an instant at `StateChangeTime`"))?;
    let trigger = object(message, &["Trigger"]);
    let watched = trigger.map(Watched::trigger).unwrap_or_default();
    let alarm_rule = text("AlarmRule").map(str::to_owned);
    let kind = watched.kind(alarm_rule.is_some());
    let reason = text("NewStateReason").unwrap_or_default().to_owned();
    Ok(AlarmIntake::Trigger(Box::new(AlarmTrigger {
        creation: creation(kind, before, &reason, None),
        // CloudWatch does not act while an alarm is muted or suppressed: it would not be here.
        quiet: None,
        alarm,
        contributor,
        at,
        previous: before,
        reason,
        description: text("AlarmDescription").map(str::to_owned),
        via: Via::Sns,
        event_id,
        kind,
        metrics: watched.metrics,
        expressions: watched.expressions,
        alarm_rule,
        children: lookup::at(message, &["TriggeringChildren"]).map(child_list).unwrap_or_default(),
    })))
}

/// Which fields carry the contributor is not documented for SNS: those of the API's history items
/// are read (`AlarmContributorId`, `AlarmContributorAttributes`), and the object of the events.
fn sns_contributor(message: &Map<String, Value>) -> Option<Contributor> {
    if let Some(object) = object(message, &["AlarmContributor"]) {
        return contributor(object);
    }
    let attributes = lookup::at(message, &["AlarmContributorAttributes"]);
    Some(Contributor {
        id: lookup::text(message, &["AlarmContributorId"])?.to_owned(),
        attributes: attributes.map(pairs).unwrap_or_default(),
    })
}
