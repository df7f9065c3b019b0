"""Scheduled rules of EventBridge, when the clock of the local AWS is moved ahead; ministack knows only the host's.

  /_relay/advance   the clock moved so many seconds ahead: what has come due by that fires once, soon after the answer
"""

import threading

from ministack.services import eventbridge

_LOCK = threading.Lock()


def install(require):
    require(eventbridge, "_tick_scheduled_rules", "_rule_last_fired", "_rules", "_now_ts")
    tick = eventbridge._tick_scheduled_rules

    def one_at_a_time():
        # Ministack's own thread looks every few seconds, too.
        with _LOCK:
            tick()

    eventbridge._tick_scheduled_rules = one_at_a_time


def advance(request):
    """`{seconds}`: to a rule it is as if it had fired, or been made, so much earlier."""
    with _LOCK:
        now, last = eventbridge._now_ts(), eventbridge._rule_last_fired
        for key, rule in list(eventbridge._rules._data.items()):
            if rule.get("ScheduleExpression"):
                last[key] = last.get(key, rule.get("CreationTime", now)) - request["seconds"]
    # In a thread: a function that is a target calls this server while it runs.
    threading.Thread(target=eventbridge._tick_scheduled_rules, daemon=True).start()
    return {}
