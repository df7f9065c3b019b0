"""What a metric alarm makes of its data points: pure, without clock and without ministack's stores.

ministack puts all dimensions of a metric name together and compares once. Here a metric is one set of dimensions, and
EvaluationPeriods, DatapointsToAlarm and TreatMissingData mean what they mean in AWS, on a quicker clock: data points
are a second apart whatever the alarm's period says, except of sums and counts, which need their period. Data is
missing when none came for as long as the alarm really looks back.

Expressions: arithmetic, comparisons, IF, ABS, and SUM, AVG, MIN and MAX over METRICS() or a list. Anomaly detection,
Metrics Insights and SEARCH are not evaluated: such an alarm changes state by SetAlarmState only.
"""

import ast
import functools
import json
import operator
from datetime import datetime, timezone

from ministack.services import cloudwatch

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
# AWS looks back further than the periods it evaluates, by how much it does not say.
MORE_PERIODS = 2

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


def stamp(seconds):
    """An instant as CloudWatch writes it: 2019-10-02T17:04:40.989+0000."""
    at = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def _minute(seconds):
    return datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%d/%m/%y %H:%M:%S")


# -- Series ---------------------------------------------------------------------------------------

def series(points, statistic, period, since, now, wanted):
    """The latest data points of a metric, `(instant, value)`, the newest first; at most as many as wanted."""
    slots, by_period, second = {}, statistic in ("Sum", "SampleCount"), int(now)
    for point in points:
        at = point["Timestamp"]
        if at > since:
            at = min(at, now)
            slots.setdefault(int((now - at) // period) if by_period else second - int(at), []).append(point)
    found = []
    for slot in sorted(slots)[:wanted]:
        together = slots[slot]
        value = cloudwatch._stat_value(cloudwatch._calc_stats(together), statistic, together)
        if value is not None:
            found.append((min(max(point["Timestamp"] for point in together), now), float(value)))
    return found


class _NotEvaluated(Exception):
    """An expression, or a part of one, that is not played here."""


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
              ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
              ast.Eq: operator.eq, ast.NotEq: operator.ne}
_FOLDS = {"SUM": sum, "MIN": min, "MAX": max, "AVG": lambda values: sum(values) / len(values)}


def calculate(expression, values):
    """An expression over one value of each query, by its id. METRICS() are those whose id begins with m."""
    def many(node):
        if isinstance(node, ast.Call) and node.func.id == "METRICS" and not node.args:
            return [value for name, value in values.items() if name.startswith("m")]
        if isinstance(node, ast.List):
            return [one(item) for item in node.elts]
        return [one(node)]

    def one(node):
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name) if name in values:
                return values[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](one(left), one(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -one(operand)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                return float(_OPERATORS[type(op)](one(left), one(right)))
            case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
                return one(then) if one(condition) else one(otherwise)
            case ast.Call(func=ast.Name(id="ABS"), args=[operand]):
                return abs(one(operand))
            case ast.Call(func=ast.Name(id=name), args=[operand]) if name in _FOLDS:
                return _FOLDS[name](many(operand))
        raise _NotEvaluated

    try:
        return one(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _NotEvaluated from error


def _of_queries(alarm, points_of, now):
    """The series of the query that returns data. Data points of several metrics meet by their rank, not their
    instant: clients put metrics one after the other."""
    queries = {query["Id"]: query for query in alarm["Metrics"]}
    stats = {ident: query["MetricStat"] for ident, query in queries.items() if query.get("MetricStat")}
    wanted, back = alarm.get("EvaluationPeriods", 1), _periods(alarm) * period_of(alarm)
    found = {}
    for ident, stat in stats.items():
        metric, period = stat["Metric"], int(stat["Period"])
        points = points_of(metric.get("Namespace"), metric.get("MetricName"), metric.get("Dimensions") or [])
        found[ident] = series(points, stat["Stat"], period, now - back, now, wanted)
    returned = [ident for ident, query in queries.items() if query.get("ReturnData", True)]
    if len(returned) != 1 or "ThresholdMetricId" in alarm:
        return None
    if returned[0] in stats:
        return found[returned[0]]
    try:
        rank, result = 0, []
        while found and all(len(values) > rank for values in found.values()):
            at = max(values[rank][0] for values in found.values())
            known = {ident: values[rank][1] for ident, values in found.items()}
            result.append((at, _query(returned[0], queries, known, set())))
            rank += 1
        if not result:  # Whether it could be evaluated is known without data, too.
            _query(returned[0], queries, dict.fromkeys(stats, 1.0), set())
        return result
    except _NotEvaluated:
        return None


def _query(ident, queries, known, above):
    """The value of a query, after those that it names."""
    expression = queries[ident].get("Expression", "")
    for other in queries.keys() - known.keys() - above - {ident}:
        if other in expression:
            known[other] = _query(other, queries, known, above | {ident})
    return calculate(expression, known)


def period_of(alarm):
    """The alarm's period in seconds: that of its metric, or of its queries."""
    periods = [alarm.get("Period")]
    for query in alarm.get("Metrics") or []:
        periods += [query.get("Period"), (query.get("MetricStat") or {}).get("Period")]
    return max([int(period) for period in periods if period], default=60)


def _periods(alarm):
    return alarm.get("EvaluationPeriods", 1) + MORE_PERIODS


def _series_of(alarm, points_of, now):
    if alarm.get("Metrics"):
        return _of_queries(alarm, points_of, now)
    if not alarm.get("MetricName") or not alarm.get("Namespace"):
        return None
    points = points_of(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions") or [])
    statistic, period = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average"), period_of(alarm)
    return series(points, statistic, period, now - _periods(alarm) * period, now, alarm.get("EvaluationPeriods", 1))


# -- The verdict ------------------------------------------------------------------------------------

def evaluate(alarm, points_of, now, after=None):
    """The state that the data implies, with a function for its reason and reason data; `None` if it stays.
    `points_of(namespace, name, dimensions)` are a metric's points. With `after`, only points that came later count, and
    all that are evaluated must have."""
    compare = _COMPARISONS.get(alarm.get("ComparisonOperator"))
    values = _series_of(alarm, points_of, now) if compare else None
    if values is None or "Threshold" not in alarm:
        return None
    wanted = alarm.get("EvaluationPeriods", 1)
    if after is not None:
        values = [value for value in values if value[0] > after]
        if len(values) < wanted:
            return None
    bad = [value for value in values if compare[0](value[1], alarm["Threshold"])]
    state = _state(alarm, values, bad, now)
    return state and (state, functools.partial(_told, alarm, state, values, bad, compare[1], now))


def _state(alarm, values, bad, now):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    wanted = alarm.get("EvaluationPeriods", 1)
    needed = alarm.get("DatapointsToAlarm") or wanted
    treat, missing = alarm.get("TreatMissingData") or "missing", wanted - len(values)
    if not values and treat in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treat == "missing" else None
    if len(bad) + (missing if treat == "breaching" else 0) >= needed:
        return "ALARM"
    if len(bad) < len(values) or treat in ("breaching", "notBreaching"):
        return "OK"
    # All there is breaches, and more is needed: it goes into ALARM once the oldest is the first of as many periods.
    old = now - bad[-1][0] >= (needed - 1) * period_of(alarm)
    return "ALARM" if treat == "missing" and old else None


def _told(alarm, state, values, bad, words, now):
    """Reason and reason data in AWS's words."""
    wanted = alarm.get("EvaluationPeriods", 1)
    points = "datapoint" if wanted == 1 else "datapoints"
    if state == "INSUFFICIENT_DATA":
        were = "was" if wanted == 1 else "were"
        reason = f"Insufficient Data: {wanted} {points} {were} unknown."
    elif not values:
        treated = "Breaching" if state == "ALARM" else "NonBreaching"
        periods = "period" if wanted == 1 else "periods"
        reason = (f"Threshold Crossed: no datapoints were received for {wanted} {periods} and {wanted} missing "
                  f"{points} {'was' if wanted == 1 else 'were'} treated as [{treated}].")
    else:
        shown = bad if state == "ALARM" else [value for value in values if value not in bad] or values
        listed = ", ".join(f"{value} ({_minute(at)})" for at, value in shown)
        needed = alarm.get("DatapointsToAlarm") or wanted
        least, change = (needed, "OK -> ALARM") if state == "ALARM" else (wanted - needed + 1, "ALARM -> OK")
        reason = (f"Threshold Crossed: {len(shown)} out of the last {wanted} datapoints [{listed}] "
                  f"{'was' if len(shown) == 1 else 'were'} {'' if state == 'ALARM' else 'not '}{words} the threshold "
                  f"({float(alarm['Threshold'])}) (minimum {least} datapoint{'' if least == 1 else 's'} for {change} "
                  "transition).")
    data = {"version": "1.0", "queryDate": stamp(now)}
    if values:
        data["startDate"] = stamp(values[-1][0])
    if alarm.get("Statistic") and not alarm.get("ExtendedStatistic"):
        data["statistic"] = alarm["Statistic"]
    data |= {"period": period_of(alarm), "recentDatapoints": [value for _, value in reversed(values)],
             "threshold": float(alarm["Threshold"])}
    return reason, json.dumps(data, separators=(",", ":"))
