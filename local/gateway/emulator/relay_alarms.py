"""Alarms whose every transition leaves as one record for the gateway, which alone acts on it.

ministack notes states in three places, to the second, and publishes by itself, in a shape of its own. Here one
function changes a state, for every caller (SetAlarmState, the data of a metric, a composite's child), under one
instant in milliseconds, which DescribeAlarms, the history, the event and all actions show. What ministack forgets of
an alarm (queries, suppressors, reason data) is kept.

A state set by hand holds until as many data points as the alarm evaluates came after it.

  /_relay/alarm-action   how an action ended, for the alarm's history
"""

import contextvars
import copy
import json
import threading
import time

from ministack.core import responses
from ministack.services import cloudwatch

import relay_evaluation
import relay_suppression

NEEDED = ("_alarms", "_composite_alarms", "_composite_triggers", "_metrics", "_history_entries", "_p", "_error",
          "_dims_key", "_parse_ts", "_alarm_name_from_local_arn", "_stat_value", "_calc_stats", "_evaluate_alarm", "_record_history",
          "_dispatch_alarm_actions", "_transition_composite", "_evaluate_parent_alarms", "_set_alarm_state",
          "_put_metric_alarm", "_put_composite_alarm", "_delete_alarms", "_enable_alarm_actions",
          "_disable_alarm_actions", "cloudformation_put_metric_alarm", "cloudformation_delete_metric_alarm",
          "first_alarm_time", "_json_timestamp", "_cbor_ok", "_json_ok", "_xml", "_rule_ref_name")

_SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")
_OF_THE_STATE = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp",
                 "AlarmConfigurationUpdatedTimestamp", "ActionsSuppressedBy", "ActionsSuppressedReason")

_by_hand = responses.AccountRegionScopedDict()  # alarm's name -> when its state was set by hand
_lock = threading.RLock()  # handlers, CloudFormation and the tick are threads of their own
_put_under_way = contextvars.ContextVar("put", default=None)  # transitions to make once an alarm is whole
_hand_over = []  # the way to the gateway


def find(name):
    """The alarm of this name, metric or composite."""
    return cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)


def _now_ms():
    return int(time.time() * 1000)


def _ms(seconds):
    return round(seconds * 1000)


# -- One transition -----------------------------------------------------------------------------------

def _shown(alarm):
    state = {"value": alarm["StateValue"], "reason": alarm.get("StateReason"),
             "reasonData": alarm.get("StateReasonData"), "at": _ms(alarm["StateUpdatedTimestamp"])}
    if "AlarmRule" in alarm and str(state["reason"]).startswith("Unchecked"):
        state["reason"] = None  # of a composite alarm AWS says nothing before its rule was evaluated
    return {name: value for name, value in state.items() if value is not None}


def _suppressor(alarm):
    suppressor = alarm.get("ActionsSuppressor")
    return find(cloudwatch._rule_ref_name(suppressor)) if suppressor else None


def _put_suppression(alarm, by):
    """Notes what suppresses an alarm's actions; returns what did until now."""
    before = alarm.pop("ActionsSuppressedBy", None)
    alarm.pop("ActionsSuppressedReason", None)
    if by:
        alarm.update(ActionsSuppressedBy=by, ActionsSuppressedReason=f"Actions suppressed by {by}")
    return before


def _transition(alarm, state, reason, reason_data=None):
    """Changes the state and notifies the gateway; the parents are the caller's."""
    previous = _shown(alarm)
    # Two changes of one alarm are never at one instant: what the instant distinguishes stays distinct.
    at = max(_now_ms(), previous["at"] + 1)
    _put_state(alarm, state, reason, reason_data, at)
    alarm["StateTransitionedTimestamp"] = at / 1000
    suppressed = relay_suppression.at_transition(alarm, state, _suppressor(alarm), at / 1000)
    before = _put_suppression(alarm, suppressed)
    shown = _shown(alarm)

    def history(of):
        known = {"stateValue": of["value"], "stateReason": of.get("reason")}
        if "reasonData" in of:
            known["stateReasonData"] = _parsed(of["reasonData"])
        return known

    _note(alarm, at, "StateUpdate", f"Alarm updated from {previous['value']} to {state}",
          {"version": "1.0", "oldState": history(previous), "newState": history(shown)})
    _send({"change": "state", "at": at, "alarm": _configured(alarm), "state": shown, "previous": previous,
           "suppressedBy": suppressed, "previouslySuppressedBy": before})


