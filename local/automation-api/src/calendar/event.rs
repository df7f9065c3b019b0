//! An event of a calendar, once or repeated.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use rrule::{RRuleSet, Tz};

use super::ics::{Component, Property};

/// An event with all its repetitions.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// When it begins, each time.
    starts: RRuleSet,
    /// How long it lasts, each time.
    lasts: SignedDuration,
}

impl Event {
    /// Reads a `VEVENT`. `moved` are those of its times that another event replaces.
    pub(crate) fn read(component: &Component, moved: &[&Property]) -> Result<Self, String> {
        let start = component.property("DTSTART").ok_or("an event without DTSTART")?;
        let rules: Vec<_> = component.all("RRULE").collect();
        let mut text = line("DTSTART", start);
        if rules.is_empty() {
            text.push_str("RRULE:FREQ=DAILY;COUNT=1\n");
        }
        for property in rules.into_iter().chain(component.all("EXRULE")) {
            text.push_str(&format!("{}:{}\n", property.name, property.value));
        }
        for property in component.all("RDATE").chain(component.all("EXDATE")) {
            text.push_str(&line(&property.name, property));
        }
        for property in moved {
            text.push_str(&line("EXDATE", property));
        }
        let starts: RRuleSet = text.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { lasts: lasts(component, start, &starts)?, starts })
    }

    /// Whether it is on: its begin belongs to it, its end does not.
    pub(crate) fn is_on(&self, at: Timestamp) -> bool {
        // Only the last repetition that has begun can be on: all of them last equally long.
        let since = at.saturating_sub(self.lasts).unwrap_or(Timestamp::MIN);
        self.begin_after(since).is_some_and(|begin| begin <= at)
    }

    /// The first begin or end after a time.
    pub(crate) fn next_edge(&self, after: Timestamp) -> Option<Timestamp> {
        let begin = self.begin_after(after);
        let since = after.saturating_sub(self.lasts).unwrap_or(Timestamp::MIN);
        let end = self.begin_after(since).and_then(|begin| begin.checked_add(self.lasts).ok());
        begin.into_iter().chain(end).min()
    }

    /// The first begin later than a time.
    fn begin_after(&self, after: Timestamp) -> Option<Timestamp> {
        // rrule includes the bound itself; seconds are its finest unit.
        let bound = instant(after.as_second() + 1)?;
        let found = self.starts.clone().after(bound).all(1).dates;
        Timestamp::from_second(found.first()?.timestamp()).ok()
    }
}

fn instant(second: i64) -> Option<chrono::DateTime<Tz>> {
    chrono::DateTime::from_timestamp(second, 0).map(|at| at.with_timezone(&Tz::UTC))
}

/// `DTEND`, `DURATION`, or the whole day of a date alone.
fn lasts(
    component: &Component,
    start: &Property,
    starts: &RRuleSet,
) -> Result<SignedDuration, String> {
    if let Some(end) = component.property("DTEND") {
        let text = format!("{}RRULE:FREQ=DAILY;COUNT=1\n", line("DTSTART", end));
        let end: RRuleSet = text.parse().map_err(|error| format!("DTEND: {error}"))?;
        let seconds = end.get_dt_start().timestamp() - starts.get_dt_start().timestamp();
        return Ok(SignedDuration::from_secs(seconds.max(0)));
    }
    if let Some(duration) = component.property("DURATION") {
        let span: Span = duration.value.parse().map_err(|error| format!("DURATION: {error}"))?;
        return span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|error| format!("DURATION: {error}"));
    }
    let day = start.value.len() == 8;
    Ok(if day { SignedDuration::from_hours(24) } else { SignedDuration::ZERO })
}

/// A property of times under a name, each a date and time: a date alone is its midnight, a time
/// without a zone is UTC.
fn line(name: &str, property: &Property) -> String {
    let zone = property.parameters.split(';').find(|parameter| parameter.starts_with("TZID="));
    let zone = zone.map(|zone| format!(";{}", zone.replace('"', ""))).unwrap_or_default();
    let times = property.value.split(',').map(|time| {
        let time = if time.len() == 8 { format!("{time}T000000") } else { time.to_owned() };
        if zone.is_empty() && !time.ends_with('Z') { format!("{time}Z") } else { time }
    });
    format!("{name}{zone}:{}\n", times.collect::<Vec<_>>().join(","))
}
