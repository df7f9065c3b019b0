"""The time series of alarms that watch many: which of them are in ALARM, for DescribeAlarmContributors.

ministack evaluates no such alarm and does not know the operation. A contributor goes into ALARM and back to OK by
`POST /_relay/contributors`, or by an event about it that somebody delivers: the two must not contradict each other.
"""

import time
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack.core import responses
from ministack.services import cloudwatch

import relay_alarms
import relay_evaluation

OPERATION = "DescribeAlarmContributors"
EVENT = "CloudWatch Alarm Contributor State Change"
# So many on a page; AWS does not say how many it shows.
PAGE = 100

_in_alarm = responses.AccountRegionScopedDict()  # alarm's name -> id -> what DescribeAlarmContributors shows
_handle_request = cloudwatch.handle_request


def _note(name, ident, attributes, value, reason, at):
    contributors = dict(_in_alarm.get(name) or {})
    contributors.pop(ident, None)
    if value == "ALARM":
        contributors[ident] = {"ContributorId": ident, "ContributorAttributes": attributes, "StateReason": reason,
                               "StateTransitionedTimestamp": at}
    _in_alarm[name] = contributors
    return contributors


def change(request):
    """{account, region, alarm, id, attributes, value, reason} -> the contributor's change, and the alarm's where it
    follows. Both are sent as events; the alarm acts as it always does."""
    with responses.request_scope(request["account"], request["region"]):
        name, value = request["alarm"], request.get("value", "ALARM")
        if value not in ("OK", "ALARM"):
            raise ValueError(f"value: OK or ALARM is expected, not {value}")
        with relay_alarms.lock():
            alarm = relay_alarms.find(name)
            if alarm is None:
                raise ValueError(f"there is no alarm {name}")
            now, reason = time.time(), request.get("reason") or f"Set to {value} through the control interface"
            in_alarm = _note(name, request["id"], request.get("attributes") or {}, value, reason, now)
            relay_alarms.send_contributor(alarm, request["id"], request.get("attributes") or {}, value, reason, now)
            state = "ALARM" if in_alarm else "OK"
            if state != alarm["StateValue"]:
                known = len(in_alarm) or 1
                relay_alarms.transition(alarm, state, f"{len(in_alarm)} out of {known} time series evaluated to ALARM")
    return {}


def delivered(request):
    """An envelope that somebody delivered: what it says about a contributor is true from now on."""
    envelope = request["envelope"]
    detail = envelope.get("detail")
    if envelope.get("detail-type") != EVENT or not isinstance(detail, dict):
        return {}
    contributor, state = detail.get("alarmContributor") or {}, detail.get("state") or {}
    with responses.request_scope(request["account"], request["region"]):
        name, ident = detail.get("alarmName"), contributor.get("id")
        if name and ident and relay_alarms.find(name):
            _note(name, ident, contributor.get("attributes") or {}, state.get("value"), state.get("reason", ""),
                  time.time())
    return {}


async def handle_request(method, path, headers, body, query_params):
    """CloudWatch's, with one operation more."""
    operation, given, is_cbor, is_json = _read(path, headers, body, query_params)
    if operation != OPERATION:
        return await _handle_request(method, path, headers, body, query_params)
    name = given.get("AlarmName") or ""
    if relay_alarms.find(name) is None:
        return cloudwatch._error("ResourceNotFoundException", f"Unknown alarm {name}", 404, is_json, is_cbor)
    listed = list((_in_alarm.get(name) or {}).values())
    token = given.get("NextToken") or "0"
    first = int(token) if token.isdigit() else len(listed)
    page = {"AlarmContributors": listed[first:first + PAGE]}
    if first + PAGE < len(listed):
        page["NextToken"] = str(first + PAGE)
    if is_cbor:
        return cloudwatch._cbor_ok({**page, "AlarmContributors": [
            {**each, "StateTransitionedTimestamp": cloudwatch._cbor_timestamp(each["StateTransitionedTimestamp"])}
            for each in page["AlarmContributors"]]})
    return cloudwatch._json_ok(page) if is_json else cloudwatch._xml(200, f"{OPERATION}Response", _as_xml(page))


def _read(path, headers, body, query_params):
    is_cbor = "cbor" in headers.get("content-type", "") or "cbor" in headers.get("smithy-protocol", "")
    target = headers.get("x-amz-target", "")
    if is_cbor:
        if not path.endswith(f"/operation/{OPERATION}"):
            return None, {}, True, False
        import cbor2

        return OPERATION, cbor2.loads(body) if body else {}, True, False
    if target:
        if not target.endswith(f".{OPERATION}"):
            return None, {}, False, True
        import json

        return OPERATION, json.loads(body or b"{}"), False, True
    form = {**query_params, **parse_qs(body.decode("utf-8", "replace"))}
    return (form.get("Action") or [None])[0], {key: values[0] for key, values in form.items()}, False, False


def _as_xml(page):
    def member(contributor):
        pairs = "".join(f"<entry><key>{escape(key)}</key><value>{escape(value)}</value></entry>"
                        for key, value in contributor["ContributorAttributes"].items())
        at = relay_evaluation.stamp(contributor["StateTransitionedTimestamp"]).replace("+0000", "Z")
        return (f"<member><ContributorId>{escape(contributor['ContributorId'])}</ContributorId>"
                f"<ContributorAttributes>{pairs}</ContributorAttributes>"
                f"<StateReason>{escape(contributor['StateReason'])}</StateReason>"
                f"<StateTransitionedTimestamp>{at}</StateTransitionedTimestamp></member>")

    token = f"<NextToken>{page['NextToken']}</NextToken>" if "NextToken" in page else ""
    members = "".join(map(member, page["AlarmContributors"]))
    return f"<{OPERATION}Result><AlarmContributors>{members}</AlarmContributors>{token}</{OPERATION}Result>"


def install(require):
    """Puts the operation into ministack; fails at start-up if what this uses is not there."""
    require(cloudwatch, "handle_request", "_cbor_ok", "_json_ok", "_xml", "_error", "_cbor_timestamp")
    cloudwatch.handle_request = handle_request