def review_suppression(now):
    """One second of a composite alarm's periods, in the account and Region at hand. Where its suppression changes, the
    alarm goes from ALARM to ALARM; where that ends, it acts."""
    with _lock:
        for alarm in list(cloudwatch._composite_alarms.values()):
            by = alarm.get("ActionsSuppressedBy")
            if not by or alarm["StateValue"] != "ALARM":
                continue
            suppressed = relay_suppression.later(alarm, by, _suppressor(alarm), now)
            if suppressed == by:
                continue
            previous = _shown(alarm)
            at = max(_now_ms(), previous["at"] + 1)
            alarm["StateUpdatedTimestamp"] = at / 1000
            _put_suppression(alarm, suppressed)
            _send({"change": "state", "at": at, "alarm": _configured(alarm), "state": _shown(alarm),
                   "previous": previous, "suppressedBy": suppressed, "previouslySuppressedBy": by})


# -- For contributors ----------------------------------------------------------------------------------

def lock():
    """Held while an alarm is looked at and changed."""
    return _lock


def transition(alarm, state, reason):
    """A change of state that neither data nor SetAlarmState brings about; it holds until data says otherwise."""
    _transition(alarm, state, reason)
    _by_hand[alarm["AlarmName"]] = alarm["StateUpdatedTimestamp"]
    cloudwatch._evaluate_parent_alarms(alarm)


def send_contributor(alarm, ident, attributes, value, reason, now):
    """The change of one time series of an alarm."""
    _send({"change": "contributor", "at": _ms(now), "alarm": _configured(alarm), "id": ident,
           "attributes": attributes, "state": {"value": value, "reason": reason, "at": _ms(now)}})


def _put_state(alarm, state, reason, reason_data, at):
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=at / 1000)
    alarm.pop("StateReasonData", None)
    if reason_data:
        alarm["StateReasonData"] = reason_data


def _parsed(reason_data):
    try:
        return json.loads(reason_data)
    except ValueError:
        return reason_data


def _configured(alarm):
    return {name: value for name, value in alarm.items() if value is not None}


def _send(record):
    _hand_over[0]("/_relay/alarms", {"account": responses.get_account_id(), "region": responses.get_region(),
                                     **record})


def _note(alarm, at, kind, summary, data):
    kept = cloudwatch._history_entries()
    kept.append({
        "AlarmName": alarm["AlarmName"], "AlarmType": "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm",
        "Timestamp": relay_evaluation.stamp(at / 1000).replace("+0000", "Z"), "HistoryItemType": kind,
        "HistorySummary": summary, "HistoryData": json.dumps(data)})


# -- What brings a transition about --------------------------------------------------------------------

def _points_of(namespace, name, dimensions):
    dims = {dimension["Name"]: dimension["Value"] for dimension in dimensions}
    return cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dims))) or []


def _evaluate_alarm(alarm):
    if _put_under_way.get() is not None:
        return
    with _lock:
        found = relay_evaluation.evaluate(alarm, _points_of, time.time(), _by_hand.get(alarm["AlarmName"]))
        if found is None:
            return
        state, told = found
        _by_hand.pop(alarm["AlarmName"], None)
        if state != alarm["StateValue"]:
            _transition(alarm, state, *told())
            cloudwatch._evaluate_parent_alarms(alarm)


def _transition_composite(alarm, state, reason, triggers, seen=frozenset()):
    deferred = _put_under_way.get()
    if deferred is not None:
        deferred.append((alarm, state, reason, triggers, seen))
        return
    with _lock:
        children = [{"arn": child["AlarmArn"], "state": {
            "value": child["StateValue"], "timestamp": relay_evaluation.stamp(child["StateUpdatedTimestamp"])}}
            for child in map(find, triggers) if child]
        data = json.dumps({"triggeringAlarms": children}, separators=(",", ":"))
        cloudwatch._composite_triggers.pop(alarm["AlarmName"], None)
        _transition(alarm, state, reason, data)
        cloudwatch._evaluate_parent_alarms(alarm, seen)


