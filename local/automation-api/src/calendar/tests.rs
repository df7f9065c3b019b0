//! When calendars are open, and which texts are not calendars.

use jiff::Timestamp;

use super::{Calendar, all_open, next_transition};

fn calendar(kind: &str, events: &[&str]) -> Calendar {
    let events: Vec<_> =
        events.iter().map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
    let text = format!(
        "BEGIN:VCALENDAR\nPRODID:-//AWS//Change Calendar 1.0//EN\nVERSION:2.0\n\
         X-CALENDAR-TYPE:{kind}\nX-WR-CALDESC:\n{}END:VCALENDAR\n",
        events.concat()
    );
    Calendar::read(&text).unwrap_or_else(|error| panic!("{}: {text}", error.0))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Whether it is open at a time, and when that changes.
fn check(calendar: &Calendar, time: &str, open: bool, changes: Option<&str>) {
    let calendars = std::slice::from_ref(calendar);
    assert_eq!(all_open(calendars, at(time)), open, "{time}");
    assert_eq!(next_transition(calendars, at(time)), changes.map(at), "after {time}");
}

#[test]
fn an_event_closes_a_calendar_that_is_open_by_default_and_opens_one_that_is_closed() {
    let event = "DTSTART:20240105T100000Z\nDTEND:20240105T120000Z";
    let open = calendar("DEFAULT_OPEN", &[event]);
    check(&open, "2024-01-05T09:59:59Z", true, Some("2024-01-05T10:00:00Z"));
    check(&open, "2024-01-05T10:00:00Z", false, Some("2024-01-05T12:00:00Z"));
    check(&open, "2024-01-05T12:00:00Z", true, None);
    let closed = calendar("DEFAULT_CLOSED", &[event]);
    check(&closed, "2024-01-05T11:00:00Z", true, Some("2024-01-05T12:00:00Z"));
    check(&closed, "2024-01-05T12:00:00Z", false, None);
}

#[test]
fn a_weekly_event_follows_its_zones_daylight_saving() {
    let weekly = "DTSTART;TZID=America/New_York:20240308T170000\nDURATION:PT2H\n\
                  RRULE:FREQ=WEEKLY;BYDAY=FR\nEXDATE;TZID=America/New_York:20240322T170000";
    let calendar = calendar("DEFAULT_OPEN", &[weekly]);
    check(&calendar, "2024-03-08T22:30:00Z", false, Some("2024-03-09T00:00:00Z"));
    // Daylight saving began on 10 March.
    check(&calendar, "2024-03-15T20:59:59Z", true, Some("2024-03-15T21:00:00Z"));
    // 22 March is left out.
    check(&calendar, "2024-03-22T21:30:00Z", true, Some("2024-03-29T21:00:00Z"));
}

#[test]
fn a_date_alone_is_a_whole_day_and_a_moved_repetition_is_not_where_it_was() {
    let calendar = calendar(
        "DEFAULT_OPEN",
        &[
            "UID:a\nDTSTART;VALUE=DATE:20240101\nRRULE:FREQ=MONTHLY;COUNT=3",
            "UID:a\nRECURRENCE-ID;VALUE=DATE:20240201\nDTSTART;VALUE=DATE:20240203",
            "DTSTART:20240110T000000Z\nDTEND:20240111T000000Z\nSTATUS:CANCELLED",
        ],
    );
    check(&calendar, "2024-01-01T12:00:00Z", false, Some("2024-01-02T00:00:00Z"));
    check(&calendar, "2024-01-10T12:00:00Z", true, Some("2024-02-03T00:00:00Z"));
    check(&calendar, "2024-02-03T12:00:00Z", false, Some("2024-02-04T00:00:00Z"));
    check(&calendar, "2024-03-01T12:00:00Z", false, Some("2024-03-02T00:00:00Z"));
    check(&calendar, "2024-03-02T00:00:00Z", true, None);
}

#[test]
fn overlapping_events_are_one_and_many_calendars_are_open_together() {
    let overlapping = calendar(
        "DEFAULT_OPEN",
        &[
            "DTSTART:20240105T100000Z\nDTEND:20240105T120000Z",
            "DTSTART:20240105T110000Z\nDTEND:20240105T130000Z",
        ],
    );
    check(&overlapping, "2024-01-05T10:30:00Z", false, Some("2024-01-05T13:00:00Z"));
    let other = calendar("DEFAULT_OPEN", &["DTSTART:20240105T130000Z\nDTEND:20240105T140000Z"]);
    let both = [overlapping, other];
    assert!(!all_open(&both, at("2024-01-05T13:30:00Z")));
    let changes = next_transition(&both, at("2024-01-05T10:30:00Z"));
    assert_eq!(changes, Some(at("2024-01-05T14:00:00Z")));
}

#[test]
fn a_text_that_is_not_a_change_calendar_is_refused() {
    let event = "BEGIN:VEVENT\nDTSTART:20240105T100000Z\nRRULE:FREQ=SOMETIMES\nEND:VEVENT\n";
    for (text, why) in [
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n".to_owned(), "X-CALENDAR-TYPE"),
        ("BEGIN:VCALENDAR\nX-CALENDAR-TYPE:OPEN\nEND:VCALENDAR\n".to_owned(), "X-CALENDAR-TYPE"),
        ("no calendar".to_owned(), "no iCalendar object"),
        (
            format!("BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\n{event}END:VCALENDAR\n"),
            "SOMETIMES",
        ),
    ] {
        let unsupported = Calendar::read(&text).expect_err(&text);
        assert!(unsupported.0.contains(why), "{}", unsupported.0);
    }
}
