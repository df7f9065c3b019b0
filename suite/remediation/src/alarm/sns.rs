//! SNS alarm actions: the message CloudWatch publishes, in whatever SNS puts around it.

use relay_core::alarm::{AlarmArn, AlarmState, Contributor};
use relay_core::event::lookup;
use serde_json::{Map, Value};

use super::configuration::{Watched, object, pairs};
use super::events::{Change, child_list, contributor, creation, unknown_state};
use crate::alarm::{AlarmError, AlarmIntake, AlarmTrigger, Quiet, Via, instant};

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
    let value = text("NewStateValue")
        .ok_or(malformed("OK, ALARM or INSUFFICIENT_DATA at `NewStateValue`"))?;
    let event_id = message_id.map(str::to_owned);
    let Some(state) = AlarmState::parse(value) else {
        return Ok(AlarmIntake::Ignored { event_id, reason: unknown_state(&alarm, value) });
    };
    let previous = text("OldStateValue").and_then(AlarmState::parse);
    let contributor = sns_contributor(message);
    // A contributor's message may hold the parent's old state.
    let before = if contributor.is_some() { None } else { previous };
    // CloudWatch does not act while an alarm is muted or suppressed: a message that says so all the same
    // is believed.
    let quiet = text("ActionsSuppressedBy").map(|by| Quiet::Suppressed { by: by.to_owned() });
    let change =
        Change { state, previous: before, quiet: quiet.as_ref(), held_back: false, acts: true };
    if let Some(reason) = change.no_transition(&alarm) {
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
        creation: creation(&alarm, kind, before, &reason, None),
        quiet,
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
        resumed: false,
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