def _set_alarm_state(params, cbor_data, is_cbor, is_json=False):
    given = cbor_data if is_cbor or is_json else {
        name: cloudwatch._p(params, name) for name in ("AlarmName", "StateValue", "StateReason", "StateReasonData")}
    name, state, data = given.get("AlarmName", ""), given.get("StateValue", ""), given.get("StateReasonData")
    refused = None
    with _lock:
        alarm = find(name)
        if alarm is None:
            refused = ("ResourceNotFound", f"Alarm {name} not found", 404)
        elif state not in relay_evaluation.STATES:
            refused = ("ValidationError", f"1 validation error detected: Value '{state}' at 'stateValue' failed to "
                       "satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", 400)
        elif data and not isinstance(_parsed(data), dict):
            refused = ("InvalidFormat", "StateReasonData is not a JSON object", 400)
        elif state == alarm["StateValue"]:
            at = max(_now_ms(), _ms(alarm["StateUpdatedTimestamp"]) + 1)
            _put_state(alarm, state, given.get("StateReason", ""), data, at)
            _by_hand[name] = at / 1000
        else:
            _transition(alarm, state, given.get("StateReason", ""), data)
            _by_hand[name] = alarm["StateUpdatedTimestamp"]
            cloudwatch._composite_triggers.pop(name, None)
            cloudwatch._evaluate_parent_alarms(alarm)
    if refused:
        return cloudwatch._error(*refused, use_json=is_json, use_cbor=is_cbor)
    if is_cbor:
        return cloudwatch._cbor_ok({})
    return cloudwatch._json_ok({}) if is_json else cloudwatch._xml(200, "SetAlarmStateResponse", "")


# -- What changes how an alarm is configured -------------------------------------------------------------

def _names(params, given):
    if given:
        return [*given.get("AlarmNames", []), *([given["AlarmName"]] if "AlarmName" in given else [])]
    members = [cloudwatch._p(params, f"AlarmNames.member.{number}") for number in range(1, 101)]
    return [name for name in [*members, cloudwatch._p(params, "AlarmName")] if name]


def _configuring(operation):
    """An operation of the API; its changes are published, and an alarm it makes is complete before it is evaluated."""
    def handle(params, cbor_data, is_cbor, is_json=False):
        given = cbor_data if is_cbor or is_json else {}
        with _lock:
            return _change(_names(params, given), given, lambda: operation(params, cbor_data, is_cbor, is_json))
    return handle


def _of_a_template(operation):
    """The same for CloudFormation, which gives the alarm or its name."""
    def handle(alarm, *more, **named):
        given = alarm if isinstance(alarm, dict) else {"AlarmName": alarm}
        with _lock:
            return _change([given["AlarmName"]], given, lambda: operation(alarm, *more, **named))
    return handle


def _change(names, given, work):
    before = {name: copy.deepcopy(find(name)) for name in names}
    deferred = []
    token = _put_under_way.set(deferred)
    try:
        answer = work()
    finally:
        _put_under_way.reset(token)
    for name, old in before.items():
        alarm, at = find(name), _now_ms()
        if alarm is None and old is not None:
            _by_hand.pop(name, None)
            _configuration(old, at, "delete")
        elif alarm is not None:
            _complete(alarm, old, given)
            if old is None or _settings(old) != _settings(alarm):
                alarm["AlarmConfigurationUpdatedTimestamp"] = at / 1000
                if old is None:
                    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = at / 1000
                _by_hand.pop(name, None)
                _configuration(alarm, at, "update" if old else "create", old)
    for transition in deferred:
        _transition_composite(*transition)
    for name in before:
        if name in cloudwatch._alarms:
            _evaluate_alarm(cloudwatch._alarms[name])
    return answer


