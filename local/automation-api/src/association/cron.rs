//! AWS's cron expressions: minute, hour, day of month, month, day of week, year, in UTC, with
//! `?`, `L`, `W` and `#`; a leading field of seconds is accepted too.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html>

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// How far ahead a time is looked for: two leap cycles and a century without a leap day.
const DAYS_AHEAD: usize = 366 * 12;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    seconds: Vec<i16>,
    minutes: Vec<i16>,
    hours: Vec<i16>,
    days: DaysOfMonth,
    months: Vec<i16>,
    weekdays: DaysOfWeek,
    years: Vec<i16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DaysOfMonth {
    Any,
    Some(Vec<i16>),
    Last,
    /// The working day nearest to this one, within the month.
    Workday(i16),
    LastWorkday,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DaysOfWeek {
    Any,
    /// 1 is Sunday.
    Some(Vec<i16>),
    Last(i16),
    Nth(i16, i16),
}

impl Cron {
    /// Reads the fields between the parentheses; `None` if they are not a cron expression.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        let seconds =
            if fields.len() == 7 { field(fields.remove(0), 0, 59, &[], 0)? } else { vec![0] };
        let [minutes, hours, days, months, weekdays, years] = fields[..] else { return None };
        // One of the two kinds of day must be `?`.
        if (days == "?") == (weekdays == "?") && days != "*" && weekdays != "*" {
            return None;
        }
        Some(Self {
            seconds,
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: days_of_month(days)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            weekdays: days_of_week(weekdays)?,
            years: field(years, 1970, 2199, &[], 0)?,
        })
    }

    /// The first time later than this one; `None` if there is none within a dozen years.
    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = TimeZone::UTC.to_datetime(after);
        let mut date = after.date();
        for _ in 0..DAYS_AHEAD {
            if self.has(date) {
                let times = self.times(date);
                if let Some(found) = times.into_iter().find(|time| *time > after) {
                    return TimeZone::UTC.to_timestamp(found).ok();
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn has(&self, date: Date) -> bool {
        self.years.contains(&date.year())
            && self.months.contains(&date.month().into())
            && self.days.has(date)
            && self.weekdays.has(date)
    }

    fn times(&self, date: Date) -> Vec<DateTime> {
        let byte = |number: i16| i8::try_from(number).unwrap_or_default();
        let mut times = Vec::new();
        for hour in &self.hours {
            for minute in &self.minutes {
                let seconds = self.seconds.iter();
                times.extend(
                    seconds.map(|second| date.at(byte(*hour), byte(*minute), byte(*second), 0)),
                );
            }
        }
        times
    }
}

impl DaysOfMonth {
    fn has(&self, date: Date) -> bool {
        let day = i16::from(date.day());
        match self {
            Self::Any => true,
            Self::Some(days) => days.contains(&day),
            Self::Last => date == date.last_of_month(),
            Self::Workday(wanted) => {
                let last = date.last_of_month().day();
                let wanted = i8::try_from(*wanted).unwrap_or(last).min(last);
                let exact = Date::new(date.year(), date.month(), wanted);
                exact.is_ok_and(|exact| date == workday(exact))
            }
            Self::LastWorkday => date == workday(date.last_of_month()),
        }
    }
}

impl DaysOfWeek {
    fn has(&self, date: Date) -> bool {
        let weekday = number(date.weekday());
        match self {
            Self::Any => true,
            Self::Some(days) => days.contains(&weekday),
            Self::Last(day) => weekday == *day && date.days_in_month() - date.day() < 7,
            Self::Nth(day, nth) => weekday == *day && i16::from((date.day() - 1) / 7) + 1 == *nth,
        }
    }
}

/// The nearest working day in the same month.
fn workday(date: Date) -> Date {
    let moved = match date.weekday() {
        Weekday::Saturday if date.day() == 1 => date.checked_add(2.days()),
        Weekday::Saturday => date.checked_sub(1.day()),
        Weekday::Sunday if date == date.last_of_month() => date.checked_sub(2.days()),
        Weekday::Sunday => date.checked_add(1.day()),
        _ => Ok(date),
    };
    moved.unwrap_or(date)
}

fn number(weekday: Weekday) -> i16 {
    i16::from(weekday.to_sunday_one_offset())
}

fn days_of_month(text: &str) -> Option<DaysOfMonth> {
    Some(match text {
        "*" | "?" => DaysOfMonth::Any,
        "L" => DaysOfMonth::Last,
        "LW" => DaysOfMonth::LastWorkday,
        _ => match text.strip_suffix('W') {
            Some(day) => DaysOfMonth::Workday(value(day, 1, 31, &[], 0)?),
            None => DaysOfMonth::Some(field(text, 1, 31, &[], 0)?),
        },
    })
}

fn days_of_week(text: &str) -> Option<DaysOfWeek> {
    let day = |text: &str| value(text, 1, 7, &DAYS, 1);
    if matches!(text, "*" | "?") {
        return Some(DaysOfWeek::Any);
    }
    if let Some((of, nth)) = text.split_once('#') {
        return Some(DaysOfWeek::Nth(day(of)?, value(nth, 1, 5, &[], 0)?));
    }
    match text.strip_suffix('L') {
        Some("") => Some(DaysOfWeek::Some(vec![7])),
        Some(last) => Some(DaysOfWeek::Last(day(last)?)),
        None => Some(DaysOfWeek::Some(field(text, 1, 7, &DAYS, 1)?)),
    }
}

/// Lists, ranges, steps; names count from `first`.
fn field(text: &str, low: i16, high: i16, names: &[&str], first: i16) -> Option<Vec<i16>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = if range == "*" {
            (low, high)
        } else if let Some((from, to)) = range.split_once('-') {
            (value(from, low, high, names, first)?, value(to, low, high, names, first)?)
        } else {
            let from = value(range, low, high, names, first)?;
            (from, if part.contains('/') { high } else { from })
        };
        // SAT-MON goes on at the beginning.
        let span = if from <= to {
            (from..=to).collect::<Vec<_>>()
        } else {
            (from..=high).chain(low..=to).collect()
        };
        all.extend(span.into_iter().step_by(step));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn value(text: &str, low: i16, high: i16, names: &[&str], first: i16) -> Option<i16> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = match named {
        Some(at) => i16::try_from(at).ok()? + first,
        None => text.parse().ok()?,
    };
    (low..=high).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_aws_finds_its_next_time() {
        let after: Timestamp = "2024-02-28T12:10:00Z".parse().unwrap();
        for (cron, expected) in [
            ("0/30 * * * ? *", "2024-02-28T12:30:00Z"),
            ("0 0/30 * 1/1 * ? *", "2024-02-28T12:30:00Z"),
            ("15 10 ? * * *", "2024-02-29T10:15:00Z"),
            ("0 2 ? * SUN *", "2024-03-03T02:00:00Z"),
            ("0 2 ? * MON-FRI *", "2024-02-29T02:00:00Z"),
            ("0 16 ? * TUE,THU *", "2024-02-29T16:00:00Z"),
            ("0 2 ? * THU#3 *", "2024-03-21T02:00:00Z"),
            ("0 2 ? * 6L *", "2024-03-29T02:00:00Z"),
            ("0 2 L * ? *", "2024-02-29T02:00:00Z"),
            ("0 2 LW * ? *", "2024-02-29T02:00:00Z"),
            ("0 2 2W MAR ? *", "2024-03-01T02:00:00Z"),
            ("0 2 1W 6 ? *", "2024-06-03T02:00:00Z"),
            ("0 0 29 2 ? 2028", "2028-02-29T00:00:00Z"),
            ("0 0 ? * SAT-SUN *", "2024-03-02T00:00:00Z"),
        ] {
            let found = Cron::parse(cron).unwrap_or_else(|| panic!("{cron}")).next_after(after);
            assert_eq!(found, Some(expected.parse().unwrap()), "{cron}");
        }
    }

    #[test]
    fn an_invalid_expression_or_one_that_never_comes_is_refused() {
        for cron in [
            "",
            "* * * *",
            "60 * * * ? *",
            "0 24 * * ? *",
            "0 2 32 * ? *",
            "0 2 ? * ? *",
            "0 2 1 * MON *",
            "0 2 ? * FUN *",
            "0/0 * * * ? *",
            "a * * * ? *",
        ] {
            assert_eq!(Cron::parse(cron), None, "{cron}");
        }
        let past = Cron::parse("0 0 1 1 ? 2020").unwrap();
        assert_eq!(past.next_after("2024-01-01T00:00:00Z".parse().unwrap()), None);
    }
}
