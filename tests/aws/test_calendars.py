"""Change calendars: open or closed, and the event when that changes. What events mean is tested in local/automation-api."""

import datetime

import pytest

import local
from automation import create as create_runbook
from test_events import Hub

ICS = """BEGIN:VCALENDAR
PRODID:-//AWS//Change Calendar 1.0//EN
VERSION:2.0
X-CALENDAR-TYPE:{kind}
X-WR-CALDESC:
{events}END:VCALENDAR
"""

EVENT = "BEGIN:VEVENT\nUID:{uid}\nDTSTART:{start}\nDTEND:{end}\nSUMMARY:freeze\n{more}END:VEVENT\n"


def calendar(ssm, kind="DEFAULT_OPEN", *events):
    name = local.fresh_name("Calendar")
    ssm.create_document(Name=name, Content=ICS.format(kind=kind, events="".join(events)),
                        DocumentType="ChangeCalendar", DocumentFormat="TEXT")
    return name


def event(start, end, more=""):
    return EVENT.format(uid=local.fresh_name(), start=start, end=end, more=more)


FREEZE = event("20300105T100000Z", "20300105T120000Z")
WEEKLY = event("20300107T220000Z", "20300108T020000Z", "RRULE:FREQ=WEEKLY\n")


@pytest.mark.parametrize("kind, at, state, then", [
    ("DEFAULT_OPEN", "2030-01-05T11:00:00Z", "CLOSED", "2030-01-05T12:00:00Z"),
    ("DEFAULT_OPEN", "2030-01-05T12:00:00Z", "OPEN", "2030-01-07T22:00:00Z"),
    ("DEFAULT_CLOSED", "2030-01-15T01:00:00Z", "OPEN", "2030-01-15T02:00:00Z"),
])
def test_a_calendar_has_a_state_and_a_next_transition(ssm, kind, at, state, then):
    answer = ssm.get_calendar_state(CalendarNames=[calendar(ssm, kind, FREEZE, WEEKLY)], AtTime=at)
    assert (answer["State"], answer["AtTime"], answer["NextTransitionTime"]) == (state, at, then)


def test_calendars_are_open_together_and_now_if_no_time_is_named(ssm, account):
    open_one, closed = calendar(ssm), calendar(ssm, "DEFAULT_CLOSED")
    arn = f"arn:aws:ssm:{local.HOME}:{account}:document/{closed}"
    assert ssm.get_calendar_state(CalendarNames=[open_one])["State"] == "OPEN"
    answer = ssm.get_calendar_state(CalendarNames=[open_one, arn])
    assert answer["State"] == "CLOSED" and "NextTransitionTime" not in answer


def test_what_is_no_calendar_has_no_state(ssm):
    def code(name):
        return local.code_of(ssm.get_calendar_state, CalendarNames=[name])

    assert code("Relay-absent") == "InvalidDocument"
    assert code(create_runbook(ssm)) == "InvalidDocumentType"
    assert code(calendar(ssm, "SOMETIMES_OPEN")) == "UnsupportedCalendarException"
    assert local.code_of(ssm.get_calendar_state, CalendarNames=[calendar(ssm)], AtTime="noon") == "ValidationException"


def test_a_calendar_that_opens_or_closes_is_an_event(ssm, account):
    hub = Hub(account)
    queue = hub.queue()
    hub.rule({"source": ["aws.ssm"], "detail-type": ["Calendar State Change"]}, hub.arn("sqs", queue))
    now = datetime.datetime.fromisoformat(local.control("GET", "health")["now"][:19])
    start, end = ((now + datetime.timedelta(hours=h)).strftime("%Y%m%dT%H%M%SZ") for h in (1, 2))
    name = calendar(ssm, "DEFAULT_OPEN", event(start, end))
    local.eventually(lambda: ssm.get_calendar_state(CalendarNames=[name]))
    local.advance("PT90M")
    told = hub.body(queue)
    assert told["resources"] == [hub.arn("ssm", f"document/{name}")]
    assert told["detail"]["state"] == "CLOSED"
    assert told["detail"]["nextTransitionTime"].replace("-", "").replace(":", "") == end
    local.advance("PT1H")
    assert hub.body(queue)["detail"]["state"] == "OPEN"
