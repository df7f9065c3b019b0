//! `aws:sleep`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Map, Value};

use super::next::Next;
use crate::event::{Event, Wait};
use crate::state::StepState;

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html>
const LONGEST: SignedDuration = SignedDuration::from_secs(604_799);

pub(super) fn enter(place: u32, step: &StepState, now: Timestamp) -> Next {
    match until(&step.inputs, now) {
        Ok(until) => Next::event(Event::Waits { step: place, wait: Wait::Until(until) }),
        Err(error) => Next::invalid(place, &error),
    }
}

/// When it ends; a time that has passed is now.
fn until(inputs: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, String> {
    let text = |name| inputs.get(name).and_then(Value::as_str);
    let until = match (text("Duration"), text("Timestamp")) {
        (Some(duration), None) => {
            let length = length(duration)
                .ok_or_else(|| format!("Duration {duration} is not in ISO 8601 format"))?;
            now.checked_add(length).map_err(|_| format!("Duration {duration} is too long"))?
        }
        (None, Some(timestamp)) => at(timestamp)
            .ok_or_else(|| format!("Timestamp {timestamp} is not in ISO 8601 format"))?,
        _ => return Err("Exactly one of Duration and Timestamp must be given".to_owned()),
    };
    if until.duration_since(now) > LONGEST {
        return Err("A sleep lasts 604799 seconds (7 days) at most".to_owned());
    }
    Ok(until.max(now))
}

fn length(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!length.is_negative()).then_some(length)
}

fn at(text: &str) -> Option<Timestamp> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seconds(inputs: &Value) -> Result<i64, String> {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        until(inputs.as_object().unwrap(), now).map(|until| until.as_second() - now.as_second())
    }

    #[test]
    fn it_lasts_a_duration_or_until_a_time() {
        for (inputs, expected) in [
            (json!({"Duration": "PT0S"}), 0),
            (json!({"Duration": "PT10M"}), 600),
            (json!({"Duration": "P1DT1H"}), 90_000),
            (json!({"Duration": "PT167H59M59S"}), 604_799),
            (json!({"Timestamp": "2026-01-01T01:00:00Z"}), 3_600),
            (json!({"Timestamp": "2026-01-01T02:00:00+01:00"}), 3_600),
            (json!({"Timestamp": "2026-01-01T01:00:00"}), 3_600),
            (json!({"Timestamp": "2020-01-01T01:00:00Z"}), 0),
        ] {
            assert_eq!(seconds(&inputs), Ok(expected), "{inputs}");
        }
    }

    #[test]
    fn it_is_neither_longer_than_a_week_nor_negative_nor_both() {
        for inputs in [
            json!({"Duration": "P7D"}),
            json!({"Duration": "-PT1S"}),
            json!({"Duration": "ten minutes"}),
            json!({"Duration": "P1M"}),
            json!({"Timestamp": "2027-01-01T00:00:00Z"}),
            json!({"Timestamp": "tomorrow"}),
            json!({"Duration": "PT1S", "Timestamp": "2026-01-01T01:00:00Z"}),
            json!({}),
        ] {
            assert!(seconds(&inputs).is_err(), "{inputs}");
        }
    }
}
