//! When an association runs: `cron(…)`, `rate(…)`, `at(…)`.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::cron::Cron;

/// The shortest rate that State Manager accepts.
const SHORTEST: SignedDuration = SignedDuration::from_mins(30);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Schedule {
    /// A number of days after each time of an expression.
    Cron(Box<Cron>, SignedDuration),
    /// Repeatedly, counted from the creation.
    Rate(SignedDuration),
    /// Once, at this time.
    At(Timestamp),
}

impl Schedule {
    /// Reads an expression; `days` is the `ScheduleOffset`, which only cron expressions have.
    pub(crate) fn parse(text: &str, days: Option<i64>) -> Option<Self> {
        let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let offset = SignedDuration::from_hours(24 * days.unwrap_or(0));
        if let Some(fields) = inside("cron") {
            return Some(Self::Cron(Box::new(Cron::parse(fields)?), offset));
        }
        if days.is_some() {
            return None;
        }
        if let Some(rate) = inside("rate") {
            return self::rate(rate).map(Self::Rate);
        }
        let at: DateTime = inside("at")?.parse().ok()?;
        Some(Self::At(TimeZone::UTC.to_timestamp(at).ok()?))
    }

    /// Whether it has no first time of its own, so that `ApplyOnlyAtCronInterval` makes no sense.
    pub(crate) fn is_rate(&self) -> bool {
        matches!(self, Self::Rate(_))
    }

    /// The first time later than `after`; rates count from `created`. Missed times
    /// are not repeated.
    pub(crate) fn next_after(&self, created: Timestamp, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron, offset) => {
                let base = after.checked_sub(*offset).ok()?;
                cron.next_after(base)?.checked_add(*offset).ok()
            }
            Self::Rate(every) => {
                let passed = after.duration_since(created).as_secs().max(0) / every.as_secs();
                let next = SignedDuration::from_secs((passed + 1) * every.as_secs());
                created.checked_add(next).ok()
            }
            Self::At(at) => (*at > after).then_some(*at),
        }
    }
}

fn rate(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_once(' ')?;
    let count: i64 = count.parse().ok().filter(|count| (1..100_000).contains(count))?;
    let (singular, every) = match unit {
        "minute" | "minutes" => (unit == "minute", SignedDuration::from_mins(count)),
        "hour" | "hours" => (unit == "hour", SignedDuration::from_hours(count)),
        "day" | "days" => (unit == "day", SignedDuration::from_hours(24 * count)),
        _ => return None,
    };
    (singular == (count == 1) && every >= SHORTEST).then_some(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_kind_of_schedule_has_its_next_time() {
        let created = at("2024-01-01T00:10:00Z");
        for (text, offset, after, expected) in [
            ("rate(30 minutes)", None, "2024-01-01T00:10:00Z", Some("2024-01-01T00:40:00Z")),
            ("rate(1 hour)", None, "2024-01-01T05:11:00Z", Some("2024-01-01T06:10:00Z")),
            ("rate(2 days)", None, "2024-01-01T00:10:01Z", Some("2024-01-03T00:10:00Z")),
            ("at(2024-02-01T12:00:00)", None, "2024-01-01T00:10:00Z", Some("2024-02-01T12:00:00Z")),
            ("at(2024-02-01T12:00:00)", None, "2024-02-01T12:00:00Z", None),
            ("cron(0 2 ? * THU#3 *)", None, "2024-01-01T00:00:00Z", Some("2024-01-18T02:00:00Z")),
            (
                "cron(0 2 ? * THU#3 *)",
                Some(2),
                "2024-01-01T00:00:00Z",
                Some("2024-01-20T02:00:00Z"),
            ),
        ] {
            let schedule = Schedule::parse(text, offset).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(schedule.next_after(created, at(after)), expected.map(at), "{text}");
        }
    }

    #[test]
    fn what_state_manager_does_not_take_is_no_schedule() {
        for (text, offset) in [
            ("rate(15 minutes)", None),
            ("rate(1 hours)", None),
            ("rate(2 hour)", None),
            ("rate(0 days)", None),
            ("rate(1 week)", None),
            ("rate(1 day)", Some(1)),
            ("every(1 day)", None),
            ("cron(0 2 * *)", None),
            ("at(tomorrow)", None),
        ] {
            assert_eq!(Schedule::parse(text, offset), None, "{text}");
        }
    }
}