def _complete(alarm, old, given):
    """What ministack leaves out of an alarm, or puts into it though AWS does not."""
    for name in ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile", *_SUPPRESSION):
        if given.get(name) is not None:
            alarm[name] = given[name]
    # What does not define an alarm (EnableAlarmActions) leaves it as it is.
    if alarm.get("Metrics"):
        for name in _OF_ONE_METRIC:
            alarm.pop(name, None)
    elif alarm.get("ExtendedStatistic"):
        alarm.pop("Statistic", None)
    if "ThresholdMetricId" in alarm:
        alarm.pop("Threshold", None)
    for name in [name for name, value in alarm.items() if value is None or (name, value) == ("AlarmDescription", "")]:
        del alarm[name]
    for name in ("StateReasonData", "StateTransitionedTimestamp", "ActionsSuppressedBy", "ActionsSuppressedReason"):
        if old and name in old:
            alarm.setdefault(name, old[name])


def _settings(alarm):
    return {name: value for name, value in alarm.items() if name not in _OF_THE_STATE}


def _configuration(alarm, at, operation, old=None):
    done = {"create": "created", "update": "updated", "delete": "deleted"}[operation]
    _note(alarm, at, "ConfigurationUpdate", f"Alarm \"{alarm['AlarmName']}\" {done}",
          {"version": "1.0", "type": operation.capitalize()})
    _send({"change": "configuration", "operation": operation, "at": at, "alarm": _configured(alarm),
           "state": _shown(alarm), "previousAlarm": _configured(old) if old else None})


# -- History ---------------------------------------------------------------------------------------------

def action(request):
    """{account, region, alarm, action, at, error?} -> an entry in the alarm's history."""
    with responses.request_scope(request["account"], request["region"]):
        alarm = find(request["alarm"])
        if alarm is None:
            return {}
        error = request.get("error")
        summary = f"Failed to execute action {request['action']}. Received error: \"{error}\"" if error else \
            f"Successfully executed action {request['action']}"
        _note(alarm, _now_ms(), "Action", summary, {
            "actionState": "Failed" if error else "Succeeded", "notificationResource": request["action"],
            "stateUpdateTimestamp": request["at"], **({"error": error} if error else {})})
    return {}


def _first_alarm_time(arn, start, end):
    """ministack's own reads instants without milliseconds only."""
    name = cloudwatch._alarm_name_from_local_arn(arn)
    alarm = name and find(name)
    if not alarm:
        return None
    changes = [(cloudwatch._parse_ts(entry["Timestamp"]), json.loads(entry["HistoryData"]))
               for entry in cloudwatch._history_entries()
               if entry["AlarmName"] == name and entry["HistoryItemType"] == "StateUpdate"]
    state = changes[0][1]["oldState"]["stateValue"] if changes else alarm["StateValue"]
    for at, data in changes:
        if at > start and state == "ALARM":
            return start
        state = data["newState"]["stateValue"]
        if start < at <= end and state == "ALARM":
            return at
    return start if state == "ALARM" and (not changes or changes[-1][0] <= start) else None


def _json_timestamp(value):
    """Milliseconds stay where there are some; ministack cuts them off."""
    epoch = cloudwatch._parse_ts(value) if isinstance(value, str) else None
    if epoch is None:
        return value
    return int(epoch) if epoch == int(epoch) else round(epoch, 3)


def install(require, hand_over):
    """Puts all this into ministack; fails at start-up if what it replaces is not there. `hand_over(path, record)`
    brings a record to the gateway, in the order of the calls."""
    require(cloudwatch, *NEEDED)
    _hand_over.append(hand_over)
    cloudwatch._evaluate_alarm = _evaluate_alarm
    cloudwatch._transition_composite = _transition_composite
    cloudwatch._set_alarm_state = _set_alarm_state
    cloudwatch.first_alarm_time = _first_alarm_time
    cloudwatch._json_timestamp = _json_timestamp
    # Whatever still calls these must neither act a second time nor note a second entry.
    cloudwatch._dispatch_alarm_actions = cloudwatch._record_history = lambda *_, **__: None
    for name in ("_put_metric_alarm", "_put_composite_alarm", "_delete_alarms", "_enable_alarm_actions",
                 "_disable_alarm_actions"):
        setattr(cloudwatch, name, _configuring(getattr(cloudwatch, name)))
    for name in ("cloudformation_put_metric_alarm", "cloudformation_delete_metric_alarm"):
        setattr(cloudwatch, name, _of_a_template(getattr(cloudwatch, name)))
