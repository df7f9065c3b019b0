"""What an alarm makes of its data points, as AWS's tables have it: the emulator's shim, without an emulator."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "local/gateway/emulator"))

import relay_evaluation  # noqa: E402

NOW = 1_764_340_000.5
RETAIN = None
ALARM = {"Namespace": "Relay/Test", "MetricName": "Load", "Statistic": "Average", "Period": 1, "EvaluationPeriods": 3,
         "Threshold": 50, "ComparisonOperator": "GreaterThanThreshold"}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def points(picture, spacing=1):
    """`0 - X`: within the threshold, missing, breaching; the newest last."""
    shown = picture.split()
    return [{"Timestamp": NOW - (len(shown) - 1 - place) * spacing, "Value": 99.0 if mark == "X" else 1.0}
            for place, mark in enumerate(shown) if mark != "-"]


def evaluate(picture, after=None, spacing=1, **more):
    found = relay_evaluation.evaluate(ALARM | more, lambda *_: points(picture, spacing), NOW, after)
    return found and found[0]


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(("picture", "needed", "states"), [
    ("0 - X - X", 3, ["OK", "OK", "OK", "OK"]),
    ("- - - - 0", 3, ["OK", "OK", "OK", "OK"]),
    ("- - - - -", 3, ["INSUFFICIENT_DATA", RETAIN, "ALARM", "OK"]),
    ("0 X X - X", 3, ["ALARM", "ALARM", "ALARM", "ALARM"]),
    ("- - X - -", 3, ["ALARM", RETAIN, "ALARM", "OK"]),
    ("0 - X - X", 2, ["ALARM", "ALARM", "ALARM", "ALARM"]),
    ("0 0 X 0 X", 2, ["ALARM", "ALARM", "ALARM", "ALARM"]),
    ("0 - X - -", 2, ["OK", "OK", "ALARM", "OK"]),
    ("- - - - 0", 2, ["OK", "OK", "ALARM", "OK"]),
    ("- - - X -", 2, ["ALARM", RETAIN, "ALARM", "OK"]),
    # Too recent to cause ALARM alone.
    ("- - - - X", 2, [RETAIN, RETAIN, "ALARM", "OK"]),
])
def test_missing_data_is_treated_as_in_awss_tables(picture, needed, states):
    found = [evaluate(picture, DatapointsToAlarm=needed, TreatMissingData=treat) for treat in TREATMENTS]
    assert found == states


def test_data_points_are_a_second_apart_whatever_the_period():
    assert evaluate("0 X X X", Period=300) == "ALARM"
    assert evaluate("X X X 0", Period=300) == "OK"


def test_sums_and_counts_need_their_period():
    calm = {"Statistic": "SampleCount", "EvaluationPeriods": 1, "Threshold": 2}
    assert evaluate("0 0 0", Period=60, **calm) == "ALARM"
    assert evaluate("0 0 0", Period=1, **calm) == "OK"


def test_data_that_is_older_than_what_the_alarm_looks_back_on_is_missing():
    assert evaluate("X X X - -", spacing=61, Period=60) == "ALARM"
    assert evaluate("X X X - - - - -", spacing=61, Period=60) == "INSUFFICIENT_DATA"


def test_after_a_state_set_by_hand_as_many_new_points_are_needed_as_are_evaluated():
    assert evaluate("X X X 0 0", after=NOW - 1.5) is RETAIN
    assert evaluate("X X 0 0 0", after=NOW - 2.5) == "OK"
    assert evaluate("- - - - -", after=NOW - 2.5) is RETAIN


@pytest.mark.parametrize(("expression", "value"), [
    ("SUM(METRICS())", 6.0), ("MAX([m1, m2]) - 1", 3.0), ("100 * m1 / (m1 + m2)", 100 / 3), ("IF(m2 > 3, 1, 0)", 1.0),
    ("ABS(m1 - m2)", 2.0), ("AVG(METRICS())", 3.0), ("-m1", -2.0)])
def test_expressions_are_calculated(expression, value):
    assert relay_evaluation.calculate(expression, {"m1": 2.0, "m2": 4.0}) == pytest.approx(value)


@pytest.mark.parametrize("expression", [
    "ANOMALY_DETECTION_BAND(m1, 2)", "SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/EC2\")", "SEARCH('x', 'Sum')", "m1 / 0",
    "__import__('os')", "m1.real", "x", "", "(" * 500])
def test_what_is_not_calculated_is_not_evaluated(expression):
    alarm = {"Metrics": [
        {"Id": "e1", "Expression": expression, "ReturnData": True},
        {"Id": "m1", "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": "Relay/Test", "MetricName": "Load"}, "Period": 60, "Stat": "Average"}}],
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching"}
    assert relay_evaluation.evaluate(alarm, lambda *_: points("X X"), NOW) is None


def test_expressions_may_name_each_other_but_not_themselves():
    def alarm(*expressions):
        queries = [{"Id": f"e{number}", "Expression": text, "ReturnData": number == 1}
                   for number, text in enumerate(expressions, 1)]
        metric = {"Id": "m1", "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": "Relay/Test", "MetricName": "Load"}, "Period": 60, "Stat": "Average"}}
        return {"Metrics": [*queries, metric], "EvaluationPeriods": 1, "Threshold": 190,
                "ComparisonOperator": "GreaterThanThreshold"}

    state, told = relay_evaluation.evaluate(alarm("e2 * 2", "m1"), lambda *_: points("X"), NOW)
    reason, data = told()
    assert (state, json.loads(data)["recentDatapoints"]) == ("ALARM", [198.0])
    assert reason.startswith("Threshold Crossed: 1 out of the last 1 datapoints [198.0 (")
    assert relay_evaluation.evaluate(alarm("e2", "e1"), lambda *_: points("X"), NOW) is None
