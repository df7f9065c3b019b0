"""What keeps the actions of a composite alarm back: its suppressor, and the two periods around it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html: when the alarm goes into ALARM it
waits for its suppressor (WaitPeriod); while the suppressor is in ALARM, actions are suppressed (Alarm); after it has
left ALARM they stay suppressed for a while (ExtensionPeriod). When nothing suppresses any more and the alarm is still in
ALARM, CloudWatch performs the actions. Periods last as long as the alarm says, in real seconds.

Pure but for its own memory: when a period ends.
"""

from ministack.core import responses

WAIT, ALARM, EXTENSION = "WaitPeriod", "Alarm", "ExtensionPeriod"

_until = responses.AccountRegionScopedDict()  # alarm's name -> when the period ends that it is in


def _period(alarm, name):
    return float(alarm.get(name) or 0)


def _begin(alarm, by, seconds, now):
    """The period that begins now, if it lasts at all."""
    if seconds <= 0:
        _until.pop(alarm["AlarmName"], None)
        return None
    _until[alarm["AlarmName"]] = now + seconds
    return by


def at_transition(alarm, state, suppressor, now):
    """What suppresses the actions of an alarm that changes its state: `WaitPeriod`, `Alarm`, `ExtensionPeriod` or
    nothing. `suppressor` is the alarm of that role, or `None`."""
    if suppressor is None:
        return None
    if suppressor["StateValue"] == "ALARM":
        _until.pop(alarm["AlarmName"], None)
        return ALARM
    if state != "ALARM":
        return None
    return _begin(alarm, WAIT, _period(alarm, "ActionsSuppressorWaitPeriod"), now)


def later(alarm, by, suppressor, now):
    """What suppresses the actions of an alarm in ALARM now that `by` did until now."""
    if suppressor is not None and suppressor["StateValue"] == "ALARM":
        _until.pop(alarm["AlarmName"], None)
        return ALARM
    if by == ALARM and suppressor is not None:
        return _begin(alarm, EXTENSION, _period(alarm, "ActionsSuppressorExtensionPeriod"), now)
    ends = _until.get(alarm["AlarmName"])
    if suppressor is not None and ends is not None and now < ends:
        return by
    _until.pop(alarm["AlarmName"], None)
    return None


def install(require):
    """Replaces nothing; fails at start-up if what this uses is not there."""
    require(responses, "AccountRegionScopedDict")
