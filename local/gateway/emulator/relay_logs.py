"""What AWS does with the log of a function, and ministack does not: lines below the function's application log level are
left out, and CloudWatch makes metrics of lines in its embedded metric format. CloudFormation learns saved queries.

Sources: Lambda guide, "Log-level filtering"; CloudWatch guide, "Specification: Embedded metric format"; CloudWatch Logs API,
PutQueryDefinition.
"""

import json
import sys

from ministack.services import cloudwatch, lambda_svc
from ministack.services.cloudformation import provisioners

QUERY = "AWS::Logs::QueryDefinition"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
# Of the specification: metrics of a directive, dimensions of a set, values of a metric.
MOST_METRICS, MOST_DIMENSIONS, MOST_VALUES = 100, 30, 100


def _read(line):
    try:
        read = json.loads(line)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _is_kept(config, line):
    """Whether Lambda hands a line on to CloudWatch Logs. A line without a level that it knows counts as INFO."""
    logging = config.get("LoggingConfig") or {}
    if logging.get("LogFormat") != "JSON":
        return True
    level = str(_read(line).get("level", "")).upper()
    level = level if level in LEVELS else "INFO"
    return LEVELS.index(level) >= LEVELS.index(logging.get("ApplicationLogLevel") or "INFO")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _data(root, directive):
    """The data points of a directive; none of a directive that breaks the specification."""
    sets, metrics = directive.get("Dimensions"), directive.get("Metrics")
    if not isinstance(sets, list) or not isinstance(metrics, list) or len(metrics) > MOST_METRICS:
        return
    at = root["_aws"].get("Timestamp")
    for names in sets:
        if len(names) > MOST_DIMENSIONS or not all(isinstance(root.get(name), str) and root[name] for name in names):
            return
        dimensions = [{"Name": name, "Value": root[name]} for name in names]
        for metric in metrics:
            values = root.get(metric.get("Name"))
            values = values if isinstance(values, list) else [values]
            if not values or len(values) > MOST_VALUES or not all(map(_is_number, values)):
                return
            yield from ({"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"), "Dimensions": dimensions,
                         "Timestamp": at / 1000, "Value": value} for value in values)


def _count(line):
    root = _read(line)
    embedded = root.get("_aws")
    if not isinstance(embedded, dict) or not _is_number(embedded.get("Timestamp")):
        return
    for directive in embedded.get("CloudWatchMetrics") or []:
        if data := list(_data(root, directive)):
            cloudwatch._put_metric_data({}, {"Namespace": directive["Namespace"], "MetricData": data}, False, True)


def _emit(others):
    def emit(func, request_id, log_text, *rest, **named):
        kept = [line for line in (log_text or "").splitlines() if _is_kept(func.get("config") or func, line)]
        others(func, request_id, "\n".join(kept), *rest, **named)
        for line in kept:
            try:
                _count(line)
            except (AttributeError, KeyError, TypeError) as error:
                # As in CloudWatch: the line is kept, and no metric is made of it.
                print(f"relay_emulator: not in the embedded metric format: {error!r}: {line}", file=sys.stderr, flush=True)
    return emit


def _check_query(props):
    name, query = props.get("Name") or "", props.get("QueryString") or ""
    if not 1 <= len(name) <= 255:
        raise ValueError(f"Name has 1 to 255 characters, found {len(name)}")
    if not 1 <= len(query) <= 10_000:
        raise ValueError(f"QueryString has 1 to 10000 characters, found {len(query)}")
    if len(props.get("LogGroupNames") or []) > 50:
        raise ValueError("LogGroupNames has at most 50 names")


def _query_create(logical_id, props, stack_name, *_, **__):
    _check_query(props)
    return provisioners._physical_name(stack_name, logical_id, max_len=64), {}


def _query_update(physical_id, old_props, new_props, *_, **__):
    _check_query(new_props)
    return physical_id, {}


def _query_delete(physical_id, *_, **__):
    """Nothing else remembers it."""


def install(require):
    """Puts all this into ministack; fails at start-up if what it rests on is not there."""
    require(lambda_svc, "_emit_lambda_logs")
    require(cloudwatch, "_put_metric_data")
    require(provisioners, "_physical_name", "_RESOURCE_HANDLERS")
    lambda_svc._emit_lambda_logs = _emit(lambda_svc._emit_lambda_logs)
    provisioners._RESOURCE_HANDLERS[QUERY] = {"create": _query_create, "update": _query_update, "delete": _query_delete}
